// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* The lists and the stream come each in its own time: what is shown does not depend on it. */

import assert from "node:assert/strict";

import { holdClock, pulseIs, row, standBefore, testPage } from "./harness.mjs";

const HEAD = "\n\n"; /* ends the first frame: how things stand; what happened comes after it */

/** A proxy that holds back the lists, or the stream behind its first frame, until it is told; and so
 * again after it was broken off. */
/**
 * @param {import('./harness.mjs').Queen} queen
 * @param {string} first which of the two is not held
 */
async function holdBack(queen, first) {
  /** @type {(() => void)[]} */
  const held = [];
  let isHolding = true;
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

  /* It looks into the stream, so it wants it as it is. */
  const headers = { "accept-encoding": "identity" };
  const proxy = await standBefore(queen, { headers, pass: (from, to, url) => {
    const isStream = url.includes("/heartbeats/stream");
    if (isStream && isBroken) return void to.destroy();
    if (isStream) streams.push(to);
    if (!isHolding) from.pipe(to);
    else if (isStream && first === "list") passHead(from, to);
    else if (/\/v1\/(workers|hives)/.test(url) && first === "stream") held.push(() => from.pipe(to));
    else from.pipe(to);
  } });
  return {
    url: proxy.url,
    close: proxy.close,
    /* What is asked for later is let through, too: who knows when a page under load asks. */
    release: () => {
      isHolding = false;
      held.splice(0).forEach((go) => go());
    },
    breakOff: () => {
      isBroken = isHolding = true;
      streams.splice(0).forEach((stream) => stream.destroy());
    },
    mend: () => (isBroken = false),
  };
}

/** @param {import('playwright-core').Page} page */
const changes = (page) => page.locator("#log .line:not(.note)").evaluateAll((lines) =>
  lines.map((line) => [line.querySelector("a")?.title.replace(/, is .*/, ""),
    line.querySelector(".state")?.textContent].join(", is ")));

/** @param {import('playwright-core').Page} page */
const texts = (page) => page.locator("#log .line:not(.note)").evaluateAll((lines) =>
  lines.map((line) => ["id", "text", "state"].map((part) =>
    line.querySelector(`.${part}`)?.textContent ?? "").filter(Boolean).join(" ")));

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

  /* E2 */
  testPage(`somebody new is told from the first on, when the ${first} comes first`,
    { isClosed: true }, async ({ queen, page, context }) => {
      const proxy = await holdBack(queen, first);
      await holdClock(context);
      await queen.worker("w", "ready");
      await page.goto(proxy.url);
      await pulseIs(page, "beating"); /* who comes from now on is new */
      proxy.release();
      await row(page, "worker/w").waitFor();
      proxy.breakOff();
      await pulseIs(page, "lost");
      for (const status of ["starting", "ready"]) await queen.worker("n", status);
      proxy.mend();
      await row(page, "worker/n").getByText("Ready").waitFor();
      await pulseIs(page, "beating"); /* or there may be no stream yet that is held back */
      proxy.release();
      await queen.worker("n", "busy"); /* behind all that is told of the past */
      await row(page, "worker/n").getByText("Busy").waitFor();
      await linesAre(page, 3);
      assert.deepEqual(await texts(page), ["n Busy", "n Ready", "n new Starting"]);
      assert.deepEqual((await changes(page)).slice(0, 2),
        ["was ready, is Busy", "was starting, is Ready"]);
      proxy.close();
    });
}

/* E2 */
testPage("somebody new is told from the first on, as it comes", {}, async ({ queen, page }) => {
  for (const status of ["starting", "ready", "busy"]) await queen.worker("n", status);
  await page.locator("#log .text", { hasText: "new" }).waitFor();
  await linesAre(page, 3);
  assert.deepEqual(await texts(page), ["n Busy", "n Ready", "n new Starting"]);
});

/**
 * @typedef {{ status: string, at: number, offset?: number, first?: number, health?: string }} Said
 *   `at` is when it was by the queen's clock, `first` when she heard of it first, and `offset` how
 *   much the page's clock is taken to be ahead
 * @typedef {{ beat: Said } | { past: Said } | { list: Said } | { lost: number }} Telling
 * @typedef {{ name: string, told: Telling[], changes: string[] }} Course
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

/* Of somebody new: its first state is what its first heartbeat says, or the list while it has not
 * changed; what nobody knows is not said. */
