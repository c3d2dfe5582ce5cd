// The API key: asked for when the service wants one, kept for this tab alone.

import { key } from "./api.js";
import { fill, h } from "./dom.js";
import { sentence } from "./text.js";

/** Asks for a key, saying why, and calls `done` when there is one. */
export function askForKey(problem, done) {
  if (document.querySelector("dialog.key[open]")) return;
  const field = h("input", {
    id: "api-key", type: "password", autocomplete: "off", spellcheck: "false", required: true,
    "aria-describedby": "key-fault key-kept",
  });
  // How programs send a key is no help here.
  const why = problem && (key.get() ? sentence(problem.message) : "This service needs an API key.");
  const fault = h("p", { id: "key-fault", class: "fault", role: "alert" }, why);
  const forget = key.get() && h("button", { type: "button", class: "quiet", onclick: drop }, "Forget the key");
  const dialog = h("dialog", { class: "key", "aria-labelledby": "key-title", onclose: () => dialog.remove() },
    h("h2", { id: "key-title" }, "API key"),
    fault,
    h("form", { onsubmit: keep },
      h("label", { for: "api-key" }, "Key"), field,
      h("p", { id: "key-kept", class: "hint" },
        "It stays in this tab until the tab is closed, and is sent to this service only. ",
        h("code", {}, "rft-graders keys create NAME"), " makes one; the scope ", h("code", {}, "admin"),
        " also reads what other callers were given."),
      h("div", { class: "actions" }, h("button", { class: "main" }, "Use this key"),
        h("button", { type: "button", onclick: () => dialog.close() }, "Cancel"), forget)));
  document.body.append(dialog);
  dialog.showModal();

  function keep(event) {
    event.preventDefault();
    const value = field.value.trim();
    if (!/^[\x21-\x7e]+$/.test(value)) {
      fill(fault, "A key has letters, digits and signs without spaces. Paste it once more.");
      return;
    }
    key.set(value);
    dialog.close();
    done();
  }

  function drop() {
    key.forget();
    dialog.close();
    done();
  }
}

/** The button that opens it. */
export function keyButton(done) {
  return h("button", { type: "button", class: "quiet", onclick: () => askForKey(null, done) }, "API key");
}
