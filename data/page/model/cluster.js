// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { listArrival } from "./arrival.js";
import { Attention } from "./attention.js";
import { WINDOW } from "./beat-track.js";
import { Component } from "./component.js";
import { Groups } from "./groups.js";
import { FORGOTTEN } from "./journal.js";
import { MOST } from "./most.js";
import { Rates } from "./rates.js";
import { Tally } from "./tally.js";

/**
 * @typedef {import('../stream/parse.js').Happening} Happening
 * @typedef {import('../stream/parse.js').Census} Census
 * @typedef {import('../stream/roster.js').RosterPart} RosterPart
 * @typedef {'worker' | 'hive'} Kind
 *
 * @typedef {object} Change somebody is not as before
 * @property {Component} component
 * @property {number} at ms
 * @property {string} from what it was before; `""` where nobody knows
 * @property {string} to `""` where nobody knows, which is so of somebody new only
 * @property {boolean} isNew whether nothing was known of it before
 * @property {boolean} isNext whether it is known that nothing was in between
 */

const MEMBERS = /** @type {const} */ ({
  worker: ["workersOnline", "workersAvailable"],
  hive: ["hivesOnline", "hivesAvailable"],
});

/** Everybody the queen knows, kept up to date by what the stream says. */
export class Cluster {
  /** @type {Map<string, Component>} by key */
  components = new Map();
  groups = new Groups();
  rates = new Rates();
  attention = new Attention();
  tallies = { worker: new Tally(), hive: new Tally() };
  /** @type {Census | null} */
  census = null;
  /** @type {Set<string>} keys of those who have changed since this was last emptied */
  changed = new Set();
  /** ms: who is first seen later is new */
  watchedSince = Infinity;
  #clockOffset = 0;
  #epoch = "";
  #number = -1;
  /** @type {Set<number>} stamps of the queen's own heartbeats since the event of that number */
  #beats = new Set();
  /** @type {Map<string, Set<string>>} kind to ids, while a list comes in */
  #listed = new Map();
  /** @type {Set<string>} kinds of which a whole list has come */
  #areListed = new Set();
  /** @type {Map<string, number>} kind to when its list was asked for, ms */
  #listedAt = new Map();
  /** how many the longest list had, or any queen's may have */
  #most = { worker: MOST, hive: MOST };
  #onChange;

  /** @param {(change: Change) => void} onChange called again when more is known of a change */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {Kind} kind whether all of them are known */
  isListed(kind) {
    return this.#areListed.has(kind);
  }

  /**
   * @param {Happening} happening
   * @returns {boolean} whether it is news
   */
  take(happening) {
    if (this.#isKnown(happening)) return false;
    if (happening.census) this.#takeCensus(happening);
    else if (happening.id !== undefined) this.#takeBeat(happening);
    return true;
  }

  /**
   * @param {RosterPart} part
   * @param {number} clockOffset ms: of this machine's clock, to the queen's
   */
  takeRoster(part, clockOffset) {
    this.#clockOffset = clockOffset;
    if (part.isList && part.isFirst) this.#listed.set(part.kind, new Set());
    const listed = part.isList ? this.#listed.get(part.kind) : undefined;

    for (const facts of part.components) {
      this.#takeFacts(part, facts);
      listed?.add(facts.id);
    }
    if (part.missing !== undefined) this.#dropMissing(part.kind, part.missing, part.askedAt);
    if (!listed || !part.isLast) return;
    this.#listed.delete(part.kind);
    this.#most[part.kind] = Math.max(this.#most[part.kind], listed.size);
    this.#dropUnlisted(part.kind, listed, part.askedAt);
    this.#areListed.add(part.kind);
    this.#listedAt.set(part.kind, part.askedAt);
    this.#recount(part.kind);
  }

  /**
   * @param {Component} component
   * @param {any} facts that the queen has told of it alone
   * @param {number} askedAt ms
   */
  takeOne(component, facts, askedAt) {
    this.#takeFacts({ kind: component.kind, askedAt }, facts);
  }

  /** @param {Component} hive */
  workersOf(hive) {
    if (hive.kind !== "hive") return [];
    if (this.groups.view === "hive") return this.groups.groupOf(hive)?.workers ?? [];
    return [...this.components.values()].filter(({ facts }) => facts.hive_id === hive.id);
  }

  /** @param {Component} component that the queen was made to forget */
  forget(component) {
    this.#drop(new Set([component]), Date.now());
  }

  /**
   * Time has passed, and somebody may be late.
   *
   * @param {number} now ms
   */
  pass(now) {
    for (const component of this.components.values()) {
      const { condition, isProblem } = component;
      component.settle(now);
      if (component.condition === condition && component.isProblem === isProblem) continue;
      this.#note(component);
    }
  }

  /* A tab that joins a stream again is told again. */
  /** @param {Happening} happening */
  #isKnown(happening) {
    const { number, epoch = "", stamp = 0, census } = happening;

    if (number === undefined) return false;
    if (epoch !== this.#epoch) this.#number = -1;
    /* Before the first event nothing is missing. */
    const isGap = this.#epoch !== "" && number > this.#number + Number(!census);
    this.#epoch = epoch;
    if (isGap) for (const component of this.components.values()) component.breakOff();
    if (number > this.#number) this.#beats.clear();
    else if (number < this.#number || !census || this.#beats.has(stamp)) return true;
    this.#number = number;
    if (census) this.#beats.add(stamp);
    return false;
  }

  /** @param {Happening} happening */
  #takeCensus(happening) {
    const census = /** @type {Census} */ (happening.census);

    this.rates.noteOnline(happening.at, census.workersOnline);
    if (!happening.isPast) this.census = { ...census };
  }

  /** @param {Happening} happening */
  #takeBeat(happening) {
    const { kind, id = "", status = "", at, stamp = 0 } = happening;

    if (this.#isForgotten(happening) || this.#isOneTooMany(happening)) return;
    const component = this.#getOrAdd(/** @type {Kind} */ (kind), id);
    const alter = () => this.#alter(component, {
      isNext: component.followsKnown,
      apply: () => component.beat(status, at, stamp),
      place: (change) => (change.at = component.chronicle.add(at)),
    });

    this.rates.countBeat(at);
    if (component.isPast(stamp)) return this.#recall(component, happening);
    if (!component.isListed) component.first ??= { status, at: component.chronicle.add(at), stamp };
    if (happening.isPast) alter();
    else this.#countOn(component, alter);
  }

