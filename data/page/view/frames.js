// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const BUDGET = 6; /* ms of one frame for what may as well be drawn in the next */

/**
 * Draws when the browser is about to paint, and only what asked for it.
 *
 * @typedef {() => void} Drawer
 */

/** @type {Set<Drawer>} */
let asked = new Set();
/** @type {Set<() => void>} */
const later = new Set();
let isScheduled = false;

function schedule() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(run);
}

function run() {
  const start = performance.now();
  const now = asked;

  isScheduled = false;
  asked = new Set();
  for (const draw of now) draw();
  for (const draw of later) {
    if (performance.now() - start > BUDGET) break;
    later.delete(draw);
    draw();
  }
  if (later.size > 0) schedule();
}

/** @param {Drawer} draw called once in the next frame, however often it was asked for */
export function drawSoon(draw) {
  asked.add(draw);
  schedule();
}

/** @param {Drawer} draw called in one of the next frames, as there is time */
export function drawLater(draw) {
  later.add(draw);
  schedule();
}
