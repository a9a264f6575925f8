// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* The lists and the stream come each in its own time: what is shown does not depend on it. */

import assert from "node:assert/strict";

import { holdClock, pulseIs, row, standBefore, testPage } from "./harness.mjs";

const HEAD = "\n\n"; /* ends the first frame: how things stand; what happened comes after it */

/** A proxy that holds back the lists, or the stream behind its first frame, until it is told. */
/**
 * @param {import('./harness.mjs').Queen} queen
 * @param {string} first which of the two is not held
 */
async function holdBack(queen, first) {
  /** @type {(() => void)[]} */
  const held = [];
  /** @type {import('node:http').ServerResponse[]} */
  const streams = [];
  let isBroken = false;
  /** @type {(from: import('node:http').IncomingMessage, to: import('node:http').ServerResponse) => void} */
  const passHead = (from, to) => from.once("data", (/** @type {Buffer} */ chunk) => {
    const end = chunk.indexOf(HEAD) + HEAD.length;
    from.pause();
    to.write(chunk.subarray(0, end));
    held.push(() => {
      to.write(chunk.subarray(end));
      from.pipe(to);
    });
  });

  const proxy = await standBefore(queen, { pass: (from, to, url) => {
    const isStream = url.includes("/heartbeats/stream");
    if (isStream && isBroken) return void to.destroy();
    if (isStream) streams.push(to);
    if (isStream && first === "list") passHead(from, to);
    else if (/\/v1\/(workers|hives)/.test(url) && first === "stream") held.push(() => from.pipe(to));
    else from.pipe(to);
  } });
  return {
    url: proxy.url,
    close: proxy.close,
    release: () => held.splice(0).forEach((go) => go()),
    breakOff: () => {
      isBroken = true;
      streams.splice(0).forEach((stream) => stream.destroy());
    },
    mend: () => (isBroken = false),
  };
}

/** @param {import('playwright-core').Page} page */
const changes = (page) => page.locator("#log .line:not(.note)").evaluateAll((lines) =>
  lines.map((line) => [line.querySelector("a")?.title.replace(/, is .*/, ""),
    line.querySelector(".state")?.textContent].join(", is ")));

/**
 * @param {import('playwright-core').Page} page
 * @param {number} count
 */
const linesAre = (page, count) => page.waitForFunction(
  (wanted) => document.querySelectorAll("#log .line:not(.note)").length === wanted, count);

for (const first of ["list", "stream"]) {
  /* E1, E2, E6 */
  testPage(`who is late, and what has changed, is the same when the ${first} comes first`,
    { isClosed: true }, async ({ queen, page, context }) => {
      const proxy = await holdBack(queen, first);
      await holdClock(context);
      for (let i = 0; i < 12; i++) {
        await queen.worker("silent", "ready");
        await queen.hive("silent-too", "ready");
      }
      for (const status of ["starting", "ready", "busy"]) await queen.worker("w", status);
      await page.goto(proxy.url);
      await row(page, "worker/w").getByText("Busy").waitFor();
      proxy.release();
      await page.waitForFunction(() => document.getElementById("attention-word")?.textContent !== "–");
      await linesAre(page, 2);
      /* Who has not been heard of often enough is given more time than that. */
      await page.evaluate(() => /** @type {any} */ (globalThis).putForward(10000));
      await page.getByText("2 need attention").waitFor();
      assert.deepEqual(await page.locator(".trouble .name").allTextContents(),
        ["silent-too", "silent"]);
      assert.deepEqual(await changes(page), ["was ready, is Busy", "was starting, is Ready"]);
      proxy.close();
    });

  testPage(`who was forgotten does not come back when the ${first} comes first`,
    { isClosed: true }, async ({ queen, page }) => {
      const proxy = await holdBack(queen, first);
      await queen.worker("gone", "stopped");
      await queen.worker("w", "ready");
      await fetch(`${queen.url}/v1/workers/gone`, { method: "DELETE" });
      await page.goto(proxy.url);
      await row(page, "worker/w").getByText("Ready").waitFor();
      proxy.release();
      await queen.worker("w", "busy"); /* behind all that is told of the past */
      await row(page, "worker/w").getByText("Busy").waitFor();
      await row(page, "worker/gone").waitFor({ state: "detached" });
      proxy.close();
    });

  /* E2, E10: when the list comes first, what it has told may be all that is told. */
  if (first === "list") continue;
  testPage(`what happened while the stream was lost is told once, when the ${first} comes first`,
    { isClosed: true }, async ({ queen, page, context }) => {
      const proxy = await holdBack(queen, first);
      await holdClock(context);
      await queen.worker("w", "ready");
      await page.goto(proxy.url);
      await row(page, "worker/w").getByText("Ready").waitFor();
      proxy.release();
      await queen.worker("w", "busy"); /* so all of the past has been told */
      await row(page, "worker/w").getByText("Busy").waitFor();
      proxy.breakOff();
      await pulseIs(page, "lost");
      for (const status of ["starting", "offline"]) await queen.worker("w", status);
      proxy.mend();
      await row(page, "worker/w").getByText("Offline").waitFor();
      proxy.release();
      await linesAre(page, 3);
      const states = (await changes(page)).map((change) => change.replace(/.*, /, ""));
      assert.deepEqual(states, ["is Offline", "is Starting", "is Busy"]);
      await queen.worker("w", "ready"); /* and on it goes */
      proxy.release();
      await row(page, "worker/w").getByText("Ready").waitFor();
      await linesAre(page, 4);
      proxy.close();
    });
}
