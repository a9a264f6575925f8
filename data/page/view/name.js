// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { make, setText } from "./text.js";

const LONG = 8; /* characters: what has more is cut in its middle where it has no room */
const ROUNDING = 0.1; /* px: as much less is room enough */
const TAIL = 10; /* characters at the end that are shown, where there is room for them */

/**
 * @typedef {object} Cut
 * @property {number} whole px: how wide it is
 * @property {number} to how many letters stand before the dots: as JavaScript counts them
 * @property {number} from where those behind the dots begin
 */

/**
 * @param {HTMLElement} name
 * @param {string} start or all of it
 */
function write(name, start, middle = "", end = "") {
  /* Most names are never cut. */
  if (end && name.childElementCount === 1) name.append(make("span", "middle"), make("span", "end"));
  [start, middle, end].slice(0, name.childElementCount).forEach((text, i) =>
    setText(name.children[i], text));
}

/* Only what stands as a whole can be measured. */
/** @param {HTMLElement} name */
function join(name) {
  if (!name.classList.contains("is-cut")) return;
  name.classList.remove("is-cut");
  write(name, name.textContent ?? "");
}

/**
 * How a name is cut: by whole letters, and the end takes no more room than the start.
 *
 * @param {HTMLElement} name that is whole
 * @returns {Cut | null} null where there is room for all of it
 */
function measureCut(name) {
  const text = /** @type {Text} */ (name.firstElementChild?.firstChild);
  /* A mark stays with what it stands on. */
  const letters = text?.data.match(/\P{M}\p{M}*|^\p{M}+/gu) ?? [];
  const range = document.createRange();
  const place = (/** @type {number} */ count) => letters.slice(0, count).join("").length;
  const measure = (/** @type {number} */ from, /** @type {number} */ to) => {
    range.setStart(text, place(from));
    range.setEnd(text, place(to));
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
  return { whole, to: place(to), from: place(from) };
}

/**
 * @param {HTMLElement} name
 * @param {Cut | null} cut
 */
function drawCut(name, cut) {
  const text = name.textContent ?? "";

  if (!cut) return;
  name.classList.add("is-cut");
  name.style.setProperty("--whole", `${cut.whole}px`);
  write(name, text.slice(0, cut.to), text.slice(cut.to, cut.from), text.slice(cut.from));
}

/* CSS does not know whether something has the room that it needs. */
const cuts = new ResizeObserver((entries) => {
  const names = entries.map(({ target }) => /** @type {HTMLElement} */ (target));

  names.forEach(join);
  const measured = names.map(measureCut);
  names.forEach((name, i) => drawCut(name, measured[i]));
});

/**
 * A name that is cut in the middle where there is no room: names differ at their ends. All of its
 * text is there, what is not seen too, for those who copy it, look for it, or have it read out.
 */
export function makeName() {
  const name = make("bdi", "name");

  name.append(make("span"));
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
  write(name, text);
  name.classList.toggle("is-long", isLong);
  name.classList.remove("is-cut");
  name.title = text;
  /* To observe something is to be told how it is. */
  cuts.unobserve(name);
  if (isLong) cuts.observe(name);
}
