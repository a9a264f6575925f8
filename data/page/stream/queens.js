// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "./address.js";
import { ask } from "./ask.js";

const PACE = 10000; /* ms between two questions while nothing has changed that is known */

/**
 * How the queen stands with others, as far as she has an engine to share with them. The stream does not
 * tell of it, but begins anew when it changes; so she is asked then, and now and then when she beats, by
 * whom is there. One who has no engine is asked once.
 */
export class QueensFeed {
  /** @type {'together' | 'joining' | 'alone' | null} null: she has no engine, or is not known yet */
  state = null;
  n = 0; /* queens, she among them */
  #onNews;
  #askedAt = -Infinity;
  #isAsking = false;

  /** @param {() => void} onNews */
  constructor(onNews) {
    this.#onNews = onNews;
  }

  /** The queen has beaten. */
  hearBeat() {
    if (this.state !== null && performance.now() - this.#askedAt >= PACE) this.ask();
  }

  async ask() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#askedAt = performance.now();
    try {
      const answer = await ask(resolve("v1/queens"));
      if (answer.ok) this.#take(await answer.json());
    } catch {
      /* That she is away is seen by the stream. */
    }
    this.#isAsking = false;
    this.#onNews();
  }

  /** @param {{ queens: unknown[], engine: { state: QueensFeed["state"] } | null }} said */
  #take({ queens, engine }) {
    this.state = engine?.state ?? null;
    this.n = queens.length;
  }
}
