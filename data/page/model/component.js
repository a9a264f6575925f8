// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { BeatTrack } from "./beat-track.js";
import { Chronicle } from "./chronicle.js";
import { MEMBERS } from "./members.js";
import { Rhythm } from "./rhythm.js";
import { PROBLEMS, isAvailable, isOnline, nameState } from "./status.js";

/** @type {import('../view/holds.js').Hold[]} */
const NO_HOLDS = []; /* of 65 536, each time that they are counted */

/** One worker or hive, as far as the page knows. Times are in ms, by this machine's clock. */
export class Component {
  status = "unknown";
  lastSeen = 0;
  /** When the stream last said something of it; that may be that it fell silent. */
  lastHeard = 0;
  /** Since when it is in this state; 0 where nobody knows. */
  since = 0;
  /** The state that is shown; `late` comes with time alone. */
  condition = "unknown";
  isProblem = false;
  track = new BeatTrack();
  /** The status that the stream said last, which may be older than the one that is known. */
  told = "unknown";
  #toldAt = 0;
  /** Whether all that came after that has been heard. */
  followsTold = false;
  /** Whether all that came after what is known has been heard. */
  followsKnown = false;
  /** What the stream said first, before any list. */
  /** @type {{ status: string, at: number, stamp: number } | null} */
  first = null;
  chronicle = new Chronicle();
  /** By the queen's clock, in ms: what was made before that is older than what is known. */
  #knownUntil = 0;
  #rhythm = new Rhythm();
  /** @type {Record<string, any>} */
  #facts = {};
  /** How often its progress was seen to grow. */
  advances = 0;
  #advancedAt = 0; /* ms */
  #heartbeats = NaN; /* that the queen has counted, as far as that is known */
  #text = "";

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   */
  constructor(kind, id) {
    this.kind = kind;
    this.id = id;
    this.key = `${kind}/${id}`;
  }

  /** What the queen's list says of it. */
  get facts() {
    return this.#facts;
  }

  get isListed() {
    return this.#facts.id !== undefined;
  }

  get health() {
    return this.#facts.health_status?.status ?? "healthy";
  }

  /** Why its health is not good, in its own words. */
  get reason() {
    return this.#facts.health_status?.reason ?? "";
  }

  /** Since when its condition is what it is; 0 where nobody knows. */
  get conditionSince() {
    return this.condition === "late" || this.condition === "unknown" ? this.lastSeen : this.since;
  }

  /** How it is, but for being late. */
  get state() {
    return nameState(this.status, this.health);
  }

  get isOnline() {
    return isOnline(this.status);
  }

  /**
   * By what no work is to be given to it: its own holds, and those of its hive.
   *
   * @returns {import('../view/holds.js').Hold[]}
   */
  get holds() {
    return this.#facts.holds ?? NO_HOLDS;
  }

  get isAvailable() {
    return this.holds.length === 0 && isAvailable(this.status, this.health, this.#takesMore);
  }

  /** Since when it has nothing to do; 0 while it has, or where nobody knows. */
  get idleSince() {
    const { running, waiting } = this.#facts;
    const isFree = ["ready", "online"].includes(this.status) && !running && !waiting;

    return isFree ? Math.max(this.since, this.#advancedAt) : 0;
  }

  get #takesMore() {
    const { slots, running } = this.#facts;

    return this.kind === "hive" || (Number.isFinite(running) && running < slots);
  }

  /** How far apart its heartbeats usually are; 0 as long as that is not known. */
  get interval() {
    return this.#rhythm.interval;
  }

  /** Everything that is shown of it, in lower case: what can be found. */
  get text() {
    const { hostname, port } = this.#facts;

    this.#text ||= [
      this.id, this.condition, this.status, this.reason, this.holds.length > 0 && "held",
      ...MEMBERS.flatMap(([member]) => this.#facts[member]).filter((said) => typeof said === "string"),
      port && `${hostname ?? ""}:${port}`,
    ].filter(Boolean).join("\n").toLowerCase();
    return this.#text;
  }

  /**
   * Whether nothing can have been between what is known and what a list says now.
   *
   * @param {Record<string, any>} facts
   */
  isRightBefore({ heartbeats }) {
    return heartbeats === this.#heartbeats && heartbeats - this.#facts.heartbeats <= 1;
  }

  /** Events were lost: who knows what it has been since. */
  breakOff() {
    this.followsTold = this.followsKnown = false;
    this.#heartbeats = NaN;
  }

  /**
   * Whether more is known than what was made then: a list may come before the past is told.
   *
   * @param {number} stamp ms, by the queen's clock
   */
  isPast(stamp) {
    return stamp < this.#knownUntil;
  }

  /**
   * @param {string} status
   * @param {number} at
   * @param {number} stamp of the queen, ms
   */
  beat(status, at, stamp) {
    this.#hear(status, at, this.lastSeen, this.isOnline);
    if (status !== this.status) this.since = this.status === "unknown" ? 0 : at;
    this.status = status;
    this.#knownUntil = stamp;
    this.followsKnown = true;
  }

  /**
   * How it came to what is known: that stays as it is.
   *
   * @param {string} status
   * @param {number} at
   */
  recall(status, at) {
    this.#hear(status, at, this.#toldAt, isOnline(this.told));
    this.followsKnown ||= status === this.status;
  }

  /**
   * @param {Record<string, any>} facts
   * @param {number} clockOffset of this machine's clock, to the queen's
   * @param {boolean} isNewer whether the stream has said nothing since
   */
  learn(facts, clockOffset, isNewer) {
    const seen = Date.parse(facts.last_seen) + clockOffset || 0;

    if (this.isListed && facts.progress > this.#facts.progress) {
      this.advances++;
      this.#advancedAt = seen;
    }
    this.#facts = facts;
    this.#heartbeats = facts.heartbeats;
    if (isNewer) this.#becomeListed(facts);
    if (this.status === facts.status.toLowerCase())
      this.since = Date.parse(facts.since) + clockOffset || 0;
    this.lastSeen = Math.max(this.lastSeen, seen);
    this.#rhythm.suppose(
      (Date.parse(facts.last_seen) - Date.parse(facts.first_seen)) / (facts.heartbeats - 1));
    this.#text = "";
  }

  /** @param {number} now */
  settle(now) {
    const isLate = this.lastSeen > 0 && now - this.lastSeen > this.#rhythm.patience;
    const { state } = this;
    const condition = isLate && this.isOnline && state === this.status ? "late" : state;

    if (condition !== this.condition) this.#text = "";
    this.condition = condition;
    this.isProblem = PROBLEMS.includes(condition) && (condition !== "unknown" || isLate);
  }

  /** @param {Record<string, any>} facts */
  #becomeListed({ status, since, last_seen: seen }) {
    this.status = status.toLowerCase();
    this.followsKnown = true;
    /* What was made in the same millisecond is in the list. */
    this.#knownUntil = Math.max(Date.parse(seen) || 0, Date.parse(since) || 0) + 1;
  }

  /**
   * @param {string} status
   * @param {number} at
   * @param {number} before when it gave the sign of life before
   * @param {boolean} wasOnline
   */
  #hear(status, at, before, wasOnline) {
    const isSign = status !== "offline"; /* falling silent is no sign of life */

    if (isSign && wasOnline && before) this.#rhythm.add(at - before);
    if (isSign) this.lastSeen = Math.max(this.lastSeen, at);
    if (isSign) this.#heartbeats++;
    this.track.add(at, status);
    this.lastHeard = Math.max(this.lastHeard, at);
    this.told = status;
    this.followsTold = true;
    this.#toldAt = at;
  }
}
