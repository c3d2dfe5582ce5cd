// Elements without markup: every text becomes a text node, so nothing that a sample holds can be read as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `props`: attributes; `onclick` and the like are listeners; false, null and undefined leave one out. */
export function h(tag, props, ...children) {
  return filled(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function svg(tag, props, ...children) {
  return filled(document.createElementNS(SVG, tag), props, children);
}

function filled(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

// One by one: a text with many parts has more of them than a call may have arguments.
function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Replaces what `element` holds. */
export function fill(element, ...children) {
  const whole = document.createDocumentFragment();
  add(whole, children);
  element.replaceChildren(whole);
}

/** Replaces what `element` holds, unless the reader is in it: a refresh must not take the focus away. */
export function refill(element, ...children) {
  const selected = document.getSelection();
  const marked = selected && !selected.isCollapsed && element.contains(selected.anchorNode);
  if (!marked && !element.contains(document.activeElement)) fill(element, ...children);
}

/** Says `text` to screen readers. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

let ids = 0;

/** An id that no other element has. */
export function fresh(prefix) {
  ids += 1;
  return `${prefix}-${ids}`;
}
