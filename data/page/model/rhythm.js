// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const USUAL = 30000; /* ms: senders beat that often, or oftener */
const ENOUGH = 5; /* gaps, until they are believed */
const HALF_LIFE = 300000; /* ms: after which a longer gap counts for half */
const MISSED = 1.5; /* intervals: by then one beat has been missed */
const GRACE = 2000; /* ms */

/** How far apart the heartbeats of one sender are, learnt from those that came. */
export class Rhythm {
  #longest = 0; /* ms: of the gaps, older ones for less */
  #count = 0;
  #mean = 0; /* ms: over all its life, as the queen has counted */

  /** @param {number} gap ms */
  add(gap) {
    if (!(gap > 0)) return;
    this.#longest = Math.max(gap, this.#longest * 0.5 ** (gap / HALF_LIFE));
    this.#count++;
  }

  /** @param {number} mean ms */
  suppose(mean) {
    if (Number.isFinite(mean)) this.#mean = mean;
  }

  /** ms; 0 as long as nobody knows */
  get interval() {
    return this.#count >= ENOUGH ? this.#longest : 0;
  }

  /** ms of silence, after which a heartbeat is late */
  get patience() {
    return MISSED * (this.interval || Math.max(USUAL, this.#mean)) + GRACE;
  }
}