/** @type {(Course & { kind?: string })[]} */
const ARRIVALS = [
  { name: "the stream comes before the list",
    told: [{ beat: { status: "starting", at: 1000 } }, { beat: { status: "ready", at: 2000 } },
      { list: { status: "ready", at: 2000, first: 1000 } }, { beat: { status: "busy", at: 3000 } }],
    changes: ["new starting", "ready, was starting", "busy, was ready"] },
  { name: "the list comes before the stream",
    told: [{ list: { status: "ready", at: 2000, first: 1000 } },
      { past: { status: "starting", at: 1000 } }, { past: { status: "ready", at: 2000 } },
      { beat: { status: "busy", at: 3000 } }],
    changes: ["new starting", "ready, was starting", "busy, was ready"] },
  { name: "the list comes in the midst of the stream",
    told: [{ beat: { status: "starting", at: 1000 } },
      { list: { status: "busy", at: 3000, first: 1000 } },
      { past: { status: "ready", at: 2000 } }, { past: { status: "busy", at: 3000 } }],
    changes: ["new starting", "ready, was starting", "busy, was ready"] },
  { name: "a list for each change comes before the stream",
    told: [{ list: { status: "starting", at: 1000, first: 1000 } },
      { list: { status: "ready", at: 2000, first: 1000 } },
      { past: { status: "starting", at: 1000 } }, { past: { status: "ready", at: 2000 } }],
    changes: ["new starting", "ready, was starting"] },
  { name: "all of it within a millisecond, the list first",
    told: [{ list: { status: "ready", at: 1000.5, first: 1000.25 } },
      { past: { status: "starting", at: 1000.25 } }, { past: { status: "ready", at: 1000.5 } }],
    changes: ["new starting", "ready, was starting"] },
  { name: "all of it within a millisecond, the stream first",
    told: [{ beat: { status: "starting", at: 1000.25 } }, { beat: { status: "ready", at: 1000.5 } },
      { list: { status: "ready", at: 1000.5, first: 1000.25 } }],
    changes: ["new starting", "ready, was starting"] },
  { name: "the clocks seem to be nearer for the list",
    told: [{ beat: { status: "starting", at: 1000 } }, { beat: { status: "ready", at: 2000 } },
      { list: { status: "ready", at: 2000, first: 1000, offset: 5000 } }],
    changes: ["new starting", "ready, was starting"] },
  { name: "there is a list alone, and it has not changed",
    told: [{ list: { status: "ready", at: 1000, first: 1000 } }], changes: ["new ready"] },
  { name: "there is a list alone, and it has changed",
    told: [{ list: { status: "ready", at: 2000, first: 1000 } }], changes: ["new", "ready"] },
  { name: "its first heartbeat was lost, and the list comes first",
    told: [{ list: { status: "ready", at: 2000, first: 1000 } }, { lost: 1 },
      { past: { status: "ready", at: 2000 } }, { beat: { status: "busy", at: 3000 } }],
    changes: ["new", "ready", "busy, was ready"] },
  { name: "its first heartbeat was lost, and the stream comes first",
    told: [{ lost: 1 }, { beat: { status: "ready", at: 2000 } }, { beat: { status: "busy", at: 3000 } },
      { list: { status: "busy", at: 3000, first: 1000 } }],
    changes: ["new", "busy, was ready"] },
  { name: "its change was lost with its first heartbeat",
    told: [{ lost: 2 }, { beat: { status: "ready", at: 3000 } },
      { list: { status: "ready", at: 2000, first: 1000 } }],
    changes: ["new", "ready"] },
  { name: "a hive is ill from the first on", kind: "hive",
    told: [{ beat: { status: "ready", at: 1000 } },
      { list: { status: "ready", health: "degraded", at: 1000, first: 1000 } }],
    changes: ["new degraded"] },
  { name: "a hive has become ill before any list", kind: "hive",
    told: [{ beat: { status: "ready", at: 1000 } }, { beat: { status: "ready", at: 2000 } },
      { list: { status: "ready", health: "degraded", at: 2000, first: 1000 } }],
    changes: ["new", "degraded"] },
];

