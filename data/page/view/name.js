// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { make, setText } from "./text.js";

const LONG = 20; /* characters: what has more is cut in its middle */
const ROUNDING = 0.1; /* px: as much less is room enough */
const TAIL = 10; /* characters at the end that are shown, where there is room for them */

/**
 * @typedef {object} Cut
 * @property {number} whole px: how wide it is
 * @property {number} start px: of the letters before the dots
 * @property {string} end the letters behind them
 */

/**
 * How a name is cut: by whole letters, and the end takes no more room than the start.
 *
 * @param {HTMLElement} name
 * @returns {Cut | null} null where there is room for all of it
 */
function measureCut(name) {
  const text = /** @type {Text} */ (name.firstElementChild?.firstChild);
  /* A mark stays with what it stands on. */
  const letters = text?.data.match(/\P{M}\p{M}*|^\p{M}+/gu) ?? [];
  const range = document.createRange();
  const measure = (/** @type {number} */ from, /** @type {number} */ to) => {
    range.setStart(text, letters.slice(0, from).join("").length);
    range.setEnd(text, letters.slice(0, to).join("").length);
    return range.getBoundingClientRect().width;
  };
  const width = name.getBoundingClientRect().width;
  const whole = text ? measure(0, letters.length) : 0;
  const dots = parseFloat(getComputedStyle(name).fontSize); /* no font has wider ones */
  let from = Math.max(letters.length - TAIL, 0), to = 0;

  if (whole <= width + ROUNDING) return null;
  while (from < letters.length && 2 * measure(from, letters.length) > width - dots) from++;
  const left = width - dots - measure(from, letters.length);
  while (to < from && measure(0, to + 1) <= left) to++;
  return { whole, start: measure(0, to), end: letters.slice(from).join("") };
}

/**
 * @param {HTMLElement} name
 * @param {Cut | null} cut
 */
function drawCut(name, cut) {
  name.classList.toggle("is-cut", cut !== null);
  if (!cut) return;
  name.style.setProperty("--whole", `${cut.whole}px`);
  name.style.setProperty("--start", `${cut.start}px`);
  name.dataset.end = cut.end;
}

/* CSS does not know whether something has the room that it needs. */
const cuts = new ResizeObserver((entries) => {
  const names = entries.map(({ target }) => /** @type {HTMLElement} */ (target));
  const measured = names.map(measureCut);

  names.forEach((name, i) => drawCut(name, measured[i]));
});

/**
 * A name that is cut in the middle where there is no room: names differ at their ends. Its text
 * stays whole, for those who copy it, look for it, or have it read out.
 */
export function makeName() {
  const name = make("bdi", "name");

  name.append(make("span", "letters"));
  return name;
}

/**
 * @param {HTMLElement} name
 * @param {string} text
 * @param {boolean} [isWhole] whether it is no name, and is cut at its end
 */
export function setName(name, text, isWhole = false) {
  const isLong = !isWhole && Array.from(text).length > LONG;

  if (name.textContent === text) return;
  setText(/** @type {HTMLElement} */ (name.firstElementChild), text);
  name.classList.toggle("is-long", isLong);
  name.classList.remove("is-cut");
  name.title = text;
  /* To observe something is to be told how it is. */
  cuts.unobserve(name);
  if (isLong) cuts.observe(name);
}
