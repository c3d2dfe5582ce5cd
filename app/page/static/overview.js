// Overview: is the service well, what can it judge, and what was left unscored lately.

import { to } from "./address.js";
import { get, readiness } from "./api.js";
import { fill, h, refill } from "./dom.js";
import { ago, bytes, count, moment, short, words } from "./format.js";
import { poll } from "./polling.js";
import { problemView } from "./problem.js";
import { reasonsOf } from "./reasons.js";
import { sentence, visible } from "./text.js";
import { whoseChoice } from "./whose.js";

const EVERY_S = 5;
const ERRORS_SHOWN = 10;
// As the service has it: it tallies no more rows.
const TALLIED_MAX = 1000;

export async function overview(root, { query, signal }) {
  const heading = h("div", { class: "heading" }, h("h1", {}, "Overview"));
  const health = h("section", { "aria-labelledby": "health", class: "health" });
  const graders = h("section", { "aria-labelledby": "graders" });
  const errors = h("section", { "aria-labelledby": "errors" });
  const load = h("section", { "aria-labelledby": "load" });
  const stale = h("div", {});
  const filter = { caller: query.of };
  const reasons = reasonsOf();
  let isWhole = false;
  const ask = async () => {
    // What is not well is told first: it may be why the rest does not answer.
    const ready = await readiness(signal);
    refill(health, healthView(ready));
    const [known, unscored, short] = await Promise.all([
      get("v1/graders", {}, signal),
      get("v1/grades", { scored: "false", limit: ERRORS_SHOWN, ...filter }, signal),
      get("v1/overview", filter, signal),
    ]);
    refill(graders, gradersView(known.graders, { ...ready.unhealthy_graders, ...known.not_served }));
    refill(errors, errorsView(unscored.grades, await reasons(unscored.grades, signal), short.errors));
    refill(load, loadView(short.load));
    fill(stale);
    if (!isWhole) {
      isWhole = true;
      fill(heading, h("h1", {}, "Overview"), whoseChoice(short, [], query));
      root.append(load, errors, graders);
    }
  };
  fill(root, heading, stale, health);
  await ask().catch((error) => {
    if (signal.aborted || !error.isRetryable || !health.firstChild) throw error;
    failed(error);
  });
  poll(signal, EVERY_S, ask, failed);
  return "Overview";

  function failed(error) {
    fill(stale, problemView(error, null));
  }
}

function healthView(ready) {
  const state = ready.ready ? "Ready to grade" : ready.stopping ? "Stopping" : "Not ready";
  return [
    h("h2", { id: "health" }, "Health"),
    h("p", { class: "state", "data-state": ready.ready ? "good" : "bad" }, h("span", { class: "dot" }), state),
    h("dl", { class: "cards" }, parts(ready).map(([name, kind, said, detail]) =>
      h("div", { class: "card", "data-state": kind }, h("dt", {}, name),
        h("dd", {}, h("span", { class: "dot" }), said, detail && h("small", {}, typeof detail === "string" ? visible(detail) : detail))))),
  ];
}

function parts(ready) {
  const { sandbox, spool } = ready;
  return [
    ["Workers", ready.workers > 0 ? "good" : "bad", `${ready.workers} ready`, null],
    ["Database", ready.database === "ok" ? "good" : "bad", ready.database === "ok" ? "in use" : "away",
      ready.database === "ok" ? null : ready.database],
    ["Spool", SPOOL[spool.state] ?? "fair", spool.state,
      spool.records ? `${spool.records} records, ${bytes(spool.bytes)}` : spool.detail],
    ["Redis", ready.redis === "ok" ? "good" : ready.redis === "not configured" ? "off" : "bad",
      ready.redis === "ok" ? "limits are shared" : ready.redis === "not configured" ? "not configured" : "away",
      ["ok", "not configured"].includes(ready.redis) ? null : ready.redis],
    ["Sandbox", SANDBOX[sandbox.state] ?? "fair", sandbox.state,
      sandbox.detail || (sandbox.layers.length ? [`${slots(sandbox.slots)} · `, layers(sandbox.layers.join(", "))] : null)],
  ];
}

