// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { compareEntries } from "../model/journal.js";
import { drawLater } from "./frames.js";
import { makeName, setName } from "./name.js";
import { makeState, setState } from "./states.js";
import { find, formatClock, formatNumber, make, setText } from "./text.js";

const SHOWN = 200; /* lines */
const AT_ONCE = 20; /* new lines */

/** @typedef {import('../model/journal.js').Entry} Entry */

/**
 * What it was before it became what it is.
 *
 * @param {Entry} entry
 */
function describePast({ from, count, states, until }) {
  if (count > 1) return `${[...states].join(" and ")} by turns, since ${formatClock(until)} `;
  return from && `was ${from}, is `;
}

/** One thing that has happened; of a component it is a link to what is known of that. */
class Line {
  element;
  #line;
  #time = make("time");
  #name = makeName();
  #state = makeState();
  #place;

  /**
   * @param {Entry} entry
   * @param {import('./place.js').Place} place
   */
  constructor(entry, place) {
    this.#place = place;
    this.#line = make(entry.id ? "a" : "span", "happening");
    this.element = make("li", `line ${entry.kind}`);
    this.#name.classList.replace("name", "id");
    if (entry.id)
      this.#line.addEventListener("click", (/** @type {Event} */ event) => {
        event.preventDefault();
        place.go({ worker: "", hive: "", [entry.kind]: entry.id });
      });
    this.element.append(this.#line);
  }

  /** @param {Entry} entry */
  draw(entry) {
    const { at, kind, id, status, text, count } = entry;
    /** @type {HTMLElement[]} */
    const parts = [this.#time];

    setText(this.#time, formatClock(at));
    this.#time.dateTime = new Date(at).toISOString();
    /* What has much to say of itself has no room for that. */
    if (kind !== "note" && count === 1) parts.push(make("span", "kind", kind));
    if (id) parts.push(this.#name);
    if (text) parts.push(make("span", "text", text));
    if (count > 1) parts.push(make("span", "times", `⇄ ${formatNumber(count)}×`));
    if (status) parts.push(this.#state);
    setName(this.#name, id);
    setState(this.#state, status);
    this.#line.replaceChildren(...parts);
    if (id) this.#drawLink(entry);
  }

  /** @param {Entry} entry */
  #drawLink(entry) {
    const { kind, id, status } = entry;
    const past = describePast(entry);
    const link = /** @type {HTMLAnchorElement} */ (this.#line);

    link.href = this.#place.resolve({ worker: "", hive: "", [kind]: id });
    link.title = past && `${past}${status}`;
  }
}

/** What happens, line by line: what changes, or every heartbeat, too. */
export class LogView {
  #list = find("log");
  #nothing = find("log-nothing");
  #form = find("log-filters");
  #pause = find("log-pause");
  #journal;
  #place;
  /** @type {Map<Entry, Line>} in the list, the oldest first */
  #lines = new Map();
  /** @type {Entry[]} that have no line yet, the newest first */
  #waiting = [];
  #drawn = 0;
  #isPaused = false;
  #said = ""; /* by the page's address */

  /**
   * @param {import('../model/journal.js').Journal} journal
   * @param {import('./place.js').Place} place
   */
  constructor(journal, place) {
    this.#journal = journal;
    this.#place = place;
    this.#form.addEventListener("input", () => this.#choose());
    this.#form.addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
    this.#pause.addEventListener("click", () => this.#togglePause());
  }

  /** Somebody has come to the page's address, or gone to another. */
  move() {
    const kinds = this.#place.list("events");
    const match = this.#place.get("match");
    const said = [...kinds, match].join("\n");

    if (said === this.#said) return;
    this.#said = said;
    for (const box of this.#form.querySelectorAll("[name=kind]"))
      box.checked = kinds.length > 0 ? kinds.includes(box.value) : box.defaultChecked;
    this.#form.elements.text.value = match;
    this.#restart();
  }

  draw() {
    if (this.#isPaused) this.#drawPause();
    else this.#catchUp(AT_ONCE);
  }

  #choose() {
    const boxes = [...this.#form.querySelectorAll("[name=kind]")];
    const isUsual = boxes.every((box) => box.checked === box.defaultChecked);
    const kinds = boxes.filter((box) => box.checked).map((box) => box.value);

    this.#place.note({
      events: isUsual ? [] : kinds.length > 0 ? kinds : ["none"],
      match: this.#form.elements.text.value.trim(),
    });
    this.#restart();
  }

  /** @param {number} most new lines; what else has changed has its own in the next frames */
  #catchUp(most) {
    const isNew = this.#drawn !== this.#journal.serial;

    if (isNew) this.#collect(most);
    const added = this.#waiting.splice(0, most);
    if (!isNew && added.length === 0) return;
    for (const entry of added.reverse()) this.#addLine(entry);
    this.#nothing.hidden = this.#lines.size > 0;
    this.#arrange();
    this.#trim();
    if (this.#waiting.length > 0) drawLater(this.#goOn);
  }

  #goOn = () => {
    if (!this.#isPaused) this.#catchUp(AT_ONCE);
  };

  /** @param {number} mostBeats older ones are left out, as nobody could have read them */
  #collect(mostBeats) {
    const { accept, withBeats } = this.#makeFilter();
    const entries = this.#journal.list(this.#drawn, accept, withBeats);
    const [oldest] = this.#lines.size < SHOWN ? [] : this.#lines.keys();
    const isMissing = (/** @type {Entry} */ entry) => !this.#lines.has(entry) &&
      (!oldest || compareEntries(entry, oldest) < 0);
    const missing = entries.filter(isMissing);
    const beats = missing.filter(({ isBeat }) => isBeat).slice(0, mostBeats);
    const changes = missing.filter(({ isBeat }) => !isBeat);

    this.#drawn = this.#journal.serial;
    for (const entry of entries) this.#lines.get(entry)?.draw(entry);
    this.#waiting = [...new Set([...beats, ...changes, ...this.#waiting])]
      .sort(compareEntries).slice(0, SHOWN);
  }

  #trim() {
    for (const [entry, { element }] of this.#lines) {
      if (this.#lines.size <= SHOWN) break;
      this.#lines.delete(entry);
      element.remove();
    }
  }

  /* Mostly what is new goes on top, and nothing else moves. */
  #arrange() {
    const entries = [...this.#lines.keys()].sort((a, b) => compareEntries(b, a));
    const lines = new Map(entries.map((entry) => [entry, /** @type {Line} */ (this.#lines.get(entry))]));
    let next = this.#list.firstElementChild;

    this.#lines = lines;
    for (const { element } of [...lines.values()].reverse())
      if (element === next) next = element.nextElementSibling;
      else this.#list.insertBefore(element, next);
  }

  #restart() {
    this.#list.replaceChildren();
    this.#lines.clear();
    this.#waiting = [];
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

  #drawNothing() {
    this.#nothing.hidden = this.#lines.size > 0;
    setText(this.#nothing, "No event is like that, yet.");
  }

  #drawPause() {
    const missed = this.#journal.serial - this.#drawn;
    setText(this.#pause, this.#isPaused ? `Resume${missed ? ` (${missed} more)` : ""}` : "Pause");
  }

  #makeFilter() {
    const data = new FormData(this.#form);
    const kinds = new Set(data.getAll("kind"));
    const words = String(data.get("text")).toLowerCase().split(/\s+/).filter(Boolean);
    /** @type {(entry: Entry) => string} */
    const write = ({ id, status, from, text }) => [id, status, from, text].join("\n").toLowerCase();

    return {
      withBeats: kinds.has("beats"),
      accept: (/** @type {Entry} */ entry) =>
        (kinds.has(entry.kind) || entry.kind === "note" || entry.kind === "queen") &&
        (words.length === 0 || words.every((word) => write(entry).includes(word))),
    };
  }

  /** @param {Entry} entry */
  #addLine(entry) {
    const line = new Line(entry, this.#place);

    this.#lines.set(entry, line);
    line.draw(entry);
  }
}
