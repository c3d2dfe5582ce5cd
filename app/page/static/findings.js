// What the monitors of a run found, each with the grades to look at.

import { to } from "./address.js";
import { h } from "./dom.js";
import { visible } from "./text.js";

/** The findings of one grader; `look` is given the filter of the grades that a finding is about. */
export function findingsView(findings, look) {
  if (!findings.length) {
    return h("p", { class: "empty" }, "The monitors found nothing that a person should look at.");
  }
  return h("ul", { class: "findings" }, findings.map((finding) => {
    const { run, ...filter } = finding.look_at;
    return h("li", { "data-severity": finding.severity, "data-code": finding.code },
      h("p", {}, h("strong", {}, finding.title), " ", h("span", { class: "tag" }, finding.severity), " ",
        h("small", {}, stepsOf(finding))),
      h("p", {}, visible(finding.detail)),
      h("a", { href: to(["runs", run], filter), onclick: (event) => {
        event.preventDefault();
        look(filter);
      } }, "Show these grades"));
  }));
}

function stepsOf({ from_step: from, to_step: to }) {
  if (from === null) return "";
  return from === to ? `step ${from}` : `steps ${from} to ${to}`;
}
