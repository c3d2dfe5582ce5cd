// The training runs, the latest begun first; two of them can be compared.

import { go, to } from "./address.js";
import { get } from "./api.js";
import { fill, h, refill } from "./dom.js";
import { ago, count, moment } from "./format.js";
import { poll } from "./polling.js";
import { problemView } from "./problem.js";
import { visible } from "./text.js";
import { whoseChoice } from "./whose.js";

const ROWS = 50;
const EVERY_S = 5;
const LIVE_S = 120;

export async function runs(root, { query, signal }) {
  const chosen = new Set();
  const list = h("section", { "aria-label": "Runs" });
  const stale = h("div", {});
  const compare = h("button", { type: "button", disabled: true, onclick: () => go(["compare"], comparison()) }, "Compare");
  const ask = async () => {
    const page = await get("v1/runs", { limit: ROWS, cursor: query.cursor, caller: query.of }, signal);
    refill(list, page.runs.length ? table(page, query, chosen, marked) : nothing(query));
    fill(stale);
  };
  const [me] = await Promise.all([get("v1/overview", {}, signal), ask()]);
  fill(root, h("div", { class: "heading" }, h("h1", {}, "Runs"), whoseChoice(me, ["runs"], query)), stale,
    h("div", { class: "over-table" }, h("p", { class: "hint" }, "Mark two runs to compare them.",
      query.of === "*" && " Runs of one name are counted together, whosever they are."), compare), list);
  if (!query.cursor) poll(signal, EVERY_S, ask, (error) => fill(stale, problemView(error, null)));
  return "Runs";

  function marked(run, isOn) {
    if (isOn) chosen.add(run);
    else chosen.delete(run);
    compare.disabled = chosen.size !== 2;
  }

  // The one that began first is what was there before.
  function comparison() {
    const rows = [...list.querySelectorAll("tbody tr")].map((row) => row.dataset.run).filter((run) => chosen.has(run));
    return { a: rows[1], b: rows[0], of: query.of };
  }
}

function table(page, query, chosen, marked) {
  return [
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of runs" },
      h("table", {},
        h("thead", {}, h("tr", {}, h("th", { scope: "col", class: "mark" }, h("span", { class: "unseen" }, "Compare")),
          ["Run", "Records", "Began", "Last grade"].map((name) =>
            h("th", { scope: "col", class: name === "Records" && "number" }, name)))),
        h("tbody", {}, page.runs.map((run) => row(run, query, chosen, marked))))),
    h("p", { class: "paging" },
      query.cursor && h("a", { href: to(["runs"], { of: query.of }) }, "Latest"),
      page.next && h("a", { href: to(["runs"], { of: query.of, cursor: page.next }) }, "Earlier runs")),
  ];
}

function row(run, query, chosen, marked) {
  const isLive = Date.now() - run.last_us / 1000 < LIVE_S * 1000;
  const box = h("input", { type: "checkbox", "aria-label": `Compare ${run.run}`, onchange: () => marked(run.run, box.checked) });
  box.checked = chosen.has(run.run);
  return h("tr", { "data-run": run.run },
    h("td", {}, box),
    h("th", { scope: "row" }, h("a", { class: "row-link", href: to(["runs", run.run], { of: query.of }) }, visible(run.run))),
    h("td", { class: "number" }, count(run.records)),
    h("td", { class: "whole" }, moment(run.first_us)),
    h("td", { class: "whole", title: moment(run.last_us), "data-state": isLive && "good" },
      isLive && h("span", { class: "dot" }), ` ${ago(run.last_us)}`));
}

function nothing(query) {
  const body = '{"item": {…}, "sample": "…", "run": {"id": "acme-7", "step": 12, "item_id": "q-31", "rollout": 3}}';
  return [
    h("p", { class: "empty" }, query.of && query.of !== "*" ? `No run of ${query.of} yet. ` : "No run yet. ",
      "A run begins with the first grade that names it: send ", h("code", {}, "run"), " beside the sample."),
    h("pre", { tabindex: "0", role: "region", "aria-label": "A request that names its run" }, body),
  ];
}
