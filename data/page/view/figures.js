// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find, formatClock, formatNumber, make, setText } from "./text.js";

const FIGURES = /** @type {const} */ ([
  ["workersOnline", "Workers online"],
  ["workersAvailable", "Workers available"],
  ["hivesOnline", "Hives online"],
  ["hivesAvailable", "Hives available"],
]);

/** The four figures, and how they have changed since the page was opened. */
export class Figures {
  #cells;
  /** @type {import('../stream/parse.js').Census | null} */
  #first = null;
  #since = formatClock(Date.now()).slice(0, 5);

  constructor() {
    const list = find("figures");

    this.#cells = FIGURES.map(([member, name]) => {
      const box = make("div", "figure");
      const value = make("span", "value", "–");
      const change = make("span", "change");
      const description = make("dd");

      value.id = `figure-${member}`;
      description.append(value, change);
      box.append(make("dt", "", name), description);
      list.append(box);
      return { member, value, change };
    });
  }

  /** @param {import('../stream/parse.js').Census | null} census */
  draw(census) {
    if (!census) return;
    this.#first ??= { ...census };
    for (const { member, value, change } of this.#cells) {
      const difference = census[member] - this.#first[member];
      setText(value, formatNumber(census[member]));
      setText(change, this.#describe(difference));
      change.dataset.sign = String(Math.sign(difference));
    }
  }

  /** @param {number} difference */
  #describe(difference) {
    if (difference === 0) return `±0 since ${this.#since}`;
    return `${difference > 0 ? "+" : "−"}${formatNumber(Math.abs(difference))} since ${this.#since}`;
  }
}
