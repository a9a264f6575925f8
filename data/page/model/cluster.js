// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { WINDOW } from "./beat-track.js";
import { Component } from "./component.js";
import { Groups } from "./groups.js";
import { Rates } from "./rates.js";

/**
 * @typedef {import('../stream/parse.js').Happening} Happening
 * @typedef {import('../stream/parse.js').Census} Census
 * @typedef {import('../stream/roster.js').RosterPart} RosterPart
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
  /** @type {Census | null} */
  census = null;
  /** @type {Set<string>} keys of those who have changed since this was last emptied */
  changed = new Set();
  #life = "";
  #number = -1;
  /** @type {Set<number>} stamps of the queen's own heartbeats since the event of that number */
  #beats = new Set();
  /** @type {Map<string, Set<string>>} kind to ids, while a list comes in */
  #listed = new Map();
  /** @type {Set<string>} kinds of which a whole list has come */
  #areListed = new Set();

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

  /** @param {RosterPart} part */
  takeRoster(part) {
    if (part.isList && part.isFirst) this.#listed.set(part.kind, new Set());
    const listed = part.isList ? this.#listed.get(part.kind) : undefined;

    for (const facts of part.components) {
      this.#takeFacts(part.kind, facts, part.askedAt);
      listed?.add(facts.id);
    }
    if (part.missing !== undefined) this.#dropMissing(part.kind, part.missing, part.askedAt);
    if (!listed || !part.isLast) return;
    this.#listed.delete(part.kind);
    this.#dropUnlisted(part.kind, listed, part.askedAt);
    this.#areListed.add(part.kind);
    this.#recount(part.kind);
  }

  /* A tab that joins a stream again is told again. */
  /** @param {Happening} happening */
  #isKnown(happening) {
    const { number, life = "", stamp = 0, census } = happening;

    if (number === undefined) return false;
    if (life !== this.#life) this.#number = -1;
    this.#life = life;
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
    const component = this.#getOrAdd(
      /** @type {'worker' | 'hive'} */ (happening.kind), happening.id ?? "");

    if (happening.isPast) component.beat(happening.status ?? "", happening.at);
    else this.#count(component, () => component.beat(happening.status ?? "", happening.at));
    this.rates.countBeat(happening.at);
    this.changed.add(component.key);
  }

  /* The queen counts every 2.5 s; between her words, what changes is counted here. */
  /**
   * @param {Component} component
   * @param {() => void} change
   */
  #count(component, change) {
    const wasOnline = component.isOnline, wasAvailable = component.isAvailable;

    change();
    /* Who is new to us may be counted already, until we know who is listed. */
    if (!this.census || !this.#areListed.has(component.kind)) return;
    const [online, available] = MEMBERS[component.kind];
    this.census[online] += Number(component.isOnline) - Number(wasOnline);
    this.census[available] += Number(component.isAvailable) - Number(wasAvailable);
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {any} facts
   * @param {number} askedAt
   */
  #takeFacts(kind, facts, askedAt) {
    const component = this.#getOrAdd(kind, facts.id);

    component.facts = facts;
    /* What the stream has said since is newer. */
    if (component.lastSeen < askedAt) component.status = facts.status.toLowerCase();
    if (!component.lastSeen) component.lastSeen = Date.parse(facts.last_seen) || 0;
    this.groups.place(component);
    this.changed.add(component.key);
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {Set<string>} listed
   * @param {number} askedAt
   */
  #dropUnlisted(kind, listed, askedAt) {
    for (const component of this.components.values()) {
      if (component.kind !== kind || listed.has(component.id)) continue;
      this.#lose(component, askedAt);
    }
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   * @param {number} askedAt
   */
  #dropMissing(kind, id, askedAt) {
    const component = this.components.get(`${kind}/${id}`);

    if (component) this.#lose(component, askedAt);
  }

  /* A queen who has started anew has not forgotten anybody: she has yet to hear of them. */
  /**
   * @param {Component} component that the queen does not know
   * @param {number} askedAt
   */
  #lose(component, askedAt) {
    if (component.lastSeen >= askedAt) return;
    if (component.status !== "offline" && component.lastSeen > askedAt - WINDOW * 1000)
      component.status = "unknown";
    else this.#drop(component);
    this.changed.add(component.key);
  }

  /** @param {'worker' | 'hive'} kind */
  #recount(kind) {
    const [online, available] = MEMBERS[kind];

    if (!this.census) return;
    this.census[online] = this.census[available] = 0;
    for (const component of this.components.values()) {
      if (component.kind !== kind) continue;
      this.census[online] += Number(component.isOnline);
      this.census[available] += Number(component.isAvailable);
    }
  }

  /** @param {Component} component */
  #drop(component) {
    this.components.delete(component.key);
    this.groups.remove(component);
  }

  /**
   * @param {'worker' | 'hive'} kind
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
