// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const number = new Intl.NumberFormat();

/** @param {number} value */
export const formatNumber = (value) => number.format(value);

/** @param {number} at ms */
export const formatClock = (at) => clock.format(at);

/** @param {number} at ms */
export const formatMoment = (at) => moment.format(at);

/** @param {number} age ms */
export function formatAge(age) {
  const seconds = Math.floor(age / 1000);

  if (!(age >= 0)) return "–";
  if (seconds < 1) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 86400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

/**
 * @param {number} at ms
 * @param {number} now ms
 */
export function formatSince(at, now) {
  const isToday = now - at < 43200000 || new Date(at).toDateString() === new Date(now).toDateString();

  return isToday ? formatClock(at) : formatMoment(at);
}

/** @param {number} beats */
export const describeCount = (beats) =>
  `${beats} ${beats === 1 ? "heartbeat" : "heartbeats"} in ten minutes`;

/** @param {string} word */
export const capitalize = (word) => word.charAt(0).toUpperCase() + word.slice(1);

const TAIL = 10; /* characters of a long name that are never cut */

/* CSS does not know whether something has the room that it needs. */
const cuts = new ResizeObserver((entries) => {
  const starts = entries.map(({ target }) => target);
  const areCut = starts.map((start) => start.scrollWidth > start.clientWidth);

  starts.forEach((start, i) => start.parentElement?.classList.toggle("is-cut", areCut[i]));
});

/** A name that is cut in the middle where there is no room: names differ at their ends. */
export function makeName() {
  const name = make("bdi", "name");

  name.append(make("span", "start"), make("span", "end"));
  return name;
}

/**
 * @param {HTMLElement} name
 * @param {string} text
 * @param {boolean} [isWhole] whether it is no name, and is cut at its end
 */
export function setName(name, text, isWhole = false) {
  const [start, end] = name.children;
  const characters = Array.from(text);
  let tail = characters.length > 2 * TAIL && !isWhole ? characters.slice(-TAIL).join("") : "";

  if (name.textContent === text) return;
  /* A mark stays with what it stands on. */
  tail = tail.replace(/^\p{M}+/u, "");
  start.textContent = text.slice(0, text.length - tail.length);
  end.textContent = tail;
  name.classList.toggle("is-long", tail !== "");
  name.classList.remove("is-cut");
  name.title = text;
  /* To observe something is to be told how it is. */
  cuts.unobserve(start);
  if (tail) cuts.observe(start);
}

/**
 * Writes only what is different: a text that is set anew is laid out anew.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {string} [className]
 * @param {string} [text]
 */
export function make(name, className = "", text = "") {
  const element = document.createElement(name);

  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/**
 * @param {string} id
 * @returns {any}
 */
export const find = (id) => document.getElementById(id);
