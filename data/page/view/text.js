// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const number = new Intl.NumberFormat();

/** @param {number} value */
export const formatNumber = (value) => number.format(value);

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** @param {number} part 0 to 1 */
export const formatPart = (part) => `${number.format(Math.round(part * 100))} %`;

/** @param {number} bytes */
export function formatBytes(bytes) {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;

  return `${number.format(value < 10 && power > 0 ? Math.round(value * 10) / 10 : Math.round(value))} ${UNITS[power]}`;
}

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

/**
 * Writes only what is different: a text that is set anew is laid out anew. A node that stays is
 * cheaper than one that takes its place.
 *
 * @param {Element} element that has nothing but text
 * @param {string} text
 */
export function setText(element, text) {
  const node = element.firstChild;

  if (element.textContent === text) return;
  if (node instanceof Text && node === element.lastChild && text) node.data = text;
  else element.textContent = text;
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
