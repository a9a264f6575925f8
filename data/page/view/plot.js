// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find, formatClock, formatNumber, setText } from "./text.js";
import { onThemeChange, themeColor } from "./theme.js";

/** @type {any} */
const UPlot = /** @type {any} */ (globalThis).uPlot;
/* Nobody is online by half. */
const WHOLE = [1, 10, 100, 1000, 10000].flatMap((power) => [power, 2 * power, 5 * power]);
const FONT_SIZE = 0.75; /* rem */

/** Heartbeats per second and workers online, over the last ten minutes. */
export class PlotView {
  #box = find("plot");
  #rate = find("rate");
  #online = find("online");
  /** @type {any} */
  #plot = null;
  /** @type {any} */
  #data = [[], [], []];

  constructor() {
    new ResizeObserver(() => this.#fit()).observe(this.#box);
    onThemeChange(() => this.#make());
  }

  /**
   * @param {import('../model/rates.js').Rates} rates
   * @param {number} now s
   * @param {number} patience s: how long what the queen said last holds
   */
  draw(rates, now, patience) {
    const rate = rates.mean(now);

    setText(this.#rate, rate < 10 ? rate.toFixed(1) : formatNumber(Math.round(rate)));
    this.#data = rates.list(now, patience);
    if (this.#plot) this.#plot.setData(this.#data);
    else this.#make();
  }

  /** @param {import('../stream/parse.js').Census | null} census */
  drawOnline(census) {
    setText(this.#online, census ? formatNumber(census.workersOnline) : "–");
  }

  #size() {
    return { width: this.#box.clientWidth, height: this.#box.clientHeight };
  }

  #fit() {
    if (this.#plot) this.#plot.setSize(this.#size());
  }

  #make() {
    this.#plot?.destroy();
    this.#plot = new UPlot(this.#options(), this.#data, this.#box);
  }

  #options() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    /* uPlot multiplies it for fine screens, and takes whole pixels only. */
    const font = `${Math.round(FONT_SIZE * rem)}px ${getComputedStyle(document.body).fontFamily}`;
    const axis = {
      font, stroke: themeColor("muted"), ticks: { show: false }, gap: 4,
      grid: { stroke: themeColor("line"), width: 1 },
    };
    const size = 2.6 * rem;
    /** @type {(plot: any, low: number, high: number) => number[]} */
    const fromZero = (_, low, high) => [0, Math.max(high * 1.15, 1)];

    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { show: false },
      padding: [6, 0, 0, 0],
      scales: { x: { time: true }, rate: { range: fromZero }, online: { range: fromZero } },
      axes: [
        { ...axis, grid: { show: false }, size: 1.8 * rem, gap: 8, space: 6 * rem,
          values: (/** @type {any} */ _, /** @type {number[]} */ at) =>
            at.map((second) => formatClock(second * 1000).slice(0, 5)) },
        { ...axis, scale: "rate", size, space: 2 * rem, stroke: themeColor("busy") },
        { ...axis, scale: "online", side: 1, size, space: 2 * rem, grid: { show: false },
          stroke: themeColor("ok"), incrs: WHOLE },
      ],
      series: [
        {},
        { scale: "rate", stroke: themeColor("busy"), width: 1.25, fill: themeColor("busy-wash"),
          points: { show: false } },
        { scale: "online", stroke: themeColor("ok"), width: 2, dash: [6, 3], points: { show: false },
          paths: UPlot.paths.stepped({ align: 1 }) },
      ],
    };
  }
}
