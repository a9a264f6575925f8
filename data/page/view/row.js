// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { capitalize, formatAge, make, setText } from "./text.js";

const CELLS = ["status", "id", "model", "device", "seen", "track"];

/** @typedef {import('../model/groups.js').Row} Row */

/** The elements of one row; used for another when it scrolls out of sight. */
export class RowElement {
  element = make("div", "row");
  canvas = make("canvas");
  /** @type {Record<string, HTMLElement>} */
  #cells = {};
  #state = make("span", "state");
  #fold = make("span", "fold");
  #id = make("bdi", "name");
  /** @type {Row | null} */
  row = null;
  /** @type {(() => void) | undefined} draws the canvas; the same function every time */
  drawTrack;

  constructor() {
    this.element.setAttribute("role", "row");
    for (const name of CELLS) {
      const cell = make("div", `cell ${name}`);
      cell.setAttribute("role", "gridcell");
      this.#cells[name] = cell;
      this.element.append(cell);
    }
    this.#fold.setAttribute("aria-hidden", "true");
    this.canvas.setAttribute("role", "img");
    this.#cells.status.append(this.#state);
    this.#cells.id.append(this.#fold, this.#id);
    this.#cells.track.append(this.canvas);
  }

  /**
   * @param {Row} row
   * @param {number} index
   * @param {boolean} isActive
   */
  place(row, index, isActive) {
    const { element } = this;

    this.row = row;
    element.id = `row-${index}`;
    element.style.transform = `translateY(calc(var(--row) * ${index}))`;
    element.setAttribute("aria-rowindex", String(index + 2));
    element.setAttribute("aria-level", String(row.level));
    element.classList.toggle("active", isActive);
    element.classList.toggle("head", row.level === 1);
    if (row.level === 1 && row.group.workers.length > 0)
      element.setAttribute("aria-expanded", String(!row.group.isFolded));
    else element.removeAttribute("aria-expanded");
    element.dataset.key = row.component?.key ?? row.key;
  }

  /** @param {number} now ms */
  draw(now) {
    const row = /** @type {Row} */ (this.row);

    if (row.component) this.#drawComponent(row.component);
    else this.#drawName(row.group.id || "Without a hive", "", "");
    if (row.level === 1) this.#drawMembers(row.group);
    this.drawSeen(now);
  }

  /** @param {number} now ms */
  drawSeen(now) {
    const seen = this.row?.component?.lastSeen;
    setText(this.#cells.seen, seen ? formatAge(now - seen) : "");
  }

  /** @param {import('../model/component.js').Component} component */
  #drawComponent(component) {
    const { facts } = component;

    this.#drawName(component.id, component.status, facts.health_status?.status);
    setText(this.#cells.model, facts.model_id ?? "");
    setText(this.#cells.device, facts.device ?? "");
  }

  /**
   * @param {string} name
   * @param {string} status
   * @param {string} [health]
   */
  #drawName(name, status, health) {
    const isIll = health === "degraded" || health === "unhealthy";

    setText(this.#id, name);
    this.#id.title = name;
    setText(this.#state, capitalize(isIll && status !== "offline" ? health : status));
    this.#state.dataset.state = isIll && status !== "offline" ? health : status;
    this.#state.hidden = !status;
  }

  /** @param {import('../model/groups.js').Group} group */
  #drawMembers(group) {
    const free = group.workers.filter((worker) => worker.isAvailable).length;
    const total = group.workers.length;

    setText(this.#cells.model, total === 0 ? "no workers" : `${free} of ${total} available`);
    setText(this.#cells.device, "");
  }
}
