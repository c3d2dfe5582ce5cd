// What the monitors of a run found, each with the grades to look at.

import { to } from "./address.js";
import { h } from "./dom.js";
import { visible } from "./text.js";

// As the service's monitors have them.
const [WINDOW_STEPS, GRADES_MIN, GROUPS_MIN, UNSCORED_MIN] = [5, 16, 8, 0.02];

/** The findings of one grader's monitor; `look` is given the filter of the grades that a finding is about. `whose`: what
 * else of the view its address has. */
export function findingsView({ findings, steps }, whose, look) {
  const late = lateGrades(steps);
  const isLittle = late > 0 && late < GRADES_MIN;
  return [
    findings.length > 0 ? list(findings, whose, look) : h("p", { class: "empty" }, isLittle
      ? `Too little to go by: the monitors want ${GRADES_MIN} grades, and there ${late === 1 ? "is" : "are"} ${late}${steps.length > WINDOW_STEPS ? " in the last steps" : ""}.`
      : "The monitors found nothing that a person should look at."),
    h("p", { class: "hint about-monitors" }, `The monitors hold the last ${WINDOW_STEPS} steps with grades, once these have ${GRADES_MIN} of them, against `,
      `the first ${WINDOW_STEPS}; groups count from ${GROUPS_MIN} on, unscored samples of the last ${WINDOW_STEPS} steps are told from ${UNSCORED_MIN * 100} % on.`),
  ];
}

// How many grades the monitors have before them: those of records without a step where there are no others.
function lateGrades(steps) {
  const named = steps.filter((one) => one.step !== null);
  const graded = (named.length ? named : steps).filter((one) => one.graded > 0);
  return graded.slice(-WINDOW_STEPS).reduce((sum, one) => sum + one.graded, 0);
}

function list(findings, whose, look) {
  return h("ul", { class: "findings" }, findings.map((finding) => {
    const { run, ...filter } = finding.look_at;
    return h("li", { "data-severity": finding.severity, "data-code": finding.code },
      h("p", {}, h("strong", {}, finding.title), " ", h("span", { class: "tag" }, finding.severity), " ",
        h("small", {}, stepsOf(finding))),
      h("p", {}, visible(finding.detail)),
      h("a", { href: to(["runs", run], { ...filter, ...whose, at: "grades" }), onclick: (event) => {
        event.preventDefault();
        look(filter);
      } }, "Show these grades"));
  }));
}

function stepsOf({ from_step: from, to_step: to }) {
  if (from === null) return "";
  return from === to ? `step ${from}` : `steps ${from} to ${to}`;
}
