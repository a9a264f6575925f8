// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const USUAL = 2500; /* ms: the queen's default */
const REMEMBERED = 7;

/** Learns from the queen's own timestamps how far apart her heartbeats are. */
export class BeatInterval {
  /** @type {number[]} */
  #gaps = [];
  #last = 0;

  /** @param {number} stamp when a heartbeat was made, in ms by the queen's clock */
  add(stamp) {
    if (this.#last && stamp > this.#last) {
      this.#gaps.push(stamp - this.#last);
      if (this.#gaps.length > REMEMBERED) this.#gaps.shift();
    }
    this.#last = Math.max(this.#last, stamp);
  }

  /** A queen that has just started may keep another time, and her first gap is a pause. */
  forget() {
    this.#gaps = [];
    this.#last = 0;
  }

  get isLearned() {
    return this.#gaps.length > 0;
  }

  /** ms; the median, so that a beat that was skipped does not count for two */
  get value() {
    if (!this.isLearned) return USUAL;
    const sorted = [...this.#gaps].sort((a, b) => a - b);
    return sorted[(sorted.length - 1) >> 1];
  }
}
