// The service's own API, from beside the page: paths are relative, so the page also works below a proxy's path.

import { parseExactly } from "./json.js";

const KEY = "rft-key";

/** An error of the service (RFC 9457), or that there was no answer. */
export class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(body.detail);
    this.status = status;
    this.title = body.title;
    this.code = body.code;
    this.places = body.errors ?? [];
    this.record = body.record ?? null;
    this.isRetryable = Boolean(body.retryable);
    this.retryAfter = retryAfter;
  }
}

/** The key that this tab holds; the browser forgets it with the tab. */
export const key = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (value) => sessionStorage.setItem(KEY, value),
  forget: () => sessionStorage.removeItem(KEY),
};

/** What `path` answers, parsed. `query`: parameters; those that are null, undefined or "" are left out. */
export async function get(path, query, signal) {
  return parsed(await asked(path, query, signal));
}

/** The same twice: `plain`, and `exact` with numbers kept as they were written. */
export async function getBoth(path, query, signal) {
  return both(await asked(path, query, signal));
}

function both(answer) {
  return { plain: parsed(answer), exact: parseExactly(answer.text) };
}

async function asked(path, query, signal) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, value);
  }
  return answered(parameters.size ? `${path}?${parameters}` : path, { signal });
}

/** What a POST of `body`, JSON as text, answers: `plain` and `exact`. */
export async function post(path, body, signal) {
  const headers = { "content-type": "application/json" };
  return both(await answered(path, { method: "POST", body, headers, signal }));
}

/** Whether the service is ready, and what it stands on; it says so with 503 too. */
export async function readiness(signal) {
  const answer = await sent("readyz", { signal });
  const ready = parsed(answer);
  if (typeof ready?.ready !== "boolean") throw unreadable(answer);
  return ready;
}

async function answered(path, options) {
  const used = key.get();
  const answer = await sent(path, options);
  if (answer.ok) return answer;
  const problem = problemOf(answer);
  // Another key was given while this was on its way: what is asked with that one will tell.
  if (answer.status === 401 && used === key.get()) document.dispatchEvent(new CustomEvent("key-wanted", { detail: problem }));
  throw problem;
}

async function sent(path, options) {
  const headers = { ...options.headers };
  if (key.get()) headers.authorization = `Bearer ${key.get()}`;
  try {
    const answer = await fetch(path, { ...options, headers, credentials: "same-origin", cache: "no-store" });
    const wait = Number(answer.headers.get("retry-after")) || null;
    // An answer that breaks off is none.
    return { ok: answer.ok, status: answer.status, wait, text: await answer.text() };
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, {
      title: "No answer",
      code: "no_answer",
      detail: "The service does not answer. See whether it runs and whether this machine reaches it, then try again.",
      retryable: true,
    });
  }
}

function problemOf(answer) {
  const body = parsed(answer);
  return typeof body?.code === "string" && typeof body.detail === "string" ? new Problem(answer.status, body, answer.wait) : unreadable(answer);
}

function parsed(answer) {
  try {
    return JSON.parse(answer.text);
  } catch {
    throw unreadable(answer);
  }
}

// What proxies say of a service that is away or starts, or to somebody who is not logged in.
function unreadable({ status, wait }) {
  return new Problem(status, {
    title: "Not the service's answer",
    code: "unreadable_answer",
    detail: `The answer, ${status}, is not the service's own: something between may have given it.`,
    retryable: [429, 502, 503, 504].includes(status),
  }, wait);
}
