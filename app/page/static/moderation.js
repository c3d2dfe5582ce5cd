// The F of a run of moderation grades. It reads every grade of the run, so it is asked for and not there at once.

import { get } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { count, percent, reward } from "./format.js";
import { problemView } from "./problem.js";

/** Whether grades of this version (null: it is gone) are of moderation. */
export function isModeration(about) {
  return Boolean(about?.details_schema?.properties?.taxonomy_hash);
}

/** The place of the F of `judged`, with the button that asks for it. */
export function scoresView(run, of, judged, signal) {
  const place = h("div", {});
  const button = h("button", { type: "button", onclick: ask }, "Compute F1 over its grades");
  fill(place, button);
  return h("section", { "aria-labelledby": "scores" }, h("h2", { id: "scores" }, "F1"), place);

  async function ask() {
    button.disabled = true;
    try {
      const { reports, level } = await get(`v1/runs/${encodeURIComponent(run)}/moderation`, { caller: of }, signal);
      const own = reports.filter((one) => one.grader === judged.grader && one.digest === judged.digest);
      fill(place, own.map((one) => reportView(one, level)));
      announce("F1 is there.");
    } catch (error) {
      if (!signal.aborted) fill(place, problemView(error, ask));
    }
  }
}

function reportView(report, level) {
  const rows = [
    ["Micro", report.micro], ["Macro", report.macro], ["Macro, labels that occur", report.macro_supported !== null && { f: report.macro_supported }],
    ["Weighted", report.weighted], ["Is anything flagged?", report.flag],
  ];
  return [
    h("p", { class: "hint" }, `${count(report.n)} grades, mode ${report.mode}, ${report.labels.length} labels. `,
      `Abstained: ${count(report.abstained)}. Not readable: ${percent(report.parse_fail_rate)}. No F means much without these.`),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "F1 of the run" }, h("table", {},
      h("thead", {}, h("tr", {}, ["Average", "F1", `${percent(level)} interval, by items`, "Precision", "Recall"].map((name, index) =>
        h("th", { scope: "col", class: index > 0 && "number" }, name)))),
      h("tbody", {}, rows.filter(([, block]) => block).map(([name, block]) => h("tr", {}, h("th", { scope: "row" }, name),
        [reward(block.f), interval(block.jackknife), reward(block.precision), reward(block.recall)].map((text) =>
          h("td", { class: "number" }, text))))))),
  ];
}

function interval(found) {
  return found ? `${reward(found.low)} to ${reward(found.high)}` : "–";
}
