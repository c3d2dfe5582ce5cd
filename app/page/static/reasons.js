// Why samples stayed unscored, a line each. A record never changes, so each is asked for once.

import { get } from "./api.js";

const REASON_MAX = 200;

/** Gives `(rows, signal) => reasons`, in the order of the rows. */
export function reasonsOf() {
  let known = new Map();
  return async (rows, signal) => {
    const found = await Promise.all(rows.map(async ({ record }) => [record, known.get(record) ?? (await reason(record, signal))]));
    known = new Map(found);
    return found.map(([, text]) => text);
  };
}

async function reason(record, signal) {
  try {
    const { grade } = await get(`v1/grades/${encodeURIComponent(record)}`, {}, signal);
    const [place] = grade.errors ?? [];
    const text = place ? `${place.pointer || "/"}: ${place.detail}` : (grade.detail ?? "");
    return text.length > REASON_MAX ? `${text.slice(0, REASON_MAX)} …` : text;
  } catch (error) {
    // Deleted since it was listed.
    if (error.code === "unknown_record") return "";
    throw error;
  }
}
