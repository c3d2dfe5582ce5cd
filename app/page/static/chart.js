// A chart over steps: a canvas for the eye, a slider for the keyboard, a table for whoever wants the numbers.

import { fill, fresh, h } from "./dom.js";
import uPlot from "./vendor/uPlot.esm.js";

const HEIGHT = 220;
const AXIS_FONT = "12px system-ui, sans-serif";

/**
 * A chart. `spec`: `{title, hint?, steps, lines, bands?, range?, format, isStacked?}`.
 * A line is `{label, values, colour, width?, isEdge?}`; a band `{label, upper, lower, colour}` lies between two lines,
 * its edges. Colours are classes of swatches; without one a line or band is told in numbers and not drawn. A single step
 * of a stack is a bar. `picked` is told the step that is chosen. Gives `{element, update}`.
 */
export function chart(spec, picked, signal) {
  let plot = null;
  let at = null;
  const id = fresh("chart");
  const place = h("div", {
    class: "plot", tabindex: "0", role: "slider", "aria-labelledby": id, "aria-orientation": "horizontal",
    onkeydown: onKey, onclick: () => at !== null && picked(spec.steps[at]),
  });
  const legend = h("ul", { class: "legend" });
  const heading = h("h3", { id }, spec.title);
  const numbers = h("details", { class: "numbers", ontoggle: tabulate }, h("summary", {}, "Numbers"));
  const element = h("figure", { class: "chart" },
    h("figcaption", {}, heading, spec.hint && h("p", { class: "hint" }, spec.hint)), place, legend, numbers);
  const watcher = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT }));
  watcher.observe(place);
  document.addEventListener("theme-changed", draw, { signal });
  signal.addEventListener("abort", () => (watcher.disconnect(), plot?.destroy()));
  say();
  requestAnimationFrame(draw);
  return { element, update };

  function update(next) {
    const isAlike = plot && shapeOf(next) === shapeOf(spec);
    spec = next;
    if (isAlike) plot.setData(dataOf(spec));
    else draw();
    if (at !== null && at >= spec.steps.length) at = null;
    say();
    tabulate();
  }

  function draw() {
    if (signal.aborted) return;
    plot?.destroy();
    fill(place);
    plot = new uPlot(options(spec, place, moved), dataOf(spec), place);
    say();
  }

  function moved(index) {
    at = index;
    say();
  }

  function onKey(event) {
    const last = spec.steps.length - 1;
    const now = at ?? last + 1;
    const next = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, Home: 0, End: last,
      PageUp: now + 10, PageDown: now - 10 }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      at = Math.min(last, Math.max(0, next));
      plot.setCursor({ left: plot.valToPos(spec.steps[at], "x"), top: 0 });
      say();
    } else if (event.key === "Enter" && at !== null) {
      picked(spec.steps[at]);
    }
  }

  // What stands under the cursor, or at the last step: beside the names, and for screen readers.
  function say() {
    const index = at ?? spec.steps.length - 1;
    const said = readout(spec, index);
    for (const [name, value] of [["valuemin", spec.steps[0]], ["valuemax", spec.steps.at(-1)], ["valuenow", spec.steps[index]]]) {
      place.setAttribute(`aria-${name}`, String(value ?? 0));
    }
    place.setAttribute("aria-valuetext", `step ${spec.steps[index]}: ${said.map(([, label, value]) => `${label} ${value}`).join(", ")}`);
    fill(legend, h("li", { class: "at" }, `Step ${spec.steps[index] ?? "–"}`), said.map(([colour, label, value]) =>
      h("li", {}, colour && swatch(colour), label, " ", h("b", {}, value))));
  }

  function tabulate() {
    if (!numbers.open) return;
    fill(numbers, h("summary", {}, "Numbers"), table(spec));
  }
}

// Two specs of one shape differ only in their numbers.
function shapeOf({ steps, lines, bands }) {
  return JSON.stringify([steps.length === 1, lines.map((line) => [line.label, line.colour]), bands?.map((band) => band.colour)]);
}

