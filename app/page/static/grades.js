// Grades by filter, a page at a time; each row leads to everything that led to the grade.

import { to } from "./address.js";
import { get } from "./api.js";
import { fill, h, refill } from "./dom.js";
import { milliseconds, moment, reward, short, words } from "./format.js";
import { verdictTag } from "./judgement.js";
import { problemView } from "./problem.js";
import { visible } from "./text.js";

const ROWS = 50;
const NUMBER = "-?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[+\\-]?[0-9]+)?";

/** The parameters of a filter that the address holds. */
export const FILTERS = ["grader", "step", "verdict", "code", "scored", "item_id", "group", "min_reward", "max_reward"];

/**
 * The table of `base` (`{run, caller}`) under the filter in `query`. `moved(query)` is told every new filter.
 * Gives `{element, ask, show}`: `ask` loads, `show(filter)` filters anew and brings the table into view.
 */
export function gradesTable(base, query, known, moved, signal) {
  let asked = { ...query };
  let turn = 0;
  const list = h("div", { class: "rows" });
  const heading = h("h2", { tabindex: "-1" }, "Grades");
  const fields = h("form", { class: "filters", "aria-label": "Which grades", onsubmit: submit, onchange: submit });
  const element = h("section", { "aria-label": "Grades" }, heading, fields, list);
  draw();
  return { element, ask, show, refresh: () => (asked.cursor ? null : ask(true)) };

  async function ask(isRefresh = false) {
    if (!isRefresh) turn += 1;
    const own = turn;
    const page = await get("v1/grades", { ...base, ...asked, limit: ROWS }, signal).catch((error) => {
      if (own === turn) throw error;
    });
    // Another filter was chosen while this was on its way.
    if (own !== turn) return;
    (isRefresh ? refill : fill)(list, page.grades.length ? [table(page), paging(page)] : nothing());
  }

  async function change(next) {
    asked = next;
    moved(asked);
    list.setAttribute("aria-busy", "true");
    try {
      await ask();
    } catch (error) {
      if (!signal.aborted) fill(list, problemView(error, () => change(asked)));
    }
    list.removeAttribute("aria-busy");
  }

  function show(filter) {
    asked = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== null && value !== undefined).map(([name, value]) => [name, String(value)]));
    draw();
    heading.focus({ preventScroll: true });
    element.scrollIntoView({ block: "start" });
    return change(asked);
  }

  function submit(event) {
    event.preventDefault();
    if (!fields.reportValidity()) return;
    const next = Object.fromEntries([...new FormData(fields)].filter(([, value]) => value !== ""));
    change({ ...(asked.grader ? { grader: asked.grader } : {}), ...next });
  }

  function draw() {
    const { verdicts, codes } = known();
    fill(fields,
      select("scored", "Rows", [["", "all"], ["true", "grades"], ["false", "unscored"]]),
      select("verdict", "Verdict", [["", "any"], ...verdicts.map((name) => [name, words(name)])]),
      codes.length > 0 && select("code", "Error", [["", "any"], ...codes.map((name) => [name, words(name)])]),
      input("step", "Step", { inputmode: "numeric", pattern: "-?[0-9]+", title: "A whole number" }),
      input("item_id", "Item", {}),
      input("group", "Group", {}),
      input("min_reward", "Least reward", { inputmode: "decimal", pattern: NUMBER, title: "A number" }),
      input("max_reward", "Greatest reward", { inputmode: "decimal", pattern: NUMBER, title: "A number" }),
      h("div", { class: "field" }, h("button", {}, "Filter")),
      h("div", { class: "field" }, h("button", { type: "button", class: "quiet", onclick: () => show(asked.grader ? { grader: asked.grader } : {}) }, "Show all")));
  }

  function select(name, label, choices) {
    const value = asked[name] ?? "";
    if (value && !choices.some(([known]) => known === value)) choices.push([value, words(value)]);
    const field = h("select", { name, id: `filter-${name}` }, choices.map(([known, text]) => h("option", { value: known }, text)));
    field.value = value;
    return h("div", { class: "field" }, h("label", { for: `filter-${name}` }, label), field);
  }

  function input(name, label, props) {
    return h("div", { class: "field" }, h("label", { for: `filter-${name}` }, label),
      h("input", { name, id: `filter-${name}`, autocomplete: "off", spellcheck: "false", value: asked[name] ?? "", ...props }));
  }

  function table(page) {
    const isOfSeveral = known().judges > 1;
    const names = ["When", isOfSeveral && "Grader", "Step", "Item", "Rollout", "Reward", "Verdict", "Time"].filter(Boolean);
    const numbers = new Set(["Step", "Rollout", "Reward", "Time"]);
    const { cursor, ...filter } = asked;
    return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of grades" },
      h("table", {},
        h("thead", {}, h("tr", {}, names.map((name) => h("th", { scope: "col", class: numbers.has(name) && "number" }, name)))),
        h("tbody", {}, page.grades.map((row) => h("tr", {},
          h("td", { class: "whole" }, h("a", { class: "row-link", href: to(["grades", row.record], { ...filter, run: base.run, of: base.caller }) }, moment(row.created_us))),
          isOfSeveral && h("td", {}, visible(row.grader), " ", h("small", {}, short(row.digest))),
          h("td", { class: "number" }, row.step ?? "–"),
          h("td", {}, row.item_id === null ? "–" : visible(row.item_id)),
          h("td", { class: "number" }, row.rollout ?? "–"),
          h("td", { class: "number" }, reward(row.reward)),
          h("td", {}, row.verdict === null ? h("span", { class: "verdict unscored" }, words(row.code)) : verdictTag(row.verdict)),
          h("td", { class: "number" }, milliseconds(row.duration_ms)))))));
  }

  function paging(page) {
    return h("p", { class: "paging" },
      asked.cursor && h("button", { type: "button", onclick: () => change(without(asked, "cursor")) }, "Newest"),
      page.next && h("button", { type: "button", onclick: () => change({ ...asked, cursor: page.next }) }, "Older grades"));
  }

  function nothing() {
    return h("p", { class: "empty" }, "No grade is like this. ",
      h("button", { type: "button", class: "link", onclick: () => show({}) }, "Show all"));
  }
}

function without(object, name) {
  return Object.fromEntries(Object.entries(object).filter(([key]) => key !== name));
}
