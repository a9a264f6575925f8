// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { WINDOW } from "../model/beat-track.js";
import { statusOfCode } from "../model/status.js";
import { themeColor } from "./theme.js";

/** @type {Record<string, { color: string, height: number }>} low ticks and high, not colour alone */
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

/**
 * Draws one tick for each heartbeat, the newest at the right end; silence stays empty.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {import('../model/beat-track.js').BeatTrack | null} track
 * @param {number} now s
 * @param {{ width: number, height: number }} size CSS pixels
 */
export function drawTrack(canvas, track, now, { width, height }) {
  const scale = devicePixelRatio;
  const w = Math.round(width * scale), h = Math.round(height * scale);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  else context.clearRect(0, 0, w, h);
  context.fillStyle = themeColor("line");
  context.fillRect(0, h - Math.ceil(scale), w, Math.ceil(scale));
  if (!track) return;

  const tick = Math.max(Math.round(1.5 * scale), Math.floor(w / WINDOW));
  let last = "";
  track.forEach(now, (age, code) => {
    const { color, height: part } = LOOKS[statusOfCode(code)];
    if (color !== last) context.fillStyle = themeColor((last = color));
    const top = Math.round(h * (1 - part));
    context.fillRect(Math.round(w - tick - (age * (w - tick)) / WINDOW), top, tick, h - top);
  });
}
