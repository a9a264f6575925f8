// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* How workers and hives are doing, as far as they say so. */

import assert from "node:assert/strict";

import { keepPicture, row, testPage } from "./harness.mjs";

const GB = 1e9;
const gpu = (more = {}) => ({
  index: 0, name: "H100", busy: 0.93, memory_used: 22 * GB, memory_total: 80 * GB, temperature: 61,
  ...more });

testPage("a worker's load is in its row, and follows its heartbeats", {}, async ({ queen, page }) => {
  const load = row(page, "worker/w").locator(".workload");

  await queen.worker("w", "busy", { slots: 4, running: 3, waiting: 2, kv_usage: 0.25 });
  await load.getByText("3/4 +2", { exact: true }).waitFor();
  assert.equal(await load.getAttribute("title"), "3 of 4 running, 2 waiting, KV cache 25 %");
  assert.equal(await load.locator("meter").evaluate(({ value, max }) => value / max), 0.75);
  /* Nothing that is in an event has changed. */
  await queen.worker("w", "busy", { slots: 4, running: 4, waiting: 0 });
  await load.getByText("4/4", { exact: true }).waitFor();
  await queen.worker("w", "ready", { running: 0 });
  await load.getByText("0", { exact: true }).waitFor();
  assert.equal(await load.locator("meter").isVisible(), false);
});

for (const width of [360, 1024])
  testPage(`a row has room for its load at ${width} pixels`, { context: { viewport: { width, height: 800 } } },
    async ({ queen, page }) => {
      await queen.hive("h", "ready", { gpus: [gpu()] });
      await queen.worker("w", "busy", {
        hive_id: "h", model_id: "a/model", slots: 16, running: 12, waiting: 2, progress: 7 });
      await row(page, "worker/w").getByText("12/16 +2", { exact: true }).waitFor();
      await row(page, "hive/h").getByText("22 GB", { exact: true }).waitFor();
      for (const key of ["worker/w", "hive/h"]) {
        const whole = await row(page, key).boundingBox();
        const cells = await row(page, key).locator(".cell:is(.load, .track)").all();
        const cell = await row(page, key).locator(".cell.load").boundingBox();
        const text = await row(page, key).locator(".workload span").boundingBox();
        for (const [inner, outer] of [
          ...await Promise.all(cells.map(async (one) => [await one.boundingBox(), whole])), [text, cell]]) {
          assert.ok(inner && outer);
          assert.ok(inner.x >= outer.x - 0.5, `${key}: ${inner.x}`);
          assert.ok(inner.x + inner.width <= outer.x + outer.width + 0.5, `${key}: ${inner.x + inner.width}`);
          assert.ok(inner.y + inner.height <= outer.y + outer.height + 0.5, `${key}: ${inner.y}`);
        }
      }
      await keepPicture(page, `doing-${width}`);
    });

testPage("who says nothing of its load has none, and no 0", {}, async ({ queen, page }) => {
  await queen.worker("w", "busy");
  await row(page, "worker/w").waitFor();
  assert.equal(await row(page, "worker/w").locator(".workload").innerText(), "");
});

testPage("a group's load is that of those who say it", {}, async ({ queen, page }) => {
  await queen.hive("h");
  await queen.worker("a", "busy", { hive_id: "h", slots: 4, running: 3, waiting: 1 });
  await queen.worker("b", "ready", { hive_id: "h", slots: 2, running: 0 });
  await queen.worker("c", "busy", { hive_id: "h" });
  await row(page, "hive/h").locator(".workload").getByText("3/6 +1", { exact: true }).waitFor();
});

testPage("a busy worker with a slot left is available", {}, async ({ queen, page }) => {
  await queen.hive("h");
  await queen.worker("w", "busy", { hive_id: "h", slots: 4, running: 3 });
  await row(page, "hive/h").getByText("1 of 1 available").waitFor();
  await queen.worker("w", "busy", { hive_id: "h", slots: 4, running: 4 });
  await row(page, "hive/h").getByText("0 of 1 available").waitFor();
});

testPage("a mark moves while progress grows, and only then", {}, async ({ queen, page }) => {
  const mark = row(page, "worker/w").locator(".progress");
  const beat = (/** @type {number} */ progress) =>
    queen.worker("w", "busy", { progress, running: progress % 7 });
  const load = (/** @type {number} */ progress) =>
    row(page, "worker/w").locator(".workload").getByText(`${progress % 7}`, { exact: true });

  await beat(1);
  await load(1).waitFor();
  assert.equal(await mark.getAttribute("data-beat"), null);
  await beat(2);
  await load(2).waitFor();
  assert.equal(await mark.getAttribute("data-beat"), "odd");
  await beat(3);
  await load(3).waitFor();
  assert.equal(await mark.getAttribute("data-beat"), "even");
  await queen.worker("w", "busy", { progress: 3, running: 6 });
  await load(6).waitFor();
  assert.equal(await mark.getAttribute("data-beat"), "even");
});

testPage("a hive's graphics cards are in its row and its dialog", {}, async ({ queen, page }) => {
  await queen.hive("h", "ready", {
    cpu: 0.5, memory_used: 16 * GB, memory_total: 64 * GB,
    gpus: [gpu(), gpu({ index: 1, name: null, busy: null, memory_used: 0, temperature: null })] });
  const load = row(page, "hive/h").locator(".workload");
  await load.getByText("22 GB", { exact: true }).waitFor();
  assert.equal(await load.locator("meter").evaluate(({ value, max }) => value / max), 22 / 160);
  await row(page, "hive/h").click();
  const dialog = page.locator("#detail");
  for (const text of ["H100: 93 % busy, 22 GB of 80 GB, 61 °C", "GPU 1: 0 B of 80 GB", "50 %", "16 GB"])
    await dialog.getByText(text, { exact: true }).waitFor();
  await keepPicture(page, "gpus");
});

testPage("memory that is held by nobody who works is told of", {}, async ({ queen, page }) => {
  await queen.hive("h", "ready", { gpus: [gpu({ busy: 0 })] });
  await queen.worker("w", "ready", { hive_id: "h", running: 0 });
  await row(page, "hive/h").click();
  const dialog = page.locator("#detail");
  await dialog.getByText(/^holds 22 GB, idle for /).waitFor();
  await queen.worker("w", "busy", { hive_id: "h", running: 1 });
  await queen.hive("h", "ready", { gpus: [gpu({ busy: 0 })] });
  await dialog.getByText(/^holds 22 GB, idle for /).waitFor({ state: "detached" });
});

testPage("the dialog links to the server, and only to one on the web", {}, async ({ queen, page }) => {
  await queen.worker("w", "ready", { url: "https://server.example:8080/v1", hostname: "other", port: 1 });
  await row(page, "worker/w").click();
  const link = page.locator("#detail").getByRole("link");
  await link.waitFor();
  assert.equal(await link.getAttribute("href"), "https://server.example:8080/v1");
  assert.match(await link.getAttribute("rel"), /\bnoopener\b/);
  assert.equal(await link.getAttribute("target"), "_blank");
});

testPage("an empty cluster offers the line that finds servers", {}, async ({ queen, page, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.locator("#empty").waitFor();
  await page.locator("#copy-beat").click();
  await page.locator("#copy-beat").getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()),
    `queenctl beat --queen=${queen.url} --scan`);
});
