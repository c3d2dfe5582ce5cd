// Light, dark, or as the system has it.

import { h } from "./dom.js";

const KEPT = "rft-theme";
const THEMES = ["system", "light", "dark"];

function chosen() {
  const kept = localStorage.getItem(KEPT);
  return THEMES.includes(kept) ? kept : "system";
}

function apply(theme) {
  if (theme === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", theme);
  document.dispatchEvent(new CustomEvent("theme-changed"));
}

/** The button that goes from one to the next. */
export function themeButton() {
  const button = h("button", { type: "button", class: "quiet", onclick: next });
  label();
  apply(chosen());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(chosen()));
  return button;

  function next() {
    localStorage.setItem(KEPT, THEMES[(THEMES.indexOf(chosen()) + 1) % THEMES.length]);
    apply(chosen());
    label();
  }

  function label() {
    button.textContent = `Theme: ${chosen()}`;
  }
}
