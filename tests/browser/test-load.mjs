// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* A thousand workers, a hundred heartbeats a second: the page stays smooth. */

import assert from "node:assert/strict";
import timers from "node:timers/promises";

import { figureIs, keepPicture, measureLongestTask, testPage } from "./harness.mjs";

const WORKERS = 1000;
const BEATS = 1000;
const LONGEST = 50; /* ms of a task */
const PACE = 10; /* ms between two heartbeats */
const STATUSES = ["ready", "busy", "ready", "ready", "starting"];

/**
 * @param {import('./harness.mjs').Queen} queen
 * @param {number} i
 */
function beat(queen, i) {
  const number = i % WORKERS;
  return queen.worker(`worker-${number}`, STATUSES[(i * 7) % STATUSES.length], {
    hive_id: `hive-${number % 40}`, model_id: "meta-llama/Llama-3.1-8B-Instruct",
    device: `GPU-${number % 8}` });
}

testPage("a thousand workers with a hundred heartbeats per second are shown as they come", {},
  async ({ queen, page, context }) => {
    const browser = process.env.QUEEN_BENCHMARK ? context.browser() : null;
    await browser?.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });
    for (let i = 0; i < WORKERS; i += 20)
      await Promise.all(Array.from({ length: 20 }, (_, n) => beat(queen, i + n)));
    await figureIs(page, "workersOnline", new Intl.NumberFormat("en-US").format(WORKERS));

    const pending = [];
    let sent = 0;
    for await (const _ of timers.setInterval(PACE)) {
      pending.push(beat(queen, sent));
      if (sent % 50 === 0) await page.mouse.wheel(0, sent % 400 < 200 ? 900 : -900);
      if (sent === 100) await page.mouse.move(500, 600);
      if (++sent === BEATS) break;
    }
    await Promise.all(pending);
    await page.waitForFunction((last) => document.getElementById("log")?.textContent?.includes(last),
      `worker-${BEATS - 1}`);
    await keepPicture(page, "load");
    const shown = await page.locator("#rows .body .row").count();
    assert.ok(shown < 60, `${shown} rows have elements`);

    /* How long that takes says something of the machine, too: as a benchmark only. */
    if (!browser) return;
    const longest = await measureLongestTask(browser);
    console.log(`# the longest task took ${longest.toFixed(1)} ms`);
    assert.ok(longest < LONGEST);
  });
