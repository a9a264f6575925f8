// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { WINDOW } from "./beat-track.js";

const SMOOTH = 5; /* s */
const GAP = -1; /* instead of a number of workers: nothing was heard */

/** Heartbeats in each second, and how many workers were online in it, over the last ten minutes. */
export class Rates {
  #beats = new Float64Array(WINDOW);
  #online = new Float64Array(WINDOW).fill(NaN);
  #newest = 0; /* s */

  /** @param {number} at ms */
  countBeat(at) {
    const slot = this.#slot(Math.floor(at / 1000));

    if (slot >= 0) this.#beats[slot]++;
  }

  /**
   * @param {number} at ms
   * @param {number} online
   */
  noteOnline(at, online) {
    const slot = this.#slot(Math.floor(at / 1000));

    if (slot >= 0) this.#online[slot] = online;
  }

  /**
   * One more second has passed; while nothing can be heard there is a gap.
   *
   * @param {number} now s
   * @param {boolean} isHeard
   * @param {number} online
   */
  pass(now, isHeard, online) {
    const slot = this.#slot(now);

    if (slot >= 0) this.#online[slot] = isHeard ? online : GAP;
  }

  /**
   * Whole seconds only: the one that runs would always look like a fall.
   *
   * @param {number} now s
   * @param {number} patience s: how long what the queen said last holds
   * @returns {[number[], (number | null)[], (number | null)[]]} times, heartbeats, workers online
   */
  list(now, patience) {
    const times = [], beats = [], online = [];
    let heard = GAP, heardAt = -Infinity, since = 0;

    this.#slot(now);
    for (let second = now - WINDOW + 1; second < now; second++) {
      const said = this.#online[second % WINDOW];
      if (!Number.isNaN(said)) [heard, heardAt] = [said, second];
      const isGap = heard === GAP || second - heardAt > patience;

      since = isGap ? 0 : since + 1;
      times.push(second);
      online.push(isGap ? null : heard);
      beats.push(isGap ? null : this.mean(second + 1, Math.min(since, SMOOTH)));
    }
    return [times, beats, online];
  }

  /**
   * Heartbeats per second, over some seconds so that it does not jump.
   *
   * @param {number} end s: the first second that does not count
   */
  mean(end, length = SMOOTH) {
    let sum = 0;

    for (let second = end - length; second < end; second++)
      sum += this.#beats[second % WINDOW];
    return sum / length;
  }

  /** @param {number} second */
  #slot(second) {
    if (second <= this.#newest - WINDOW) return -1;
    for (let s = Math.max(this.#newest + 1, second - WINDOW + 1); s <= second; s++)
      [this.#beats[s % WINDOW], this.#online[s % WINDOW]] = [0, NaN];
    this.#newest = Math.max(this.#newest, second);
    return second % WINDOW;
  }
}
