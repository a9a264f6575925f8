// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const STILL = 4; /* px: no hand is quieter than that */

/** Where and when a button was pressed: a click alone says only where it was let go. */
let x = 0, y = 0, at = 0;

addEventListener("pointerdown", ({ clientX, clientY, timeStamp }) => {
  [x, y, at] = [clientX, clientY, timeStamp];
}, { capture: true });

/**
 * Whether somebody has drawn over a text to have it, and does not want to go anywhere.
 *
 * @param {MouseEvent} click
 */
export function hasSelected({ clientX, clientY }) {
  const isStill = Math.hypot(clientX - x, clientY - y) < STILL;

  return !isStill && getSelection()?.isCollapsed === false;
}

/**
 * Whether a click began and ended beside something, and not before a time.
 *
 * @param {Element} element
 * @param {MouseEvent} click
 * @param {number} since ms, as events have it
 */
export function isBeside(element, { clientX, clientY }, since) {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const isIn = (/** @type {number} */ px, /** @type {number} */ py) =>
    px >= left && px <= right && py >= top && py <= bottom;

  return at >= since && !isIn(clientX, clientY) && !isIn(x, y);
}
