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

  /* E2, E10 */
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
      await pulseIs(page, "beating"); /* or there may be no stream yet that is held back */
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

/**
 * @typedef {{ status: string, at: number, offset?: number }} Said
 *   `at` is when it was by the queen's clock, and `offset` how much the page's is taken to be ahead
 * @typedef {{ name: string, told: ({ beat: Said } | { past: Said } | { list: Said })[],
 *   changes: string[] }} Course
 */

/** @type {Course[]} */
const COURSES = [
  { name: "two lists come before the past",
    told: [{ beat: { status: "busy", at: 1000 } },
      { list: { status: "starting", at: 2000 } }, { list: { status: "offline", at: 3000 } },
      { past: { status: "starting", at: 2000 } }, { past: { status: "offline", at: 3000 } }],
    changes: ["busy", "starting", "offline"] },
  { name: "a list comes before the past, all of it within a millisecond",
    told: [{ beat: { status: "busy", at: 1000 } }, { list: { status: "offline", at: 1000 } },
      { past: { status: "starting", at: 1000 } }, { past: { status: "offline", at: 1000 } }],
    changes: ["busy", "starting", "offline"] },
  { name: "the past comes when the clocks seem to be further apart than for the list",
    told: [{ beat: { status: "busy", at: 1000 } }, { list: { status: "offline", at: 3000 } },
      { past: { status: "starting", at: 2000, offset: 1500 } },
      { past: { status: "offline", at: 3000, offset: 1500 } },
      { beat: { status: "ready", at: 4000, offset: 1500 } }],
    changes: ["busy", "starting", "offline", "ready"] },
  { name: "the past comes when the clocks seem to be nearer than for the list",
    told: [{ beat: { status: "busy", at: 1000 } },
      { list: { status: "offline", at: 3000, offset: 2000 } },
      { past: { status: "starting", at: 2000 } }, { past: { status: "offline", at: 3000 } },
      { past: { status: "ready", at: 4000 } }],
    changes: ["busy", "starting", "offline", "ready"] },
  { name: "what came before the loss took long",
    told: [{ beat: { status: "busy", at: 1000, offset: 2500 } },
      { list: { status: "offline", at: 3000 } },
      { past: { status: "starting", at: 2000 } }, { past: { status: "offline", at: 3000 } }],
    changes: ["busy", "starting", "offline"] },
  { name: "the past comes before the list, and what came before the loss took long",
    told: [{ beat: { status: "busy", at: 1000, offset: 2500 } },
      { past: { status: "starting", at: 2000 } }, { past: { status: "offline", at: 3000 } },
      { list: { status: "offline", at: 3000 } }],
    changes: ["busy", "starting", "offline"] },
];

/** What the page's own model makes of it, in the page. */
/** @param {Course["told"]} told */
async function listChanges(told) {
  const { Cluster } = await import(String(new URL("model/cluster.js", document.baseURI)));
  const { Journal } = await import(String(new URL("model/journal.js", document.baseURI)));
  const journal = new Journal();
  const cluster = new Cluster((/** @type {any} */ change) => journal.addChange(change));
  const begin = Date.now() - 60000;
  let number = 0;

  for (const said of [{ beat: { status: "online", at: 0 } }, ...told]) {
    const [[way, { status, at, offset = 0 }]] = Object.entries(said);
    const stamp = begin + at, time = new Date(stamp).toISOString();
    if (way !== "list")
      cluster.take({ kind: "worker", id: "w", status, stamp, at: stamp + offset, life: "1",
        number: number++, isPast: way === "past" });
    else cluster.takeRoster({ kind: "worker", askedAt: Date.now(), isList: true, isFirst: true,
      isLast: true, components: [{ id: "w", status, since: time, last_seen: time,
        first_seen: new Date(begin).toISOString(), heartbeats: 9 }] }, offset);
  }
  return journal.list(0, () => true, 20, false).reverse().map(
    (/** @type {import('../../data/page/model/journal.js').Entry} */ { status }) => status);
}

testPage("each change is told once and in its order", {}, async ({ page }) => {
  for (const { name, told, changes: expected } of COURSES)
    assert.deepEqual(await page.evaluate(listChanges, told), expected, name);
});
