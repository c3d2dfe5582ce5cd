// The frame: which view the hash names, the bar above it, and what the keyboard does everywhere.

import { read } from "./address.js";
import { announce, fill, h } from "./dom.js";
import { askForKey, keyButton } from "./key.js";
import { installShortcuts } from "./keyboard.js";
import { problemView } from "./problem.js";
import { visible } from "./text.js";
import { themeButton } from "./theme.js";
import { compare } from "./compare.js";
import { grade } from "./grade.js";
import { FILTERS } from "./grades.js";
import { overview } from "./overview.js";
import { run } from "./run.js";
import { runs } from "./runs.js";
import { tryGrader } from "./try.js";

// A view is `async (root, {path, query, signal}) => title`. It fills `root`, and stops when `signal` says so.
const VIEWS = {
  "": overview,
  try: tryGrader,
  runs: (root, at) => (at.path.length ? run : runs)(root, at),
  grades: (root, at) => (at.path.length ? grade : nowhere)(root, at),
  compare,
};
// What each reads of its query; of a path below `runs`, what `run` reads.
const READS = {
  "": ["of"],
  try: ["grader", "case", "item", "text", "json", "config"],
  runs: ["of", "cursor"],
  run: [...FILTERS, "cursor", "digest", "of", "at"],
  grades: [...FILTERS, "run", "of"],
  compare: ["a", "b", "of"],
};
const PAGES = [
  ["", "Overview"],
  ["try", "Try a grader"],
  ["runs", "Runs"],
  ["compare", "Compare"],
];

const main = document.getElementById("main");
let current = null;

async function show() {
  current?.abort();
  current = new AbortController();
  const { signal } = current;
  const { path, query } = read(location.hash);
  markPage(path[0] ?? "");
  const root = h("div", { class: "view" });
  const view = VIEWS[path[0] ?? ""] ?? nowhere;
  main.setAttribute("aria-busy", "true");
  try {
    const title = await view(root, { path: path.slice(1), query, signal });
    root.prepend(...notRead(path, query));
    if (!signal.aborted) enter(root, title);
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    fill(root, h("h1", { class: "unseen" }, "Problem"), problemView(error, show));
    enter(root, "Problem");
  }
}

function notRead([page = "", below], query) {
  const reads = READS[page === "runs" && below !== undefined ? "run" : page];
  const unread = Object.keys(query).filter((name) => reads && !reads.includes(name));
  if (!unread.length) return [];
  return [h("p", { class: "warning", role: "status" }, "This view does not know ", h("code", {}, visible(unread.join(", "))),
    " of the address. It knows: ", reads.join(", "), ".")];
}

function enter(root, title) {
  fill(main, root);
  main.removeAttribute("aria-busy");
  document.title = `${title} · RFT Graders`;
  announce(title);
  if (!root.contains(document.activeElement)) main.focus({ preventScroll: true });
  const start = root.querySelector("[data-enter]");
  if (start && !history.state) start.scrollIntoView({ block: "start" });
  else scrollTo(0, history.state?.scroll ?? 0);
}

async function nowhere(root) {
  fill(root, h("h1", {}, "There is nothing here"), h("p", {}, "The address names no view of this page. ",
    h("a", { href: "#/" }, "Go to the overview"), "."));
  return "Nothing here";
}

function markPage(page) {
  const links = PAGES.map(([name, title]) =>
    h("a", { href: `#/${name}`, "aria-current": name === page && "page" }, title));
  fill(document.getElementById("nav"), links, h("a", { href: "docs" }, "API"));
}

document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
document.addEventListener("key-wanted", (event) => askForKey(event.detail, show));
addEventListener("hashchange", show);
// Who comes back to a long table finds it where they left it.
history.scrollRestoration = "manual";
addEventListener("scrollend", () => history.replaceState({ scroll: scrollY }, ""));
fill(document.getElementById("tools"), keyButton(show), themeButton());
installShortcuts(PAGES);
show();
