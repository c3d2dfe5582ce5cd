// Keys that work everywhere, and the list of them. They are silent while the reader types, and can be turned off.

import { go } from "./address.js";
import { h } from "./dom.js";

const OFF = "rft-shortcuts-off";
const ROWS = "tbody tr a.row-link";

/** `g` and a page's first letter go there; `j` and `k` walk through a table; `?` lists the keys. */
export function installShortcuts(pages) {
  let before = "";
  document.addEventListener("keydown", (event) => {
    if (isTyping(event) || localStorage.getItem(OFF)) return;
    const page = before === "g" ? pages.find(([, title]) => title[0].toLowerCase() === event.key) : null;
    before = event.key;
    if (page) go([page[0]].filter(Boolean));
    else if (event.key === "?") help(pages);
    else if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
    else if (event.key === "n") document.querySelector('a[data-key="n"]')?.click();
  });
}

function isTyping(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return true;
  return event.target.matches("input, textarea, select, [contenteditable], [role=slider]");
}

function walk(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (!rows.length) return;
  const at = rows.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
  rows[next].focus();
}

/** Opens the list of keys. */
export function help(pages) {
  const keys = [
    ...pages.map(([, title]) => [`g ${title[0].toLowerCase()}`, `Go to “${title}”`]),
    ["j  k", "Next and previous row of a table; Enter opens it"],
    ["n", "Next grade, where one of a run is shown"],
    ["← →", "Step by step, where a chart has the focus; Enter shows the grades of the step"],
    ["Ctrl Enter", "Grade, where a grader is tried"],
    ["Esc", "Close what is open"],
    ["?", "This list"],
  ];
  const off = h("input", { type: "checkbox", id: "shortcuts-off", onchange: keep });
  off.checked = Boolean(localStorage.getItem(OFF));
  const dialog = h("dialog", { "aria-labelledby": "keys-title", onclose: () => dialog.remove() },
    h("h2", { id: "keys-title" }, "Keyboard"),
    h("table", { class: "keys" }, h("tbody", {}, keys.map(([key, what]) =>
      h("tr", {}, h("th", { scope: "row" }, key.split(" ").filter(Boolean).map((one) => [h("kbd", {}, one), " "])),
        h("td", {}, what))))),
    h("p", {}, h("label", { for: "shortcuts-off" }, off, " Turn keys of one letter off")),
    h("form", { method: "dialog" }, h("button", {}, "Close")));
  document.body.append(dialog);
  dialog.showModal();

  function keep() {
    if (off.checked) localStorage.setItem(OFF, "1");
    else localStorage.removeItem(OFF);
  }
}
