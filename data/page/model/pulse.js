// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { BeatInterval } from "../stream/beat-interval.js";

const MISSED = 1.5; /* intervals: by then one beat has been missed */
const GONE = 4;

/**
 * @typedef {'connecting' | 'beating' | 'late' | 'busy' | 'locked' | 'bye' | 'lost' | 'refused'
 *   | 'unanswered' | 'held' | 'silent'} PulseState
 */

/** Whether the queen lives, by her own heartbeat. */
export class Pulse {
  /** @type {import('../stream/connection.js').LinkState} */
  link = "connecting";
  /** Why she is not heard, where somebody says so. */
  why = "";
  lastBeat = 0; /* ms */
  #lastHeard = 0; /* ms */
  #interval = new BeatInterval();

  /** @param {number} at ms: when anything was heard, of whomever */
  hear(at) {
    this.#lastHeard = Math.max(this.#lastHeard, at);
  }

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
   * As long as she is not heard, what she said last may not hold any more.
   *
   * @param {number} now ms
   */
  isAway(now) {
    return this.#lastHeard > 0 && !["beating", "late"].includes(this.state(now));
  }

  /**
   * @param {number} now ms
   * @returns {number} ms: the time at which things were as they are shown
   */
  asOf(now) {
    return this.isAway(now) ? this.#lastHeard : now;
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
