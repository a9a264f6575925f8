// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const MOST_AHEAD = 16; /* whoever is never told of by the stream, such as a hive's health, has no end */

/**
 * @typedef {import('./cluster.js').Change} Change
 * @typedef {{ stamp: number, change: Change }} Foretold `stamp` is when it was, in ms by the queen's
 *   clock
 */

/**
 * When each change of one component is said to have been, so that they stand in the order in which
 * they were. A list may tell of a change before the stream does, and neither the way of a message
 * nor the difference of two clocks is always the same. Times are in ms, by this machine's clock.
 */
export class Chronicle {
  /** When the newest change was that the stream has told. */
  #streamed = -Infinity;
  /** @type {Foretold[]} what lists have told and the stream has yet to, the oldest first */
  #ahead = [];

  /**
   * The stream tells of a change that is newer than all that is known.
   *
   * @param {number} at
   * @returns {number} when it was
   */
  add(at) {
    this.#streamed = Math.max(at, this.#newest + 1);
    this.#ahead = [];
    return this.#streamed;
  }

  /**
   * A list tells of a change.
   *
   * @param {Change} change whose `at` becomes what it is said to have been
   * @param {number} stamp ms, by the queen's clock
   */
  foretell(change, stamp) {
    change.at = Math.max(change.at, this.#newest + 1);
    this.#ahead.push({ stamp, change });
    if (this.#ahead.length > MOST_AHEAD) this.#ahead.shift();
  }

  /**
   * The stream tells how it came to what is known.
   *
   * @param {number} at
   * @param {number} stamp ms, by the queen's clock
   * @param {string} status
   * @returns {{ at: number, foretold?: Change }} when it was, and what a list has told of it already
   */
  recall(at, stamp, status) {
    const index = this.#ahead.findIndex(({ stamp: told, change: { to } }) =>
      told === stamp && (to === status || !to));

    if (index >= 0) {
      /* What should have come before it was lost. */
      const { change } = /** @type {Foretold} */ (this.#ahead.splice(0, index + 1).at(-1));
      this.#streamed = change.at;
      return { at: change.at, foretold: change };
    }
    const next = this.#ahead[0]?.change.at ?? Infinity;
    this.#streamed = Math.max(Math.min(at, next - 1), this.#streamed);
    return { at: this.#streamed };
  }

  get #newest() {
    return Math.max(this.#streamed, this.#ahead.at(-1)?.change.at ?? -Infinity);
  }
}