  /* What is told of the past may be about somebody whom the list does not have any more. */
  /** @param {Happening} happening */
  #isForgotten({ kind, id, at, isPast }) {
    const listedAt = this.#listedAt.get(/** @type {Kind} */ (kind)) ?? -Infinity;

    return isPast && at < listedAt && !this.components.has(`${kind}/${id}`);
  }

  /* That somebody was forgotten for a newcomer is no event. Where more and more come, a list says who
   * is left. */
  /** @param {Happening} happening */
  #isOneTooMany({ kind, id }) {
    return this.#areTooMany(/** @type {Kind} */ (kind)) && !this.components.has(`${kind}/${id}`);
  }

  /** @param {Kind} kind */
  #areTooMany(kind, lost = 0) {
    return this.tallies[kind].known - lost >= this.#most[kind];
  }

  /* More is known already: this tells how it came to that. */
  /**
   * @param {Component} component
   * @param {Happening} happening
   */
  #recall(component, { status = "", at, stamp = 0 }) {
    const { told, followsTold: isNext } = component;
    const from = told === "unknown" || told === status ? "" : told;

    component.recall(status, at);
    component.settle(Date.now());
    this.#note(component);
    /* How healthy a hive was is in no heartbeat. */
    if (component.kind === "hive" || (told === status && isNext)) return;
    const { at: when, foretold } = component.chronicle.recall(at, stamp, status);
    if (foretold) this.#amend(foretold, { from, to: status, isNext });
    else if (from) this.#onChange({ component, at: when, from, to: status, isNew: false, isNext });
  }

  /**
   * What a list has told is known better now.
   *
   * @param {Change} change
   * @param {{ from: string, to: string, isNext: boolean }} known
   */
  #amend(change, { from, to, isNext }) {
    change.to = to;
    if (from && !change.isNew) Object.assign(change, { from, isNext });
    this.#onChange(change);
  }

  /* The queen counts every 2.5 s; between her words, what changes is counted here. */
  /**
   * @param {Component} component
   * @param {() => void} change
   */
  #countOn(component, change) {
    const wasOnline = component.isOnline, wasAvailable = component.isAvailable;

    change();
    /* Who is new to us may be counted already, until we know who is listed. */
    if (!this.census || !this.#areListed.has(component.kind)) return;
    const [online, available] = MEMBERS[component.kind];
    this.census[online] += Number(component.isOnline) - Number(wasOnline);
    this.census[available] += Number(component.isAvailable) - Number(wasAvailable);
  }

  /**
   * @param {{ kind: Kind, askedAt: number }} part
   * @param {any} facts
   */
  #takeFacts(part, facts) {
    const component = this.#getOrAdd(part.kind, facts.id);
    const clockOffset = this.#clockOffset;
    const firstSeen = Date.parse(facts.first_seen) + clockOffset;
    const isNew = !component.isListed && firstSeen > this.watchedSince;
    /* What the stream has said since is newer. */
    const isNewer = component.lastHeard < part.askedAt;
    const since = Date.parse(facts.since) + clockOffset || part.askedAt;

    this.#alter(component, {
      isNext: component.isRightBefore(facts),
      apply: () => component.learn(facts, clockOffset, isNewer),
      place: (change) => {
        change.at = since;
        component.chronicle.foretell(change, Date.parse(facts.since));
      },
    });
    this.groups.place(component);
    if (!isNew) return;
    for (const change of listArrival(component, facts, clockOffset)) this.#onChange(change);
  }

  /* The one place where somebody becomes different. */
  /**
   * @param {Component} component
   * @param {{ isNext: boolean, apply: () => void, place: (change: Change) => void }} how `place`
   *   says when it was
   */
  #alter(component, { isNext, apply, place }) {
    /* Of a hive's health nobody knows before the list has come. */
    const isKnown = component.kind === "worker" || component.isListed;
    const from = isKnown ? component.state : "unknown";

    apply();
    component.settle(Date.now());
    this.#note(component);
    const to = component.state;
    /* Who has not been heard of has no state that could have changed. */
    if (from === to || from === "unknown" || to === "unknown") return;
    const change = { component, at: 0, from, to, isNew: false, isNext };
    place(change);
    this.#onChange(change);
  }

  /** @param {Component} component */
  #note(component) {
    this.tallies[component.kind].count(component);
    this.attention.note(component);
    this.groups.touch(component);
    this.changed.add(component.key);
  }

  /**
   * @param {Kind} kind
   * @param {Set<string>} listed
   * @param {number} askedAt
   */
  #dropUnlisted(kind, listed, askedAt) {
    /** @type {Set<Component>} */
    const lost = new Set();

    for (const component of this.components.values()) {
      if (component.kind !== kind || listed.has(component.id)) continue;
      if (this.#lose(component, askedAt, lost.size)) lost.add(component);
    }
    this.#drop(lost, askedAt);
  }

  /**
   * @param {Kind} kind
   * @param {string} id
   * @param {number} askedAt
   */
  #dropMissing(kind, id, askedAt) {
    const component = this.components.get(`${kind}/${id}`);

    if (component && this.#lose(component, askedAt, 0)) this.#drop(new Set([component]), askedAt);
  }

  /* A queen who has started anew has not forgotten anybody: she has yet to hear of them. */
  /**
   * @param {Component} component that the queen does not know
   * @param {number} askedAt
   * @param {number} lost how many others are to be dropped
   * @returns {boolean} whether it is to be dropped
   */
  #lose(component, askedAt, lost) {
    if (component.lastHeard >= askedAt) return false;
    const hasEnded = component.status === "offline" || component.status === "stopped";

    const isOver = hasEnded || component.lastSeen <= askedAt - WINDOW * 1000;

    if (isOver || this.#areTooMany(component.kind, lost)) return true;
    this.#alter(component, {
      isNext: false, apply: () => (component.status = "unknown"), place: () => {} });
    return false;
  }

  /** @param {Kind} kind */
  #recount(kind) {
    const [online, available] = MEMBERS[kind];

    if (!this.census) return;
    this.census[online] = this.tallies[kind].online;
    this.census[available] = this.tallies[kind].available;
  }

  /**
   * @param {Set<Component>} components
   * @param {number} at ms
   */
  #drop(components, at) {
    this.groups.removeAll(components);
    for (const component of components) {
      const { key, kind, state: from, followsKnown: isNext } = component;

      this.components.delete(key);
      this.tallies[kind].discount(component);
      this.attention.drop(component);
      this.changed.add(key);
      this.#onChange({ component, at, from, to: FORGOTTEN, isNew: false, isNext });
    }
    /* Of a tab that nobody sees nothing is drawn, and all the while others come and go. */
    if (this.changed.size > 4 * MOST) this.changed = new Set(this.components.keys());
  }

  /**
   * @param {Kind} kind
   * @param {string} id
   */
  #getOrAdd(kind, id) {
    let component = this.components.get(`${kind}/${id}`);

    if (!component) {
      component = new Component(kind, id);
      this.components.set(component.key, component);
      this.groups.place(component);
    }
    return component;
  }
}
