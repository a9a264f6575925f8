// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find, formatClock, setText } from "./text.js";

/** Dims what the queen said before she was away, and says of when it is. */
export class StaleView {
  #main = find("main");
  #word = find("stale");

  /**
   * @param {import('../model/pulse.js').Pulse} pulse
   * @param {number} now ms
   */
  draw(pulse, now) {
    const isAway = pulse.isAway(now);

    this.#main.classList.toggle("is-stale", isAway);
    this.#word.hidden = !isAway && !pulse.why;
    const why = pulse.why ? ` The reason: ${pulse.why}.` : "";
    const when = `As of ${formatClock(pulse.asOf(now))}: what has changed since is not known.`;
    setText(this.#word, isAway ? `${when}${why}` : why.trim());
  }
}