// `[colour, label, value]` of every line and band at one step.
function readout(spec, index) {
  const value = (line) => spec.format(spec.lines[line].values[index]);
  const lines = spec.lines.map((line, at) => [line.colour, line.label, value(at), line.isEdge]);
  const bands = (spec.bands ?? []).map((band) => [band.colour, band.label, `${value(band.lower)} to ${value(band.upper)}`]);
  return [...lines.filter(([, , , isEdge]) => !isEdge), ...bands];
}

/** A square of a colour. */
export function swatch(colour) {
  return h("span", { class: `swatch ${colour}` });
}

function dataOf(spec) {
  if (!spec.isStacked) return [spec.steps, ...spec.lines.map((line) => line.values)];
  const sums = spec.steps.map(() => 0);
  return [spec.steps, ...spec.lines.map((line) => line.values.map((value, index) => (sums[index] += value ?? 0)))];
}

function options(spec, place, moved) {
  const colour = (name) => resolved(place, name);
  const axis = { stroke: colour("quiet"), font: AXIS_FONT, grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  const hasOne = spec.steps.length === 1;
  const isBar = hasOne && spec.isStacked;
  const isSeen = (line) => line.colour && !line.isEdge;
  return {
    width: place.clientWidth || 600,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, show: isBar ? false : undefined } },
    scales: { x: { time: false, range: ofSteps }, y: { range: spec.range ?? padded } },
    axes: [{ ...axis, size: 32, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6, 1e7, 1e8] },
      { ...axis, size: 58, values: (_, marks) => marks.map((mark) => spec.format(mark)) }],
    series: [{}, ...spec.lines.map((line) => ({
      label: line.label,
      stroke: isSeen(line) ? colour(line.colour) : "transparent",
      fill: spec.isStacked ? faded(colour(line.colour)) : undefined,
      width: isSeen(line) ? (line.width ?? (spec.isStacked ? 1 : 2)) : 0,
      paths: isBar ? uPlot.paths.bars({ size: [0.3, 160] }) : undefined,
      points: { show: hasOne && !isBar && isSeen(line), size: 7, fill: isSeen(line) ? colour(line.colour) : undefined },
      spanGaps: true,
    }))],
    bands: spec.isStacked
      ? spec.lines.slice(1).map((line, index) => ({ series: [index + 2, index + 1], fill: faded(colour(line.colour)) }))
      : (spec.bands ?? []).filter((band) => band.colour).map((band) => ({ series: [band.upper + 1, band.lower + 1], fill: faded(colour(band.colour), 0.75) })),
    hooks: { setCursor: [(plot) => moved(plot.cursor.idx ?? null)] },
  };
}

function ofSteps(plot) {
  const [first, last] = [plot.data[0][0], plot.data[0].at(-1)];
  return first === last ? [first - 0.5, first + 0.5] : [first, last];
}

/** The least and the greatest of an axis on which `low` and `high` can be told apart, or are one. */
export function padded(_, low, high) {
  // Numbers that differ in their last bits alone, as quantiles of equal ones do, would make an axis of endless marks.
  const isFlat = high - low <= Math.max(Math.abs(low), Math.abs(high)) * 1e-9;
  if (isFlat) return [Math.min(0, low * 1.5), Math.max(0, high * 1.5) || 1];
  const room = (high - low) * 0.06;
  return [low >= 0 && low < room * 4 ? 0 : low - room, high + room];
}

// A canvas knows no CSS variables; an element does.
function resolved(place, name) {
  const probe = h("span", { class: `swatch ${name}` });
  place.append(probe);
  const colour = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return colour;
}

function faded(colour, share = 0.55) {
  return colour.replace(/^rgb\((.+)\)$/, `rgba($1, ${share})`);
}

function table(spec) {
  return h("div", { class: "scroll numbers-table", tabindex: "0", role: "region", "aria-label": `Numbers: ${spec.title}` },
    h("table", {},
      h("thead", {}, h("tr", {}, ["Step", ...spec.lines.map((line) => line.label)].map((name) =>
        h("th", { scope: "col", class: "number" }, name)))),
      h("tbody", {}, spec.steps.map((step, index) => h("tr", {},
        h("th", { scope: "row", class: "number" }, step),
        spec.lines.map((line) => h("td", { class: "number" }, spec.format(line.values[index]))))))));
}
