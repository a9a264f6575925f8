// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { BeatInterval } from "../stream/beat-interval.js";

const MISSED = 1.5; /* intervals: by then one beat has been missed */
const GONE = 4;

/**
 * @typedef {'connecting' | 'beating' | 'late' | 'busy' | 'locked' | 'bye' | 'lost' | 'silent'} PulseState
 */

/** Whether the queen lives, by her own heartbeat. */
export class Pulse {
  /** @type {import('../stream/connection.js').LinkState} */
  link = "connecting";
  lastBeat = 0; /* ms */
  #interval = new BeatInterval();

  /** @param {import('../stream/parse.js').Happening} happening of the queen */
  beat(happening) {
    this.lastBeat = Math.max(this.lastBeat, happening.at);
    if (happening.number !== undefined) this.#interval.add(happening.stamp ?? 0);
  }

  forgetInterval() {
    this.#interval.forget();
  }

  get interval() {
    return this.#interval.value;
  }

  /** @param {number} now ms */
  age(now) {
    return this.lastBeat ? Math.max(now - this.lastBeat, 0) : NaN;
  }

  /**
   * @param {number} now ms
   * @returns {PulseState}
   */
  state(now) {
    if (this.link !== "open") return this.link;
    const beats = this.age(now) / this.#interval.value;

    if (!(beats > MISSED)) return "beating";
    /* Before the second beat nobody knows when it is due. */
    if (!this.#interval.isLearned) return "beating";
    return beats > GONE ? "silent" : "late";
  }
}