/* What it was before is only said where nothing can have been in between. */
/** @type {(Course & { kind?: string })[]} */
const LOSSES = [
  { name: "nothing was lost", told: [{ beat: { status: "busy", at: 1000 } },
    { beat: { status: "offline", at: 2000 } }], changes: ["busy, was online", "offline, was busy"] },
  { name: "events were lost", told: [{ beat: { status: "busy", at: 1000 } }, { lost: 3 },
    { beat: { status: "offline", at: 2000 } }, { beat: { status: "ready", at: 3000 } }],
    changes: ["busy, was online", "offline", "ready, was offline"] },
  { name: "events were lost, of which a list tells the last",
    told: [{ beat: { status: "busy", at: 1000 } }, { list: { status: "offline", at: 3000 } },
      { lost: 1 }, { past: { status: "offline", at: 3000 } }, { beat: { status: "ready", at: 4000 } }],
    changes: ["busy, was online", "offline", "ready, was offline"] },
  { name: "it is heard again after events were lost, before it changes",
    told: [{ beat: { status: "busy", at: 1000 } }, { lost: 1 }, { beat: { status: "busy", at: 2000 } },
      { beat: { status: "offline", at: 3000 } }], changes: ["busy, was online", "offline, was busy"] },
  { name: "a list is ahead, and the stream tells what was in between",
    told: [{ beat: { status: "busy", at: 1000 } }, { list: { status: "offline", at: 3000 } },
      { past: { status: "starting", at: 2000 } }, { past: { status: "offline", at: 3000 } }],
    changes: ["busy, was online", "starting, was busy", "offline, was starting"] },
  { name: "a list is ahead, and the stream has yet to come",
    told: [{ beat: { status: "busy", at: 1000 } }, { list: { status: "offline", at: 3000 } }],
    changes: ["busy, was online", "offline"] },
  { name: "a hive becomes ill with the heartbeat that was heard", kind: "hive",
    told: [{ list: { status: "online", at: 0 } }, { beat: { status: "online", at: 1000 } },
      { list: { status: "online", health: "degraded", at: 1000 } }],
    changes: ["degraded, was online"] },
  { name: "a hive becomes ill with one of two heartbeats", kind: "hive",
    told: [{ list: { status: "online", at: 0 } }, { beat: { status: "online", at: 1000 } },
      { beat: { status: "online", at: 2000 } },
      { list: { status: "online", health: "degraded", at: 2000 } }],
    changes: ["degraded"] },
];

/** What the page's own model makes of it, in the page. */
/** @param {{ kind?: string, told: Telling[], isKnown: boolean }} course */
async function listChanges({ kind = "worker", told, isKnown }) {
  const { Cluster } = await import(String(new URL("model/cluster.js", document.baseURI)));
  const { Journal } = await import(String(new URL("model/journal.js", document.baseURI)));
  const journal = new Journal();
  const cluster = new Cluster((/** @type {any} */ change) => journal.addChange(change));
  const begin = Math.floor((Date.now() - 60000) / 1000) * 1000;
  const write = (/** @type {number} */ at) => new Date(begin + at).toISOString()
    .replace("Z", `${String(Math.round((at % 1) * 1000)).padStart(3, "0")}+00:00`);
  let number = 0, heartbeats = 0;

  cluster.take({ kind: "worker", id: "another", status: "ready", stamp: begin, at: begin, epoch: "1",
    number: number++ });
  cluster.watchedSince = isKnown ? Infinity : begin;
  for (const said of [...(isKnown ? [{ beat: { status: "online", at: 0 } }] : []), ...told]) {
    const [[way, what]] = Object.entries(said);
    const { status, at, offset = 0, first = 0, health = "healthy" } = what;
    const stamp = Math.floor(begin + at);
    if (way === "lost") number += what;
    else if (way === "list")
      cluster.takeRoster({ kind, askedAt: Date.now(), isList: true, isFirst: true, isLast: true,
        components: [{ id: "w", status, health_status: { status: health }, since: write(at),
          last_seen: write(at), first_seen: write(first), heartbeats }] }, offset);
    else
      cluster.take({ kind, id: "w", status, stamp, at: stamp + offset, epoch: "1", number: number++,
        isPast: way === "past" });
    if (way === "beat") heartbeats++;
  }
  return journal.list(0, (/** @type {any} */ { id }) => id === "w", false).reverse().map(
    (/** @type {import('../../data/page/model/journal.js').Entry} */ { text, status, from }) =>
      [text, status].filter(Boolean).join(" ") + (from && `, was ${from}`));
}

testPage("each change is told once and in its order", {}, async ({ page }) => {
  for (const { name, told, changes: expected } of COURSES)
    assert.deepEqual((await page.evaluate(listChanges, { told, isKnown: true }))
      .map((change) => change.replace(/, .*/, "")), expected, name);
});

testPage("of somebody new no state is told that it may not have had", {}, async ({ page }) => {
  for (const { name, changes: expected, ...course } of ARRIVALS)
    assert.deepEqual(await page.evaluate(listChanges, { ...course, isKnown: false }), expected, name);
});

testPage("what somebody was is told only where it is known", {}, async ({ page }) => {
  for (const { name, changes: expected, ...course } of LOSSES)
    assert.deepEqual(await page.evaluate(listChanges, { ...course, isKnown: true }), expected, name);
});
