// Numbers and times as people read them.

const EM = "–";

/** A reward with three decimals, zeros cut; a dash for none. */
export function reward(value) {
  if (value === null || value === undefined) return EM;
  return Number(value).toFixed(3).replace(/\.?0+$/, "").replace(/^-0$/, "0");
}

export function count(value) {
  return value === null || value === undefined ? EM : Math.round(value).toLocaleString("en");
}

export function percent(share) {
  if (share === null || share === undefined) return EM;
  const value = share * 100;
  if (value === 0) return "0 %";
  return `${value > 0 && value < 0.1 ? "< 0.1" : value.toFixed(value < 10 ? 1 : 0)} %`;
}

export function milliseconds(value) {
  if (value === null || value === undefined) return EM;
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  return value >= 100 ? `${value.toFixed(0)} ms` : `${value.toPrecision(2)} ms`;
}

export function bytes(value) {
  if (value < 1024) return `${value} B`;
  const mib = value / (1 << 20);
  return mib < 1 ? `${(value / 1024).toFixed(1)} KiB` : `${mib.toFixed(1)} MiB`;
}

/** A moment of the API (microseconds since the epoch), in the reader's own time zone. */
export function moment(microseconds) {
  return new Date(microseconds / 1000).toLocaleString("en-CA", { hour12: false }).replace(",", "");
}

/** How long ago a moment was. */
export function ago(microseconds) {
  const seconds = Math.max(0, (Date.now() - microseconds / 1000) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} days ago`;
}

/** A word of the API as a person reads it: `wrong_format` is "wrong format". */
export function words(word) {
  return word.replaceAll("_", " ");
}

/** The beginning of a digest. */
export function short(digest) {
  return digest.replace(/^sha256:/, "").slice(0, 10);
}
