// Try a grader: an item and a sample in, a reward with its reasons out. What is edited stays in the address.

import { go, replace } from "./address.js";
import { get, post, Problem } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { editors } from "./editors.js";
import { examplesOf } from "./examples.js";
import { reward as shown, words } from "./format.js";
import { problemView } from "./problem.js";
import { resultView } from "./result.js";
import { sentence } from "./text.js";

const FIRST = "finance_qa";
const LINK_MAX = 64_000;
const LONG_S = 1;

export async function tryGrader(root, { path, query, signal }) {
  const { graders } = await get("v1/graders", {}, signal);
  if (!graders.length) return nothingToTry(root);
  const id = meant(graders, path[0] ?? query.grader ?? FIRST);
  if (query.grader) replace(["try", id], { ...query, grader: null });
  const { grader, cases } = await examplesOf(id, signal);
  const start = cases.find((one) => one.name === query.case) ?? cases[0] ?? null;
  const result = h("section", { class: "result", "aria-label": "Result" });
  const about = h("div", { class: "about-case" });
  const form = editors(grader, { edited });
  const button = h("button", { class: "main", type: "submit" }, "Grade ", h("kbd", {}, "Ctrl ↵"));
  let chosen = start;
  let turn = 0;
  if (start) form.take(start);
  const isRestored = form.restore(query);
  aboutCase();
  waiting();
  fill(root,
    h("h1", {}, "Try a grader"),
    h("div", { class: "try" },
      h("form", { class: "asked", onsubmit: grade, onkeydown: onKey },
        h("div", { class: "choices" },
          choice("grader", "Grader", grouped(graders), id, (value) => go(["try", value])),
          cases.length > 0 && choice("case", "Example", caseOptions(cases), String(cases.indexOf(start)), pickCase)),
        h("p", { class: "hint" }, sentence(grader.summary)),
        about, form.element,
        h("div", { class: "actions" }, button,
          h("button", { type: "button", onclick: copyLink }, "Copy link"),
          h("button", { type: "button", onclick: copyCurl }, "Copy as curl"))),
      result));
  if (isRestored) announce("What the link holds was filled in.");
  return `Try ${id}`;

  function pickCase(value) {
    chosen = cases[Number(value)];
    form.take(chosen);
    replace(["try", id], { case: chosen.name });
    aboutCase();
    turn += 1;
    waiting();
  }

  function edited() {
    const changes = chosen && form.equals(chosen) ? {} : form.state();
    const isShort = JSON.stringify(changes).length <= LINK_MAX;
    replace(["try", id], { case: chosen?.name, ...(isShort ? changes : {}) });
    aboutCase();
    return isShort;
  }

  function aboutCase() {
    if (!chosen) return fill(about);
    const isAsIs = form.equals(chosen);
    return fill(about, h("p", {}, sentence(chosen.why)), isAsIs ? expectation(chosen) : changedNote());
  }

  function changedNote() {
    return h("p", { class: "hint" }, "Changed. ", h("button", {
      type: "button", class: "link", onclick: () => pickCase(String(cases.indexOf(chosen))),
    }, "Back to the example"));
  }

  function waiting() {
    fill(result, h("p", { class: "empty" }, "The reward, its reason and the answer that was read will stand here."));
  }

  function onKey(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    grade(event);
  }

  async function grade(event) {
    event?.preventDefault();
    if (button.disabled || !form.check()) return;
    button.disabled = true;
    result.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => fill(result, h("p", { class: "empty" }, "Grading …")), LONG_S * 1000);
    const asIs = chosen && form.equals(chosen) ? chosen : null;
    // What is edited in the meantime was not judged, and another example shows no answer to this one.
    const sample = form.sample();
    const own = turn;
    try {
      const answer = await post(`v1/graders/${encodeURIComponent(id)}/grade`, form.body(), signal);
      if (own !== turn) return;
      fill(result, resultView(answer, grader, sample, asIs));
      announce(`Reward ${shown(answer.plain.reward)}, ${words(answer.plain.verdict)}.`);
    } catch (error) {
      if (!signal.aborted && own === turn) fill(result, failed(error, asIs));
    } finally {
      clearTimeout(slow);
      button.disabled = false;
      result.removeAttribute("aria-busy");
    }
  }

  function failed(error, asIs) {
    const isExpected = asIs?.error && error instanceof Problem && error.code === asIs.error;
    return [problemView(error, grade), isExpected && h("p", { class: "as-expected" }, "✓ This is what the example shows.")];
  }

  async function copyLink(event) {
    const isWhole = edited();
    await copy(event.target, isWhole ? location.href : "", "Too long for a link");
  }

  async function copyCurl(event) {
    if (form.check()) await copy(event.target, curl(id, form.body()), "");
  }
}

// `finance_qa` is the newest of its versions. What nobody serves is asked for as it stands: the service says what is near.
function meant(graders, name) {
  const found = graders.find((one) => one.id === name) ?? graders.findLast((one) => one.id.startsWith(`${name}@`));
  return found?.id ?? (name === FIRST ? graders[0].id : name);
}

async function copy(button, text, otherwise) {
  let said = otherwise;
  if (text) {
    try {
      await navigator.clipboard.writeText(text);
      said = "Copied";
    } catch {
      said = "The browser does not allow copying here";
    }
  }
  // Asked for once more before this is over, it is still called as it was.
  button.dataset.name ??= button.textContent;
  button.textContent = said;
  announce(said);
  setTimeout(() => { button.textContent = button.dataset.name; }, 2000);
}

function curl(id, body) {
  const url = new URL(`v1/graders/${encodeURIComponent(id)}/grade`, document.baseURI);
  const quoted = body.replaceAll("'", "'\\''");
  return `curl -s '${url}' \\\n  -H 'Content-Type: application/json' \\\n  -H "X-Api-Key: $RFT_API_KEY" \\\n  -d '${quoted}'`;
}

function nothingToTry(root) {
  fill(root, h("h1", {}, "Try a grader"), h("p", { class: "empty" },
    "No grader is served. The overview says which were found and why they are not."));
  return "Try a grader";
}

function choice(name, label, options, value, changed) {
  const select = h("select", { id: `choose-${name}`, onchange: () => changed(select.value) }, options);
  select.value = value;
  return h("div", { class: "field" }, h("label", { for: `choose-${name}` }, label), select);
}

function grouped(graders) {
  const group = (label, list) => list.length > 0 &&
    h("optgroup", { label }, list.map((grader) => h("option", { value: grader.id }, grader.id)));
  return [group("Graders", graders.filter((one) => !one.stands_on)), group("Recipes", graders.filter((one) => one.stands_on))];
}

function caseOptions(cases) {
  return cases.map((one, index) => h("option", { value: String(index) }, one.name));
}

function expectation(one) {
  if (one.error) return h("p", { class: "expected" }, "Shows an error: ", h("code", {}, one.error));
  if (one.reward === null) return null;
  return h("p", { class: "expected" }, "Shows ", h("strong", {}, shown(one.reward)), " ", words(one.verdict));
}
