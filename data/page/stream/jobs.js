// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "./address.js";
import { ask } from "./ask.js";

const PACE = 1000; /* ms between two questions while there are jobs */
const PACE_WITHOUT = 5000; /* ms, while workers are at work for others */
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
 * Jobs that run and wait, as far as this browser may see them. No stream tells of them, so the queen
 * is asked; but only while some worker has something to do, or there were some just now.
 */
export class JobsFeed {
  /** @type {Job[]} */
  jobs = [];
  isCut = false; /* whether there may be more */
  #onNews;
  #isWanted = false;
  #isAsking = false;
  #askedAt = -Infinity;
  #timer = 0;
  #dueAt = Infinity; /* ms: when the timer ends */

  /** @param {() => void} onNews */
  constructor(onNews) {
    this.#onNews = onNews;
  }

  /**
   * @param {boolean} isAtWork whether any worker has something to do, and somebody looks
   * @param {boolean} isNews whether one has said so just now
   */
  follow(isAtWork, isNews) {
    this.#isWanted = isAtWork;
    if (isAtWork) this.#askIn(isNews || this.jobs.length > 0 ? PACE : PACE_WITHOUT);
    else this.#forgetTimer();
  }

  async ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAt = Date.now();
    try {
      const lists = await Promise.all(STATES.map(askFor));
      this.jobs = lists.flat();
      this.isCut = lists.some((list) => list.length === MOST);
    } catch {
      this.jobs = []; /* the queen does not answer, which is told elsewhere */
    }
    this.#isAsking = false;
    this.#onNews();
  }

  #forgetTimer() {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  /** @param {number} pace ms after the last question */
  #askIn(pace) {
    const dueAt = this.#askedAt + pace;

    if (this.#isAsking || dueAt >= this.#dueAt) return;
    this.#forgetTimer();
    this.#dueAt = dueAt;
    this.#timer = setTimeout(() => {
      this.#dueAt = Infinity;
      if (this.#isWanted) this.ask();
    }, Math.max(0, dueAt - Date.now()));
  }
}
