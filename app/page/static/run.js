// One training run: figures, what the monitors found, curves by step, and its grades.

import { replace, to } from "./address.js";
import { get } from "./api.js";
import { chart } from "./chart.js";
import { fill, h, refill } from "./dom.js";
import { findingsView } from "./findings.js";
import { ago, count, moment, percent, short, words } from "./format.js";
import { FILTERS, gradesTable } from "./grades.js";
import { isModeration, scoresView } from "./moderation.js";
import { later, poll } from "./polling.js";
import { problemView } from "./problem.js";
import { chartsOf, figuresOf } from "./run_charts.js";
import { visible } from "./text.js";
import { ownerOf } from "./whose.js";

const EVERY_S = 5;

export async function run(root, at) {
  const { path: [id], query, signal } = at;
  const of = await ownerOf(id, query.of, signal);
  const ask = () => get(`v1/runs/${encodeURIComponent(id)}/monitor`, { caller: of }, signal);
  let report = await ask().catch((error) => (error.code === "unknown_run" ? null : Promise.reject(error)));
  if (!report) return noSuchRun(root, id, query.of);
  if (!report.graders.length) return notCounted(root, at, report);
  let judged = chosen(report, query);
  const about = await graderOf(judged.grader, signal);
  const order = about?.verdicts ?? [];
  const state = h("div", { class: "hint" });
  const stale = h("div", {});
  const judges = h("div", {});
  const figures = h("dl", { class: "cards" });
  const findings = h("div", {});
  const charts = h("div", { class: "charts" });
  const drawn = new Map();
  const filter = Object.fromEntries(FILTERS.concat("cursor").filter((name) => query[name]).map((name) => [name, query[name]]));
  const table = gradesTable({ run: id, caller: of }, filter, kinds, moved, signal);
  await table.ask();
  draw(fill);
  if (query.at === "grades") table.element.setAttribute("data-enter", "");
  fill(root,
    h("p", { class: "trail" }, h("a", { href: to(["runs"], { of: query.of }) }, "Runs")),
    h("div", { class: "heading" }, h("h1", {}, visible(id)), h("a", { href: to(["compare"], { a: id, of: query.of }) }, "Compare with another run")),
    state, stale, judges,
    h("section", { "aria-label": "Figures" }, figures),
    h("section", { "aria-labelledby": "findings" }, h("h2", { id: "findings" }, "What to look at"), findings),
    isModeration(about) && scoresView(id, of, judged, signal),
    h("section", { "aria-label": "Curves" }, charts),
    table.element);
  poll(signal, EVERY_S, refresh, (error) => fill(stale, problemView(error, null)));
  return `Run ${id}`;

  async function refresh() {
    const next = await ask();
    fill(stale);
    // Deleted and begun anew: what there is of it comes to be counted.
    if (!next.graders.length) return;
    const isNew = next.counted !== report.counted || next.records !== report.records;
    report = next;
    judged = chosen(report, { grader: judged.grader, digest: judged.digest });
    if (isNew) {
      draw(refill);
      await table.refresh();
    }
    fill(state, stateOf(report, judged, query.of));
  }

  function draw(put) {
    fill(state, stateOf(report, judged, query.of));
    put(judges, graderChoice());
    put(figures, figuresOf(judged).map(([name, value, more, codes]) =>
      h("div", { class: "card" }, h("dt", {}, name), h("dd", {}, h("strong", {}, value), h("small", {}, more),
        codes?.map(([code, rows]) => h("small", {}, codeLink(code, rows)))))));
    put(findings, findingsView(judged, { digest: query.digest, of: query.of }, (wanted) => table.show(wanted)));
    const specs = chartsOf(judged, order);
    if (!drawn.size) fill(charts);
    let before = null;
    for (const spec of specs) {
      if (drawn.has(spec.title)) drawn.get(spec.title).update(spec);
      else {
        drawn.set(spec.title, chart(spec, (step) => table.show({ grader: judged.grader, step }), signal));
        charts.insertBefore(drawn.get(spec.title).element, before ? before.nextSibling : charts.firstChild);
      }
      before = drawn.get(spec.title).element;
    }
    if (!specs.length && !drawn.size) fill(charts, h("p", { class: "empty" }, "No grade names its step, so there are no curves. Send ",
      h("code", {}, "run.step"), " beside the sample."));
  }

  function codeLink(code, rows) {
    const filter = { grader: judged.grader, scored: "false", code };
    return h("a", { href: to(["runs", id], { ...filter, digest: query.digest, of: query.of, at: "grades" }), onclick: (event) => {
      event.preventDefault();
      table.show(filter);
    } }, `${words(code)} ${count(rows)}`);
  }

  function moved(next) {
    replace(["runs", id], { ...next, digest: query.digest, of: query.of });
  }

  function kinds() {
    const { verdicts, unscored } = judged.total;
    return { verdicts: order.length ? order : Object.keys(verdicts).sort(), codes: Object.keys(unscored).sort(), judges: report.graders.length };
  }

  function graderChoice() {
    if (report.graders.length < 2) return null;
    return h("nav", { "aria-label": "Graders of this run", class: "tabs" }, report.graders.map((one) =>
      h("a", { href: to(["runs", id], { grader: one.grader, digest: one.digest, of: query.of }), "aria-current": one === judged && "true" },
        one.grader, " ", h("small", {}, short(one.digest)))));
  }
}

// Counting takes longer than a report waits for it: the view says so, and comes to be once something is counted.
function notCounted(root, at, report) {
  const { path: [id], query, signal } = at;
  fill(root,
    h("p", { class: "trail" }, h("a", { href: to(["runs"], { of: query.of }) }, "Runs")),
    h("h1", {}, visible(id)),
    h("p", { class: "empty", role: "status" }, `Records: ${count(report.records)}, none of them counted so far. The figures follow.`));
  const failed = (error) => fill(root, problemView(error, () => run(root, at).catch(failed)));
  later(() => run(root, at), failed, signal);
  return `Run ${id}`;
}

function noSuchRun(root, id, of) {
  const who = of === "*" ? "Nobody has" : of ? [visible(of), " has"] : "You have";
  fill(root,
    h("p", { class: "trail" }, h("a", { href: to(["runs"], { of }) }, "Runs")),
    h("h1", {}, "There is no such run"),
    h("p", { class: "empty" }, who, " no run ", h("strong", {}, visible(id)), ". A run begins with its first grade, and is one caller's. ",
      h("a", { href: to(["runs"], { of }) }, of ? "See the runs there are" : "See your runs"), "."));
  return "No such run";
}

function chosen(report, query) {
  return report.graders.find((one) => one.grader === query.grader && (!query.digest || one.digest === query.digest)) ?? report.graders[0];
}

// What the service knows of a grader; null: it is gone.
async function graderOf(grader, signal) {
  try {
    return await get(`v1/graders/${encodeURIComponent(grader)}`, {}, signal);
  } catch (error) {
    if (error.code === "unknown_grader") return null;
    throw error;
  }
}

function stateOf(report, judged, of) {
  const last = Math.max(...judged.steps.map((step) => step.last_us));
  const isWhole = report.counted >= report.records;
  return h("p", {}, judged.grader, " · digest ", h("code", { title: judged.digest }, short(judged.digest)), " · ",
    `${count(report.records)} records of ${report.caller}${of === "*" ? ", who graded last under this name" : ""} · `, h("span", { title: moment(last) }, `last grade ${ago(last)}`),
    !isWhole && h("strong", {}, ` · ${percent(report.counted / report.records)} counted so far`));
}
