// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { addressOf } from "../stream/address.js";
import { ask } from "../stream/ask.js";
import { readFault } from "../stream/fault.js";
import { askRights } from "../stream/rights.js";
import { listFacts } from "./facts.js";
import { askHolds, HoldForm } from "./holds.js";
import { makeName, setName } from "./name.js";
import { isBeside } from "./press.js";
import { makeState, setState } from "./states.js";
import { capitalize, describeCount, find, formatNumber, make, setText } from "./text.js";
import { now } from "./time.js";
import { drawTrack } from "./track.js";

const SHOWN = 500; /* workers of a hive */
const DOUBLE = 500; /* ms: the second click of a double one is meant for what was there before */

/**
 * @typedef {import('../model/component.js').Component} Component
 * @typedef {import('../model/cluster.js').Cluster} Cluster
 */

/** @param {[string, Node | string]} fact */
function makeFact([name, content]) {
  const value = make("dd");

  value.append(content);
  return [make("dt", "", name), value];
}

/** Everything that is known of one component: who is open is what the page's address says. */
export class DetailView {
  #dialog = find("detail");
  #facts = find("detail-facts");
  #note = find("detail-note");
  #workers = find("detail-workers");
  #forget = find("detail-forget");
  #canvas = find("detail-track");
  #cluster;
  #place;
  /** @type {Component | null} */
  #component = null;
  #key = "";
  #heard = 0; /* when that of which the queen was asked came */
  #names = ""; /* of the facts that are drawn */
  #isAsking = false;
  #openedAt = 0; /* ms, as events have it */
  #mayForget = false;
  #mayHold = false;
  #holdForm = new HoldForm((request) => this.#hold("POST", { body: request }));

