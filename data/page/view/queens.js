// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find, setText } from "./text.js";

/** @param {import('../stream/queens.js').QueensFeed} queens */
function describe({ state, n }) {
  if (state === "alone") return "alone: the engine is away";
  if (state === "joining") return "joining the other queens";
  return state === "together" && n > 1 ? `one of ${n} queens` : "";
}

/** Says in the page's head that she is one of several queens; of one who is alone by nature nothing. */
export class QueensView {
  #word = find("queens");

  /** @param {import('../stream/queens.js').QueensFeed} queens */
  draw(queens) {
    const text = describe(queens);

    this.#word.hidden = text === "";
    this.#word.classList.toggle("is-alone", queens.state === "alone");
    setText(this.#word, text);
  }
}