// `namespaces:pid,net,ipc` may go on in the next line after a sign, not within a word.
function layers(text) {
  return text.split(/(?<=[:,])/).map((part) => [part, h("wbr", {})]);
}

const SPOOL = { empty: "good", spooling: "fair", draining: "fair", full: "bad", ephemeral: "fair", off: "off" };
const SANDBOX = { ready: "good", idle: "off", off: "off", starting: "fair", degraded: "bad", unavailable: "bad" };

function gradersView(graders, unhealthy) {
  const broken = Object.entries(unhealthy);
  return [
    h("h2", { id: "graders" }, "Graders"),
    broken.length > 0 && h("ul", { class: "warnings" }, broken.map(([id, why]) =>
      h("li", {}, h("strong", {}, id), " is not served: ", visible(why)))),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of graders" },
      h("table", {},
        h("thead", {}, h("tr", {}, ["Grader", "Judges", "State", "From", "Digest"].map((name) =>
          h("th", { scope: "col" }, name)))),
        h("tbody", {}, graders.map(graderRow)))),
  ];
}

function graderRow(grader) {
  const state = grader.stands_on ? "recipe" : grader.released ? "released" : "draft";
  return h("tr", {},
    h("th", { scope: "row" }, h("a", { class: "row-link", href: to(["try", grader.id]) }, grader.id)),
    h("td", { class: "wide" }, sentence(grader.summary), grader.stands_on && h("small", {}, `on ${grader.stands_on}`)),
    h("td", {}, h("span", { class: "tag" }, state)),
    h("td", { class: "whole" }, visible(grader.origin)),
    h("td", { class: "whole" }, h("code", { title: grader.digest }, short(grader.digest))));
}

function slots(number) {
  return `${count(number)} ${number === 1 ? "slot" : "slots"}`;
}

function loadView(load) {
  return [
    h("h2", { id: "load" }, "Load now"),
    h("dl", { class: "cards" }, load.map((one) => h("div", { class: "card", "data-state": one.waiting > one.slots ? "fair" : "good" },
      h("dt", {}, one.resource[0].toUpperCase() + one.resource.slice(1)),
      h("dd", {}, h("span", { class: "dot" }), `${count(one.served)} being graded, ${count(one.waiting)} waiting`,
        h("small", {}, `${slots(one.slots)} · `, one.samples_per_s > 0 ? `about ${count(one.samples_per_s)} samples/s` : "speed not known yet"))))),
  ];
}

function sumOf(tallies) {
  return tallies.reduce((sum, one) => sum + one.count, 0);
}

function errorsView(rows, reasons, tallies) {
  if (!rows.length) {
    return [
      h("h2", { id: "errors" }, "Recent errors"),
      h("p", { class: "empty" }, "No sample was left unscored. Were there any, they would stand here with the reason."),
    ];
  }
  return [
    h("h2", { id: "errors" }, "Recent errors"),
    h("p", { class: "hint" }, "Samples left without a judgement. They are no rewards and count in no mean."),
    tallies.length > 0 && h("ul", { class: "tallies", "aria-label": "Errors in the last 24 hours" }, h("li", {}, sumOf(tallies) < TALLIED_MAX ? "In the last 24 hours:" : `The last ${count(TALLIED_MAX)}, in 24 hours:`), tallies.map((tally) =>
      h("li", {}, h("b", {}, count(tally.count)), " ", h("a", { href: to(["grades", tally.record]) }, words(tally.code))))),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of errors" },
      h("table", {},
        h("thead", {}, h("tr", {}, ["When", "Grader", "Why", "Run", "Step"].map((name) =>
          h("th", { scope: "col", class: name === "Step" && "number" }, name)))),
        h("tbody", {}, rows.map((row, index) => h("tr", {},
          h("td", { class: "whole", title: moment(row.created_us) }, ago(row.created_us)),
          h("td", {}, visible(row.grader)),
          h("td", { class: "wide" }, h("a", { class: "row-link", href: to(["grades", row.record]) }, words(row.code)),
            h("small", {}, sentence(reasons[index]))),
          h("td", {}, row.run ? visible(row.run) : "–"),
          h("td", { class: "number" }, row.step ?? "–")))))),
  ];
}
