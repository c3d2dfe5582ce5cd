// A grader with the examples that fit it. A recipe shows those of the version it stands on.

import { getBoth } from "./api.js";

/** `{grader, cases}`; the items, samples and configs of the cases have their numbers as written. */
export async function examplesOf(id, signal) {
  const { plain: grader, exact } = await page(id, signal);
  if (!grader.stands_on) return { grader, cases: joined(grader.cases, exact.cases) };
  const below = await versionBelow(grader, signal);
  return { grader, cases: fitting(grader, joined(below.plain.cases, below.exact.cases)) };
}

function page(id, signal) {
  return getBoth(`v1/graders/${encodeURIComponent(id)}`, {}, signal);
}

async function versionBelow(grader, signal) {
  let found = await page(grader.stands_on, signal);
  while (found.plain.stands_on) found = await page(found.plain.stands_on, signal);
  return found;
}

function joined(plain, exact) {
  return plain.map((one, index) => {
    const { item, sample, config } = exact[index];
    return { ...one, item, sample, config };
  });
}

// A case expects a reward under its own config, so under a recipe it is an example without an expectation.
function fitting(recipe, cases) {
  const same = cases.filter((one) => Object.entries(one.config).every(([name, value]) =>
    JSON.stringify(recipe.config[name]) === JSON.stringify(value)));
  return (same.length ? same : cases).map((one) => ({
    ...one, item: asColumns(recipe.item_map, one.item), config: {}, reward: null, verdict: null, error: null,
  }));
}

function asColumns(itemMap, item) {
  const columns = Object.fromEntries(Object.entries(itemMap).map(([column, field]) => [field, column]));
  return Object.fromEntries(Object.entries(item).map(([field, value]) => [columns[field] ?? field, value]));
}
