// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* For everybody: with a keyboard, with a screen reader, by day and by night. */

import assert from "node:assert/strict";

import { findFaults, keepPicture, pulseIs, row, testPage } from "./harness.mjs";

/** @param {import('./harness.mjs').Queen} queen */
async function fill(queen) {
  const statuses = ["starting", "ready", "online", "busy", "stopping", "stopped", "offline"];
  await queen.hive("hive-1", "ready", { health_status: { status: "degraded", reason: "heat" } });
  for (const status of statuses)
    await queen.worker(`worker-${status}`, status, { hive_id: "hive-1", model_id: "some/model" });
}

for (const colorScheme of ["light", "dark"])
  for (const width of [360, 1440])
    testPage(`no fault is found: ${colorScheme}, ${width} pixels`,
      { context: { colorScheme, viewport: { width, height: 900 } } },
      async ({ queen, page }) => {
        await page.locator("#empty").waitFor();
        assert.deepEqual(await findFaults(page), []);
        await fill(queen);
        await row(page, "hive/hive-1").getByText(" available").waitFor({ state: "attached" });
        assert.deepEqual(await findFaults(page), []);
        await row(page, "worker/worker-busy").click();
        await page.locator("#detail dd", { hasText: "some/model" }).waitFor();
        assert.deepEqual(await findFaults(page), []);
        await page.keyboard.press("Escape");
        await queen.end("SIGKILL");
        await pulseIs(page, "lost");
        assert.deepEqual(await findFaults(page), []);
      });

testPage("everything can be reached and done with the keyboard", {}, async ({ queen, page }) => {
  await fill(queen);
  await row(page, "hive/hive-1").getByText(" available").waitFor();
  const focused = () => page.evaluate(() => {
    const element = /** @type {any} */ (document.activeElement);
    return element.id || element.name || element.className;
  });
  const walk = [];
  for (let i = 0; i < 15; i++) {
    await page.keyboard.press("Tab");
    walk.push(await focused());
  }
  assert.deepEqual(walk, [
    "online", "available", "busy", "problems", "trouble", "trouble", "view", "rows-filter", "rows",
    "log-pause", "kind", "kind", "kind", "text", "log",
  ]);

  await page.locator("#rows").focus();
  const active = () => page.evaluate(() => {
    const id = document.getElementById("rows")?.getAttribute("aria-activedescendant");
    return document.getElementById(id ?? "")?.dataset.key;
  });
  await page.keyboard.press("ArrowDown");
  assert.equal(await active(), "hive/hive-1");
  await page.keyboard.press("ArrowLeft");
  await row(page, "worker/worker-busy").waitFor({ state: "detached" });
  await page.keyboard.press("ArrowRight");
  await row(page, "worker/worker-busy").waitFor();
  await page.keyboard.press("ArrowDown");
  assert.equal(await active(), "worker/worker-busy");
  await keepPicture(page, "keyboard");
  await page.keyboard.press("Enter");
  await page.locator("#detail-title", { hasText: "worker-busy" }).waitFor();
  assert.equal(await focused(), "detail-close");
  await page.keyboard.press("Enter");
  await page.locator("#detail").waitFor({ state: "hidden" });
  assert.equal(await focused(), "rows");
  await page.keyboard.press("End");
  assert.equal(await active(), "worker/worker-stopping");
  await page.keyboard.press("Home");
  assert.equal(await active(), "hive/hive-1");
});

testPage("only how the queen is, and how many need attention, is spoken by itself", {},
  async ({ page }) => {
    const live = page.locator("[aria-live], [role=status], [role=alert], [role=log]");
    assert.deepEqual(await live.evaluateAll((all) => all.map(({ id }) => id)),
      ["pulse-word", "attention-word"]);
    await page.getByText("Nothing needs attention").waitFor();
    assert.deepEqual(await live.allTextContents(), ["Connected", "Nothing needs attention"]);
  });
