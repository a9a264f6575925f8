// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* As many workers as a queen knows, who beat every 30 s: the page is there soon, and reacts. */

import assert from "node:assert/strict";
import timers from "node:timers/promises";

import { figureIs, keepPicture, measureLongestTask, testPage } from "./harness.mjs";

const WORKERS = 65536;
const HIVES = 1024;
const MOST = 1024; /* heartbeats of one batch */
const BATCH = 64; /* of those that go on */
const BATCHES = 200;
const PACE = 30000 * BATCH / WORKERS; /* ms between two of them */
const BATCHES_PER_KEY = 20;
const PAINTED_WITHIN = 1000; /* ms */
const LONGEST = 50; /* ms of a task */

/**
 * @param {import('./harness.mjs').Queen} queen
 * @param {number} first
 * @param {number} count
 */
function beat(queen, first, count) {
  return queen.batch(Array.from({ length: count }, (_, n) => ({ worker: {
    id: `worker-${(first + n) % WORKERS}`, status: "ready", hive_id: `hive-${(first + n) % HIVES}` } })));
}

/** @param {import('./harness.mjs').Queen} queen */
async function fill(queen) {
  for (let i = 0; i < WORKERS; i += MOST) await beat(queen, i, MOST);
  await queen.batch(Array.from({ length: HIVES }, (_, n) => ({ hive: {
    id: `hive-${n}`, operational_status: "ready" } })));
}

/** @param {import('playwright-core').Page} page */
async function measureKey(page) {
  const start = performance.now();
  await page.keyboard.press("ArrowDown");
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
  return Math.round(performance.now() - start);
}

testPage("65 536 workers that beat every 30 s are shown, and a key is answered meanwhile",
  { options: ["--timeout=10min"], isClosed: true }, async ({ queen, page, context }) => {
    const browser = /** @type {import('playwright-core').Browser} */ (context.browser());
    await fill(queen);
    await browser.startTracing(page, { categories: ["toplevel", "devtools.timeline"] });
    const opened = performance.now();
    await page.goto(queen.url);
    const painted = await page.evaluate(() =>
      performance.getEntriesByName("first-contentful-paint")[0].startTime);
    await figureIs(page, "workersOnline", new Intl.NumberFormat("en-US").format(WORKERS));
    const shown = performance.now() - opened;
    await page.locator("#rows").focus();

    const keys = [], pending = [];
    let sent = 0;
    for await (const _ of timers.setInterval(PACE)) {
      pending.push(beat(queen, sent * BATCH, BATCH));
      if (++sent % BATCHES_PER_KEY === 0) keys.push(await measureKey(page));
      if (sent === BATCHES) break;
    }
    await Promise.all(pending);
    await keepPicture(page, "big");
    const longest = await measureLongestTask(browser);
    console.log(`# painted after ${Math.round(painted)} ms, the figures after ${Math.round(shown)} ms`);
    console.log(`# keys were answered after ${keys} ms; the longest task took ${longest.toFixed(1)} ms`);
    assert.ok(painted < PAINTED_WITHIN && longest < LONGEST);
  });
