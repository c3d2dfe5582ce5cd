// A judgement as people read it: the reward on its scale, the verdict, the reason, the parts, the answer in the sample.

import { conversation } from "./conversation.js";
import { fill, h, svg } from "./dom.js";
import { reward as shown, words } from "./format.js";
import { pretty } from "./json.js";
import { cut, visible, withAnswer } from "./text.js";

const JSON_MAX = 400_000;

/** The reward with its place between least and greatest (`range`; null: not known), and the verdict. */
export function rewardView(grade, range) {
  return h("div", { class: "reward" },
    h("p", { class: "figure" }, h("span", { class: "unseen" }, "Reward "), h("strong", {}, shown(grade.reward))),
    h("div", { class: "beside" }, verdictTag(grade.verdict), range && scale(grade.reward, range)));
}

export function verdictTag(verdict) {
  return h("span", { class: "verdict" }, words(verdict));
}

function scale(value, [least, greatest]) {
  const share = greatest > least ? Math.min(1, Math.max(0, (value - least) / (greatest - least))) : 0;
  return h("div", { class: "scale" },
    svg("svg", { viewBox: "0 0 200 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      svg("rect", { class: "track", width: 200, height: 8, rx: 4 }),
      svg("rect", { class: "filled", width: Math.max(share * 200, 3), height: 8, rx: 4 })),
    h("div", { class: "ends", "aria-hidden": "true" }, h("span", {}, shown(least)), h("span", {}, shown(greatest))));
}

/** Reason, sample with the answer marked, answer, sub-rewards and details. */
export function explanation(grade, sample) {
  const parts = Object.entries(grade.sub_rewards ?? {});
  return [
    grade.reason && h("p", { class: "reason" }, visible(grade.reason)),
    h("h3", {}, "Sample"), sampleView(sample, grade.answer_span),
    h("h3", {}, "Answer that was read"), answerView(grade.answer),
    parts.length > 0 && [h("h3", {}, "Parts of the reward"), partsTable(parts)],
    Object.keys(grade.details ?? {}).length > 0 && [h("h3", {}, "Details"), jsonView(grade.details, "Details")],
  ];
}

function answerView(answer) {
  if (answer === null || answer === undefined) return h("p", { class: "empty" }, "None was found in the sample.");
  const box = h("pre", { class: "answer-text", tabindex: "0", role: "region", "aria-label": "Answer" });
  fill(box, cut(answer));
  return box;
}

function partsTable(parts) {
  return h("table", { class: "narrow" }, h("tbody", {}, parts.map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, words(name)), h("td", { class: "number" }, shown(value))))));
}

/** The sample with the answer marked, then what else it holds. */
export function sampleView(sample, span) {
  const { text, rest } = apart(sample);
  return [
    text !== null &&
      h("pre", { class: "sample", tabindex: "0", role: "region", "aria-label": "Sample" }, withAnswer(text, span)),
    text === "" && h("p", { class: "empty" }, "The output is empty."),
    span && h("p", { class: "hint" }, `The answer stands at code points ${span[0]} to ${span[1]}.`),
    talk(rest?.messages),
    rest && jsonView(rest, text === null ? "Sample as JSON" : "Other parts of the sample"),
  ];
}

function talk(messages) {
  const turns = conversation(messages);
  return turns && h("details", { class: "numbers" }, h("summary", {}, `Conversation, ${messages.length} messages`), turns);
}

function apart(sample) {
  if (typeof sample === "string") return { text: sample, rest: null };
  if (typeof sample?.output_text !== "string") return { text: null, rest: sample };
  const { output_text: text, ...others } = sample;
  const rest = Object.fromEntries(Object.entries(others).filter(([, value]) => value !== null));
  return { text, rest: Object.keys(rest).length ? rest : null };
}

/** Any JSON, indented and coloured. */
export function jsonView(value, label) {
  const text = pretty(value);
  const box = h("pre", { class: "json", tabindex: "0", role: "region", "aria-label": label });
  if (text.length > JSON_MAX) fill(box, visible(text.slice(0, JSON_MAX)), " … the rest is in the API's answer.");
  else fill(box, coloured(text));
  return box;
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|\b(?:true|false|null)\b/g;

function coloured(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    found.push(text.slice(from, match.index));
    if (match[1]) found.push(h("span", { class: match[2] ? "name" : "string" }, visible(match[1])), match[2] ?? "");
    else found.push(h("span", { class: "literal" }, match[0]));
    from = match.index + match[0].length;
  }
  found.push(text.slice(from));
  return found;
}
