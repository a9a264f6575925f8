// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { statusCode } from "./status.js";

/** s: what a track, and the plot, look back on */
export const WINDOW = 600;

const NOTHING = new Uint8Array(0);
const OFFLINE = statusCode("offline");

/** The heartbeats of one component in the last ten minutes, second by second. */
export class BeatTrack {
  /* Of 65 536 who have not beaten yet that would be 80 MB. */
  #codes = NOTHING;
  #counts = NOTHING;
  #newest = 0; /* s */

  /**
   * @param {number} at ms
   * @param {string} status
   */
  add(at, status) {
    const second = Math.floor(at / 1000);
    const slot = second % WINDOW;

    if (this.#newest === 0) {
      this.#codes = new Uint8Array(WINDOW);
      this.#counts = new Uint8Array(WINDOW);
    }
    this.#advance(second);
    if (second <= this.#newest - WINDOW) return;
    this.#codes[slot] = statusCode(status);
    this.#counts[slot] = Math.min(this.#counts[slot] + 1, 255);
  }

  /**
   * @param {number} now s
   * @param {(age: number, code: number) => void} func called for each second with a heartbeat
   */
  forEach(now, func) {
    for (let age = Math.max(now - this.#newest, 0); age < WINDOW; age++) {
      const slot = (now - age) % WINDOW;
      if (now - age <= this.#newest - WINDOW) return;
      if (this.#counts[slot] > 0) func(age, this.#codes[slot]);
    }
  }

  /** @param {number} now s */
  count(now) {
    let sum = 0;

    for (let age = Math.max(now - this.#newest, 0); age < WINDOW; age++) {
      const slot = (now - age) % WINDOW;
      if (now - age <= this.#newest - WINDOW) break;
      /* Falling silent is no heartbeat. */
      if (this.#codes[slot] !== OFFLINE) sum += this.#counts[slot];
    }
    return sum;
  }

  /** @param {number} second */
  #advance(second) {
    if (second <= this.#newest) return;
    const from = Math.max(this.#newest + 1, second - WINDOW + 1);
    for (let s = from; s <= second; s++) this.#counts[s % WINDOW] = 0;
    this.#newest = second;
  }
}
