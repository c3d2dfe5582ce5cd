// JSON whose numbers stay as they were written: 1.0 is not 1 to a grader, and 12345678901234567890 is no double.

const CAN_KEEP = typeof JSON.rawJSON === "function";

function kept(key, value, context) {
  return typeof value === "number" && context && String(value) !== context.source ? JSON.rawJSON(context.source) : value;
}

/** `text` as a value whose unusual numbers are kept as written. Throws SyntaxError. */
export function parseExactly(text) {
  return CAN_KEEP ? JSON.parse(text, kept) : JSON.parse(text);
}

/** Whether `value` is a number kept as written. */
export function isRaw(value) {
  return CAN_KEEP && JSON.isRawJSON(value);
}

/** `value` as indented JSON; what is short stands on one line. */
export function pretty(value) {
  return write(value, "");
}

const LINE_MAX = 100;

function write(value, indent) {
  if (typeof value !== "object" || value === null || isRaw(value)) return JSON.stringify(value);
  const line = onOneLine(value, LINE_MAX - indent.length);
  if (line !== null) return line;
  const inner = `${indent}  `;
  if (Array.isArray(value)) return `[\n${value.map((one) => inner + write(one, inner)).join(",\n")}\n${indent}]`;
  const rows = Object.entries(value).map(([name, one]) => `${inner}${JSON.stringify(name)}: ${write(one, inner)}`);
  return `{\n${rows.join(",\n")}\n${indent}}`;
}

// `value` on a line of at most `room` characters, or null. What does not fit is not looked at to its end: every level of
// a value asks this of all that is below it.
function onOneLine(value, room) {
  if (typeof value === "string" && value.length > room) return null;
  if (typeof value !== "object" || value === null || isRaw(value)) return within(JSON.stringify(value), room);
  const isArray = Array.isArray(value);
  const parts = [];
  let left = room - 2;
  for (const name in value) {
    const label = isArray ? "" : `${JSON.stringify(name)}: `;
    const one = onOneLine(value[name], left - label.length);
    if (one === null) return null;
    parts.push(label + one);
    left -= label.length + one.length + 2;
    if (left < -2) return null;
  }
  return within(isArray ? `[${parts.join(", ")}]` : `{${parts.join(", ")}}`, room);
}

function within(text, room) {
  return text.length <= room ? text : null;
}

/** What is wrong with `text` as a JSON object, in words, or null. */
export function faultOf(text) {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? null : 'A JSON object is wanted, such as {"reference": "42"}.';
  } catch (error) {
    return `This is not JSON: ${error.message}`;
  }
}
