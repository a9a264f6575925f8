// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { MEMBERS } from "../model/members.js";
import { makeHolds } from "./holds.js";
import { describeGpu, describeIdle, makeMeter } from "./load.js";
import { describeReason, makeState, setState } from "./states.js";
import { formatBytes, formatMoment, formatNumber, formatPart, make } from "./text.js";
import { now } from "./time.js";

/** @typedef {import('../model/component.js').Component} Component */

/** @param {Component} component */
function makeCondition(component) {
  const state = makeState();
  const reason = describeReason(component);

  setState(state, component.condition);
  if (!reason) return state;
  const whole = make("span");
  whole.append(state, make("bdi", "reason", ` ${reason}`));
  return whole;
}

/**
 * Where it can be reached, as far as that makes an address.
 *
 * @param {Component} component
 */
function makeAddress({ facts }) {
  const { url, hostname, port } = facts;
  const host = hostname?.includes(":") ? `[${hostname}]` : hostname;
  const text = url ?? (host && port ? `http://${host}:${port}` : "");

  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) return null;
  const link = make("a", "", text);
  Object.assign(link, { href: text, target: "_blank", rel: "noopener noreferrer" });
  return link;
}

/**
 * @param {string} id
 * @param {import('./place.js').Place} place
 */
function makeHive(id, place) {
  const link = make("a", "", id);

  link.href = place.resolve({ worker: "", hive: id });
  return link;
}

/**
 * @param {string} text
 * @param {number} value
 * @param {number} whole
 */
function makePart(text, value, whole) {
  const part = make("span", "part");

  part.append(makeMeter(value, whole, text), ` ${text}`);
  return part;
}

/** @param {any[]} gpus */
function makeGpus(gpus) {
  const list = make("ul", "gpus");

  for (const gpu of gpus) {
    const item = make("li");
    const text = describeGpu(gpu);
    const hasMemory = Number.isFinite(gpu.memory_used) && gpu.memory_total > 0;

    if (hasMemory) item.append(makeMeter(gpu.memory_used, gpu.memory_total, `Memory of ${text}`), " ");
    item.append(make("bdi", "", text));
    list.append(item);
  }
  return list;
}

/** How members are written that are not just a text. */
/** @type {Record<string, (value: any, facts: Record<string, any>) => Node | string>} */
const WRITERS = {
  models: (ids) => ids.join(", "),
  running: (running, { slots }) =>
    slots ? makePart(`${formatNumber(running)} of ${formatNumber(slots)}`, running, slots)
      : formatNumber(running),
  kv_usage: (part) => makePart(formatPart(part), part, 1),
  tokens_per_second: (rate) => formatNumber(Math.round(rate * 10) / 10),
  progress: formatNumber,
  loaded_at: (time) => formatMoment(Date.parse(time)),
  next_beat_within: (seconds) => `${formatNumber(seconds)} s`,
  cpu: (part) => makePart(formatPart(part), part, 1),
  memory_used: (used, { memory_total: total }) =>
    total ? makePart(formatBytes(used), used, total) : formatBytes(used),
  memory_total: formatBytes,
  gpus: makeGpus,
};

/** @param {number} at ms; 0 is not known */
const formatTime = (at) => (at ? formatMoment(at) : "–");

/** @param {number} skew s: how far its clock is ahead of the queen's, and less the time on the way */
function formatSkew(skew) {
  const seconds = Math.round(Math.abs(skew));

  if (seconds === 0) return "as the queen's";
  return `${formatNumber(seconds)} s ${skew < 0 ? "behind" : "ahead of"} the queen's`;
}

/**
 * Everything that is known of one component, as terms and what they are.
 *
 * @param {Component} component
 * @param {import('./place.js').Place} place
 * @param {Component[]} workers that it has
 * @param {((hold: import('./holds.js').Hold) => void) | null} onRelease null for who may not
 * @returns {[string, Node | string][]}
 */
export function listFacts(component, place, workers, onRelease) {
  const { facts, status, condition } = component;
  const isSaid = (/** @type {any} */ value) => value !== undefined && value !== null;
  const address = makeAddress(component);
  const idle = describeIdle(component, workers);
  /** @type {[string, Node | string][]} */
  const terms = [["State", makeCondition(component)]];

  if (condition !== status && component.isOnline) terms.push(["It says", status]);
  terms.push(["Since", formatTime(component.conditionSince)]);
  terms.push(["Available", component.isAvailable ? "yes" : "no"]);
  if (component.holds.length > 0) terms.push(["Held", makeHolds(component.holds, onRelease)]);
  if (facts.hive_id) terms.push(["Hive", makeHive(facts.hive_id, place)]);
  for (const [member, name] of MEMBERS)
    if (isSaid(facts[member]) && !["hive_id", "url"].includes(member))
      terms.push([name, WRITERS[member]?.(facts[member], facts)
        ?? make("bdi", "", String(facts[member]))]);
  if (idle) terms.push(["Idle", idle]);
  if (address) terms.push(["Address", address]);
  if (facts.not_called) terms.push(["Not called", make("bdi", "", facts.not_called)]);
  if (isSaid(facts.clock_skew)) terms.push(["Clock", formatSkew(facts.clock_skew)]);
  if (facts.first_seen) terms.push(["First seen", formatTime(Date.parse(facts.first_seen))]);
  terms.push(["Last seen", formatTime(Math.min(component.lastSeen, now()))]);
  if (isSaid(facts.heartbeats)) terms.push(["Heartbeats", formatNumber(facts.heartbeats)]);
  return terms;
}
