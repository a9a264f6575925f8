// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { Clock } from "../model/clock.js";
import { isLively } from "../model/load.js";
import { MOST } from "../model/most.js";
import { BeatInterval } from "./beat-interval.js";
import { Connection } from "./connection.js";
import { Roster } from "./roster.js";

const FLUSH = 16; /* ms: a frame's worth of events is one message */
const BACKLOG = 3000; /* events, for tabs that come later */
const WATCH = 1000; /* ms */
const REVIEW = 300000; /* ms: that somebody was forgotten is no event, so the lists are read again */
const SILENT_BEATS = 4; /* without which an open connection is taken for dead */
const REPLAY = 10000; /* ms after opening, in which the past may be told */
const OLDEST = 600000; /* ms */
const SHORTEST_SILENCE = 10000; /* ms */
const LONGEST_SILENCE = 300000; /* ms, before it is known how far apart her heartbeats are */

/**
 * What a tab hears.
 *
 * @typedef {{ type: 'link', state: import('./connection.js').LinkState, why: string }
 *   | { type: 'happenings', happenings: import('./parse.js').Happening[], lastId: string }
 *   | { type: 'jobs' }
 *   | RosterMessage} HubMessage
 *
 * @typedef {{ type: 'roster', part: import('./roster.js').RosterPart, clockOffset: number }}
 *   RosterMessage
 *
 * @typedef {(message: HubMessage) => void} Subscriber
 */

/** One stream for many tabs. */
export class Hub {
  /** @type {Set<Subscriber>} */
  #subscribers = new Set();
  /** @type {import('./parse.js').Happening[]} */
  #backlog = [];
  /** @type {import('./parse.js').Happening[]} */
  #pending = [];
  /** @type {import('./connection.js').LinkState} */
  #state = "connecting";
  #why = "";
  /** @type {Map<string, string>} kind and id to the status that was last heard */
  #statuses = new Map();
  /** @type {Record<string, Set<string>>} kind to ids of who says in every heartbeat how it is doing */
  #lively = { worker: new Set(), hive: new Set() };
  #epoch = "";
  #lastHeard = 0;
  #clockOffset = 0; /* ms: this clock less the queen's */
  #openedAt = 0;
  #clock = new Clock();
  #interval = new BeatInterval();
  #connection;
  #roster;

