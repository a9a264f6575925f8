// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { WINDOW } from "../model/beat-track.js";
import { drawLater, drawSoon } from "./frames.js";
import { RowElement } from "./row.js";
import { RowsCursor } from "./rows-cursor.js";
import { describeCount, find, make, setText } from "./text.js";
import { onThemeChange } from "./theme.js";
import { now } from "./time.js";
import { drawTrack } from "./track.js";

const OVERSCAN = 4; /* rows beyond each edge */
const USUAL_HEIGHT = 32; /* CSS pixels, until it has been measured */
const PRINTED = 1000; /* rows: more would take a whole tray of paper */
const HEADINGS = {
  status: "State", id: "Name", model: "Model", hive: "Hive", device: "Device", load: "Load",
  seen: "Last seen", track: "Heartbeats, last ten minutes",
};

/**
 * @typedef {import('../model/groups.js').Row} Row
 * @typedef {import('../model/component.js').Component} Component
 */

/** Hives and workers. Only rows in sight have elements, so a thousand cost as much as thirty. */
export class RowsView {
  #grid = find("rows");
  #nothing = find("rows-nothing");
  #body = make("div", "body");
  #probe = new RowElement();
  #cluster;
  #cursor;
  /** @type {Map<string, RowElement>} rows in sight, by key */
  #shown = new Map();
  /** @type {RowElement[]} */
  #spare = [];
  /** @type {Row[]} */
  #rows = [];
  #rowHeight = USUAL_HEIGHT;
  #trackSize = { width: 0, height: 0 };
  #paper = matchMedia("print");

