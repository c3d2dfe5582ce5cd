// What is asked: item, sample and config, as text that is checked while it is written.

import { fill, h } from "./dom.js";
import { faultOf, parseExactly, pretty } from "./json.js";

/** The three editors of a grader. `edited` is called after every change. */
export function editors(grader, { edited }) {
  const isRecipe = grader.stands_on !== null;
  const item = editor("item", "Item", "The dataset row, first of all its reference.", fieldsOf(grader.item_schema));
  const sample = editor("sample", "Sample", "What the model produced.", null);
  const config = editor("config", "Config", "How this version judges.", fieldsOf(grader.config_schema));
  let isText = true;
  const modes = ["text", "json"].map((mode) => h("label", { class: "mode" },
    h("input", { type: "radio", name: "sample-mode", value: mode, onchange: () => turn(mode === "text") }),
    mode === "text" ? "Text" : "JSON, with tool calls and messages"));
  sample.head.append(h("div", { class: "modes", role: "radiogroup", "aria-label": "How the sample is written" }, modes));
  for (const one of [item, sample, config]) one.field.addEventListener("input", () => (one.checked(), edited()));
  const element = h("div", { class: "editors" }, item.element, sample.element, isRecipe ? fixed(grader) : config.element);
  setMode(true);
  return { element, take, restore, equals, state, check, body, sample: sampleSent };

  function setMode(asText) {
    isText = asText;
    modes[asText ? 0 : 1].querySelector("input").checked = true;
    sample.isJson = !asText;
  }

  function turn(asText) {
    const now = sample.field.value;
    if (asText) {
      const value = faultOf(now) ? null : JSON.parse(now);
      sample.set(typeof value?.output_text === "string" ? value.output_text : "");
    } else {
      sample.set(pretty({ output_text: now }));
    }
    setMode(asText);
    sample.checked();
    edited();
  }

  function take(one) {
    setMode(isPlain(one.sample));
    item.set(pretty(one.item));
    sample.set(isText ? one.sample.output_text : pretty(one.sample));
    config.set(pretty(one.config));
    for (const editor of [item, sample, config]) editor.checked();
  }

  function restore(query) {
    if (query.item === undefined && query.text === undefined && query.json === undefined) return false;
    setMode(query.json === undefined);
    if (query.item !== undefined) item.set(query.item);
    sample.set(query.json ?? query.text ?? "");
    if (query.config !== undefined) config.set(query.config);
    for (const editor of [item, sample, config]) editor.checked();
    return true;
  }

  function equals(one) {
    const text = isPlain(one.sample) ? one.sample.output_text : pretty(one.sample);
    return item.field.value === pretty(one.item) && sample.field.value === text && isText === isPlain(one.sample) &&
      (isRecipe || config.field.value === pretty(one.config));
  }

  function state() {
    const asked = isText ? { text: sample.field.value } : { json: sample.field.value };
    return { item: item.field.value, ...asked, ...(isRecipe ? {} : { config: config.field.value }) };
  }

  function check() {
    const wrong = [item, ...(isText ? [] : [sample]), ...(isRecipe ? [] : [config])].find((one) => !one.checked());
    wrong?.field.focus();
    return wrong === undefined;
  }

  // The text goes out as it was written, so that 1.0 stays 1.0.
  function body() {
    const asked = isText ? JSON.stringify(sample.field.value) : sample.field.value;
    const settings = isRecipe || config.field.value.trim() === "{}" ? "" : `, "config": ${config.field.value}`;
    return `{"item": ${item.field.value}, "sample": ${asked}${settings}}`;
  }

  function sampleSent() {
    return isText ? sample.field.value : parseExactly(sample.field.value);
  }
}

function isPlain(sample) {
  return Object.keys(sample).join() === "output_text" && typeof sample.output_text === "string" && !sample.output_text.includes("\r");
}

function fixed(recipe) {
  return h("div", { class: "editor" }, h("p", { class: "label" }, "Config, fixed by the recipe"),
    h("pre", { class: "json", tabindex: "0", role: "region", "aria-label": "Config of the recipe" }, pretty(recipe.config)));
}

function editor(name, title, meaning, fields) {
  const fault = h("p", { class: "fault", id: `${name}-fault`, role: "alert" });
  const field = h("textarea", {
    id: `edit-${name}`, spellcheck: "false", rows: name === "sample" ? 8 : 4, "aria-describedby": `${name}-fault`,
    autocomplete: "off", autocapitalize: "off",
  });
  const head = h("div", { class: "head" }, h("label", { for: `edit-${name}` }, title), h("span", { class: "hint" }, meaning));
  const self = { field, head, isJson: true, element: h("div", { class: "editor" }, head, field, fault, fields), set, checked };
  return self;

  function set(text) {
    field.value = text;
    field.rows = Math.min(24, Math.max(name === "sample" ? 6 : 3, text.split("\n").length + 1));
  }

  function checked() {
    const wrong = self.isJson ? faultOf(field.value) : null;
    if (fault.textContent !== (wrong ?? "")) fill(fault, wrong);
    field.setAttribute("aria-invalid", String(wrong !== null));
    return wrong === null;
  }
}

function fieldsOf(schema) {
  const rows = Object.entries(schema.properties ?? {});
  if (!rows.length) return null;
  const required = new Set(schema.required ?? []);
  return h("details", { class: "fields" }, h("summary", {}, `${rows.length} ${rows.length === 1 ? "field" : "fields"}`),
    h("dl", {}, rows.map(([name, about]) => [
      h("dt", {}, h("code", {}, name), " ", h("small", {}, kindOf(about), required.has(name) ? ", needed" : defaultOf(about))),
      h("dd", {}, about.description ?? about.title ?? ""),
    ])));
}

function kindOf(about) {
  if (about.enum) return about.enum.map((one) => JSON.stringify(one)).join(" or ");
  if (about.const !== undefined) return JSON.stringify(about.const);
  if (about.anyOf) return about.anyOf.map(kindOf).join(" or ");
  return about.type ?? about.$ref?.split("/").pop() ?? "anything";
}

function defaultOf(about) {
  return about.default === undefined ? "" : `, ${JSON.stringify(about.default)} if left out`;
}
