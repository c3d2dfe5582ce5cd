// Two runs beside each other: totals, verdict shares, and the curves of both.

import { go } from "./address.js";
import { get } from "./api.js";
import { chart } from "./chart.js";
import { fill, h } from "./dom.js";
import { count, percent, reward, short, words } from "./format.js";
import { later } from "./polling.js";
import { problemView } from "./problem.js";
import { visible } from "./text.js";
import { ownerOf, whoseChoice } from "./whose.js";

const KNOWN = 200;

export async function compare(root, { query, signal }) {
  const of = query.of;
  const me = await get("v1/overview", {}, signal);
  const beside = h("div", {});
  const runs = await get("v1/runs", { limit: KNOWN, caller: of }, signal).then((page) => page.runs, failed);
  const isAsked = query.a && query.b;
  if (isAsked) await ask().catch(failed);
  else if (runs) fill(beside, hint(runs));
  fill(root,
    h("div", { class: "heading" }, h("h1", {}, "Compare two runs"), whoseChoice(me, ["compare"], query)),
    choice((runs ?? []).map((run) => run.run), query), beside);
  return isAsked ? `${query.a} and ${query.b}` : "Compare two runs";

  // Again, as long as records are being counted.
  async function ask() {
    const [whose, whoseB] = await Promise.all([query.a, query.b].map((run) => ownerOf(run, of, signal)));
    if (of === "*" && (!whose || whose !== whoseB)) return fill(beside, apart([[query.a, whose], [query.b, whoseB]]));
    const report = await get("v1/run-comparison", { a: query.a, b: query.b, caller: whose }, signal);
    fill(beside, of === "*" && h("p", { class: "hint" }, "Runs of ", visible(whose), "."), reportView(report, of, signal));
    if (!report.complete) later(ask, failed, signal);
  }

  // The form stays, whatever the service says.
  function failed(error) {
    if (signal.aborted) throw error;
    fill(beside, problemView(error, () => ask().catch(failed)));
  }
}

function apart(runs) {
  return h("p", { class: "warning", role: "alert" },
    runs.map(([run, whose]) => [visible(run), whose ? [" is a run of ", visible(whose)] : " is nobody's run", ". "]),
    "Only runs of one caller can be compared: choose two of one, and name the caller above if others have runs of these names.");
}

function choice(known, query) {
  const fields = ["a", "b"].map((name) => h("input", {
    id: `run-${name}`, list: "known-runs", autocomplete: "off", spellcheck: "false", required: true, value: query[name] ?? "",
  }));
  return h("form", { class: "filters", "aria-label": "Which runs", onsubmit: submit },
    fields.map((field, index) => h("div", { class: "field wide" },
      h("label", { for: field.id }, index ? "B, held against it" : "A, before"), field)),
    h("datalist", { id: "known-runs" }, known.map((run) => h("option", { value: run }))),
    h("div", { class: "field" }, h("button", { class: "main" }, "Compare")),
    h("div", { class: "field" }, h("button", { type: "button", onclick: swap }, "Swap")));

  function submit(event) {
    event.preventDefault();
    go(["compare"], { a: fields[0].value, b: fields[1].value, of: query.of });
  }

  function swap() {
    go(["compare"], { a: fields[1].value, b: fields[0].value, of: query.of });
  }
}

function hint(runs) {
  return h("p", { class: "empty" }, runs.length < 2
    ? "There is nothing to compare yet: that takes two runs. A run begins with the first grade that names it."
    : "Choose two runs, or mark two in the list of runs.");
}

function reportView(report, of, signal) {
  return [
    !report.complete && h("p", { class: "warning", role: "status" }, "Not all records are counted yet; the figures follow."),
    report.complete && !report.graders.length && h("p", { class: "empty" }, "No grader judged both runs, and not each is by one grader, so there is nothing to compare."),
    [["A", report.only_a], ["B", report.only_b]].map(([side, ids]) =>
      report.complete && ids.length > 0 && h("p", { class: "hint" }, `Only ${side} was judged by `, visible(ids.join(", ")), ".")),
    report.graders.map((one) => graderView(one, of, signal)),
  ];
}

