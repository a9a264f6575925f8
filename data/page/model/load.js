// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/**
 * How much is to be done at somebody; null is what nobody has said.
 *
 * @typedef {object} Load
 * @property {number | null} running requests
 * @property {number | null} slots how many there may be at once
 * @property {number | null} waiting requests
 */

/** @typedef {import('./component.js').Component} Component */

const LIVELY = ["slots", "running", "waiting", "kv_usage", "tokens_per_second", "progress", "cpu",
  "memory_used", "gpus"];

/** @param {any} value */
const isSaid = (value) => value !== null && value !== undefined;

/** @param {Record<string, any>} facts whether they say what may change without another state */
export function isLively(facts) {
  return isSaid(facts.holds) || LIVELY.some((member) => isSaid(facts[member]));
}

/**
 * @param {Record<string, any>} facts
 * @returns {Load}
 */
export function readLoad({ running = null, slots = null, waiting = null }) {
  return { running, slots, waiting };
}

/**
 * @param {Load} load
 * @param {Load} more
 * @returns {Load}
 */
function add(load, more) {
  const plus = (/** @type {number | null} */ a, /** @type {number | null} */ b) =>
    b === null ? a : (a ?? 0) + b;

  return {
    running: plus(load.running, more.running),
    slots: plus(load.slots, more.slots),
    waiting: plus(load.waiting, more.waiting),
  };
}

/**
 * @param {Component[]} workers
 * @returns {Load} of those online together
 */
export function sumLoad(workers) {
  return workers.filter(({ isOnline }) => isOnline).map(({ facts }) => readLoad(facts))
    .reduce(add, readLoad({}));
}

/**
 * What graphics cards have together.
 *
 * @param {any[] | null | undefined} gpus
 * @returns {{ used: number, total: number } | null} bytes; null where no card says both
 */
export function sumMemory(gpus) {
  const known = (gpus ?? []).filter((gpu) => isSaid(gpu.memory_used) && isSaid(gpu.memory_total));

  if (known.length === 0) return null;
  return {
    used: known.reduce((sum, gpu) => sum + gpu.memory_used, 0),
    total: known.reduce((sum, gpu) => sum + gpu.memory_total, 0),
  };
}

/**
 * Memory that is taken while nothing is done costs as much as if something was.
 *
 * @param {Component} hive
 * @param {Component[]} workers its own
 * @returns {{ bytes: number, since: number } | null} how much its cards hold, and since when (ms)
 *   nobody there has worked; null while somebody works, or where it is not known
 */
export function findIdle(hive, workers) {
  const memory = sumMemory(hive.facts.gpus);
  const online = workers.filter(({ isOnline }) => isOnline);
  const since = Math.max(...online.map(({ idleSince }) => idleSince || Infinity));

  if (!hive.isOnline || !memory?.used || online.length === 0 || since === Infinity) return null;
  return { bytes: memory.used, since };
}
