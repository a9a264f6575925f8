// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/**
 * What time it is on the page: the present; but while the queen is away, the time at which things
 * were as they are shown. Then nothing grows older, as nobody knows what has happened since.
 */
let read = Date.now;

/** @returns {number} ms */
export const now = () => read();

/** @param {() => number} clock */
export function setClock(clock) {
  read = clock;
}
