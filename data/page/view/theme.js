// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const NAMES = ["ink", "muted", "line", "surface", "ok", "busy", "busy-wash", "warn", "bad",
  "off"];
const THEMES = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];
/** @type {Record<string, string>} */
let colors = {};
/** @type {(() => void)[]} */
const handlers = [];

function read() {
  const style = getComputedStyle(document.documentElement);

  colors = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/** @param {string} name of a colour in style/base.css, for what is drawn on a canvas */
export function themeColor(name) {
  if (!colors.ink) read();
  return colors[name];
}

/** @param {() => void} handler called when day turns to night, or back */
export function onThemeChange(handler) {
  handlers.push(handler);
}

for (const theme of THEMES)
  matchMedia(theme).addEventListener("change", () => {
    read();
    for (const handler of handlers) handler();
  });