  constructor() {
    this.#connection = new Connection(
      (happening) => this.#take(happening), (aside) => this.#takeAside(aside),
      (state, why) => this.#setState(state, why));
    this.#roster = new Roster((part) => this.#takePart(part));
    setInterval(() => this.#watch(), WATCH);
    setInterval(() => this.#state === "open" && this.#roster.wantAll(), REVIEW);
  }

  /** @param {string} [lastId] where somebody else stopped */
  open(lastId) {
    this.#connection.open(lastId);
  }

  close() {
    this.#connection.pause();
  }

  /** The queen may say something else now: to a browser that has a session, for one. */
  retry() {
    if (this.#state !== "open") this.#connection.open();
  }

  /** @param {Subscriber} subscriber */
  add(subscriber) {
    this.#noticeClock();
    this.#flush();
    this.#subscribers.add(subscriber);
    subscriber({ type: "link", state: this.#state, why: this.#why });
    if (this.#backlog.length > 0)
      subscriber({
        type: "happenings", happenings: this.#backlog, lastId: this.#connection.lastId });
    if (this.#state === "open") this.#roster.wantAll();
  }

  /** @param {Subscriber} subscriber */
  remove(subscriber) {
    this.#subscribers.delete(subscriber);
  }

  /** @param {import('./parse.js').Happening} happening */
  #take(happening) {
    this.#lastHeard = happening.at;
    if (happening.kind === "queen") this.#takeQueen(happening);
    else if (happening.kind === "lagged") this.#roster.wantAll();
    else this.#takeComponent(happening);

    this.#queue(happening);
  }

  /** @param {import('./parse.js').Aside} aside */
  #takeAside(aside) {
    if (aside.kind === "hold") this.#roster.want(aside.of, aside.id);
    else this.#send({ type: "jobs" });
  }

  /** @param {import('./parse.js').Happening} happening */
  #takeQueen(happening) {
    if (happening.number === undefined) {
      this.#clockOffset = happening.at - (happening.stamp ?? 0);
      return;
    }
    this.#noticeEpoch(happening);
    this.#interval.add(happening.stamp ?? 0);
    this.#placeInTime(happening);
  }

  /** @param {import('./parse.js').Happening} happening */
  #takeComponent(happening) {
    const key = `${happening.kind}/${happening.id}`;

    this.#noticeEpoch(happening);
    this.#placeInTime(happening);
    /* A hive's health is in the list only, and so is how somebody is doing; any heartbeat may have
     * changed it. */
    const isLivelyOne = this.#lively.worker.has(happening.id ?? "");
    const mayDiffer = (happening.kind === "hive" || isLivelyOne) && !happening.isPast;
    if (!mayDiffer && this.#statuses.get(key) === happening.status) return;
    /* Most of so many have been forgotten. */
    if (this.#statuses.size > 4 * MOST) this.#statuses.clear();
    this.#statuses.set(key, happening.status ?? "");
    this.#roster.want(
      /** @type {'worker' | 'hive'} */ (happening.kind), happening.id ?? "");
  }

  /** @param {import('./roster.js').RosterPart} part */
  #takePart(part) {
    const lively = this.#lively[part.kind];

    if (part.isList && part.isFirst) lively.clear();
    for (const facts of part.components)
      if (isLively(facts)) lively.add(facts.id);
      else lively.delete(facts.id);
    if (part.missing !== undefined) lively.delete(part.missing);
    this.#send({ type: "roster", part, clockOffset: this.#clockOffset });
  }

  /** @param {import('./parse.js').Happening} happening */
  #noticeEpoch(happening) {
    if (happening.epoch === this.#epoch) return;
    if (this.#epoch) {
      this.#interval.forget();
      this.#statuses.clear();
      this.#queue({ kind: "restart", at: happening.at, epoch: happening.epoch });
    }
    this.#epoch = happening.epoch ?? "";
  }

  /* What is told from the past, right after connecting, belongs where it happened. Everything else
   * happened when it came: the queen's clock may be set at any time. */
  /** @param {import('./parse.js').Happening} happening */
  #placeInTime(happening) {
    const made = (happening.stamp ?? 0) + this.#clockOffset;

    if (happening.at - this.#openedAt > REPLAY || made >= this.#openedAt) return;
    if (made < happening.at - OLDEST) return;
    happening.at = made;
    happening.isPast = true;
  }

  /**
   * @param {import('./connection.js').LinkState} state
   * @param {string} why
   */
  #setState(state, why) {
    this.#state = state;
    this.#why = why;
    if (state === "open") {
      this.#openedAt = Date.now();
      this.#roster.wantAll();
    }
    this.#flush();
    this.#send({ type: "link", state, why });
  }

  #noticeClock() {
    if (!this.#clock.wasSetBack(Date.now())) return;
    this.#pending = [];
    this.#backlog = [];
    this.#lastHeard = 0;
    this.#interval.forget();
    if (this.#state === "open") this.#connection.restart(); /* so that it is learnt how far apart they are */
  }

  #watch() {
    this.#noticeClock();
    const silence = this.#interval.isLearned
      ? Math.max(SILENT_BEATS * this.#interval.value, SHORTEST_SILENCE) : LONGEST_SILENCE;

    if (this.#state !== "open") return;
    if (Date.now() - Math.max(this.#lastHeard, this.#openedAt) < silence) return;
    this.#lastHeard = Date.now();
    this.#connection.restart();
  }

  /** @param {import('./parse.js').Happening} happening */
  #queue(happening) {
    this.#pending.push(happening);
    if (this.#pending.length === 1) setTimeout(() => this.#flush(), FLUSH);
  }

  #flush() {
    if (this.#pending.length === 0) return;
    const happenings = this.#pending;
    this.#pending = [];
    for (const happening of happenings) this.#backlog.push(happening); /* more than arguments can be */
    if (this.#backlog.length > 2 * BACKLOG) this.#backlog = this.#backlog.slice(-BACKLOG);
    this.#send({ type: "happenings", happenings, lastId: this.#connection.lastId });
  }

  /** @param {HubMessage} message */
  #send(message) {
    for (const subscriber of this.#subscribers) subscriber(message);
  }
}
