// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { findIdle, readLoad, sumLoad, sumMemory } from "../model/load.js";
import { formatAge, formatBytes, formatNumber, formatPart, make, setText } from "./text.js";
import { now } from "./time.js";

/**
 * @typedef {import('../model/component.js').Component} Component
 * @typedef {import('../model/load.js').Load} Load
 */

/** @param {any} value */
const isSaid = (value) => value !== null && value !== undefined;

/** @param {Load} load */
function write({ running, slots, waiting }) {
  const known = running === null && slots === null ? ""
    : formatNumber(running ?? NaN).replace("NaN", "–") +
      (slots === null ? "" : `/${formatNumber(slots)}`);

  return known + (waiting ? ` +${formatNumber(waiting)}` : "");
}

/** @param {Load} load for people who do not see the column's short form */
function spell({ running, slots, waiting }) {
  const words = [];

  if (running !== null)
    words.push(`${formatNumber(running)}${slots === null ? "" : ` of ${formatNumber(slots)}`} running`);
  else if (slots !== null) words.push(`${formatNumber(slots)} slots`);
  if (waiting !== null) words.push(`${formatNumber(waiting)} waiting`);
  return words;
}

/** @param {Record<string, any>} facts of a worker */
function describeWorker(facts) {
  const words = spell(readLoad(facts));

  if (isSaid(facts.kv_usage)) words.push(`KV cache ${formatPart(facts.kv_usage)}`);
  if (isSaid(facts.tokens_per_second))
    words.push(`${formatNumber(Math.round(facts.tokens_per_second * 10) / 10)} tokens/s`);
  return words.join(", ");
}

/** @param {any} gpu one of a hive's, in one line */
export function describeGpu(gpu) {
  const name = gpu.name ?? (isSaid(gpu.index) ? `GPU ${gpu.index}` : "GPU");
  const words = [];

  if (isSaid(gpu.busy)) words.push(`${formatPart(gpu.busy)} busy`);
  if (isSaid(gpu.memory_used))
    words.push(formatBytes(gpu.memory_used) +
      (isSaid(gpu.memory_total) ? ` of ${formatBytes(gpu.memory_total)}` : ""));
  if (isSaid(gpu.temperature)) words.push(`${formatNumber(Math.round(gpu.temperature))} °C`);
  if (isSaid(gpu.power)) words.push(`${formatNumber(Math.round(gpu.power))} W`);
  return words.length > 0 ? `${name}: ${words.join(", ")}` : name;
}

/**
 * @param {Component} hive
 * @param {Component[]} workers its own
 */
export function describeIdle(hive, workers) {
  const idle = findIdle(hive, workers);

  return idle ? `holds ${formatBytes(idle.bytes)}, idle for ${formatAge(now() - idle.since)}` : "";
}

/**
 * A part of a whole.
 *
 * @param {number} value
 * @param {number} whole
 * @param {string} label for who does not see it
 */
export function makeMeter(value, whole, label) {
  const meter = make("meter");

  Object.assign(meter, { min: 0, max: whole || 1, value });
  meter.setAttribute("aria-label", label);
  return meter;
}

/** The load of one row: a worker's, or that of all in a group, or a hive's graphics cards. */
export class LoadElement {
  element = make("span", "workload");
  #mark = make("i", "progress");
  #meter = makeMeter(0, 1, "Load");
  #text = make("span");
  /** @type {Component | null} */
  #component = null;
  #advances = 0;

  constructor() {
    this.#mark.setAttribute("aria-hidden", "true");
    this.element.append(this.#mark, this.#meter, this.#text);
  }

  /**
   * @param {Component | null} component
   * @param {Component[]} workers of its group, when it is the head of one
   */
  draw(component, workers) {
    const memory = component ? sumMemory(component.facts.gpus) : null;

    this.#drawProgress(component);
    if (!component?.isOnline && component) this.#show("", 0, 0, "");
    else if (component && memory) this.#drawGpus(component, workers, memory);
    else if (component?.kind === "worker")
      this.#drawLoad(readLoad(component.facts), describeWorker(component.facts));
    else {
      const load = sumLoad(workers);
      this.#drawLoad(load, spell(load).join(", "));
    }
  }

  /**
   * @param {Load} load
   * @param {string} title
   */
  #drawLoad(load, title) {
    const { running, slots } = load;

    if (running === null || slots === null) this.#show(write(load), 0, 0, title);
    else this.#show(write(load), running, slots, title);
  }

  /**
   * @param {Component} hive
   * @param {Component[]} workers
   * @param {{ used: number, total: number }} memory
   */
  #drawGpus(hive, workers, { used, total }) {
    const lines = hive.facts.gpus.map(describeGpu);
    const idle = describeIdle(hive, workers);

    if (idle) lines.push(idle);
    this.#show(formatBytes(used), used, total, lines.join("\n"));
  }

  /**
   * @param {string} text
   * @param {number} value
   * @param {number} whole 0 when there is none
   * @param {string} title
   */
  #show(text, value, whole, title) {
    this.#meter.hidden = whole === 0;
    this.#meter.max = whole || 1;
    this.#meter.value = value;
    this.#meter.setAttribute("aria-label", title || "Load");
    this.element.title = title;
    setText(this.#text, text);
  }

  /* The mark moves once each time that the counter has grown. */
  /** @param {Component | null} component */
  #drawProgress(component) {
    const advances = component?.advances ?? 0;
    const isSame = component === this.#component;

    this.#mark.hidden = !component?.isOnline || !isSaid(component.facts.progress);
    if (isSame && advances !== this.#advances)
      this.#mark.dataset.beat = advances % 2 ? "odd" : "even";
    else if (!isSame) delete this.#mark.dataset.beat;
    this.#component = component;
    this.#advances = advances;
  }
}
