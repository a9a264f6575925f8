// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/**
 * Takes one thing after the other, and lets the browser do in between whatever else it has to do. A
 * timer would do the same, but for a tab in the background it waits a second each time.
 *
 * @template T
 */
export class InTurn {
  /** @type {T[]} */
  #waiting = [];
  #next = new MessageChannel();

  /** @param {(item: T) => void} take */
  constructor(take) {
    this.#next.port1.onmessage = () => {
      const item = /** @type {T} */ (this.#waiting.shift());

      if (this.#waiting.length > 0) this.#next.port2.postMessage(null);
      take(item);
    };
  }

  /** @param {T} item */
  add(item) {
    this.#waiting.push(item);
    if (this.#waiting.length === 1) this.#next.port2.postMessage(null);
  }
}
