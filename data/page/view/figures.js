// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find, formatAge, formatNumber, make, setText } from "./text.js";

/**
 * @typedef {object} Reading null is not known
 * @property {number | null} online
 * @property {number | null} known
 * @property {number | null} available
 * @property {number | null} busy
 * @property {number | null} problems
 * @property {number | null} hivesOnline
 * @property {number | null} hivesKnown
 */

const CARDS = /** @type {const} */ ([
  { member: "online", id: "workersOnline", name: "Workers online" },
  { member: "available", id: "workersAvailable", name: "Available" },
  { member: "busy", id: "workersBusy", name: "Busy" },
  { member: "problems", id: "problems", name: "Problems" },
]);

/** @param {number | null} value */
const write = (value) => (value === null ? "–" : formatNumber(value));

/** The figures; each shows those whom it counts. */
export class Figures {
  #cards;
  #onChoose;

  /** @param {(choice: string) => void} onChoose */
  constructor(onChoose) {
    const list = find("figures");

    this.#onChoose = onChoose;
    this.#cards = CARDS.map(({ member, id, name }) => {
      const button = make("button", `figure ${member}`);
      const value = make("span", "value", "–");
      const of = make("span", "of");
      const change = make("span", "change");
      const item = make("li");

      Object.assign(button, { type: "button", name: member });
      button.setAttribute("aria-pressed", "false");
      value.id = `figure-${id}`;
      const figures = make("span", "numbers");
      figures.append(value, of);
      button.append(make("span", "label", name), figures, change);
      button.addEventListener("click", () => this.#choose(button, member));
      item.append(button);
      list.append(item);
      return { member, button, value, of, change };
    });
  }

  /** @param {string} choice of whom is shown */
  drawChoice(choice) {
    for (const { member, button } of this.#cards)
      button.setAttribute("aria-pressed", String(member === choice));
  }

  /**
   * @param {Reading} reading
   * @param {import('../model/trend.js').Trend} trend
   * @param {number} now ms
   */
  draw(reading, trend, now) {
    const { known, problems, hivesOnline, hivesKnown } = reading;
    const span = trend.span(now);
    const hives = `${write(hivesOnline)} of ${write(hivesKnown)} hives online`;
    const since = trend.isWhole ? "The change is over the last ten minutes."
      : "The change is since this tab was opened.";

    for (const { member, button, value, of, change } of this.#cards) {
      const number = reading[member];
      setText(value, write(number));
      setText(change, number === null ? "" : this.#describe(trend.change(member, number), span));
      button.title = member === "online" ? `${hives}. ${since}` : since;
      if (member === "online") setText(of, known === null ? "" : `of ${write(known)}`);
    }
    const card = this.#cards[CARDS.findIndex(({ member }) => member === "problems")].button;
    card.dataset.sum = problems === null ? "unknown" : problems > 0 ? "some" : "none";
  }

  /**
   * @param {number} difference
   * @param {number} span ms
   */
  #describe(difference, span) {
    const age = span < 1000 ? "" : ` in ${formatAge(span)}`;

    if (difference === 0) return age ? `no change${age}` : "";
    return `${difference > 0 ? "+" : "−"}${formatNumber(Math.abs(difference))}${age}`;
  }

  /**
   * @param {HTMLElement} button
   * @param {string} choice
   */
  #choose(button, choice) {
    this.#onChoose(button.getAttribute("aria-pressed") === "true" ? "" : choice);
  }
}
