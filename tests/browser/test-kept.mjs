// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* A page is open for weeks: what it keeps of what was does not grow. Its parts are tried one by one, so
 * that it does not take weeks. */

import assert from "node:assert/strict";

import { testPage } from "./harness.mjs";

const TIMES = 1000;
const FEW = 100;
const MOST = 65536; /* as model/most.js has it */

/**
 * Tries something with the page's modules, which it gets from `load`; `note` is for what nobody should
 * hold when it is over.
 *
 * @param {string} name
 * @param {(load: (path: string) => Promise<any>, note: (thing: object) => void) => Promise<any>} func
 *   which is run by the browser
 * @param {(held: number, result: any) => void} check
 */
function testParts(name, func, check) {
  testPage(name, {}, async ({ page, context }) => {
    const session = await context.newCDPSession(page);
    const result = await page.evaluate(`(async () => {
      globalThis.refs = [];
      return (${func})((path) => import("./" + path), (thing) => globalThis.refs.push(new WeakRef(thing)));
    })()`);
    await session.send("HeapProfiler.collectGarbage");
    const held = await page.evaluate("refs.filter((ref) => ref.deref()).length");
    check(/** @type {number} */ (held), result);
  });
}

testParts("a hive whose health comes and goes is not remembered each time", async (load, note) => {
  const { Cluster } = await load("model/cluster.js");
  const timeOf = (/** @type {number} */ n) => new Date(1.7e12 + n * 1000).toISOString();
  let count = 0;
  const cluster = (/** @type {any} */ (globalThis).kept = new Cluster((/** @type {object} */ change) => {
    note(change);
    count++;
  }));

  for (let n = 0; n < 1000; n++)
    cluster.takeRoster({ kind: "hive", askedAt: 1.7e12 + n * 1000, isList: true, isFirst: true,
      isLast: true, components: [{ id: "h", status: "Ready", heartbeats: n + 1,
        first_seen: timeOf(0), last_seen: timeOf(n), since: timeOf(n),
        health_status: { status: n % 2 ? "degraded" : "healthy" } }] }, 0);
  return count;
}, (held, count) => {
  assert.ok(count > TIMES / 2, `${count} changes`);
  assert.ok(held < FEW, `${held} of them are held`);
});

testParts("who was forgotten is not remembered, whatever the clocks said", async (load, note) => {
  const { Component } = await load("model/component.js");
  const { FORGOTTEN, Journal } = await load("model/journal.js");
  const journal = (/** @type {any} */ (globalThis).kept = new Journal());

  for (let n = 0; n < 5000; n++) {
    const component = new Component("worker", `w${n}`);
    const write = (/** @type {number} */ at, /** @type {string} */ from, /** @type {string} */ to) =>
      journal.addChange({ component, at, from, to, isNew: false, isNext: true });
    note(component);
    write(2e12, "ready", "busy");
    write(2e12, "ready", "offline");
    write(1e12, "offline", FORGOTTEN);
  }
  for (let n = 0; n < 5000; n++) journal.addNote("so that the lines are others");
}, (held) => assert.ok(held < FEW, `${held} components are held`));

testParts("a tab that is not drawn does not remember all who came and went", async (load) => {
  const { Cluster } = await load("model/cluster.js");
  const { MOST: most } = await load("model/most.js");
  const cluster = new Cluster(() => {});

  for (let n = 0; n < 6 * most / 1024; n++)
    cluster.takeRoster({ kind: "worker", askedAt: 1.7e12 + n * 1000, isList: true, isFirst: true,
      isLast: true, components: Array.from({ length: 1024 }, (_, i) => ({
        id: `w${n}-${i}`, status: "Offline", heartbeats: 1, health_status: { status: "healthy" } })) }, 0);
  return [cluster.components.size, cluster.changed.size];
}, (_, [size, changed]) => {
  assert.equal(size, 1024);
  assert.ok(changed <= 5 * MOST, `${changed} keys`);
});

testParts("for a tab that takes nothing there waits no more than a little", async (load, note) => {
  const { Tab } = await load("stream/tab.js");
  const tab = (/** @type {any} */ (globalThis).kept = new Tab(() => {}, () => {}));

  tab.join();
  for (let n = 0; n < 100000; n++) {
    const message = { type: "jobs" };
    note(message);
    tab.tell(message);
  }
}, (held) => assert.ok(held < FEW, `${held} messages are held`));

testParts("a tab that has left is told nothing, whatever it takes still", async (load) => {
  const { Tab } = await load("stream/tab.js");
  const sent = [], timers = [];
  let begun = 0;
  const tab = new Tab((/** @type {any} */ message) => sent.push(message), () => begun++);

  globalThis.setTimeout = /** @type {any} */ ((/** @type {any} */ timer) => timers.push(timer));
  tab.join();
  for (let n = 0; n < 100000; n++) tab.tell({ type: "jobs" });
  tab.leave();
  for (let n = sent.length; n > 0; n--) tab.take();
  return [begun, timers.length];
}, (_, [begun, timers]) => assert.deepEqual([begun, timers], [1, 0]));

testParts("one that is slow is told all the same, and of each list the newest", async (load) => {
  const { Tab } = await load("stream/tab.js");
  let begun = 0;
  /** @type {number[]} */
  const lists = [], beats = [];
  const tab = new Tab((/** @type {any} */ message) => {
    if (message.type === "roster") lists.push(message.n);
    else beats.push(...message.happenings);
  }, () => begun++);

  tab.join();
  for (let n = 0; n < 100; n++) {
    for (let i = 0; i < 10; i++)
      tab.tell({ type: "roster", n, part: {
        kind: "worker", isList: true, isFirst: i === 0, components: new Array(100) } });
    tab.tell({ type: "happenings", happenings: new Array(500).fill(n) });
  }
  for (let taken = 0; taken < lists.length + beats.length / 500; taken++) tab.take();
  return [begun, beats.length, lists.length, lists.filter((n) => n === 99).length];
}, (_, [begun, beats, lists, last]) => {
  assert.equal(begun, 1);
  assert.equal(beats, 100 * 500);
  assert.equal(last, 10);
  assert.ok(lists < FEW, `${lists} parts`);
});

testParts("a tab that takes what it is sent gets all of it, in order, a list too", async (load) => {
  const { Tab } = await load("stream/tab.js");
  /** @type {number[]} */
  const sent = [];
  const tab = new Tab((/** @type {any} */ message) => sent.push(message.n), () => {});
  const count = 2 * 65536 / 100;

  tab.join();
  for (let n = 0; n < count; n++)
    tab.tell({ type: "roster", n, part: {
      kind: "worker", isList: true, isFirst: n === 0, components: new Array(100) } });
  const first = sent.length;
  for (let taken = 0; taken < sent.length; taken++) tab.take();
  return [first, sent.length === Math.ceil(count), sent.every((n, i) => n === i)];
}, (_, [first, areAll, areInOrder]) => {
  assert.ok(first < FEW);
  assert.ok(areAll && areInOrder);
});
