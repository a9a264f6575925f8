// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { PROBLEMS } from "./status.js";

/** @typedef {import('./component.js').Component} Component */

/**
 * The worst first; hives before their workers; then what has just begun.
 *
 * @param {Component} a
 * @param {Component} b
 */
function compare(a, b) {
  return PROBLEMS.indexOf(a.condition) - PROBLEMS.indexOf(b.condition) ||
    Number(a.kind === "worker") - Number(b.kind === "worker") ||
    b.since - a.since || (a.key < b.key ? -1 : 1);
}

/** Who needs somebody to look after it. */
export class Attention {
  /** @type {Set<Component>} */
  #members = new Set();
  /** @type {Component[] | null} */
  #sorted = null;

  /** @param {Component} component as it is now */
  note(component) {
    if (component.isProblem) this.#members.add(component);
    else if (!this.#members.delete(component)) return;
    this.#sorted = null;
  }

  /** @param {Component} component that is gone */
  drop(component) {
    if (this.#members.delete(component)) this.#sorted = null;
  }

  get size() {
    return this.#members.size;
  }

  get list() {
    this.#sorted ??= [...this.#members].sort(compare);
    return this.#sorted;
  }
}
