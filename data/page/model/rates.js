// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { WINDOW } from "./beat-track.js";

/** Heartbeats in each second, and how many workers were online in it, over the last ten minutes. */
export class Rates {
  #beats = new Float64Array(WINDOW).fill(NaN);
  #online = new Float64Array(WINDOW).fill(NaN);
  #newest = 0; /* s */

  /** @param {number} at ms */
  countBeat(at) {
    const slot = this.#slot(Math.floor(at / 1000));

    if (slot >= 0) this.#beats[slot] = (this.#beats[slot] || 0) + 1;
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
   * One more second has passed; while nothing can be heard it stays empty.
   *
   * @param {number} now s
   * @param {boolean} isHeard
   * @param {number} online
   */
  pass(now, isHeard, online) {
    const slot = this.#slot(now);

    if (slot < 0 || !isHeard) return;
    if (Number.isNaN(this.#beats[slot])) this.#beats[slot] = 0;
    this.#online[slot] = online;
  }

  /**
   * Whole seconds only: the one that runs would always look like a fall.
   *
   * @param {number} now s
   * @returns {[number[], (number | null)[], (number | null)[]]} times, heartbeats, workers online
   */
  list(now) {
    const times = [], beats = [], online = [];

    this.#slot(now);
    for (let second = now - WINDOW + 1; second < now; second++) {
      const slot = second % WINDOW;
      times.push(second);
      beats.push(Number.isNaN(this.#beats[slot]) ? null : this.#beats[slot]);
      online.push(Number.isNaN(this.#online[slot]) ? null : this.#online[slot]);
    }
    return [times, beats, online];
  }

  /** Over the last whole seconds, so that it does not jump. */
  /** @param {number} now s */
  mean(now, length = 5) {
    let sum = 0;

    for (let second = now - length; second < now; second++)
      sum += this.#beats[second % WINDOW] || 0;
    return sum / length;
  }

  /** @param {number} second */
  #slot(second) {
    if (second <= this.#newest - WINDOW) return -1;
    for (let s = Math.max(this.#newest + 1, second - WINDOW + 1); s <= second; s++)
      this.#beats[s % WINDOW] = this.#online[s % WINDOW] = NaN;
    this.#newest = Math.max(this.#newest, second);
    return second % WINDOW;
  }
}
