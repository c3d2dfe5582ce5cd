// What went wrong, what is known, and what to do.

import { h } from "./dom.js";
import { sentence, visible } from "./text.js";

/** A problem of the service, or a defect of this page, with a way to try again. */
export function problemView(error, again) {
  const isKnown = error.code !== undefined;
  if (error.status === 401) return keyWanted(error);
  const wait = error.retryAfter ? ` in ${error.retryAfter} s` : "";
  return h("section", { class: "problem", role: "alert", "aria-label": "Problem" },
    h("h2", {}, isKnown ? error.title : "This page failed"),
    h("p", {}, sentence(error.message)),
    error.places?.length > 0 && h("ul", {}, error.places.map((place) =>
      h("li", {}, h("code", {}, visible(place.pointer || "/")), " ", sentence(place.detail)))),
    h("p", { class: "hint" }, advice(error, isKnown, wait)),
    again && (error.isRetryable || !isKnown) &&
      h("button", { type: "button", onclick: again }, "Try again"));
}

// The dialog says the rest.
function keyWanted(error) {
  const ask = () => document.dispatchEvent(new CustomEvent("key-wanted", { detail: error }));
  return h("section", { class: "problem", role: "alert", "aria-label": "Problem" },
    h("h2", {}, "This needs an API key"),
    h("p", { class: "hint" }, "What stands here is shown to whoever has a key of this service."),
    h("button", { type: "button", onclick: ask }, "Give a key"));
}

function advice(error, isKnown, wait) {
  if (!isKnown) return "A defect of this page, not of a grade. Reload it; if it stays, the browser's console has the reason.";
  const code = h("code", {}, error.code);
  if (error.isRetryable) return [code, ` · the same may be asked again${wait}.`];
  return [code, " · asking again gives the same answer."];
}
