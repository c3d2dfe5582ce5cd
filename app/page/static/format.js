// Numbers and times as people read them.

const EM = "–";

/** A reward with three decimals, or as many as tell it from a whole number, zeros cut; a dash for none. */
export function reward(value) {
  if (value === null || value === undefined) return EM;
  const number = Number(value);
  // A sample's part of the F of a large corpus is small; what is smaller still is what sums of doubles leave over.
  if (Math.abs(number) < 0.01 && Math.abs(number) > 1e-9) return String(Number(number.toPrecision(2)));
  const decimals = [3, 4, 5, 6, 7, 8].find((some) => !Number.isInteger(Number(number.toFixed(some)))) ?? 3;
  return String(Number(number.toFixed(decimals)));
}

export function count(value) {
  return value === null || value === undefined ? EM : Math.round(value).toLocaleString("en");
}

export function percent(share) {
  if (share === null || share === undefined) return EM;
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value < 0.1 || value > 99.9) return value < 0.1 ? "< 0.1 %" : "> 99.9 %";
  return `${value.toFixed(value < 9.95 || value > 99 ? 1 : 0)} %`;
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
