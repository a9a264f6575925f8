// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/** @typedef {import('./component.js').Component} Component */

/** How many of one kind there are, and how they are. */
export class Tally {
  known = 0;
  online = 0;
  available = 0;
  busy = 0;
  /** @type {Map<Component, number[]>} what each has been counted as */
  #counted = new Map();

  /** @param {Component} component as it is now */
  count(component) {
    this.discount(component);
    const { isOnline, isAvailable, status } = component;
    const now = [1, Number(isOnline), Number(isAvailable), Number(status === "busy")];
    this.#counted.set(component, now);
    this.#add(now, 1);
  }

  /** @param {Component} component as it was */
  discount(component) {
    const was = this.#counted.get(component);

    if (!was) return;
    this.#counted.delete(component);
    this.#add(was, -1);
  }

  /**
   * @param {number[]} counted
   * @param {1 | -1} sign
   */
  #add([known, online, available, busy], sign) {
    this.known += sign * known;
    this.online += sign * online;
    this.available += sign * available;
    this.busy += sign * busy;
  }
}
