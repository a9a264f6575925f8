// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { MEMBERS } from "../model/members.js";
import { describeReason, makeState, setState } from "./states.js";
import { formatMoment, formatNumber, make } from "./text.js";
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
  Object.assign(link, { href: text, target: "_blank", rel: "noreferrer" });
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
 * @returns {[string, Node | string][]}
 */
export function listFacts(component, place) {
  const { facts, status, condition } = component;
  const isSaid = (/** @type {any} */ value) => value !== undefined && value !== null;
  const address = makeAddress(component);
  /** @type {[string, Node | string][]} */
  const terms = [["State", makeCondition(component)]];

  if (condition !== status && component.isOnline) terms.push(["It says", status]);
  terms.push(["Since", formatTime(component.conditionSince)]);
  terms.push(["Available", component.isAvailable ? "yes" : "no"]);
  if (facts.hive_id) terms.push(["Hive", makeHive(facts.hive_id, place)]);
  for (const [member, name] of MEMBERS)
    if (isSaid(facts[member]) && member !== "hive_id")
      terms.push([name, make("bdi", "", String(facts[member]))]);
  if (address) terms.push(["Address", address]);
  if (isSaid(facts.clock_skew)) terms.push(["Clock", formatSkew(facts.clock_skew)]);
  if (facts.first_seen) terms.push(["First seen", formatTime(Date.parse(facts.first_seen))]);
  terms.push(["Last seen", formatTime(Math.min(component.lastSeen, now()))]);
  if (isSaid(facts.heartbeats)) terms.push(["Heartbeats", formatNumber(facts.heartbeats)]);
  return terms;
}