  /**
   * @param {import('../model/cluster.js').Cluster} cluster
   * @param {(component: Component) => void} onOpen
   * @param {() => void} onFold
   */
  constructor(cluster, onOpen, onFold) {
    this.#cluster = cluster;
    this.#makeHead();
    this.#body.setAttribute("role", "rowgroup");
    this.#grid.append(this.#body);
    this.#cursor = new RowsCursor(this.#grid, this.#body, cluster.groups,
      { open: onOpen, fold: onFold, draw: this.draw });
    this.#makeProbe();
    this.#listen();
  }

  /** Somebody came or went, or it was scrolled. */
  draw = () => {
    const rows = (this.#rows = this.#cluster.groups.rows);

    this.#grid.dataset.view = this.#cluster.groups.view;
    this.#grid.setAttribute("aria-rowcount", String(rows.length + 1));
    this.#body.style.height = `calc(var(--row) * ${rows.length})`;
    /* Where the list is as high as its rows are, that says which of them are in sight. */
    const [first, end] = this.#findRange();
    const wanted = rows.slice(first, end);

    this.#release(new Set(wanted.map(({ key }) => key)));
    wanted.forEach((row, i) => this.#place(row, first + i));
    this.#arrange(wanted);
    this.#tellActive();
    this.#tellNothing();
  };

  /** @param {Set<string>} keys of components that have changed */
  drawChanged(keys) {
    const heads = new Set();

    for (const key of keys) {
      const component = this.#cluster.components.get(key);
      const group = component ? this.#cluster.groups.groupOf(component) : null;
      const shown = this.#shown.get(key);
      if (shown) this.#refresh(shown);
      if (group) heads.add(group.key);
    }
    for (const key of heads) {
      const shown = this.#shown.get(key);
      if (shown && !keys.has(key)) shown.draw(this.#cluster.groups.view, now());
    }
  }

  /** Time has passed. */
  drawAges() {
    for (const shown of this.#shown.values()) shown.drawSeen(now());
  }

  /** The time axes have moved by a pixel or so. */
  drawTracks() {
    for (const shown of this.#shown.values()) this.#drawTrackLater(shown);
  }

  /** s: after which a time axis has moved by a pixel */
  get trackStep() {
    return Math.max(1, Math.floor(WINDOW / Math.max(this.#trackSize.width, 1)));
  }

  get isStale() {
    return this.#rows !== this.#cluster.groups.rows;
  }

  #makeHead() {
    const group = make("div", "head-group");
    const row = make("div", "row headings");

    group.setAttribute("role", "rowgroup");
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", "1");
    for (const [name, text] of Object.entries(HEADINGS)) {
      const cell = make("div", `cell ${name}`, text);
      cell.setAttribute("role", "columnheader");
      row.append(cell);
    }
    group.append(row);
    this.#grid.append(group);
  }

  /* A row that nobody sees tells how large the others are. */
  #makeProbe() {
    const { element, canvas } = this.#probe;
    const box = /** @type {HTMLElement} */ (canvas.parentElement);

    element.classList.add("probe");
    element.setAttribute("role", "presentation");
    element.setAttribute("aria-hidden", "true");
    canvas.remove();
    this.#grid.append(element);
    const observer = new ResizeObserver(() => {
      this.#rowHeight = this.#cursor.rowHeight = element.offsetHeight || USUAL_HEIGHT;
      this.#trackSize = { width: box.clientWidth, height: box.clientHeight };
      this.drawTracks();
      drawSoon(this.draw);
    });
    observer.observe(element);
    observer.observe(box);
  }

  #listen() {
    const redraw = () => drawSoon(this.draw);

    addEventListener("scroll", redraw, { capture: true, passive: true });
    addEventListener("resize", redraw);
    /* At once: the browser prints what is there when this returns. */
    this.#paper.addEventListener("change", this.draw);
    onThemeChange(() => this.drawTracks());
  }

  /** @returns {[number, number]} the rows in sight */
  #findRange() {
    if (this.#paper.matches) return [0, PRINTED];
    const body = this.#body.getBoundingClientRect();
    const grid = this.#grid.getBoundingClientRect();
    const top = Math.max(grid.top, 0) - body.top;
    const bottom = Math.min(grid.bottom, innerHeight) - body.top;

    return [
      Math.max(Math.floor(top / this.#rowHeight) - OVERSCAN, 0),
      Math.max(Math.ceil(bottom / this.#rowHeight) + OVERSCAN, 0),
    ];
  }

  /* Elements that are put elsewhere are laid out from the beginning; those that stay where they are
   * only get other texts. So the many stay, and the few move: those that are out of sight after a
   * short way, or those that are still in sight after a long one. */
  /** @param {Set<string>} wanted keys */
  #release(wanted) {
    const released = [...this.#shown].filter(([key]) => !wanted.has(key));
    const areFew = 2 * released.length < this.#shown.size;

    for (const [key, { element }] of released) {
      this.#shown.delete(key);
      if (areFew) element.remove();
    }
    this.#spare.unshift(...released.map(([, shown]) => shown));
  }

  /**
   * @param {Row} row
   * @param {number} index
   */
  #place(row, index) {
    let shown = this.#shown.get(row.key);
    const isNew = !shown;

    if (!shown) {
      shown = this.#spare.shift() ?? new RowElement();
      this.#shown.set(row.key, shown);
    }
    const isOther = shown.row !== row;
    shown.place(row, index, index === this.#cursor.index);
    if (isNew || isOther) this.#refresh(shown);
  }

  /** @param {RowElement} shown */
  #refresh(shown) {
    shown.draw(this.#cluster.groups.view, now());
    this.#drawTrackLater(shown);
  }

  /** @param {RowElement} shown */
  #drawTrackLater(shown) {
    shown.drawTrack ??= () => this.#drawTrack(shown);
    drawLater(shown.drawTrack);
  }

  /** @param {RowElement} shown */
  #drawTrack(shown) {
    const component = shown.row?.component ?? null;
    const second = Math.floor(now() / 1000);
    const beats = component?.track.count(second) ?? 0;

    if (this.#trackSize.width > 0) drawTrack(shown.canvas, component, second, this.#trackSize);
    shown.canvas.hidden = !component;
    shown.canvas.setAttribute("aria-label", describeCount(beats));
  }

  /* Screen readers go by the order of the elements. */
  /** @param {Row[]} wanted */
  #arrange(wanted) {
    const shown = new Map(wanted.map(({ key }) =>
      [key, /** @type {RowElement} */ (this.#shown.get(key))]));

    this.#shown = shown;
    for (const { element } of this.#spare) element.remove();
    let next = this.#body.firstElementChild;
    for (const { element } of shown.values())
      if (element === next) next = next.nextElementSibling;
      else this.#body.insertBefore(element, next);
  }

  #tellNothing() {
    const { filter } = this.#cluster.groups;

    this.#nothing.hidden = this.#rows.length > 0 || !filter.isActive;
    setText(this.#nothing, filter.text ? `None has “${filter.text}”.` : "None is like that now.");
  }

  #tellActive() {
    const { index } = this.#cursor;
    const row = this.#rows[index];

    if (row && this.#shown.has(row.key))
      this.#grid.setAttribute("aria-activedescendant", `row-${index}`);
    else this.#grid.removeAttribute("aria-activedescendant");
  }
}
