// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "./address.js";
import { readFault } from "./fault.js";
import { parseHeartbeat, parseHold, parseLagged } from "./parse.js";

const STREAM = resolve("v1/heartbeats/stream?types=queen,worker,hive,hold,job");
const PROBE = resolve("v1/build-info"); /* as protected as the stream */
const UNAUTHORIZED = 401;
const FORBIDDEN = 403; /* a token that is not for reading; or a proxy says so */
const BROKEN = 500; /* from here on it is not for what was asked */
const HISTORY = 100; /* events: what the queen holds unless told otherwise */
const PATIENCE = 1500; /* ms: without a word of the stream, after which the page asks why */
const DEADLINE = 1000; /* ms, of that question */
const FIRST_PAUSE = 1000; /* ms */
const LONGEST_PAUSE = 15000;
const LOST = /** @type {LinkState} */ ("lost");

/**
 * How the connection is: `bye` and `busy` are what the queen said before it ended;
 * while it is `locked` she wants a token first, and `refused` says that somebody does not let it
 * through. It is `unanswered` when nothing comes at all, and `held` when she answers, but the stream
 * is kept on its way.
 *
 * @typedef {'connecting' | 'open' | 'lost' | 'bye' | 'busy' | 'locked' | 'refused' | 'unanswered'
 *   | 'held'} LinkState
 */

/**
 * EventSource does not say what the answer was.
 *
 * @param {LinkState} answered what it is when she answers as she should
 * @param {LinkState} unanswered what it is when nobody does
 * @returns {Promise<{ state: LinkState, why: string }>}
 */
async function diagnose(answered, unanswered) {
  try {
    const answer = await fetch(PROBE, { signal: AbortSignal.timeout(DEADLINE) });
    if (answer.ok) return { state: answered, why: "" };
    if (answer.status >= BROKEN) return { state: unanswered, why: "" };
    const { isHers, message } = await readFault(answer);
    if (answer.status === UNAUTHORIZED || (answer.status === FORBIDDEN && isHers))
      return { state: "locked", why: "" };
    return { state: "refused", why: message };
  } catch {
    return { state: unanswered, why: "" };
  }
}

/**
 * The stream, for as long as anybody wants it. EventSource comes back by itself when a connection
 * ends; when it has given up (an answer that is no stream), this makes a new one.
 */
export class Connection {
  /** @type {EventSource | null} */
  #source = null;
  #lastId = "";
  #failures = 0;
  #wantsHistory = true;
  #expectsSnapshot = true; /* at the beginning, and after a loss */
  /** @type {LinkState} */
  #state = "connecting";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  #onHappening;
  #onAside;
  #onState;

  /**
   * @param {(happening: import('./parse.js').Happening) => void} onHappening
   * @param {(aside: import('./parse.js').Aside) => void} onAside
   * @param {(state: LinkState, why: string) => void} onState
   */
  constructor(onHappening, onAside, onState) {
    this.#onHappening = onHappening;
    this.#onAside = onAside;
    this.#onState = onState;
  }

  get lastId() {
    return this.#lastId;
  }

  /** @param {string} [lastId] where somebody else stopped */
  open(lastId) {
    this.close();
    if (lastId) this.#lastId = lastId;
    const source = new EventSource(this.#makeUrl());
    source.onopen = () => (this.#expectsSnapshot = true);
    source.addEventListener("heartbeat", (event) => this.#takeHeartbeat(event));
    source.addEventListener("hold", (event) => this.#onAside(parseHold(event.data)));
    source.addEventListener("job", () => this.#onAside({ kind: "job" }));
    source.addEventListener("lagged", (event) => this.#takeLagged(event));
    source.addEventListener("bye", () => this.#setState("bye"));
    source.addEventListener("busy", () => this.#setState("busy"));
    source.onerror = () => this.#takeError(source);
    this.#source = source;
    this.#patience = setTimeout(() => this.#takeSilence(source), PATIENCE);
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#patience);
    this.#source?.close();
    this.#source = null;
  }

  /** Ends it until open() is called again. */
  pause() {
    this.close();
    this.#setState("lost");
  }

  /** For a connection that is open and yet silent: after a sleep, for one. */
  restart() {
    this.pause();
    this.open();
  }

  /* What was missed goes before history; only an EventSource that is new cannot send it as header. */
  #makeUrl() {
    if (this.#lastId) return `${STREAM}&last_event_id=${encodeURIComponent(this.#lastId)}`;
    return this.#wantsHistory ? `${STREAM}&history=${HISTORY}` : STREAM;
  }

  /** @param {MessageEvent<string>} event */
  #takeHeartbeat(event) {
    const happening = parseHeartbeat(event.data, event.lastEventId, Date.now());

    this.#failures = 0;
    this.#setState("open");
    if (happening.kind === "queen" && this.#expectsSnapshot) {
      /* It says how things stand; its id only says where what follows begins. */
      happening.number = happening.epoch = undefined;
      this.#expectsSnapshot = false;
    }
    this.#onHappening(happening);
    this.#lastId = event.lastEventId || this.#lastId;
  }

  /** @param {MessageEvent<string>} event */
  #takeLagged(event) {
    this.#expectsSnapshot = true;
    this.#onHappening(parseLagged(event.data, Date.now()));
  }

  /* An EventSource waits for an answer for as long as it takes. */
  /** @param {EventSource} source */
  async #takeSilence(source) {
    if (this.#state !== "connecting") return;
    const { state, why } = await diagnose("held", "unanswered");
    if (source === this.#source && this.#state === "connecting") this.#setState(state, why);
  }

  /** @param {EventSource} source */
  async #takeError(source) {
    const hasGivenUp = source.readyState === EventSource.CLOSED;
    const { state, why } = hasGivenUp ? await diagnose(LOST, LOST) : { state: LOST, why: "" };

    if (source !== this.#source) return;
    /* What she said before it ended is the better reason. */
    if (state !== LOST || !["bye", "busy"].includes(this.#state)) this.#setState(state, why);
    if (!hasGivenUp) return;
    /* A queen with a smaller ring refuses to tell that much. */
    if (state === LOST) this.#wantsHistory = false;
    const pause = Math.min(FIRST_PAUSE * 2 ** this.#failures++, LONGEST_PAUSE);
    this.#timer = setTimeout(() => this.open(), pause * (0.75 + Math.random() / 2));
  }

  /**
   * @param {LinkState} state
   * @param {string} [why]
   */
  #setState(state, why = "") {
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state, why);
  }
}
