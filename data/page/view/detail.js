// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { addressOf } from "../stream/address.js";
import { capitalize, describeCount, find, formatMoment, make } from "./text.js";
import { drawTrack } from "./track.js";

/** @type {[string, string][]} what is told, in this order */
const MEMBERS = [
  ["status", "State"], ["online", "Online"], ["available", "Available"],
  ["health_status", "Health"], ["model_id", "Model"], ["device", "Device"], ["hive_id", "Hive"],
  ["hostname", "Host"], ["port", "Port"], ["implementation", "Implementation"],
  ["version", "Version"], ["first_seen", "First seen"], ["last_seen", "Last seen"],
  ["heartbeats", "Heartbeats"],
];

/** @param {any} value */
function describe(value) {
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object")
    return [capitalize(value.status), value.reason].filter(Boolean).join(": ");
  if (/^\d{4}-\d\d-\d\dT/.test(value)) return formatMoment(Date.parse(value));
  return String(value);
}

/** Everything that the last heartbeat of one component said. */
export class DetailView {
  #dialog = find("detail");
  #facts = find("detail-facts");
  #note = find("detail-note");
  #canvas = find("detail-track");
  /** @type {import('../model/component.js').Component | null} */
  #component = null;
  #isAsking = false;

  constructor() {
    find("detail-close").addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => (this.#component = null));
    this.#dialog.addEventListener("click", (/** @type {Event} */ event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  /** @param {import('../model/component.js').Component} component */
  open(component) {
    this.#component = component;
    find("detail-kind").textContent = capitalize(component.kind);
    find("detail-title").textContent = component.id;
    this.#note.textContent = "";
    this.#drawFacts({ ...component.facts, status: component.status });
    this.#dialog.showModal();
    this.drawTrack();
    this.refresh();
  }

  /** @param {Set<string>} keys of components that have changed */
  drawChanged(keys) {
    if (this.#component && keys.has(this.#component.key)) this.refresh();
  }

  drawTrack() {
    const now = Math.floor(Date.now() / 1000);
    const track = this.#component?.track;

    if (!track) return;
    const { clientWidth: width, clientHeight: height } = this.#canvas.parentElement;
    drawTrack(this.#canvas, track, now, { width, height });
    this.#canvas.setAttribute("aria-label", describeCount(track.count(now)));
  }

  async refresh() {
    const component = this.#component;
    const address = component && addressOf(component.kind, component.id);

    if (!component || this.#isAsking) return;
    if (!address) return this.#drawFacts({ ...component.facts, status: component.status });
    this.#isAsking = true;
    try {
      const answer = await fetch(address);
      const said = await answer.json();
      if (component === this.#component) this.#take(answer.ok, said);
    } catch {
      this.#note.textContent = "The queen does not answer; this is what she said last.";
    }
    this.#isAsking = false;
  }

  /**
   * @param {boolean} isOk
   * @param {any} said
   */
  #take(isOk, said) {
    this.#note.textContent = isOk ? "" : capitalize(String(said.message));
    if (isOk) this.#drawFacts(said);
    this.drawTrack();
  }

  /** @param {Record<string, any>} facts */
  #drawFacts(facts) {
    const terms = MEMBERS.filter(([member]) => facts[member] !== undefined && facts[member] !== null);

    this.#facts.replaceChildren(...terms.flatMap(([member, name]) => {
      const value = make("dd");
      if (member === "status") {
        const state = make("span", "state", capitalize(facts.status.toLowerCase()));
        state.dataset.state = facts.status.toLowerCase();
        value.append(state);
      } else {
        value.append(make("bdi", "", describe(facts[member])));
      }
      return [make("dt", "", name), value];
    }));
  }
}
