// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* E2: events are what has changed. */

import assert from "node:assert/strict";

import { row, testPage } from "./harness.mjs";

/** @param {import('playwright-core').Page} page */
const states = (page) => page.locator("#log .line:not(.note) .state").allTextContents();

/**
 * @param {import('playwright-core').Page} page
 * @param {number} count
 */
const linesAre = (page, count) => page.waitForFunction(
  (wanted) => document.querySelectorAll("#log .line:not(.note)").length === wanted, count);

testPage("heartbeats that change nothing are no events, unless one wants them", {},
  async ({ queen, page }) => {
    for (let i = 0; i < 20; i++) await queen.worker("steady", "ready");
    await queen.worker("other", "ready");
    await page.locator("#log .id", { hasText: "other" }).waitFor();
    await linesAre(page, 2);
    await page.getByLabel("Every heartbeat").check();
    await page.waitForFunction(() => document.querySelectorAll("#log .line:not(.note)").length > 20);
  });

testPage("a change stays in sight, whatever others do", {}, async ({ queen, page }) => {
  for (const id of ["a", "b", "c"]) await queen.worker(id, "ready");
  await linesAre(page, 3);
  await queen.worker("a", "offline");
  await page.locator("#log .line", { hasText: "Offline" }).waitFor();
  for (let i = 0; i < 30; i++)
    for (const id of ["b", "c"]) await queen.worker(id, i % 2 ? "ready" : "busy");
  await page.locator("#log .times", { hasText: "⇄ 30×" }).nth(1).waitFor();
  assert.deepEqual(await states(page), ["Ready", "Ready", "Offline", "Ready", "Ready", "Ready"]);
  await queen.worker("d", "offline");
  await page.locator("#log .id", { hasText: "d" }).waitFor();
  for (let i = 0; i < 10; i++)
    for (const id of ["b", "c"]) await queen.worker(id, i % 2 ? "ready" : "busy");
  await page.locator("#log .times", { hasText: "⇄ 40×" }).nth(1).waitFor();
  assert.match(await page.locator("#log .line").first().innerText(), /d\s.*Offline/s);
});

/* E2: a machine that goes down takes many along. */
testPage("however many change at once, each has its line", {}, async ({ queen, page }) => {
  const ids = Array.from({ length: 90 }, (_, number) => `w${number}`);
  await Promise.all(ids.map((id) => queen.worker(id, "ready")));
  await linesAre(page, ids.length);
  await Promise.all(ids.map((id) => queen.worker(id, "offline")));
  await linesAre(page, 2 * ids.length);
  const names = await page.locator("#log .id").allTextContents();
  for (const id of ids)
    assert.equal(names.filter((name) => name === id).length, 2, id);
});

/* E2 */
testPage("no line is about two", {}, async ({ queen, page }) => {
  const ids = ["a", "b", "c"];
  for (const id of ids) await queen.worker(id, "ready");
  await linesAre(page, 3);
  for (const status of ["busy", "ready", "busy", "offline", "ready", "offline", "ready"])
    for (const id of ids) await queen.worker(id, status);
  /* New, at work by turns, and gone and back again by turns: for each of them. */
  await page.locator("#log .times", { hasText: "⇄ 3×" }).nth(5).waitFor();
  const lines = await page.locator("#log .line:not(.note)").allInnerTexts();
  for (const id of ids)
    assert.equal(lines.filter((line) => line.split(/\s+/).includes(id)).length, 4, lines.join("; "));
});

testPage("who goes and comes again and again has one line for that", {}, async ({ queen, page }) => {
  await queen.worker("w", "ready");
  await linesAre(page, 1);
  for (let i = 0; i < 5; i++)
    for (const status of ["offline", "ready"]) await queen.worker("w", status);
  await page.locator("#log .times", { hasText: "⇄ 9×" }).waitFor();
  assert.deepEqual(await states(page), ["Ready", "Offline", "Ready"]);
});

testPage("an event leads to whom it is about", {}, async ({ queen, page }) => {
  await queen.worker("w", "ready");
  await page.locator("#log .line", { hasText: "w" }).getByRole("link").click();
  await page.locator("#detail-title", { hasText: "w" }).waitFor();
});

testPage("who is forgotten is an event", {}, async ({ queen, page }) => {
  await queen.worker("w", "ready");
  await linesAre(page, 1);
  await fetch(`${queen.url}/v1/workers/w`, { method: "DELETE" });
  await page.locator("#log .state", { hasText: "Forgotten" }).waitFor();
});

/* E2 */
testPage("what is told from the past stands where it happened", {}, async ({ queen, page }) => {
  for (const status of ["starting", "ready", "offline"]) await queen.worker("w", status);
  await page.locator("#log .state", { hasText: "Offline" }).waitFor();
  await page.reload();
  await page.locator("#log .state", { hasText: "Offline" }).waitFor();
  await queen.worker("later", "ready");
  await page.locator("#log .id", { hasText: "later" }).waitFor();
  const times = await page.locator("#log time").evaluateAll((elements) =>
    elements.map((element) => element.getAttribute("datetime") ?? ""));
  assert.deepEqual(times, [...times].sort().reverse());
  const texts = await page.locator("#log .line").allTextContents();
  assert.match(texts[0], /later/);
  assert.match(texts[1], /connected/);
});

/* E2 */
testPage("a double click opens, and only a click that is meant for what is beside closes", {},
  async ({ queen, page }) => {
    await queen.worker("w", "ready", { model_id: "some/model" });
    const dialog = page.locator("#detail[open]");
    const opens = [row(page, "worker/w").locator(".name"), page.locator("#log a.happening")];
    for (const whom of opens) {
      await whom.dblclick({ delay: 20 });
      await dialog.waitFor();
      /* Both clicks have come when what is done after them has been. */
      await page.mouse.move(300, 300);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
      assert.equal(await dialog.count(), 1);
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
    }
    await opens[0].click();
    await dialog.waitFor();
    const { left, top } = await dialog.evaluate((element) => element.getBoundingClientRect().toJSON());
    await page.waitForFunction((since) => performance.now() > since + 600,
      await page.evaluate(() => performance.now()));
    /* Who draws over a text in it, and lets go beside it. */
    await page.locator("#detail-title").hover();
    await page.mouse.down();
    await page.mouse.move(left - 50, top + 50);
    await page.mouse.up();
    await page.locator(".detail-track").click({ position: { x: -5, y: 5 }, force: true });
    assert.equal(await dialog.count(), 1);
    await page.mouse.click(left - 50, top + 50);
    await dialog.waitFor({ state: "detached" });
    await page.waitForFunction(() => location.hash === "");
  });
