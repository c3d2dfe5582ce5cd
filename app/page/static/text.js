// Text from a model, shown as it is: code points as the API counts them, and characters that would hide made visible.

import { h } from "./dom.js";

// Controls, and what changes the order or the look of its neighbours without being seen: bidirectional marks and
// overrides, zero-width characters, tags, variation selectors for ideographs. With those of its kind that follow.
const HIDDEN =
  /([\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e01ef}])\1*/gu;
const SHOWN_MAX = 200_000;

/** `text` as nodes in which hidden characters stand as their code points. */
export function visible(text) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push(escaped(match[1], match[0].length / match[1].length));
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

function escaped(character, times) {
  const name = `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
  const title = `A character that is not seen: ${name}`;
  return h("span", { class: "hidden-character", title }, times > 1 ? `${name} × ${times.toLocaleString("en")}` : name);
}

/** A sentence of the service: what stands between backticks is code. */
export function sentence(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, visible(part)) : visible(part)));
}

/** Where code point number `count` begins in `text`, in UTF-16 units. */
export function unitOf(text, count) {
  let unit = 0;
  for (let passed = 0; passed < count && unit < text.length; passed += 1) {
    unit += text.codePointAt(unit) > 0xffff ? 2 : 1;
  }
  return unit;
}

/** `text` with the code points of `span`, [start, end), marked as the answer; without a span: nothing marked. */
export function withAnswer(text, span) {
  if (!span) return cut(text);
  const [start, end] = [unitOf(text, span[0]), unitOf(text, span[1])];
  const mark = h("mark", { class: "answer", id: "answer-in-sample" }, cut(text.slice(start, end)));
  return [cutStart(text.slice(0, start)), mark, cut(text.slice(end))];
}

/** `text` made visible; of a very long one the beginning, and how much is left. */
export function cut(text) {
  if (text.length <= SHOWN_MAX) return visible(text);
  return [visible(text.slice(0, SHOWN_MAX)), left(text.length - SHOWN_MAX)];
}

function cutStart(text) {
  if (text.length <= SHOWN_MAX) return visible(text);
  return [left(text.length - SHOWN_MAX), visible(text.slice(-SHOWN_MAX))];
}

function left(units) {
  return h("span", { class: "left-out" }, ` … ${units.toLocaleString("en")} characters are not shown … `);
}