  /**
   * @param {Cluster} cluster
   * @param {import('./place.js').Place} place
   */
  constructor(cluster, place) {
    this.#cluster = cluster;
    this.#place = place;
    find("detail-close").addEventListener("click", () => this.#dialog.close());
    this.#forget.addEventListener("click", () => this.#askToForget());
    this.#dialog.addEventListener("close", () => this.#leave());
    this.#dialog.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      if (event.target !== this.#dialog || event.detail > 1) return;
      if (isBeside(this.#dialog, event, this.#openedAt + DOUBLE)) this.#dialog.close();
    });
  }

  /** The address may name another one, or the one that it names may only now be known. */
  draw() {
    const kind = this.#place.get("worker") ? "worker" : "hive";
    const id = this.#place.get(kind);
    const key = id && `${kind}/${id}`;
    const component = this.#cluster.components.get(key) ?? null;

    if (!key && this.#key) this.#dialog.close();
    if (!key || (key === this.#key && component === this.#component)) return;
    if (!component && !this.#cluster.isListed(kind)) return; /* it may still come */
    if (component || key !== this.#key) this.#show(kind, id, component);
  }

  /** @param {Set<string>} keys of components that have changed */
  drawChanged(keys) {
    if (!this.#component) return;
    if (keys.has(this.#component.key)) this.#follow(this.#component);
    if (this.#component.kind !== "hive") return;
    this.#drawWorkers();
    this.#drawFacts(); /* whether all of them are idle is one */
  }

  drawTrack() {
    const second = Math.floor(now() / 1000);

    if (!this.#component) return;
    const { clientWidth: width, clientHeight: height } = this.#canvas.parentElement;
    drawTrack(this.#canvas, this.#component, second, { width, height });
    this.#canvas.setAttribute("aria-label", describeCount(this.#component.track.count(second)));
  }

  /* Each heartbeat may have said something else; what is known from the lists is drawn as it is. */
  /** @param {Component} component that has changed */
  #follow(component) {
    if (component.lastHeard === this.#heard) return this.#drawFacts();
    this.#heard = component.lastHeard;
    this.refresh();
  }

  /** Asks the queen, and shows what is known until she answers. */
  async refresh() {
    const component = this.#component;

    if (!component) return;
    this.#drawFacts();
    if (this.#isAsking) return;
    this.#isAsking = true;
    const askedAt = Date.now();
    try {
      const answer = await ask(addressOf(component.kind, component.id));
      if (answer.ok) this.#cluster.takeOne(component, await answer.json(), askedAt);
      if (component === this.#component)
        this.#drawNote(answer.ok ? "" : (await readFault(answer)).message);
    } catch {
      this.#drawNote("The queen does not answer; this is what she said last.");
    }
    this.#isAsking = false;
    this.#drawFacts();
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   * @param {Component | null} component
   */
  #show(kind, id, component) {
    this.#component = component;
    this.#key = `${kind}/${id}`;
    find("detail-kind").textContent = capitalize(kind);
    find("detail-title").textContent = id;
    this.#drawNote(component ? "" : `The queen does not know a ${kind} of that name.`);
    this.#forget.hidden = true;
    this.#holdForm.close();
    this.#facts.replaceChildren();
    this.#names = "";
    this.#heard = component?.lastHeard ?? 0;
    this.#drawWorkers();
    if (!this.#dialog.open) this.#open();
    this.drawTrack();
    this.refresh();
    this.#askForRights();
  }

  #open() {
    this.#dialog.showModal();
    this.#openedAt = performance.now();
  }

  async #askForRights() {
    const rights = await askRights();

    this.#mayForget = rights.has("admin");
    this.#mayHold = rights.has("hold");
    this.#drawFacts();
  }

  #leave() {
    this.#component = null;
    this.#key = "";
    this.#place.note({ worker: "", hive: "" });
  }

  #drawFacts() {
    if (!this.#component) return;
    const workers = this.#cluster.workersOf(this.#component);
    const terms = listFacts(this.#component, this.#place, workers, this.#mayHold
      ? ({ id }) => this.#hold("DELETE", { hold: id }) : null);
    const values = this.#facts.querySelectorAll("dd");
    const names = terms.map(([name]) => name).join("\n");

    if (names !== this.#names) this.#facts.replaceChildren(...terms.flatMap(makeFact));
    /* What is as before stays the same element, which may have the focus. */
    else terms.forEach(([, content], i) => {
      const text = typeof content === "string" ? content : content.textContent;
      if (values[i].textContent !== text) values[i].replaceChildren(content);
    });
    this.#names = names;
    this.#drawForget();
    this.drawTrack();
  }

  /** @param {string} text */
  #drawNote(text) {
    setText(this.#note, capitalize(text));
  }

  /* Who is online would be back with the next heartbeat. */
  #drawForget() {
    this.#forget.hidden = !this.#mayForget || !this.#component || this.#component.isOnline;
    this.#holdForm.draw(this.#mayHold && this.#component !== null && this.#component.isListed);
  }

  #drawWorkers() {
    const group = this.#component && this.#cluster.workersOf(this.#component);
    const shown = group?.slice(0, SHOWN) ?? [];
    const list = this.#workers.querySelector("ul");
    const rest = (group?.length ?? 0) - shown.length;

    this.#workers.hidden = shown.length === 0;
    setText(this.#workers.querySelector("h3"), `Workers: ${formatNumber(group?.length ?? 0)}` +
      (rest > 0 ? `, of whom ${formatNumber(SHOWN)} are shown` : ""));
    while (list.childElementCount > shown.length) list.lastElementChild.remove();
    while (list.childElementCount < shown.length) list.append(this.#makeWorker());
    shown.forEach((worker, i) => this.#drawWorker(list.children[i], worker));
  }

  #makeWorker() {
    const item = make("li");
    const link = make("a");

    link.append(makeState(), makeName());
    item.append(link);
    return item;
  }

  /**
   * @param {Element} item
   * @param {Component} worker
   */
  #drawWorker(item, worker) {
    const link = /** @type {HTMLAnchorElement} */ (item.firstElementChild);
    const [state, name] = /** @type {HTMLElement[]} */ ([...link.children]);

    setState(state, worker.condition);
    if (name.title === worker.id) return;
    setName(name, worker.id);
    link.href = this.#place.resolve({ hive: "", worker: worker.id });
  }

  /**
   * Makes or ends a hold, and shows how it is then.
   *
   * @param {string} method
   * @param {{ hold?: string, body?: object }} what
   */
  async #hold(method, what) {
    const component = this.#component;

    if (!component) return false;
    const fault = await askHolds(addressOf(component.kind, component.id), method, what);
    await this.refresh();
    if (fault) this.#drawNote(fault);
    return !fault;
  }

  async #askToForget() {
    const component = this.#component;

    if (!component) return;
    try {
      const answer = await ask(addressOf(component.kind, component.id), { method: "DELETE" });
      if (!answer.ok) return this.#drawNote((await readFault(answer)).message);
      this.#cluster.forget(component);
      this.#dialog.close();
    } catch {
      this.#drawNote("The queen does not answer.");
    }
  }
}
