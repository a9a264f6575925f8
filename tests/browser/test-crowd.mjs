// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* Who sends heartbeats of ever new names makes a queen forget others for them. The page does not keep
 * them all, and does not stand still when a list says who is left. */

import assert from "node:assert/strict";

import { testPage } from "./harness.mjs";

testPage("more newcomers than a queen can know are not kept, and who is left is found out soon",
  {}, async ({ page }) => {
    const { kept, known, left, took } = await page.evaluate(async () => {
      const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
      const [{ Cluster }, { Journal }, { MOST }] = await Promise.all(
        ["model/cluster.js", "model/journal.js", "model/most.js"].map(load));
      const journal = new Journal();
      const cluster = new Cluster((/** @type {any} */ change) => journal.addChange(change));
      const at = Date.now();
      const started = performance.now();

      for (let n = 0; n < 2 * MOST; n++)
        cluster.take({ kind: "worker", id: `w-${n}`, status: "stopped", at, stamp: at, epoch: "e", number: n });
      const kept = cluster.components.size / MOST, known = cluster.groups.rows.length / MOST;

      const begun = performance.now();
      cluster.takeRoster({
        kind: "worker", askedAt: at + 1, isList: true, isFirst: true, isLast: true,
        components: [{ id: "w-7", status: "Stopped", first_seen: new Date(at).toISOString(),
          last_seen: new Date(at).toISOString(), since: new Date(at).toISOString(), heartbeats: 1 }],
      }, 0);
      /* A machine that is busy with something else is slow in both. */
      const took = (performance.now() - begun) / (begun - started);
      return { kept, known, left: [...cluster.components.keys()], took };
    });

    console.log(`# who is left was found out in ${took.toFixed(2)} of the time in which they came`);
    assert.equal(kept, 1);
    assert.ok(known > 1 && known < 1.1, `${known}`); /* with the line above them */
    assert.deepEqual(left, ["worker/w-7"]);
    assert.ok(took < 1);
  });

testPage("of however many that need attention the worst are told of",
  {}, async ({ page }) => {
    const { order, size, isSame } = await page.evaluate(async () => {
      const load = (/** @type {string} */ path) => import(new URL(path, document.baseURI).href);
      const [{ Attention }, { Component }] = await Promise.all(
        ["model/attention.js", "model/component.js"].map(load));
      const attention = new Attention();

      for (let n = 0; n < 1000; n++) {
        const component = new Component("worker", `w-${n}`);
        Object.assign(component, { isProblem: true, condition: "degraded", since: (n * 7919) % 1000 });
        attention.note(component);
      }
      const order = attention.worst.map((/** @type {any} */ { since }) => since);
      return { order, size: attention.size, isSame: attention.worst === attention.worst };
    });

    assert.deepEqual(order, Array.from({ length: 20 }, (_, n) => 999 - n));
    assert.equal(size, 1000);
    assert.ok(isSame);
  });
