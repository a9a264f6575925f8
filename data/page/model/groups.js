// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const order = new Intl.Collator(undefined, { numeric: true });

/** @typedef {import('./component.js').Component} Component */

/**
 * Where `item` is in a sorted list, or should be.
 *
 * @template {{ id: string, key: string }} T
 * @param {T[]} list
 * @param {T} item
 */
function search(list, item) {
  let low = 0, high = list.length;

  while (low < high) {
    const middle = (low + high) >> 1;
    const other = list[middle];
    const sign = order.compare(other.id, item.id) || (other.key < item.key ? -1 : +(other.key > item.key));
    if (sign < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A hive with its workers; or a machine, or nobody, whose workers have no hive. */
export class Group {
  /** @type {Component | null} */
  hive = null;
  /** @type {Component[]} */
  workers = [];
  isFolded = false;

  /**
   * @param {'hive' | 'host' | 'rest'} kind
   * @param {string} id
   */
  constructor(kind, id) {
    this.kind = kind;
    this.id = id;
    /* Those without a hive come last. */
    this.key = `${kind}/${id}`;
  }
}

/**
 * @typedef {{ key: string, group: Group, component: Component | null, level: 1 | 2 }} Row
 */

/** Hives and their workers, in the order in which they are shown. */
export class Groups {
  /** @type {Group[]} */
  #sorted = [];
  /** @type {Map<string, Group>} */
  #byKey = new Map();
  /** @type {Map<string, Group>} component's key to where it is */
  #places = new Map();
  /** @type {Row[] | null} */
  #rows = null;
  #filter = "";

  /** @param {Component} component that is new, or whose facts have changed */
  place(component) {
    const old = this.#places.get(component.key);
    const key = this.#keyOf(component);

    if (old?.key === key) return;
    if (old) this.remove(component);
    const group = this.#byKey.get(key) ?? this.#addGroup(key);
    if (component.kind === "hive") group.hive = component;
    else group.workers.splice(search(group.workers, component), 0, component);
    this.#places.set(component.key, group);
    this.#rows = null;
  }

  /** @param {Component} component */
  remove(component) {
    const group = this.#places.get(component.key);

    if (!group) return;
    if (component.kind === "hive") group.hive = null;
    else group.workers.splice(search(group.workers, component), 1);
    this.#places.delete(component.key);
    if (!group.hive && group.workers.length === 0) {
      this.#byKey.delete(group.key);
      this.#sorted.splice(this.#sorted.indexOf(group), 1);
    }
    this.#rows = null;
  }

  /** @param {Component} component */
  groupOf(component) {
    return this.#places.get(component.key);
  }

  /**
   * @param {Group} group
   * @param {boolean} isFolded
   */
  fold(group, isFolded) {
    group.isFolded = isFolded;
    this.#rows = null;
  }

  set filter(/** @type {string} */ text) {
    this.#filter = text.trim().toLowerCase();
    this.#rows = null;
  }

  get rows() {
    this.#rows ??= this.#sorted.flatMap((group) => this.#list(group));
    return this.#rows;
  }

  /**
   * @param {Group} group
   * @returns {Row[]}
   */
  #list(group) {
    const workers = group.workers.filter((worker) => this.#matches(worker));
    const isHead = this.#matches(group.hive) || group.id.toLowerCase().includes(this.#filter);
    const shown = isHead && workers.length === 0 ? group.workers : workers;

    if (!isHead && workers.length === 0) return [];
    const head = { key: group.key, group, component: group.hive, level: /** @type {1} */ (1) };
    if (group.isFolded && !this.#filter) return [head];
    return [head, ...shown.map((component) => (
      { key: component.key, group, component, level: /** @type {2} */ (2) }))];
  }

  /** @param {Component | null} component */
  #matches(component) {
    if (!this.#filter) return true;
    if (!component) return false;
    const { model_id: model, device, hostname } = component.facts;
    return [component.id, component.status, model, device, hostname].some(
      (text) => text?.toLowerCase().includes(this.#filter));
  }

  /** @param {Component} component */
  #keyOf(component) {
    if (component.kind === "hive") return `hive/${component.id}`;
    if (component.facts.hive_id) return `hive/${component.facts.hive_id}`;
    return component.facts.hostname ? `host/${component.facts.hostname}` : "rest/";
  }

  /** @param {string} key */
  #addGroup(key) {
    const slash = key.indexOf("/");
    const group = new Group(
      /** @type {Group['kind']} */ (key.slice(0, slash)), key.slice(slash + 1));
    const rank = /** @param {Group} g */ (g) => ["hive", "host", "rest"].indexOf(g.kind);
    let at = this.#sorted.findIndex((other) =>
      (rank(other) - rank(group) || order.compare(other.id, group.id)) > 0);

    if (at < 0) at = this.#sorted.length;
    this.#sorted.splice(at, 0, group);
    this.#byKey.set(key, group);
    return group;
  }
}
