// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { drawSoon } from "./frames.js";
import { hasSelected } from "./press.js";

/**
 * Moves through the rows by keyboard and mouse; the focus itself stays on the whole list. It is on
 * somebody, not on a place: who comes or goes elsewhere does not move it.
 */
export class RowsCursor {
  rowHeight = 1; /* CSS pixels */
  /** The key of the row that it is on; none before it was used. */
  #key = "";
  /** Where that row was when it was last seen. */
  #index = -1;
  /** @type {import('../model/groups.js').Row[]} in which that was */
  #rows = [];
  #grid;
  #body;
  #groups;
  #on;

  /**
   * @param {HTMLElement} grid what has the focus
   * @param {HTMLElement} body what holds the rows
   * @param {import('../model/groups.js').Groups} groups
   * @param {{ open: (component: import('../model/component.js').Component) => void,
   *   fold: () => void, draw: () => void }} on
   */
  constructor(grid, body, groups, on) {
    this.#grid = grid;
    this.#body = body;
    this.#groups = groups;
    this.#on = on;
    grid.addEventListener("keydown", (event) => this.#takeKey(event));
    body.addEventListener("click", (event) => this.#takeClick(event));
  }

  /** Where it is; -1 before it was used. When its row has gone, the one that took its place. */
  get index() {
    const { rows } = this.#groups;

    if (rows === this.#rows || !this.#key) return this.#index;
    const found = rows.findIndex(({ key }) => key === this.#key);
    this.#rows = rows;
    this.#index = found >= 0 ? found : Math.min(this.#index, rows.length - 1);
    return this.#index;
  }

  /** @param {KeyboardEvent} event */
  #takeKey(event) {
    const page = Math.max(Math.floor(this.#grid.clientHeight / this.rowHeight) - 2, 1);
    /** @type {Record<string, () => void>} */
    const moves = {
      ArrowDown: () => this.#moveTo(this.index + 1),
      ArrowUp: () => this.#moveTo(this.index - 1),
      PageDown: () => this.#moveTo(this.index + page),
      PageUp: () => this.#moveTo(this.index - page),
      Home: () => this.#moveTo(0),
      End: () => this.#moveTo(Infinity),
      ArrowLeft: () => this.#fold(true),
      ArrowRight: () => this.#fold(false),
      Enter: () => this.#open(),
      " ": () => this.#open(),
    };

    if (event.ctrlKey || event.altKey || event.metaKey || !moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
  }

  /** @param {MouseEvent} event */
  #takeClick(event) {
    const target = /** @type {Element} */ (event.target);
    const element = target.closest(".row");
    const index = element ? Number(element.id.slice("row-".length)) : -1;
    const row = this.#groups.rows[index];

    if (!row || hasSelected(event)) return;
    this.#set(index);
    drawSoon(this.#on.draw);
    if (target.closest(".fold")) this.#fold(!row.isFolded);
    else this.#open();
  }

  /** @param {number} index */
  #set(index) {
    this.#rows = this.#groups.rows;
    this.#index = Math.max(0, Math.min(index, this.#rows.length - 1));
    this.#key = this.#rows[this.#index]?.key ?? "";
  }

  /** @param {number} index */
  #moveTo(index) {
    this.#set(index);
    this.#reveal();
    this.#on.draw();
  }

  /* Either the list scrolls, or the whole page does. */
  #reveal() {
    const body = this.#body.getBoundingClientRect();
    const grid = this.#grid.getBoundingClientRect();
    const top = body.top + this.index * this.rowHeight;
    const isScroller = this.#grid.scrollHeight > this.#grid.clientHeight + 1;
    const low = isScroller ? grid.top + this.rowHeight : 0;
    const high = isScroller ? grid.bottom : innerHeight;
    const by = Math.min(top - low, 0) || Math.max(top + this.rowHeight - high, 0);

    (isScroller ? this.#grid : document.documentElement).scrollBy(0, by);
  }

  /** @param {boolean} isFolded */
  #fold(isFolded) {
    const { rows } = this.#groups;
    const row = rows[this.index];

    if (!row) return;
    if (row.level === 2 && isFolded)
      this.#moveTo(rows.findIndex((other) => other.key === row.group.key));
    else {
      this.#groups.fold(row.group, isFolded);
      this.#on.fold();
    }
    drawSoon(this.#on.draw);
  }

  #open() {
    const row = this.#groups.rows[this.index];

    if (row?.component) this.#on.open(row.component);
    else if (row) this.#fold(!row.isFolded);
  }
}
