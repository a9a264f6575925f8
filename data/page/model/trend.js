// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const STEP = 10000; /* ms between two samples */
const SPAN = 600000; /* ms: how far back they go */

/**
 * How numbers have changed over the last ten minutes, or for as long as the page has looked.
 *
 * @typedef {Record<string, number | null>} Numbers null is not known
 */
export class Trend {
  /** @type {{ at: number, numbers: Numbers }[]} */
  #samples = [];
  /** Whether it goes back as far as it can, and not just to when the page was opened. */
  isWhole = false;

  /**
   * @param {number} now ms
   * @param {Numbers} numbers
   */
  sample(now, numbers) {
    const last = this.#samples.at(-1);

    if (last && now - last.at < STEP) return;
    if (Object.values(numbers).includes(null)) return;
    this.#samples.push({ at: now, numbers: { ...numbers } });
    for (; now - this.#samples[0].at > SPAN; this.isWhole = true) this.#samples.shift();
  }

  /**
   * @param {string} name
   * @param {number} value as it is now
   */
  change(name, value) {
    const then = this.#samples[0]?.numbers[name];

    return typeof then === "number" ? value - then : 0;
  }

  /**
   * @param {number} now ms
   * @returns {number} ms that it looks back on
   */
  span(now) {
    return this.#samples.length > 0 ? now - this.#samples[0].at : 0;
  }
}
