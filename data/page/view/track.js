// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { WINDOW } from "../model/beat-track.js";
import { statusOfCode } from "../model/status.js";
import { themeColor } from "./theme.js";

/** @typedef {{ color: string, height: number }} Look */

/** @type {Record<string, Look>} low ticks and high, not colour alone */
const LOOKS = {
  "": { color: "off", height: 0.5 },
  starting: { color: "warn", height: 0.5 },
  ready: { color: "ok", height: 0.7 },
  online: { color: "ok", height: 0.7 },
  busy: { color: "busy", height: 0.85 },
  stopping: { color: "warn", height: 0.5 },
  stopped: { color: "off", height: 0.3 },
  offline: { color: "bad", height: 1 },
};

const AWAY = { color: "bad", height: 0.5 };
const LATE = { color: "warn", height: 0.3 };

/**
 * @param {import('../model/component.js').Component} component
 * @param {number} now s
 * @returns {{ from: number, to: number, look: Look }[]} ages in s
 */
function listBars({ track, status, condition, conditionSince }, now) {
  const bars = [];
  const since = Math.min(Math.max(now - conditionSince / 1000, 0), WINDOW);
  let next = 0;

  track.forEach(now, (age, code) => {
    if (statusOfCode(code) === "offline") bars.push({ from: age, to: next, look: AWAY });
    next = age;
  });
  /* It may have been offline before the page was opened. */
  if (status === "offline" && conditionSince) bars.push({ from: since, to: 0, look: AWAY });
  if (condition === "late") bars.push({ from: since, to: 0, look: LATE });
  return bars;
}

/**
 * Draws one tick for each heartbeat, the newest at the right end; a bar for the time that it was
 * offline, and one while a heartbeat is late. Other silence stays empty.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {import('../model/component.js').Component | null} component
 * @param {number} now s
 * @param {{ width: number, height: number }} size CSS pixels
 */
export function drawTrack(canvas, component, now, { width, height }) {
  const scale = devicePixelRatio;
  const w = Math.round(width * scale), h = Math.round(height * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  else context.clearRect(0, 0, w, h);
  context.fillStyle = themeColor("line");
  context.fillRect(0, h - Math.ceil(scale), w, Math.ceil(scale));
  if (!component) return;

  let last = "";
  const tick = Math.max(Math.round(1.5 * scale), Math.floor(w / WINDOW));
  const place = (/** @type {number} */ age) => Math.round(w - tick - (age * (w - tick)) / WINDOW);
  /** @type {(look: Look, from: number, to: number) => void} */
  const draw = ({ color, height: part }, from, to) => {
    const top = Math.round(h * (1 - part));
    if (color !== last) context.fillStyle = themeColor((last = color));
    context.fillRect(place(from), top, place(to) + tick - place(from), h - top);
  };

  for (const { from, to, look } of listBars(component, now)) draw(look, from, to);
  component.track.forEach(now, (age, code) => draw(LOOKS[statusOfCode(code)], age, age));
}
