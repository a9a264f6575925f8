// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/**
 * @param {number} stamp ms, by the queen's clock
 * @param {string} status
 */
const name = (stamp, status) => `${stamp} ${status}`;

/**
 * When each change of one component is said to have been, so that they stand in the order in which
 * they were. A list may tell of a change before the stream does, and neither the way of a message
 * nor the difference of two clocks is always the same. Times are in ms, by this machine's clock.
 */
export class Chronicle {
  /** When the newest change was that the stream has told. */
  #streamed = -Infinity;
  /** @type {Map<string, number>} what lists have told and the stream has yet to, the oldest first */
  #ahead = new Map();

  /**
   * The stream tells of a change that is newer than all that is known.
   *
   * @param {number} at
   * @returns {number} when it was
   */
  add(at) {
    this.#streamed = Math.max(at, this.#newest + 1);
    this.#ahead.clear();
    return this.#streamed;
  }

  /**
   * A list tells of a change.
   *
   * @param {number} at
   * @param {number} stamp ms, by the queen's clock
   * @param {string} status
   * @returns {number} when it was
   */
  foretell(at, stamp, status) {
    const told = Math.max(at, this.#newest + 1);

    this.#ahead.set(name(stamp, status), told);
    return told;
  }

  /**
   * The stream tells how it came to what is known.
   *
   * @param {number} at
   * @param {number} stamp ms, by the queen's clock
   * @param {string} status
   * @returns {number | null} when it was; null where a list has told it already
   */
  recall(at, stamp, status) {
    const told = this.#ahead.get(name(stamp, status));

    if (told !== undefined) {
      this.#ahead.delete(name(stamp, status));
      this.#streamed = told;
      return null;
    }
    const [next = Infinity] = this.#ahead.values();
    this.#streamed = Math.max(Math.min(at, next - 1), this.#streamed);
    return this.#streamed;
  }

  get #newest() {
    return Math.max(this.#streamed, ...this.#ahead.values());
  }
}
