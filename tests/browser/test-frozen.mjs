// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* What a browser does to tabs that nobody looks at: it freezes them, for hours. */

import assert from "node:assert/strict";
import timers from "node:timers/promises";

import { figureIs, open, pulseIs, testPage } from "./harness.mjs";

const WORKERS = 80; /* heartbeats of one batch */
const BATCHES = 150;
const APART = 20; /* ms, or they are all one message */
const MOST = 100; /* messages, of which it is sent 32 ahead, and some before and after */

/** Counts what comes to a tab, and what it could have come by. */
/** @param {import('playwright-core').Page} page */
function countMessages(page) {
  return page.addInitScript(() => {
    const scope = /** @type {any} */ (globalThis);

    scope.counted = 0;
    for (const { prototype } of [MessagePort, BroadcastChannel]) {
      const { set } = /** @type {any} */ (Object.getOwnPropertyDescriptor(prototype, "onmessage"));
      Object.defineProperty(prototype, "onmessage", {
        set(func) {
          set.call(this, (/** @type {MessageEvent} */ event) => {
            if (event.data) scope.counted++; /* the page's own have nothing in them */
            func(event);
          });
        },
      });
    }
  });
}

/**
 * @param {import('playwright-core').Page} page
 * @returns {Promise<number>}
 */
const readCount = (page) => page.evaluate(() => /** @type {any} */ (globalThis).counted);

/**
 * Many heartbeats, at such times that each batch is a message.
 *
 * @param {import('./harness.mjs').Queen} queen
 */
async function beatOn(queen) {
  for (let n = 0; n < BATCHES; n++) {
    const status = n % 2 ? "ready" : "busy";
    await queen.batch(Array.from({ length: WORKERS }, (_, i) => ({ worker: { id: `w${i}`, status } })));
    await timers.setTimeout(APART);
  }
  await queen.worker("last", "ready");
}

/**
 * @param {import('playwright-core').Page} page
 * @param {() => Promise<void>} func
 * @returns {Promise<number>} how many messages came until it saw what was last
 */
async function countDuring(page, func) {
  const before = await readCount(page);

  await func();
  await pulseIs(page, "beating");
  await figureIs(page, "workersOnline", String(WORKERS + 1));
  await figureIs(page, "workersAvailable", String(WORKERS + 1));
  return await readCount(page) - before;
}

/* No browser without a window freezes any, but their debuggers hold them as well. */
testPage("a tab that takes nothing is not sent without end, and sees how things stand afterwards",
  { isClosed: true }, async ({ queen, context, page }) => {
    await open(page, queen);
    const held = await context.newPage();
    await countMessages(held);
    await open(held, queen);
    const session = await context.newCDPSession(held);
    await session.send("Debugger.enable");
    const n = await countDuring(held, async () => {
      const paused = new Promise((resolve) => session.once("Debugger.paused", resolve));
      await session.send("Debugger.pause");
      await paused;
      await beatOn(queen);
      await figureIs(page, "workersOnline", String(WORKERS + 1));
      await session.send("Debugger.resume");
    });
    assert.ok(n <= MOST, `${n} messages`);
  });

testPage("without SharedWorker, a tab that is to be frozen takes no part until it is not any more",
  { isClosed: true }, async ({ queen, context, page }) => {
    await context.addInitScript(() =>
      Object.defineProperty(globalThis, "SharedWorker", { value: undefined }));
    await open(page, queen);
    const frozen = await context.newPage();
    await countMessages(frozen);
    await open(frozen, queen);
    const third = await context.newPage();
    await open(third, queen);
    const tell = (/** @type {string} */ name) =>
      frozen.evaluate((type) => document.dispatchEvent(new Event(type)), name);
    const n = await countDuring(frozen, async () => {
      await tell("freeze");
      await beatOn(queen);
      await tell("resume");
    });
    assert.ok(n <= MOST, `${n} messages`);
    await tell("freeze");
    await page.close(); /* which had the stream, and the frozen one came next */
    await queen.worker("w", "ready");
    await figureIs(third, "workersOnline", String(WORKERS + 2));
  });
