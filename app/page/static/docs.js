// The OpenAPI page. Its requests carry the key that this tab holds, as those of the other pages do.

import { key } from "./api.js";

function withKey(request) {
  if (key.get() && !request.headers.Authorization) request.headers.Authorization = `Bearer ${key.get()}`;
  return request;
}

async function show() {
  const answer = await fetch("openapi.json", withKey({ headers: {} }));
  const answered = await answer.json();
  if (!answer.ok) {
    const main = document.getElementById("docs");
    main.textContent = `${answered.detail} Give it at the top of the page at / and come back in the same tab.`;
    return;
  }
  globalThis.SwaggerUIBundle({
    spec: answered,
    dom_id: "#docs",
    deepLinking: true,
    requestInterceptor: withKey,
    // No badge of a validator elsewhere.
    validatorUrl: null,
  });
}

show();
