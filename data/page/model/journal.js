// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { isWork as comesWithWork } from "./status.js";

const CAPACITY = 2000;
const TOGETHER = 300000; /* ms: what goes to and fro within that time is one thing */
const TURNS = 2; /* that have a line each: gone, and back again; before it, it was new */

/** What somebody becomes whom the queen does not know any more. */
export const FORGOTTEN = "forgotten";

/**
 * @typedef {object} Entry
 * @property {number} serial
 * @property {number} at ms
 * @property {'queen' | 'worker' | 'hive' | 'note'} kind
 * @property {string} id
 * @property {string} from what it was, where that has changed
 * @property {string} status what it is
 * @property {string} text
 * @property {boolean} isBeat a heartbeat like any other
 * @property {number} count how often it has happened
 * @property {number} turn how many changes of the same one were shortly before
 * @property {Set<string>} states it has been in
 * @property {Set<string>} ids all whom it happened to
 */

/**
 * The newest first. What is told from the past comes after what has happened since.
 *
 * @param {Entry} a
 * @param {Entry} b
 */
export const compareEntries = (a, b) => b.at - a.at || b.serial - a.serial;

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

/** The last things that happened, as lines. Who goes to and fro has one line for it all. */
export class Journal {
  /** @type {Entry[]} changes and notes */
  #entries = [];
  /** @type {Entry[]} apart from the others, as they are many */
  #beats = [];
  /** @type {Map<string, Entry>} component's key to the last change that it had */
  #last = new Map();
  /** @type {Entry | null} the newest line, if it is of workers that go to and from work */
  #work = null;
  #serial = 0;

  /** @param {string} text */
  addNote(text, at = Date.now()) {
    this.#add({ at, kind: "note", text });
    this.#work = null;
  }

  /**
   * @param {'queen' | 'worker' | 'hive'} kind
   * @param {{ at: number, id?: string, status?: string, text?: string }} beat
   */
  addBeat(kind, beat) {
    this.#beats.push(this.#make({ ...beat, kind, isBeat: true }));
    if (this.#beats.length > 2 * CAPACITY) this.#beats = this.#beats.slice(-CAPACITY);
  }

  /** @param {import('./cluster.js').Change} change */
  addChange({ component: { key, kind, id }, at, from, to }) {
    const isWork = comesWithWork(from) && comesWithWork(to);
    const last = isWork ? this.#work : this.#last.get(key);
    /* What is told late has a line of its own, and what came after it stays the last. */
    const isLate = last && at < last.at;
    const isRecent = last && !isLate && at - last.at < TOGETHER;
    const isToAndFro = isRecent && last.states.has(to) && (isWork || last.turn >= TURNS);
    const entry = isToAndFro ? this.#renew(last)
      : this.#add({ kind, from, states: new Set([from]), turn: from && isRecent ? last.turn + 1 : 0 });

    Object.assign(entry, { at, kind, id, status: to, text: from ? "" : "new" });
    entry.states.add(to);
    entry.ids.add(id);
    if (isLate) return;
    this.#work = isWork ? entry : null;
    if (!isWork) this.#last.set(key, entry);
    if (to === FORGOTTEN) this.#last.delete(key);
  }

  get serial() {
    return this.#serial;
  }

  /**
   * @param {number} after serial
   * @param {(entry: Entry) => boolean} accept
   * @param {number} most
   * @param {boolean} withBeats
   * @returns {Entry[]} the newest first
   */
  list(after, accept, most, withBeats) {
    const found = collect(this.#entries, after, accept);

    if (withBeats) found.push(...collect(this.#beats, after, accept));
    return found.sort(compareEntries).slice(0, most);
  }

  /** @param {Entry} entry that has happened once more */
  #renew(entry) {
    this.#entries.splice(this.#entries.lastIndexOf(entry), 1);
    this.#entries.push(entry);
    entry.count++;
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
      serial: ++this.#serial, at: 0, kind: "note", id: "", from: "", status: "", text: "",
      isBeat: false, count: 1, turn: 0, states: new Set(), ids: new Set(), ...entry,
    };
  }
}
