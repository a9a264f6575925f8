// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* Is anything wrong, what, since when, and why? */

import assert from "node:assert/strict";

import { figureIs, findFaults, holdClock, keepPicture, pulseIs, row, testPage } from "./harness.mjs";

const ILL = { health_status: { status: "degraded", reason: "disk nearly full" } };

/** @param {import('./harness.mjs').Queen} queen */
async function fill(queen) {
  await queen.hive("hive-1", "ready", ILL);
  await queen.worker("w-ready", "ready", { hive_id: "hive-1" });
  await queen.worker("w-busy", "busy", { hive_id: "hive-1" });
  await queen.worker("w-gone", "offline", { hive_id: "hive-1" });
}

/** @param {import('playwright-core').Page} page */
const names = (page) => page.locator("#rows .body .name").allTextContents();

/* E1 */
testPage("the figures say how many of whom, and each shows those whom it counts", {},
  async ({ queen, page }) => {
    for (const member of ["workersOnline", "workersBusy", "problems"]) await figureIs(page, member, "0");
    await fill(queen);
    await figureIs(page, "workersOnline", "2");
    await figureIs(page, "workersAvailable", "1");
    await figureIs(page, "workersBusy", "1");
    await figureIs(page, "problems", "2");
    const card = (/** @type {string} */ name) => page.locator(`.figure[name=${name}]`);
    await card("online").getByText("of 3", { exact: true }).waitFor();
    await card("problems").getByText(/^\+2 in \d+ s$/).waitFor();

    const shown = { online: ["hive-1", "w-busy", "w-ready"], available: ["hive-1", "w-ready"],
      busy: ["hive-1", "w-busy"], problems: ["hive-1", "w-gone"] };
    for (const [name, expected] of Object.entries(shown)) {
      await card(name).click();
      await page.locator(`.figure[name=${name}][aria-pressed=true]`).waitFor();
      await page.locator("#shown").waitFor();
      await page.waitForFunction((count) =>
        document.querySelectorAll("#rows .body .name").length === count, expected.length);
      assert.deepEqual(await names(page), expected);
    }
    await queen.worker("w-ready", "stopping", { hive_id: "hive-1" });
    await queen.worker("w-busy", "offline", { hive_id: "hive-1" });
    await row(page, "worker/w-busy").waitFor(); /* without another click */
    await page.getByRole("button", { name: "Show all" }).click();
    await row(page, "worker/w-ready").waitFor();
  });

/* E1 */
testPage("what is not known is no figure", { options: ["--heartbeat-interval=1h"], isClosed: true },
  async ({ queen, page }) => {
    await page.route("**/v1/workers", (route) => route.fulfill({ status: 503 }));
    await page.addInitScript(() =>
      Object.defineProperty(globalThis, "SharedWorker", { value: undefined }));
    await queen.worker();
    await page.goto(queen.url);
    await figureIs(page, "workersOnline", "1");
    await figureIs(page, "workersBusy", "–");
    await figureIs(page, "problems", "–");
    assert.equal(await page.locator("#attention-word").textContent(), "–");
  });

/* E1 */
testPage("a list that the queen has no room for is asked for again", { isClosed: true },
  async ({ queen, page }) => {
    let asked = 0;
    await page.addInitScript(() =>
      Object.defineProperty(globalThis, "SharedWorker", { value: undefined }));
    await page.route("**/v1/workers", (route) =>
      asked++ === 0 ? route.fulfill({ status: 503 }) : route.continue());
    await queen.worker("w", "busy");
    await page.goto(queen.url);
    await figureIs(page, "workersBusy", "1");
  });

/* E1 */
testPage("who needs attention comes first: who, why, and since when", { isClosed: true },
  async ({ queen, page }) => {
    await fill(queen);
    await page.goto(queen.url);
    const troubles = page.locator(".trouble");
    await page.getByText("2 need attention").waitFor();
    assert.deepEqual(await troubles.locator(".name").allTextContents(), ["w-gone", "hive-1"]);
    assert.deepEqual(await troubles.locator(".state").allTextContents(), ["Offline", "Degraded"]);
    assert.deepEqual(await troubles.locator(".reason").allTextContents(),
      ["it said so itself", "disk nearly full"]);
    const { since } = await (await fetch(`${queen.url}/v1/hives/hive-1`)).json();
    const shown = await troubles.nth(1).locator("time").getAttribute("datetime");
    assert.ok(Math.abs(Date.parse(shown ?? "") - Date.parse(since)) < 500, `${shown} is not ${since}`);
    assert.match(await troubles.nth(1).locator("time").innerText(), /^since \d\d:\d\d:\d\d, /);

    await troubles.nth(1).click();
    await page.locator("#detail-title", { hasText: "hive-1" }).waitFor();
    await page.locator("#detail dd", { hasText: "disk nearly full" }).first().waitFor();
    await page.keyboard.press("Escape");
    await queen.hive("hive-1", "ready", { health_status: { status: "healthy" } });
    await page.getByText("One needs attention").waitFor();
    await keepPicture(page, "attention");
  });

