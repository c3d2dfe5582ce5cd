// Where the reader is: the URL's hash holds it all, so every view can be bookmarked and sent to somebody.

/** `{path, query}` of a hash: `#/runs/a%2Fb?step=3` is `["runs", "a/b"]` and `{step: "3"}`. */
export function read(hash) {
  const [path, query] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return {
    path: path.split("/").filter(Boolean).map(decoded),
    query: Object.fromEntries(new URLSearchParams(query ?? "")),
  };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The hash of a view; parameters that are null, undefined or "" are left out. */
export function to(path, query) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== "") asked.set(name, value);
  }
  return `#/${path.map(encodeURIComponent).join("/")}${asked.size ? `?${asked}` : ""}`;
}

/** Changes the hash in place: no step back for every key that is pressed, and no view is made anew. */
export function replace(path, query) {
  history.replaceState(history.state, "", to(path, query));
}

export function go(path, query) {
  location.hash = to(path, query);
}
