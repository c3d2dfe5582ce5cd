// One grade with everything that led to it.

import { to } from "./address.js";
import { get, getBoth } from "./api.js";
import { fill, h } from "./dom.js";
import { milliseconds, moment, short, words } from "./format.js";
import { FILTERS } from "./grades.js";
import { parseExactly, pretty } from "./json.js";
import { explanation, jsonView, rewardView, sampleView } from "./judgement.js";
import { visible } from "./text.js";

export async function grade(root, { path, query, signal }) {
  const { plain, exact } = await getBoth(`v1/grades/${encodeURIComponent(path[0])}`, {}, signal);
  const filter = Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name]]));
  const [range, next] = await Promise.all([rangeOf(plain, signal), nextOf(plain, filter, query, signal)]);
  fill(root,
    h("p", { class: "trail" },
      query.run && [h("a", { href: to(["runs", query.run], { grader: filter.grader, of: query.of }) }, "Run ", visible(query.run)), " · ",
        h("a", { href: to(["runs", query.run], { ...filter, of: query.of, at: "grades" }) }, "Back to ", visible(listOf(filter))), " · "],
      next ? h("a", { href: to(["grades", next], query), "data-key": "n" }, "Next grade") : query.run && "The last grade of this filter"),
    h("h1", {}, "Grade"),
    plain.displaced_by && h("p", { class: "warning" }, "This grade does not count: ",
      h("a", { href: to(["grades", plain.displaced_by]) }, plain.displaced_by), " held its idempotency key."),
    h("div", { class: "two" },
      h("div", {},
        plain.reward === null ? unscoredView(plain, exact) : [
          h("section", { "aria-label": "Judgement" }, h("h2", { class: "unseen" }, "Judgement"), rewardView({ ...plain.grade, ...plain }, range),
            explanation({ ...plain.grade, details: exact.grade.details }, exact.sample)),
        ],
        exact.executions.length > 0 && executionsView(exact.executions)),
      h("div", {},
        h("section", { "aria-labelledby": "item" }, h("h2", { id: "item" }, "Item"), jsonView(exact.item, "The item as JSON"),
          plain.ignored_item_fields?.length > 0 && h("p", { class: "hint" }, "Not read by the grader: ", visible(plain.ignored_item_fields.join(", ")))),
        h("section", { "aria-labelledby": "config" }, h("h2", { id: "config" }, "Config"), jsonView(exact.config, "The config as JSON")),
        plain.credit && creditView(exact.credit),
        provenance(plain),
        h("p", { class: "actions" }, h("a", { class: "button", href: trial(plain, exact) }, "Try this again")))));
  return `Grade ${plain.verdict ?? plain.code}`;
}

// The list that the reader came from: "the grades: verdict hedged, step 3".
function listOf({ grader, ...filter }) {
  const told = Object.entries(filter).map(([name, value]) => (name === "scored" ? (value === "true" ? "scored" : "unscored") : `${words(name)} ${words(value)}`));
  return told.length ? `the grades: ${told.join(", ")}` : "all grades";
}

function unscoredView(plain, exact) {
  return h("section", { "aria-label": "Judgement" },
    h("div", { class: "problem" }, h("h2", {}, "Unscored: ", words(plain.code)),
      h("p", {}, visible(plain.grade.detail ?? "")),
      plain.grade.errors?.length > 0 && h("ul", {}, plain.grade.errors.map((place) =>
        h("li", {}, h("code", {}, visible(place.pointer || "/")), " ", visible(place.detail)))),
      h("p", { class: "hint" }, "No judgement, so no reward: it counts in no mean.")),
    h("h3", {}, "Sample"), sampleView(exact.sample, null));
}

function executionsView(executions) {
  return h("section", { "aria-labelledby": "executions" }, h("h2", { id: "executions" }, "Programs that were run"),
    executions.map(({ program, execution }, index) => h("details", { class: "execution", open: executions.length === 1 },
      h("summary", {}, `Program ${index + 1}: `, h("span", { class: "tag" }, words(String(execution.outcome)))),
      jsonView(execution, `What the sandbox saw of program ${index + 1}`),
      h("h3", {}, "What was asked for"),
      jsonView(program, `Program ${index + 1} as it was asked for`))));
}

function creditView(credit) {
  return h("section", { "aria-labelledby": "credit" }, h("h2", { id: "credit" }, "Credited as a group"),
    jsonView(credit.parameters, "Parameters of the credit"), jsonView(credit.group, "The group"),
    h("details", { class: "numbers" }, h("summary", {}, `${credit.members.length} members`),
      h("ol", {}, credit.members.map((member) => h("li", {}, member.record
        ? h("a", { href: to(["grades", member.record]) }, visible(`${member.item_id}, rollout ${member.rollout ?? "–"}`))
        : visible(`${member.item_id}: could not be read`))))));
}

function provenance(plain) {
  const rows = [
    ["Record", plain.record], ["When", moment(plain.created_us)], ["Took", milliseconds(plain.duration_ms)],
    ["Grader", h("a", { href: to(["try", plain.grader]) }, visible(plain.grader))], ["Digest", h("code", { title: plain.digest }, short(plain.digest))],
    ["Caller", visible(plain.caller)], ["Came by", words(plain.contract)],
    ["Run", plain.run !== null && h("a", { href: to(["runs", plain.run], { of: plain.caller }) }, visible(plain.run))],
    ["Step", plain.step], ["Item", plain.item_id !== null && visible(plain.item_id)], ["Rollout", plain.rollout],
    ["Group", plain.group !== null && visible(plain.group)],
  ].filter(([, value]) => value !== null && value !== false);
  return h("section", { "aria-labelledby": "provenance" }, h("h2", { id: "provenance" }, "Where it comes from"),
    h("table", { class: "narrow provenance" }, h("tbody", {}, rows.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value))))));
}

// Least and greatest reward, for the scale; of a grader that is gone nobody knows them.
async function rangeOf(plain, signal) {
  try {
    const grader = await get(`v1/graders/${encodeURIComponent(plain.grader)}`, {}, signal);
    return plain.credit ? grader.group_reward_range : grader.reward_range;
  } catch (error) {
    if (error.code === "unknown_grader") return null;
    throw error;
  }
}

async function nextOf(plain, filter, query, signal) {
  if (!query.run) return null;
  const page = await get("v1/grades", { ...filter, run: query.run, caller: query.of, cursor: plain.record, limit: 1 }, signal);
  return page.grades[0]?.record ?? null;
}

function trial(plain, exact) {
  const sample = exact.sample;
  const asked = typeof sample === "string" ? { text: sample } : { json: pretty(parseExactly(JSON.stringify(sample))) };
  return to(["try", plain.grader], { item: pretty(exact.item), ...asked, config: pretty(exact.config) });
}
