// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { isWork } from "./status.js";

const CAPACITY = 2000;
const TOGETHER = 300000; /* ms: what goes to and fro within that time is one thing */
const TURNS = 1; /* times that it is back as it was, with a line each: the first need not go on */

/** What somebody becomes whom the queen does not know any more. */
export const FORGOTTEN = "forgotten";

/**
 * @typedef {import('./cluster.js').Change} Change
 *
 * @typedef {object} Entry
 * @property {number} serial
 * @property {number} at ms: where it stands
 * @property {number} until ms: when the last of it was
 * @property {'queen' | 'worker' | 'hive' | 'note'} kind
 * @property {string} id
 * @property {string} from what it was right before, where that is known
 * @property {string} status what it is
 * @property {string} text
 * @property {boolean} isBeat a heartbeat like any other
 * @property {number} count how often it has happened
 * @property {number} turn how often the same one was back as it had been, shortly before
 * @property {Set<string>} states it has been in
 * @property {Change | null} change the last of it
 */

/**
 * The newest first. What is told from the past comes after what has happened since.
 *
 * @param {Entry} a
 * @param {Entry} b
 */
export const compareEntries = (a, b) => b.at - a.at || b.serial - a.serial;

/** @param {string[]} states whether they come and go with the work that there is */
const areWork = (...states) => states.every(isWork);

/**
 * @param {Entry[]} entries in order of their serials
 * @param {number} after serial
 * @param {(entry: Entry) => boolean} accept
 */
function collect(entries, after, accept) {
  const found = [];

  for (let i = entries.length - 1; i >= 0 && entries[i].serial > after; i--)
    if (accept(entries[i])) found.push(entries[i]);
  return found;
}

/**
 * The last things that happened, as lines. Who goes to and fro has one line for it all. Where that is
 * by the work that there is, the line stays where it began: work goes on all the time, and what has
 * happened besides would be out of sight at once.
 */
export class Journal {
  /** @type {Entry[]} changes and notes */
  #entries = [];
  /** @type {Entry[]} apart from the others, as they are many */
  #beats = [];
  /** @type {Map<string, Entry>} component's key to the last change that it had, but for work */
  #last = new Map();
  /** @type {Map<string, Entry>} the same for going to and from work, since that last change */
  #work = new Map();
  /** @type {WeakMap<Change, Entry>} */
  #written = new WeakMap();
  #serial = 0;

  /** @param {string} text */
  addNote(text, at = Date.now()) {
    this.#add({ at, kind: "note", text });
  }

  /**
   * @param {'queen' | 'worker' | 'hive'} kind
   * @param {{ at: number, id?: string, status?: string, text?: string }} beat
   */
  addBeat(kind, beat) {
    this.#beats.push(this.#make({ ...beat, kind, isBeat: true }));
    if (this.#beats.length > 2 * CAPACITY) this.#beats = this.#beats.slice(-CAPACITY);
  }

  /** @param {Change} change that is new, or of which more is known now */
  addChange(change) {
    const entry = this.#written.get(change);

    if (!entry) this.#write(change);
    else if (entry.change === change) this.#tell(this.#renew(entry), change);
  }

  get serial() {
    return this.#serial;
  }

  /**
   * @param {number} after serial
   * @param {(entry: Entry) => boolean} accept
   * @param {boolean} withBeats
   * @returns {Entry[]} the newest first
   */
  list(after, accept, withBeats) {
    const found = collect(this.#entries, after, accept);

    if (withBeats) found.push(...collect(this.#beats, after, accept));
    return found.sort(compareEntries);
  }

  /** @param {Change} change */
  #write(change) {
    const { component: { key }, at, from, to, isNew } = change;
    const byWork = areWork(from, to);
    const last = (byWork ? this.#work : this.#last).get(key);
    /* What is told late has a line of its own, and what came after it stays the last. */
    const isLate = [this.#work, this.#last].some((lines) => at < (lines.get(key)?.until ?? at));
    const isRecent = last !== undefined && !isLate && at - last.until < TOGETHER;
    const isBack = isRecent && [...last.states].some((state) => state === to || areWork(state, to));
    const isToAndFro = isBack && (byWork || last.turn >= TURNS);
    const entry = isToAndFro ? this.#renew(last)
      : this.#add({ at, turn: isRecent ? last.turn + Number(isBack) : 0, text: isNew ? "new" : "" });

    if (isToAndFro) entry.count++;
    if (!byWork) entry.at = at;
    entry.until = at;
    this.#tell(entry, change);
    if (!isLate) (byWork ? this.#work : this.#last).set(key, entry);
    if (!isLate && !byWork) this.#work.delete(key);
    if (to === FORGOTTEN) this.#forget(key);
  }

  /* Nothing is to be compared with it any more, whatever the clocks say of when that was. */
  /** @param {string} key */
  #forget(key) {
    this.#last.delete(key);
    this.#work.delete(key);
  }

  /**
   * @param {Entry} entry
   * @param {Change} change its newest
   */
  #tell(entry, change) {
    const { component: { kind, id }, from, to, isNext } = change;

    Object.assign(entry, { kind, id, from: isNext ? from : "", status: to, change });
    for (const state of [from, to]) if (state) entry.states.add(state);
    this.#written.set(change, entry);
  }

  /** @param {Entry} entry of which there is something new */
  #renew(entry) {
    const place = this.#entries.lastIndexOf(entry);

    if (place >= 0) this.#entries.splice(place, 1);
    this.#entries.push(entry);
    entry.serial = ++this.#serial;
    return entry;
  }

  /** @param {Partial<Entry>} entry */
  #add(entry) {
    const whole = this.#make(entry);

    this.#entries.push(whole);
    if (this.#entries.length > 2 * CAPACITY) this.#entries = this.#entries.slice(-CAPACITY);
    return whole;
  }

  /**
   * @param {Partial<Entry>} entry
   * @returns {Entry}
   */
  #make(entry) {
    return {
      serial: ++this.#serial, at: 0, until: 0, kind: "note", id: "", from: "", status: "", text: "",
      isBeat: false, count: 1, turn: 0, states: new Set(), change: null, ...entry,
    };
  }
}
