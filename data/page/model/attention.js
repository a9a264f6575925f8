// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { PROBLEMS } from "./status.js";

/** @typedef {import('./component.js').Component} Component */

/** How many are told of; who wants more has the list. */
export const WORST = 20;

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
  #worst = null;

  /** @param {Component} component as it is now */
  note(component) {
    if (component.isProblem) this.#members.add(component);
    else if (!this.#members.delete(component)) return;
    this.#worst = null;
  }

  /** @param {Component} component that is gone */
  drop(component) {
    if (this.#members.delete(component)) this.#worst = null;
  }

  get size() {
    return this.#members.size;
  }

  /** The worst of them; another list when anything is different. */
  get worst() {
    this.#worst ??= this.#choose();
    return this.#worst;
  }

  /* All of 65 536 may need somebody, and to sort them takes longer than a frame. */
  #choose() {
    /** @type {Component[]} */
    const worst = [];

    for (const member of this.#members) {
      if (worst.length === WORST && compare(member, worst[WORST - 1]) > 0) continue;
      const at = worst.findIndex((other) => compare(member, other) < 0);
      worst.splice(at < 0 ? worst.length : at, 0, member);
      if (worst.length > WORST) worst.pop();
    }
    return worst;
  }
}
