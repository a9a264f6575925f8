// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "./address.js";
import { ask } from "./ask.js";

const PACE = 1000; /* ms between two questions, however much happens */
const MOST = 100; /* of each state */
const STATES = ["running", "queued"];

/**
 * @typedef {object} Job
 * @property {string} job_id
 * @property {string} status
 * @property {string} operation
 * @property {string | null} model
 * @property {string | null} worker_id
 * @property {number | null} position
 * @property {string} created_at
 * @property {number} tokens_per_second
 */

/**
 * @param {string} state
 * @returns {Promise<Job[]>}
 */
async function askFor(state) {
  const answer = await ask(resolve(`v1/jobs?status=${state}&limit=${MOST}`));

  return answer.ok ? (await answer.json()).jobs : [];
}

/**
 * Jobs that run and wait, as far as this browser may see them. The stream tells that something has
 * become of jobs, but not of whose: so the queen is asked then, and only then.
 */
export class JobsFeed {
  /** @type {Job[]} */
  jobs = [];
  isCut = false; /* whether there may be more */
  #onNews;
  #isWatched = false;
  #isStale = false; /* something has happened since the last question */
  #isAsking = false;
  #askedAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} onNews */
  constructor(onNews) {
    this.#onNews = onNews;
  }

  /** @param {boolean} isWatched whether somebody looks who may see them */
  follow(isWatched) {
    const begins = isWatched && !this.#isWatched;

    this.#isWatched = isWatched;
    if (begins && this.#isStale) this.#askSoon();
  }

  /** Something has become of jobs. */
  hear() {
    this.#isStale = true;
    if (this.#isWatched) this.#askSoon();
  }

  async ask() {
    if (this.#isAsking) {
      this.#isStale = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isAsking = true;
    this.#isStale = false;
    this.#askedAt = Date.now();
    try {
      const lists = await Promise.all(STATES.map(askFor));
      this.jobs = lists.flat();
      this.isCut = lists.some((list) => list.length === MOST);
    } catch {
      this.jobs = []; /* the queen does not answer, which is told elsewhere */
      this.#isStale = true;
    }
    this.#isAsking = false;
    if (this.#isStale && this.#isWatched) this.#askSoon();
    this.#onNews();
  }

  #askSoon() {
    if (this.#isAsking || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#isWatched) this.ask();
    }, Math.max(0, this.#askedAt + PACE - Date.now()));
  }
}
