// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { Filter } from "./filter.js";

const order = new Intl.Collator(undefined, { numeric: true });
const RANKS = ["hive", "host", "model", "rest"]; /* those that belong nowhere come last */

/**
 * @typedef {import('./component.js').Component} Component
 * @typedef {'hive' | 'model'} GroupsView
 */

/**
 * Where something is in a sorted list, or should be. A list mostly comes in order.
 *
 * @template T
 * @param {T[]} list
 * @param {(other: T) => number} judge less than 0 where `other` comes before it
 */
function search(list, judge) {
  let low = 0, high = list.length;

  if (high > 0 && judge(list[high - 1]) < 0) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (judge(list[middle]) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {{ id: string, key: string }} a
 * @param {{ id: string, key: string }} b
 */
function compare(a, b) {
  return order.compare(a.id, b.id) || (a.key < b.key ? -1 : Number(a.key > b.key));
}

/**
 * @param {Component[]} workers
 * @param {Component} worker
 */
function searchWorker(workers, worker) {
  return search(workers, (other) => compare(other, worker));
}

/** A hive with its workers; a machine, or nobody, whose workers have no hive; or a model. */
export class Group {
  /** @type {Component | null} */
  hive = null;
  /** @type {Component[]} */
  workers = [];
  /** @type {Row[] | null} of it, as long as nothing has changed */
  rows = null;

  /** @param {string} key */
  constructor(key) {
    const slash = key.indexOf("/");

    this.key = key;
    this.kind = key.slice(0, slash);
    this.id = key.slice(slash + 1);
  }
}

/**
 * @param {Component} component
 * @param {GroupsView} view
 * @returns {string | null} the key of its group; null where it is not shown
 */
function keyOf({ kind, id, facts }, view) {
  if (view === "model") {
    if (kind === "hive") return null;
    return facts.model_id ? `model/${facts.model_id}` : "rest/";
  }
  if (kind === "hive") return `hive/${id}`;
  if (facts.hive_id) return `hive/${facts.hive_id}`;
  return facts.hostname ? `host/${facts.hostname}` : "rest/";
}

/**
 * @typedef {object} Row
 * @property {string} key of the component, or of the group where that has none
 * @property {Group} group
 * @property {Component | null} component
 * @property {1 | 2} level
 * @property {boolean} isFolded
 */

/** Everybody in the order in which they are shown: by hive, or by model. */
export class Groups {
  filter = new Filter();
  /** @type {GroupsView} */
  #view = "hive";
  /** @type {Group[]} */
  #sorted = [];
  /** @type {Map<string, Group>} */
  #byKey = new Map();
  /** @type {Map<Component, Group | null>} where everybody is */
  #places = new Map();
  /** @type {Map<string, boolean>} group's key to whether somebody folded it, or unfolded it */
  #folds = new Map();
  #areFolded = false;
  /** @type {Row[] | null} */
  #rows = null;
  /** @type {Set<Component>} who is in the rows, where not everybody is */
  #accepted = new Set();

  /** @param {Component} component that is new, or whose facts have changed */
  place(component) {
    const old = this.#places.get(component);
    const key = keyOf(component, this.#view);

    if (old !== undefined && (old?.key ?? null) === key) return;
    if (old !== undefined) this.remove(component);
    const group = key === null ? null : this.#byKey.get(key) ?? this.#addGroup(key);
    if (group && component.kind === "hive") group.hive = component;
    else if (group) group.workers.splice(searchWorker(group.workers, component), 0, component);
    this.#places.set(component, group);
    this.#spoil(group);
  }

  /** @param {Component} component */
  remove(component) {
    const group = this.#places.get(component);

    this.#places.delete(component);
    this.#accepted.delete(component);
    if (!group) return;
    if (component.kind === "hive") group.hive = null;
    else group.workers.splice(searchWorker(group.workers, component), 1);
    if (!group.hive && group.workers.length === 0) {
      this.#byKey.delete(group.key);
      this.#sorted.splice(this.#sorted.indexOf(group), 1);
    }
    this.#spoil(group);
  }

  /**
   * The same for many: one by one, each would be looked for among all.
   *
   * @param {Set<Component>} components
   */
  removeAll(components) {
    /** @type {Set<Group>} */
    const groups = new Set();

    for (const component of components) {
      const group = this.#places.get(component);
      this.#places.delete(component);
      this.#accepted.delete(component);
      if (!group) continue;
      if (component.kind === "hive") group.hive = null;
      groups.add(group);
    }
    for (const group of groups) {
      group.workers = group.workers.filter((worker) => !components.has(worker));
      if (!group.hive && group.workers.length === 0) this.#byKey.delete(group.key);
      this.#spoil(group);
    }
    this.#sorted = this.#sorted.filter(({ key }) => this.#byKey.has(key));
  }

  /** @param {Component} component of which something has changed */
  touch(component) {
    if (!this.filter.isActive) return;
    if (this.filter.accepts(component) !== this.#accepted.has(component))
      this.#spoil(this.groupOf(component));
  }

  /** The filter has changed. */
  refilter() {
    this.#spoilAll();
  }

  /** @param {Component} component */
  groupOf(component) {
    return this.#places.get(component) ?? null;
  }

  /** How many there are, folded or not. */
  get size() {
    return this.#places.size;
  }

  get view() {
    return this.#view;
  }

  /** @param {GroupsView} view */
  setView(view) {
    const everybody = [...this.#places.keys()];

    if (view === this.#view) return;
    this.#view = view;
    this.#places.clear();
    this.#byKey.clear();
    this.#sorted = [];
    for (const component of everybody) this.place(component);
    this.#rows = null;
  }

  /**
   * @param {Group} group
   * @param {boolean} isFolded
   */
  fold(group, isFolded) {
    this.#folds.set(group.key, isFolded);
    if (isFolded === this.#areFolded) this.#folds.delete(group.key);
    this.#spoil(group);
  }

  /** @param {boolean} areFolded those of whom nobody has said so */
  foldAll(areFolded) {
    if (areFolded === this.#areFolded) return;
    this.#areFolded = areFolded;
    this.#spoilAll();
  }

  /** @param {boolean} isFolded */
  listFolds(isFolded) {
    return [...this.#folds].filter(([, is]) => is === isFolded).map(([key]) => key);
  }

  /**
   * @param {string[]} folded keys of groups
   * @param {string[]} unfolded
   */
  setFolds(folded, unfolded) {
    this.#folds = new Map([
      ...folded.map((key) => /** @type {[string, boolean]} */ ([key, true])),
      ...unfolded.map((key) => /** @type {[string, boolean]} */ ([key, false])),
    ]);
    this.#spoilAll();
  }

  get rows() {
    this.#rows ??= this.#sorted.flatMap((group) => (group.rows ??= this.#list(group)));
    return this.#rows;
  }

  /** @param {Group | null} group of which something has changed */
  #spoil(group) {
    if (group) group.rows = null;
    this.#rows = null;
  }

  #spoilAll() {
    for (const group of this.#sorted) group.rows = null;
    this.#rows = null;
  }

  /**
   * @param {Group} group
   * @returns {Row[]}
   */
  #list(group) {
    const { filter } = this;
    const isFolded = !filter.isActive && (this.#folds.get(group.key) ?? this.#areFolded);
    const workers = filter.isActive ? this.#select(group) : group.workers;
    const head = /** @type {Row} */ (
      { key: group.key, group, component: group.hive, level: 1, isFolded });

    if (!workers) return [];
    if (isFolded) return [head];
    return [head, ...workers.map((component) => /** @type {Row} */ (
      { key: component.key, group, component, level: 2, isFolded }))];
  }

  /**
   * @param {Group} group
   * @returns {Component[] | null} whom of it the filter lets through; null for not even its head
   */
  #select({ id, hive, workers }) {
    const accepted = workers.filter((worker) => this.filter.accepts(worker));
    const isNamed = this.filter.acceptsName(id);
    const isHive = this.filter.accepts(hive);

    for (const worker of workers) this.#accepted.delete(worker);
    for (const worker of accepted) this.#accepted.add(worker);
    if (hive && isHive) this.#accepted.add(hive);
    else if (hive) this.#accepted.delete(hive);
    if (accepted.length > 0) return accepted;
    /* Who names a group means all that are in it. */
    if (isNamed) return workers;
    return isHive ? [] : null;
  }

  /** @param {string} key */
  #addGroup(key) {
    const group = new Group(key);
    const rank = /** @param {Group} g */ (g) => RANKS.indexOf(g.kind);
    const at = search(this.#sorted, (other) =>
      rank(other) - rank(group) || compare(other, group));

    this.#sorted.splice(at, 0, group);
    this.#byKey.set(key, group);
    return group;
  }
}
