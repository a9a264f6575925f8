// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { addressOf } from "./address.js";

const CHUNK = 100; /* components in one message, so that no tab has to read too long at once */
const FEW = 8; /* components that are asked for one by one */
const FIRST_WAIT = 40; /* ms: those who come together are asked for together */
const SPACING = 2000; /* ms between two questions */

/**
 * What the lists of the queen say, in parts.
 *
 * @typedef {object} RosterPart
 * @property {'worker' | 'hive'} kind
 * @property {any[]} components as the queen writes them
 * @property {number} askedAt ms
 * @property {boolean} isFirst
 * @property {boolean} isLast who is in no part is not known to her (only of a whole list)
 * @property {boolean} isList
 * @property {string} [missing] who was asked for, and is not known to her any more
 */

const NOT_FOUND = 404;
const KINDS = /** @type {const} */ (["worker", "hive"]);

/**
 * Heartbeats on the stream say who and how; which model and which machine is in the lists. They are
 * asked for when there is a reason: somebody new, another state, a connection that is new.
 */
export class Roster {
  /** @type {Map<string, ['worker' | 'hive', string]>} */
  #wanted = new Map();
  #wantsAll = false;
  #isAsking = false;
  #lastAsked = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #onPart;

  /** @param {(part: RosterPart) => void} onPart */
  constructor(onPart) {
    this.#onPart = onPart;
  }

  wantAll() {
    this.#wantsAll = true;
    this.#lastAsked = -Infinity;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#schedule(0);
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   */
  want(kind, id) {
    if (addressOf(kind, id) === null) this.#wantsAll = true;
    else if (this.#wanted.size <= FEW) this.#wanted.set(`${kind}/${id}`, [kind, id]);
    this.#schedule(FIRST_WAIT);
  }

  /** @param {number} wait ms */
  #schedule(wait) {
    if (this.#isAsking || this.#timer !== undefined) return;
    if (!this.#wantsAll && this.#wanted.size === 0) return;
    const pause = Math.max(wait, this.#lastAsked + SPACING - performance.now());
    this.#timer = setTimeout(() => this.#ask(), pause);
  }

  async #ask() {
    const wanted = [...this.#wanted.values()];
    const started = performance.now();
    const isList = this.#wantsAll || wanted.length > FEW;

    this.#timer = undefined;
    this.#wanted.clear();
    this.#wantsAll = false;
    this.#isAsking = true;
    try {
      if (isList) await Promise.all(KINDS.map((kind) => this.#askList(kind)));
      else await Promise.all(wanted.map(([kind, id]) => this.#askOne(kind, id)));
    } catch {
      /* Who is not there will be asked again when the stream is back. */
    }
    this.#isAsking = false;
    /* A list that takes long is asked for the less often. */
    const now = performance.now();
    this.#lastAsked = now + 10 * (now - started) - SPACING / 2;
    this.#schedule(FIRST_WAIT);
  }

  /** @param {'worker' | 'hive'} kind */
  async #askList(kind) {
    const askedAt = Date.now();
    const answer = await fetch(`/v1/${kind}s`);
    const components = answer.ok ? (await answer.json())[`${kind}s`] : [];

    if (!answer.ok) return;
    for (let i = 0; i === 0 || i < components.length; i += CHUNK)
      this.#onPart({
        kind, askedAt, isList: true,
        components: components.slice(i, i + CHUNK),
        isFirst: i === 0,
        isLast: i + CHUNK >= components.length,
      });
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   */
  async #askOne(kind, id) {
    const askedAt = Date.now();
    const answer = await fetch(addressOf(kind, id) ?? "");

    if (!answer.ok && answer.status !== NOT_FOUND) return;
    this.#onPart({
      kind, askedAt, isList: false, isFirst: true, isLast: true,
      components: answer.ok ? [await answer.json()] : [],
      missing: answer.ok ? undefined : id,
    });
  }
}
