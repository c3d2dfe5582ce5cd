// Which charts a run has, from the steps that its monitors counted.

import { bytes, count, milliseconds, percent, reward, words } from "./format.js";

const SERIES = 8;
// Quantiles that are wider than so much of the reward's range are not drawn.
const [HALF_MAX, MOST_MAX] = [0.6, 0.9];

/** The chart specs of one grader's steps; those that would show nothing are left out. */
export function chartsOf(judged, verdictOrder) {
  const steps = judged.steps.filter((step) => step.step !== null);
  if (!steps.length) return [];
  const graded = steps.filter((step) => step.graded > 0);
  return [
    graded.length > 0 && rewards(graded, judged.reward_range),
    graded.length > 0 && verdicts(graded, verdictOrder),
    subRewards(graded),
    signal(graded),
    lines("Unscored", steps, { range: shares, format: percent }, [["unscored", "series-2", (step) => step.unscored_share]]),
    lines("Time of a grade", graded, { format: milliseconds },
      [["median", "series-1", (step) => step.duration_ms?.p50], ["95 %", "series-2", (step) => step.duration_ms?.p95]]),
    lines("Size of a sample", graded, { format: size },
      [["median", "series-1", (step) => step.sample_bytes?.p50], ["95 %", "series-2", (step) => step.sample_bytes?.p95]]),
    lines("Same answers", graded, { range: shares, format: percent },
      [["most frequent", "series-1", (step) => step.answers.most_common_share],
        ["groups that agree", "series-2", (step) => step.answers.same_share]]),
    lines("Tool calls per sample", graded, { format: decimal },
      [["calls", "series-1", (step) => step.tools?.calls_per_sample],
        ["repeats", "series-2", (step) => step.tools && step.tools.repeat_share * step.tools.calls_per_sample]]),
  ].filter(Boolean);
}

// A function, so that the axis shows at least a tenth: a share of one in a thousand is no mountain.
function shares(_, low, high) {
  return [0, Math.min(1, Math.max(0.1, high * 1.1))];
}

function size(value) {
  return value === null || value === undefined ? "–" : bytes(Math.round(value));
}

function decimal(value) {
  return value === null || value === undefined ? "–" : value.toFixed(2);
}

function rewards(steps, range) {
  const of = (name) => steps.map((step) => step.reward?.[name] ?? null);
  const [hasHalf, hasMost] = spreads(steps, range);
  const edge = (label, values) => ({ label, values, isEdge: true });
  return {
    title: "Reward",
    hint: `Mean per step with its 95 % interval, were samples independent. ${hasHalf
      ? "Fainter: where the rewards themselves are."
      : "Most rewards are far apart, so their quantiles are told below and not drawn."}`,
    steps: steps.map((step) => step.step),
    range: range ? [range[0] - (range[1] - range[0]) * 0.03, range[1] + (range[1] - range[0]) * 0.03] : undefined,
    format: reward,
    lines: [
      // What is named last is drawn on top.
      edge("p95", of("p95")), edge("p5", of("p5")), edge("p75", of("p75")), edge("p25", of("p25")),
      edge("mean, high", boundOf(steps, range, 1)), edge("mean, low", boundOf(steps, range, -1)),
      { label: "median", values: of("p50"), colour: hasHalf && "quiet", width: 1 },
      { label: "mean", values: of("mean"), colour: "series-1" },
    ],
    bands: [
      { label: "5 to 95 %", upper: 0, lower: 1, colour: hasMost && "band-outer" },
      { label: "25 to 75 %", upper: 2, lower: 3, colour: hasHalf && "band-inner" },
      { label: "mean, 95 % interval", upper: 4, lower: 5, colour: "band-mean" },
    ],
  };
}

// Whether the middle half and the middle nine tenths of the rewards leave anything out: of rewards that are 0 or 1 they
// are everything at most steps, and would only hide the mean.
function spreads(steps, range) {
  const [least, greatest] = range ?? [Math.min(...steps.map((step) => step.reward.least)), Math.max(...steps.map((step) => step.reward.greatest))];
  const width = (upper, lower) => steps.map((step) => step.reward[upper] - step.reward[lower]).sort((a, b) => a - b)[steps.length >> 1];
  const hasHalf = width("p75", "p25") <= HALF_MAX * (greatest - least);
  return [hasHalf, hasHalf && width("p95", "p5") <= MOST_MAX * (greatest - least)];
}

// An end of the interval of the mean; none for a single grade.
function boundOf(steps, range, side) {
  return steps.map(({ graded, reward: { mean, sd } }) => {
    if (sd === null) return null;
    const bound = mean + side * 1.96 * sd / Math.sqrt(graded);
    return range ? Math.min(range[1], Math.max(range[0], bound)) : bound;
  });
}

function verdicts(steps, order) {
  const seen = new Set(steps.flatMap((step) => Object.keys(step.verdicts)));
  const names = [...order.filter((name) => seen.has(name)), ...[...seen].filter((name) => !order.includes(name)).sort()];
  return {
    title: "Verdicts",
    hint: "Share of each verdict per step.",
    steps: steps.map((step) => step.step),
    range: [0, 1],
    format: percent,
    isStacked: true,
    lines: names.map((name, index) => ({
      label: words(name),
      values: steps.map((step) => (step.verdicts[name] ?? 0) / step.graded),
      colour: `series-${(index % SERIES) + 1}`,
    })),
  };
}

function subRewards(steps) {
  const names = [...new Set(steps.flatMap((step) => Object.keys(step.sub_rewards)))].sort().slice(0, SERIES);
  return lines("Parts of the reward", steps, { format: reward }, names.map((name, index) =>
    [words(name), `series-${index + 1}`, (step) => step.sub_rewards[name]?.mean]));
}

function signal(steps) {
  return lines("Learning signal", steps, {
    range: [0, 1], format: percent,
    hint: "Groups whose rewards are all the same give no gradient; grades at the greatest reward have nothing left to gain.",
  }, [["groups without variance", "series-2", (step) => step.zero_variance_share], ["at the greatest reward", "series-1", (step) => step.at_max_share]]);
}

function lines(title, steps, spec, wanted) {
  const found = wanted
    .map(([label, colour, of]) => ({ label, colour, values: steps.map((step) => of(step) ?? null) }))
    .filter((line) => line.values.some((value) => value !== null));
  return found.length > 0 && { title, steps: steps.map((step) => step.step), lines: found, ...spec };
}

/** The figures of all steps of one grader together: `[name, value, what it means, codes]`; `[code, rows]` of what is unscored. */
export function figuresOf({ total, reward_range: range }) {
  return [
    ["Graded", count(total.graded), total.superseded ? `${count(total.superseded)} superseded` : "samples that count"],
    ["Mean reward", reward(total.mean_reward), total.sd_reward === null ? "" : `sd ${reward(total.sd_reward)}`],
    ["At the greatest", percent(total.at_max_share), `greatest ${reward(range ? range[1] : total.greatest_reward)}`],
    ["Without variance", percent(total.zero_variance_share), `of ${count(total.groups)} groups`],
    ["Unscored", percent(total.unscored_share), "", Object.entries(total.unscored).sort((one, other) => other[1] - one[1])],
    ["Steps", count(total.steps), ""],
  ];
}
