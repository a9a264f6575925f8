// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find, formatClock, make, setText } from "./text.js";

const SHOWN = 200; /* lines */
const AT_ONCE = 40;

/** @typedef {import('../model/journal.js').Entry} Entry */

/** What happens, line by line. */
export class LogView {
  #list = find("log");
  #nothing = find("log-nothing");
  #form = find("log-filters");
  #pause = find("log-pause");
  #journal;
  #drawn = 0;
  #isPaused = false;

  /** @param {import('../model/journal.js').Journal} journal */
  constructor(journal) {
    this.#journal = journal;
    this.#form.addEventListener("input", () => this.#restart());
    this.#form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    this.#pause.addEventListener("click", () => this.#togglePause());
  }

  draw() {
    if (this.#isPaused) this.#drawPause();
    else this.#catchUp(AT_ONCE);
  }

  /** @param {number} most lines; older ones are left out, as nobody could have read them */
  #catchUp(most) {
    if (this.#drawn === this.#journal.serial) return;
    const entries = this.#journal.list(this.#drawn, this.#makeFilter(), most);

    this.#drawn = this.#journal.serial;
    if (entries.length === 0) return;
    this.#nothing.hidden = true;
    this.#list.prepend(...entries.map((entry) => this.#makeLine(entry)));
    while (this.#list.childElementCount > SHOWN) this.#list.lastElementChild.remove();
  }

  #restart() {
    this.#list.replaceChildren();
    this.#drawn = 0;
    this.#catchUp(SHOWN);
    this.#drawNothing();
  }

  #togglePause() {
    this.#isPaused = !this.#isPaused;
    this.#pause.setAttribute("aria-pressed", String(this.#isPaused));
    if (!this.#isPaused) this.#catchUp(SHOWN);
    this.#drawPause();
  }

  /* Since the page opened there has been the note that it connected, at least. */
  #drawNothing() {
    this.#nothing.hidden = this.#list.childElementCount > 0;
    setText(this.#nothing, "No event is like that, yet.");
  }

  #drawPause() {
    const missed = this.#journal.serial - this.#drawn;
    setText(this.#pause, this.#isPaused ? `Resume${missed ? ` (${missed} more)` : ""}` : "Pause");
  }

  /** @returns {(entry: Entry) => boolean} */
  #makeFilter() {
    const data = new FormData(this.#form);
    const kinds = new Set([...data.getAll("kind"), "note"]);
    const text = String(data.get("text")).trim().toLowerCase();

    return (entry) => kinds.has(entry.kind) &&
      (!text || `${entry.id} ${entry.status} ${entry.text}`.toLowerCase().includes(text));
  }

  /** @param {Entry} entry */
  #makeLine(entry) {
    const line = make("li", `line ${entry.kind}`);
    const time = make("time", "", formatClock(entry.at));

    time.dateTime = new Date(entry.at).toISOString();
    line.append(time, make("span", "kind", entry.kind === "note" ? "" : entry.kind));
    if (entry.id) line.append(Object.assign(make("bdi", "id", entry.id), { title: entry.id }));
    if (entry.text) line.append(make("span", "text", entry.text));
    if (entry.status) {
      const state = make("span", "state", entry.status);
      state.dataset.state = entry.status;
      line.append(state);
    }
    return line;
  }
}