/* E1 */
testPage("the word says as many as there are lines, at every moment", {}, async ({ queen, page }) => {
  await page.getByText("Nothing needs attention").waitFor();
  await page.evaluate(() => {
    const wrong = (/** @type {any} */ (globalThis).wrong = /** @type {string[]} */ ([]));
    new MutationObserver(() => {
      const word = document.getElementById("attention-word")?.textContent ?? "";
      const lines = document.querySelectorAll(".trouble").length;
      const said = lines === 1 ? "One needs" : lines === 0 ? "Nothing needs" : `${lines} need`;
      if (!word.startsWith(said)) wrong.push(`${word}: ${lines} lines`);
    }).observe(/** @type {Element} */ (document.getElementById("attention-part")),
      { subtree: true, childList: true, characterData: true });
  });
  for (let i = 0; i < 9; i++) {
    await queen.worker(`w-${i}`, "offline");
    await page.waitForFunction((count) =>
      document.querySelectorAll(".trouble").length === count, i + 1);
  }
  await page.getByText("9 need attention").waitFor();
  assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).wrong), []);
});

/* E1 */
testPage("a hive that falls ill is seen, though its state stays the same", {}, async ({ queen, page }) => {
  await queen.hive("hive-1", "ready");
  await row(page, "hive/hive-1").getByText("Ready").waitFor();
  await page.getByText("Nothing needs attention").waitFor();
  await queen.hive("hive-1", "ready", ILL);
  await row(page, "hive/hive-1").getByText("Degraded").waitFor();
  await page.locator(".trouble .reason", { hasText: "disk nearly full" }).waitFor();
  await page.waitForFunction(() => document.title.startsWith("1 problem · "));
});

/* E1 */
testPage("a thousand that are gone are a short list, and the rest is one click away",
  { options: ["--timeout=2s"] }, async ({ queen, page }) => {
    for (let i = 0; i < 1000; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, n) => queen.worker(`w-${i + n}`)));
    await page.getByText("1,000 need attention").waitFor();
    assert.equal(await page.locator(".trouble").count(), 20);
    await page.getByRole("button", { name: "and 980 more" }).click();
    await page.getByText("Those who need attention").waitFor();
  });

/* E6 */
testPage("who is late is amber before it is gone", { isClosed: true },
  async ({ queen, page, context }) => {
    await holdClock(context);
    await queen.worker("w", "ready");
    await page.goto(queen.url);
    await row(page, "worker/w").getByText("Ready").waitFor();
    await page.evaluate(() => /** @type {any} */ (globalThis).putForward(55000));
    await row(page, "worker/w").getByText("Late").waitFor();
    await page.locator(".trouble .reason", { hasText: "no heartbeat after" }).waitFor();
    const [color, amber] = await row(page, "worker/w").locator(".state").evaluate((element) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = "var(--warn)";
      return [getComputedStyle(element).color, getComputedStyle(probe).color];
    });
    assert.equal(color, amber);
    assert.deepEqual(await findFaults(page), []);
    await queen.worker("w", "ready");
    await row(page, "worker/w").getByText("Ready").waitFor();
    await page.getByText("Nothing needs attention").waitFor();
  });

/* E6 */
testPage("the time that one was offline is a red bar", { isClosed: true },
  async ({ queen, page, context }) => {
    await holdClock(context);
    await queen.worker("w", "ready");
    await queen.worker("w", "offline");
    await page.goto(queen.url);
    await row(page, "worker/w").getByText("Offline").waitFor();
    await page.evaluate(() => /** @type {any} */ (globalThis).putForward(300000));
    /* Half of the track is five minutes. */
    await page.waitForFunction(() => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('[data-key="worker/w"] canvas'));
      const { data } = /** @type {any} */ (canvas.getContext("2d")).getImageData(
        0, Math.round(canvas.height * 0.75), canvas.width, 1);
      let red = 0;
      for (let i = 0; i < data.length; i += 4) red += Number(data[i] > 150 && data[i + 1] < 100);
      return red > canvas.width * 0.4 && red < canvas.width * 0.6;
    });
  });

/* E6 */
testPage("while the queen is away everything is dimmed, and says of when it is", {},
  async ({ queen, page }) => {
    await queen.worker();
    await row(page, "worker/worker-1").getByText("Ready").waitFor();
    const color = () => row(page, "worker/worker-1").locator(".state").evaluate(
      (element) => getComputedStyle(element).color);
    const before = await color();
    await queen.end("SIGKILL");
    await pulseIs(page, "lost");
    await page.locator("#stale", { hasText: /^As of \d\d:\d\d:\d\d: / }).waitFor();
    await page.locator("#pulse-age", { hasText: /^as of \d\d:\d\d:\d\d$/ }).waitFor();
    assert.notEqual(await color(), before);
    assert.deepEqual(await findFaults(page), []);
    await keepPicture(page, "away");
    await queen.restart();
    await pulseIs(page, "beating");
    await page.locator("#stale").waitFor({ state: "hidden" });
  });

/* E10 */
testPage("after a crash, who has not been heard of is unknown, not ill", {}, async ({ queen, page }) => {
  await queen.hive("hive-1", "ready", ILL);
  await row(page, "hive/hive-1").getByText("Degraded").waitFor();
  await queen.end("SIGKILL");
  await pulseIs(page, "lost");
  await queen.restart();
  await row(page, "hive/hive-1").getByText("Unknown").waitFor();
  await figureIs(page, "problems", "0");
});
