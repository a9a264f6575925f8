// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { addressOf, resolve } from "./address.js";
import { ask } from "./ask.js";

const CHUNK = 100; /* components in one message, so that no tab has to read too long at once */
const PAGE = 2000; /* components of a list in which somebody is shortened */
const FEW = 8; /* components that are asked for one by one */
const FIRST_WAIT = 40; /* ms: those who come together are asked for together */
const SPACING = 2000; /* ms between two questions */
const LONGEST_PAUSE = 60000; /* ms, when nobody answers */

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
const BROKEN = 500; /* from here on it is no word of hers, */
const UNAVAILABLE = 503; /* but this one */
const KINDS = /** @type {const} */ (["worker", "hive"]);

/**
 * @param {Response} answer
 * @param {string} kind
 * @returns {Promise<{ components: any[], next?: string } | undefined>}
 */
async function readList(answer, kind) {
  if (!answer.ok) return undefined;
  const { [`${kind}s`]: components, next } = await answer.json();
  return { components, next: next ?? undefined };
}

/**
 * @param {string} kind
 * @param {string} after what the page before said; empty for the first one
 */
const pageOf = (kind, after) => resolve(
  `v1/${kind}s?limit=${PAGE}${after && `&after=${encodeURIComponent(after)}`}`);

/**
 * Heartbeats on the stream say who and how; which model, which machine and how much work is in the
 * lists. They are asked for when there is a reason: somebody new, another state, a heartbeat of one who
 * says how it is doing, a connection that is new.
 */
export class Roster {
  /** @type {Map<string, ['worker' | 'hive', string]>} */
  #wanted = new Map();
  /** @type {Set<'worker' | 'hive'>} whose whole list is wanted */
  #wantedLists = new Set();
  #isAsking = false;
  #failures = 0; /* one after the other */
  #mayAskAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #onPart;

  /** @param {(part: RosterPart) => void} onPart */
  constructor(onPart) {
    this.#onPart = onPart;
  }

  wantAll() {
    for (const kind of KINDS) this.#wantedLists.add(kind);
    this.#mayAskAt = -Infinity;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#schedule(0);
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   */
  want(kind, id) {
    if (this.#wanted.size >= FEW) this.#wantedLists.add(kind);
    else this.#wanted.set(`${kind}/${id}`, [kind, id]);
    this.#schedule(FIRST_WAIT);
  }

  /** @param {number} wait ms */
  #schedule(wait) {
    if (this.#isAsking || this.#timer !== undefined) return;
    if (this.#wantedLists.size === 0 && this.#wanted.size === 0) return;
    const pause = Math.max(wait, this.#mayAskAt - performance.now());
    this.#timer = setTimeout(() => this.#ask(), pause);
  }

  async #ask() {
    const lists = [...this.#wantedLists];
    const others = [...this.#wanted.values()].filter(([kind]) => !lists.includes(kind));
    const started = performance.now();

    this.#timer = undefined;
    this.#wanted.clear();
    this.#wantedLists.clear();
    this.#isAsking = true;
    try {
      await Promise.all([
        ...lists.map((kind) => this.#askList(kind)),
        ...others.map(([kind, id]) => this.#askOne(kind, id)),
      ]);
      this.#failures = 0;
    } catch {
      /* The stream may be there all the while, and would say none of it again. */
      for (const kind of lists) this.#wantedLists.add(kind);
      for (const [kind, id] of others) this.#wanted.set(`${kind}/${id}`, [kind, id]);
      this.#failures++;
    }
    this.#isAsking = false;
    /* A list that takes long is asked for the less often, and so is one that does not come. */
    const now = performance.now();
    const pause = this.#failures > 0 ? Math.min(SPACING * 2 ** this.#failures, LONGEST_PAUSE)
      : 10 * (now - started) + SPACING / 2;
    this.#mayAskAt = now + pause;
    this.#schedule(FIRST_WAIT);
  }

  /** @param {'worker' | 'hive'} kind */
  async #askList(kind) {
    const askedAt = Date.now();
    let answer = await ask(resolve(`v1/${kind}s`));
    let list = await readList(answer, kind);
    let isFirst = true;

    /* In pages everybody is whole; but the list of all is made once for all who ask, so it is asked for first. */
    if (list?.components.some((component) => component.shortened)) {
      answer = await ask(pageOf(kind, ""));
      list = await readList(answer, kind);
    }
    while (list) {
      this.#takeList(kind, askedAt, list.components, isFirst, list.next === undefined);
      if (list.next === undefined) return;
      isFirst = false;
      answer = await ask(pageOf(kind, list.next));
      list = await readList(answer, kind);
    }
    /* She has no room for the answer just now, and without it nobody knows who there is. */
    if (answer.status === UNAVAILABLE) this.#wantedLists.add(kind);
    else if (answer.status >= BROKEN) throw new Error(answer.statusText);
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {number} askedAt ms
   * @param {any[]} components
   * @param {boolean} isFirst whether it begins with these
   * @param {boolean} isWhole whether it ends with them
   */
  #takeList(kind, askedAt, components, isFirst, isWhole) {
    for (let i = 0; i === 0 || i < components.length; i += CHUNK)
      this.#onPart({
        kind, askedAt, isList: true,
        components: components.slice(i, i + CHUNK),
        isFirst: isFirst && i === 0,
        isLast: isWhole && i + CHUNK >= components.length,
      });
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   */
  async #askOne(kind, id) {
    const askedAt = Date.now();
    const answer = await ask(addressOf(kind, id));

    if (!answer.ok && answer.status !== NOT_FOUND) return;
    this.#onPart({
      kind, askedAt, isList: false, isFirst: true, isLast: true,
      components: answer.ok ? [await answer.json()] : [],
      missing: answer.ok ? undefined : id,
    });
  }
}
