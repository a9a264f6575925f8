// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { nameState } from "./status.js";

/**
 * How somebody who is new came to be what a list says, as far as the stream has not told it. It was
 * so from the first only if it has not changed since; else its first heartbeat alone knows how it
 * was, and that may come later, or be lost.
 *
 * @param {import('./component.js').Component} component
 * @param {Record<string, any>} facts
 * @param {number} clockOffset ms: of this machine's clock, to the queen's
 * @returns {import('./cluster.js').Change[]}
 */
export function listArrival(component, facts, clockOffset) {
  const { first, chronicle, kind } = component;
  const seen = Date.parse(facts.first_seen), changed = Date.parse(facts.since);
  const state = nameState(facts.status.toLowerCase(), facts.health_status?.status ?? "");
  const isAsAtFirst = facts.since === facts.first_seen;
  /* How healthy a hive was is in no heartbeat. */
  const said = kind === "worker" && first?.stamp === seen ? first.status : "";
  const isTold = kind === "worker" && first !== null && changed > first.stamp;
  const change = { component, from: "", isNew: false, isNext: false };
  const arrival = { ...change, at: seen + clockOffset, to: isAsAtFirst ? state : said, isNew: true };
  const later = { ...change, at: changed + clockOffset, to: state };

  if (!first) chronicle.foretell(arrival, seen);
  else arrival.at = first.stamp === seen ? first.at : Math.min(arrival.at, first.at - 1);
  if (isAsAtFirst || said || isTold) return [arrival];
  if (!first || changed > first.stamp) chronicle.foretell(later, changed);
  else later.at = Math.min(later.at, first.at);
  return [arrival, later];
}
