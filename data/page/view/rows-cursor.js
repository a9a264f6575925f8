// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { drawSoon } from "./frames.js";

/** Moves through the rows by keyboard and mouse; the focus itself stays on the whole list. */
export class RowsCursor {
  /** The row it is on; -1 before it was used. */
  index = -1;
  rowHeight = 1; /* CSS pixels */
  #grid;
  #body;
  #groups;
  #onOpen;
  #draw;

  /**
   * @param {HTMLElement} grid what has the focus
   * @param {HTMLElement} body what holds the rows
   * @param {import('../model/groups.js').Groups} groups
   * @param {(component: import('../model/component.js').Component) => void} onOpen
   * @param {() => void} draw
   */
  constructor(grid, body, groups, onOpen, draw) {
    this.#grid = grid;
    this.#body = body;
    this.#groups = groups;
    this.#onOpen = onOpen;
    this.#draw = draw;
    grid.addEventListener("keydown", (event) => this.#takeKey(event));
    body.addEventListener("click", (event) => this.#takeClick(event));
  }

  /** Rows may have gone. */
  clamp() {
    this.index = Math.min(this.index, this.#groups.rows.length - 1);
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

  /** @param {Event} event */
  #takeClick(event) {
    const target = /** @type {Element} */ (event.target);
    const element = target.closest(".row");
    const index = element ? Number(element.id.slice("row-".length)) : -1;
    const row = this.#groups.rows[index];

    if (!row) return;
    this.index = index;
    drawSoon(this.#draw);
    if (target.closest(".fold")) this.#fold(!row.group.isFolded);
    else this.#open();
  }

  /** @param {number} index */
  #moveTo(index) {
    this.index = Math.max(0, Math.min(index, this.#groups.rows.length - 1));
    this.#reveal();
    this.#draw();
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
    else this.#groups.fold(row.group, isFolded);
    drawSoon(this.#draw);
  }

  #open() {
    const row = this.#groups.rows[this.index];

    if (row?.component) this.#onOpen(row.component);
    else if (row) this.#fold(!row.group.isFolded);
  }
}
