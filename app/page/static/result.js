// What the service answered to a trial.

import { to } from "./address.js";
import { h } from "./dom.js";
import { milliseconds, reward as shown, short, words } from "./format.js";
import { explanation, rewardView } from "./judgement.js";

/** A grade beside the sample that was sent; `asIs`: the example it was, unchanged. */
export function resultView({ plain, exact }, grader, sample, asIs) {
  return [
    h("h2", { class: "unseen" }, "Result"),
    rewardView(plain, grader.reward_range),
    asIs && asIs.reward !== null && comparison(plain, asIs),
    explanation({ ...plain, details: exact.details }, sample),
    h("p", { class: "origin" },
      h("a", { href: to(["grades", plain.record]) }, "Record"), " · ", milliseconds(plain.duration_ms), " · digest ",
      h("code", { title: plain.digest }, short(plain.digest))),
  ];
}

function comparison(grade, expected) {
  const isSame = Math.abs(grade.reward - expected.reward) < 1e-9 && grade.verdict === expected.verdict;
  if (isSame) return h("p", { class: "as-expected" }, "✓ This is what the example shows.");
  return h("p", { class: "not-expected" },
    `The example shows ${shown(expected.reward)}, ${words(expected.verdict)}: this version judges otherwise.`);
}
