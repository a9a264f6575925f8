// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { capitalize, formatAge, formatClock, make, setText } from "./text.js";

/** @typedef {import('../model/component.js').Component} Component */

const SOON = 2000; /* ms: within that, one is the reason of the other */

/** A state as it is shown everywhere: a shape, a word and a colour. */
export const makeState = () => make("span", "state");

/**
 * @param {HTMLElement} element
 * @param {string} word
 */
export function setState(element, word) {
  setText(element, capitalize(word));
  if (element.dataset.state !== word) element.dataset.state = word;
  element.hidden = !word;
}

/**
 * Why somebody is as it is, as far as anybody knows.
 *
 * @param {Component} component
 */
export function describeReason({ condition, reason, since, lastSeen, interval }) {
  const seen = lastSeen ? formatClock(lastSeen) : "";

  switch (condition) {
    case "offline":
      if (since - lastSeen < SOON) return "it said so itself";
      return seen ? `no heartbeat after ${seen}` : "no heartbeat";
    case "late":
      return `no heartbeat after ${seen}` +
        (interval ? `, usually every ${formatAge(interval + 500)}` : "");
    case "unknown":
      return "the queen has started anew, and has not heard of it since";
    case "degraded":
    case "unhealthy":
      return reason || "no reason given";
    default:
      return "";
  }
}
