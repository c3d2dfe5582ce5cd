// Whose rows are shown: the reader's own, or, with the scope `admin`, another caller's or everybody's.

import { go } from "./address.js";
import { get } from "./api.js";
import { h } from "./dom.js";

/** Whose run `id` is: a run is one caller's, so of everybody's it is that of the newest grade. Undefined: the reader's. */
export async function ownerOf(id, of, signal) {
  if (of !== "*") return of;
  const page = await get("v1/grades", { run: id, caller: "*", limit: 1 }, signal);
  return page.grades[0]?.caller;
}

/** The choice, for those who have it: null for everybody else. */
export function whoseChoice(me, path, query) {
  if (!me.scopes.includes("admin")) return null;
  const field = h("input", {
    id: "whose", list: "whose-known", autocomplete: "off", spellcheck: "false", value: query.of ?? "", placeholder: me.caller,
    "aria-describedby": "whose-hint",
  });
  return h("form", { class: "whose", onsubmit: change },
    h("label", { for: "whose" }, "Caller"), field,
    h("datalist", { id: "whose-known" }, h("option", { value: me.caller }), h("option", { value: "*" }, "everybody")),
    h("button", {}, "Show"),
    h("span", { class: "hint", id: "whose-hint" }, "A name, or * for everybody."));

  function change(event) {
    event.preventDefault();
    const { cursor, ...rest } = query;
    go(path, { ...rest, of: field.value.trim() === me.caller ? "" : field.value.trim() });
  }
}
