// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { LoadElement } from "./load.js";
import { makeName, setName } from "./name.js";
import { describeReason, makeState, setState } from "./states.js";
import { formatAge, formatNumber, make, setText } from "./text.js";

const CELLS = ["status", "id", "model", "hive", "device", "load", "seen", "track"];
const NOWHERE = { hive: "Without a hive", model: "Without a model" };

/** @typedef {import('../model/groups.js').Row} Row */

/** The elements of one row; used for another when it scrolls out of sight. */
export class RowElement {
  element = make("div", "row");
  canvas = make("canvas");
  /** @type {Record<string, HTMLElement>} */
  #cells = {};
  #state = makeState();
  #fold = make("span", "fold");
  #id = makeName();
  #held = make("span", "badge", "held");
  #model = makeName();
  #hive = makeName();
  #device = makeName();
  #load = new LoadElement();
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
    this.#held.hidden = true;
    this.#cells.id.append(this.#fold, this.#id, this.#held);
    this.#cells.model.append(this.#model);
    this.#cells.hive.append(this.#hive);
    this.#cells.device.append(this.#device);
    this.#cells.load.append(this.#load.element);
    this.#cells.track.append(this.canvas);
    this.#model.classList.replace("name", "model-name");
    this.#hive.classList.replace("name", "hive-name");
    this.#device.classList.replace("name", "device-name");
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
      element.setAttribute("aria-expanded", String(!row.isFolded));
    else element.removeAttribute("aria-expanded");
    element.dataset.key = row.component?.key ?? row.key;
  }

  /**
   * @param {import('../model/groups.js').GroupsView} view
   * @param {number} now ms
   */
  draw(view, now) {
    const { component, group, level } = /** @type {Row} */ (this.row);

    if (component) this.#drawComponent(component);
    else this.#drawGroup(group.id || NOWHERE[view]);
    if (level === 1) this.#drawMembers(group, view);
    this.#load.draw(component ?? null, level === 1 ? group.workers : []);
    this.drawSeen(now);
  }

  /** @param {number} now ms */
  drawSeen(now) {
    const seen = this.row?.component?.lastSeen;
    setText(this.#cells.seen, seen ? formatAge(now - seen) : "");
  }

  /** @param {import('../model/component.js').Component} component */
  #drawComponent(component) {
    const { facts, condition } = component;

    setState(this.#state, condition);
    this.element.title = describeReason(component);
    this.#held.hidden = component.holds.length === 0;
    this.#held.title = component.holds.map(({ reason, holder }) => `${reason}, ${holder}`).join("\n");
    setName(this.#id, component.id);
    setName(this.#model, facts.model_id ?? "");
    setName(this.#hive, facts.hive_id ?? facts.hostname ?? "");
    setName(this.#device, facts.device ?? "");
  }

  /** @param {string} name */
  #drawGroup(name) {
    setState(this.#state, "");
    this.element.title = "";
    this.#held.hidden = true;
    setName(this.#id, name);
    setName(this.#hive, "");
    setName(this.#device, "");
  }

  /**
   * @param {import('../model/groups.js').Group} group
   * @param {import('../model/groups.js').GroupsView} view
   */
  #drawMembers({ workers }, view) {
    let [nBusy, nFree, problems] = [0, 0, 0];

    for (const worker of workers) {
      nBusy += Number(worker.status === "busy");
      nFree += Number(worker.isAvailable);
      problems += Number(worker.isProblem);
    }
    const total = formatNumber(workers.length);
    const busy = `${formatNumber(nBusy)} busy`;
    const free = formatNumber(nFree);
    const trouble = `${formatNumber(problems)} ${problems > 1 ? "problems" : "problem"}`;
    const counts = view === "model"
      ? [`${total} ${workers.length === 1 ? "worker" : "workers"}`, `${free} available`, busy]
      : [`${free} of ${total} available`, busy];

    if (problems > 0) counts.push(trouble);
    setName(this.#model, workers.length === 0 ? "no workers" : counts.join(", "), true);
    setName(this.#hive, "");
  }
}
