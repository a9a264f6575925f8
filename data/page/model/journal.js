// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const CAPACITY = 2000;

/**
 * @typedef {object} Entry
 * @property {number} serial
 * @property {number} at ms
 * @property {'queen' | 'worker' | 'hive' | 'note'} kind
 * @property {string} id
 * @property {string} status
 * @property {string} text
 */

/** The last things that happened, as lines. */
export class Journal {
  /** @type {Entry[]} */
  #entries = [];
  #serial = 0;

  /** @param {Omit<Entry, 'serial'>} entry */
  add(entry) {
    this.#entries.push({ serial: ++this.#serial, ...entry });
    if (this.#entries.length > 2 * CAPACITY) this.#entries = this.#entries.slice(-CAPACITY);
  }

  get serial() {
    return this.#serial;
  }

  /**
   * @param {number} after serial
   * @param {(entry: Entry) => boolean} accept
   * @param {number} most
   * @returns {Entry[]} the newest first
   */
  list(after, accept, most) {
    const found = [];

    for (let i = this.#entries.length - 1; i >= 0 && found.length < most; i--) {
      if (this.#entries[i].serial <= after) break;
      if (accept(this.#entries[i])) found.push(this.#entries[i]);
    }
    return found;
  }
}
