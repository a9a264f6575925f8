// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "../stream/address.js";
import { find, formatClock, setText } from "./text.js";

/** @type {Record<import('../model/pulse.js').PulseState, { word: string, icon: string }>} */
const STATES = {
  connecting: { word: "Connecting", icon: "waiting" },
  beating: { word: "Connected", icon: "beating" },
  late: { word: "A heartbeat is late", icon: "late" },
  busy: { word: "The queen has no room; will try again", icon: "late" },
  locked: { word: "A token is needed", icon: "late" },
  bye: { word: "The queen said goodbye; reconnecting", icon: "gone" },
  lost: { word: "Connection lost; reconnecting", icon: "gone" },
  refused: { word: "Something does not let the page through", icon: "gone" },
  unanswered: { word: "No answer from the queen; still trying", icon: "gone" },
  held: { word: "A proxy holds the stream back", icon: "gone" },
  silent: { word: "The queen is silent", icon: "gone" },
};
const CALM = matchMedia("(prefers-reduced-motion: no-preference)");

/** The queen's own heartbeat: in the corner, in the title and in the tab's icon. */
export class PulseView {
  #box = find("pulse");
  #word = find("pulse-word");
  #age = find("pulse-age");
  #icon = find("icon");
  #heart = this.#box.querySelector(".heart");
  #state = "";
  #drawnBeat = 0;

  /**
   * @param {import('../model/pulse.js').Pulse} pulse
   * @param {number} now ms
   */
  draw(pulse, now) {
    const age = pulse.age(now);

    this.#drawState(pulse.state(now));
    setText(this.#age, pulse.isAway(now) ? `as of ${formatClock(pulse.asOf(now))}`
      : Number.isNaN(age) ? "" : `last beat ${(age / 1000).toFixed(1)} s ago`);
    if (pulse.lastBeat !== this.#drawnBeat) this.#beat();
    this.#drawnBeat = pulse.lastBeat;
  }

  /**
   * The title is there for those who look at another tab.
   *
   * @param {import('../model/pulse.js').Pulse} pulse
   * @param {import('../stream/parse.js').Census | null} census
   * @param {number} problems
   */
  drawTitle(pulse, census, problems) {
    const state = pulse.state(Date.now());
    const isWell = state === "beating" || state === "connecting";
    let said = isWell ? "" : `${STATES[state].word} · `;

    if (isWell && census)
      said = `${census.workersAvailable} of ${census.workersOnline} available · `;
    if (isWell && problems > 0)
      said = `${problems} ${problems === 1 ? "problem" : "problems"} · ${said}`;
    if (document.title !== `${said}queen-rbee`) document.title = `${said}queen-rbee`;
    this.#drawState(state);
  }

  /** @param {import('../model/pulse.js').PulseState} state */
  #drawState(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#box.dataset.state = state;
    this.#word.textContent = STATES[state].word;
    this.#icon.href = resolve(`icons/${STATES[state].icon}.svg`);
  }

  #beat() {
    if (!CALM.matches || document.hidden) return;
    this.#heart.animate(
      [{ boxShadow: "0 0 0 0 currentColor" }, { boxShadow: "0 0 0 .55em transparent" }],
      { duration: 900, easing: "ease-out" });
  }
}
