// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { makeName, setName } from "./name.js";
import { describeReason, makeState, setState } from "./states.js";
import { find, formatAge, formatNumber, formatSince, make, setText } from "./text.js";
import { now } from "./time.js";

const SHOWN_NARROW = 5; /* of the worst */

/** @typedef {import('../model/component.js').Component} Component */

/** @param {Component} component */
const whom = ({ kind, id }) => ({ worker: "", hive: "", [kind]: id });

/** One who needs somebody, as a link to what is known of it. */
class Line {
  element = make("li");
  #link = make("a", "trouble");
  #state = makeState();
  #kind = make("span", "kind");
  #name = makeName();
  #reason = make("span", "reason");
  #since = make("time", "since");
  #place;
  /** @type {Component | null} */
  #component = null;

  /** @param {import('./place.js').Place} place */
  constructor(place) {
    this.#place = place;
    this.#link.append(this.#state, this.#kind, this.#name, this.#reason, this.#since);
    this.#link.addEventListener("click", (event) => this.#go(event));
    this.element.append(this.#link);
  }

  /** @param {Component} component */
  draw(component) {
    const { kind, id, facts } = component;

    this.#component = component;
    this.#link.href = this.#place.resolve(whom(component));
    this.#link.title = [facts.model_id, facts.hive_id].filter(Boolean).join(" on ");
    setState(this.#state, component.condition);
    setText(this.#kind, kind);
    setName(this.#name, id);
    setText(this.#reason, describeReason(component));
    this.drawSince();
  }

  drawSince() {
    const since = this.#component?.conditionSince;

    if (!since) return setText(this.#since, "–");
    setText(this.#since, `since ${formatSince(since, now())}, ${formatAge(now() - since)}`);
    this.#since.dateTime = new Date(since).toISOString();
  }

  /* What else the address says may have changed since the link was drawn. */
  /** @param {MouseEvent} event */
  #go(event) {
    if (!this.#component || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.#place.go(whom(this.#component));
  }
}

/** Who needs attention: who, what, why, and since when. */
export class AttentionView {
  #word = find("attention-word");
  #list = find("attention");
  #more = find("attention-more");
  /** @type {Line[]} */
  #lines = [];
  /** @type {Component[]} */
  #drawn = [];
  /** @type {Component[] | null} */
  #source = null;
  #place;
  #narrow = matchMedia("(max-width: 48rem)");

  /**
   * @param {import('./place.js').Place} place
   * @param {() => void} onMore
   */
  constructor(place, onMore) {
    this.#place = place;
    this.#more.addEventListener("click", onMore);
  }

  /**
   * @param {import('../model/attention.js').Attention} attention
   * @param {boolean} isKnown whether anybody knows who there is
   */
  draw({ worst: components, size }, isKnown) {
    const shown = components.slice(0, this.#narrow.matches ? SHOWN_NARROW : undefined);
    const rest = size - shown.length;

    if (components !== this.#source || shown.length !== this.#drawn.length) {
      while (this.#lines.length < shown.length) this.#lines.push(new Line(this.#place));
      shown.forEach((component, i) => this.#lines[i].draw(component));
    }
    this.#source = components;
    if (shown.length !== this.#drawn.length)
      this.#list.replaceChildren(...this.#lines.slice(0, shown.length).map(({ element }) => element));
    this.#drawn = shown;
    this.#list.hidden = shown.length === 0;
    this.#more.hidden = rest === 0;
    setText(this.#more, `and ${formatNumber(rest)} more`);
    this.#drawWord(components[0]?.condition ?? "none", size, isKnown);
  }

  /* It is spoken; a number that runs is so once a second only. */
  /**
   * @param {string} condition of the worst
   * @param {number} size
   * @param {boolean} isKnown
   */
  #drawWord(condition, size, isKnown) {
    const worst = isKnown ? condition : "";
    const text = this.#describe(size, isKnown);

    if (this.#word.textContent === text && this.#word.dataset.worst === worst) return;
    this.#word.setAttribute("aria-busy", String(this.#word.dataset.worst === worst));
    this.#word.dataset.worst = worst;
    setText(this.#word, text);
  }

  /** Time has passed. */
  drawAges() {
    this.#word.setAttribute("aria-busy", "false");
    this.#drawn.forEach((_, i) => this.#lines[i].drawSince());
  }

  /**
   * @param {number} count
   * @param {boolean} isKnown
   */
  #describe(count, isKnown) {
    if (!isKnown) return "–";
    if (count === 0) return "Nothing needs attention";
    return count === 1 ? "One needs attention" : `${formatNumber(count)} need attention`;
  }
}
