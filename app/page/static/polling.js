// Asking again and again, but only while somebody looks.

const MISSING_KEY = 401;
const AGAIN_MS = 1000;

/** Calls `ask` every `seconds` until `signal` ends it or a key is missing; not while the tab is hidden. */
export function poll(signal, seconds, ask, failed) {
  let timer = null;
  const later = () => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(turn, seconds * 1000);
  };
  const turn = async () => {
    if (document.hidden) return;
    try {
      await ask();
    } catch (error) {
      if (signal.aborted || error.status === MISSING_KEY) return;
      failed(error);
    }
    later();
  };
  document.addEventListener("visibilitychange", () => document.hidden || turn(), { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  later();
}

/** Calls `ask` once more, in a second, unless `signal` ends it before; `failed` is told why it could not. */
export function later(ask, failed, signal) {
  const timer = setTimeout(() => ask().catch((error) => signal.aborted || failed(error)), AGAIN_MS);
  signal.addEventListener("abort", () => clearTimeout(timer));
}