function graderView(one, of, signal) {
  const id = `by-${one.a.grader}`;
  const isAnother = one.a.grader !== one.b.grader;
  return h("section", { "aria-labelledby": id },
    h("h2", { id }, visible(one.a.grader), isAnother && [" and ", visible(one.b.grader)]),
    !one.same_digest && h("p", { class: "warning" },
      isAnother ? [visible(one.a.grader), " judged A and ", visible(one.b.grader), " judged B (digest "] : "Another version judged B (digest ",
      h("code", {}, short(one.a.digest)), " against ", h("code", {}, short(one.b.digest)), "), so rewards may differ for that reason alone."),
    [["A", one.a], ["B", one.b]].map(([side, { other_grades: others, digest }]) => others > 0 && h("p", { class: "warning" },
      `${count(others)} grades of ${side} by other versions are left out; the figures are of digest `, h("code", {}, short(digest)), ".")),
    differenceView(one),
    h("div", { class: "two" }, totalsTable(one), verdictsTable(one)),
    curves(one, of, signal));
}

function differenceView({ a, b, mean_reward: found }) {
  const spans = [a, b].map(({ reward_range: range }) => range && range.map(reward).join(" to "));
  if (found && spans[0] !== spans[1]) return h("p", { class: "hint" }, `Rewards of A lie in ${spans[0]}, those of B in ${spans[1]}: their means say nothing of each other.`);
  if (!found) return h("p", { class: "hint" }, "One of the runs has no grade, so there is no difference.");
  const sign = found.difference > 0 ? "+" : "";
  const isClear = found.low !== null && (found.low > 0 || found.high < 0);
  const interval = found.low === null ? "" : `95 % interval ${reward(found.low)} to ${reward(found.high)}`;
  return h("div", { class: "difference" },
    h("p", { class: "figure" }, h("span", { class: "unseen" }, "B less A: "), h("strong", {}, sign + reward(found.difference))),
    h("p", {}, h("b", {}, isClear ? `B's mean reward is ${found.difference > 0 ? "higher" : "lower"}. ` : "No clear difference. "),
      interval, h("small", {}, " Rollouts of an item are alike, so the interval is narrower than the truth. For moderation, ",
        h("code", {}, "POST /v1/evaluations/compare-runs"), " compares item by item.")));
}

function totalsTable({ a, b }) {
  const rows = [
    ["Graded", count, "graded"], ["Steps", count, "steps"], ["Mean reward", reward, "mean_reward"], ["Standard deviation", reward, "sd_reward"],
    ["At the greatest reward", percent, "at_max_share"], ["Groups without variance", percent, "zero_variance_share"],
    ["Unscored", percent, "unscored_share"], ["Superseded", count, "superseded"],
  ];
  return sides("Totals", a.run, b.run, rows.map(([name, format, field]) => [name, format(a.total[field]), format(b.total[field])]));
}

function verdictsTable({ a, b, verdicts }) {
  return sides("Verdicts", a.run, b.run, verdicts.map((one) => [words(one.verdict), percent(one.a), percent(one.b)]));
}

function sides(title, a, b, rows) {
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
    h("table", {},
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, title),
        [["A", a], ["B", b]].map(([side, run]) => h("th", { scope: "col", class: "number", title: run }, side)))),
      h("tbody", {}, rows.map(([name, left, right]) => h("tr", {}, h("th", { scope: "row" }, name),
        h("td", { class: "number" }, left), h("td", { class: "number" }, right))))));
}

function curves({ a, b, steps }, of, signal) {
  const named = steps.filter((one) => one.step !== null);
  if (!named.length) return null;
  const line = (side, run, colour) => ({ label: `${side.toUpperCase()} ${run}`, colour, values: named.map((one) => one[side]) });
  const spec = {
    title: "Mean reward by step", steps: named.map((one) => one.step), format: reward,
    lines: [line("a", a.run, "series-2"), line("b", b.run, "series-1")],
  };
  return chart(spec, (step) => go(["runs", b.run], { grader: b.grader, digest: b.digest, step, of, at: "grades" }), signal).element;
}
