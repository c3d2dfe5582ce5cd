// The messages of a sample as a conversation: who said what, and which tools were called.

import { h } from "./dom.js";
import { pretty } from "./json.js";
import { visible } from "./text.js";

const SHOWN_MAX = 200;

/** The messages, or null where they are not of the shape that chat platforms send. */
export function conversation(messages) {
  if (!Array.isArray(messages) || !messages.length || !messages.every(isMessage)) return null;
  return [
    h("ol", { class: "conversation" }, messages.slice(0, SHOWN_MAX).map(turn)),
    messages.length > SHOWN_MAX && h("p", { class: "hint" }, `${messages.length - SHOWN_MAX} more messages are in the API's answer.`),
  ];
}

function isMessage(one) {
  return typeof one === "object" && one !== null && typeof one.role === "string";
}

function turn(message) {
  const calls = Array.isArray(message.tool_calls) ? message.tool_calls : [];
  return h("li", {},
    h("p", { class: "label" }, visible(message.role), typeof message.name === "string" && [" ", h("small", {}, visible(message.name))]),
    h("div", { class: "said" }, said(message.content)),
    calls.map((call) => h("p", { class: "call" }, "calls ", h("code", {}, visible(nameOf(call))), " ", h("code", {}, visible(argumentsOf(call))))));
}

function said(content) {
  if (content === null || content === undefined) return null;
  if (typeof content === "string") return visible(content);
  if (Array.isArray(content) && content.every((part) => typeof part?.text === "string")) {
    return content.map((part) => h("div", {}, visible(part.text)));
  }
  return visible(pretty(content));
}

function nameOf(call) {
  return String(call?.function?.name ?? call?.name ?? "a tool");
}

function argumentsOf(call) {
  const given = call?.function?.arguments ?? call?.arguments ?? "";
  return typeof given === "string" ? given : pretty(given);
}
