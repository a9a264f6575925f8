// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* The page behind something else than the queen. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";

import { figureIs, holdClock, hurry, pulseIs, row, standBefore, testPage } from "./harness.mjs";

const TOKEN = "a-token-of-some-length";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "queen-proxy-"));
const file = path.join(folder, "tokens");
fs.writeFileSync(file, `wall:${TOKEN}\n`, { mode: 0o600 });
test.after(() => fs.rmSync(folder, { recursive: true }));

/* B7 */
for (const missing of [[], ["SharedWorker"]])
  testPage(`the page is whole under a path of a proxy${missing.map((name) => ` without ${name}`)}`,
    { isClosed: true }, async ({ queen, page, context }) => {
      const proxy = await standBefore(queen, { prefix: "/some/queen" });
      /** @type {string[]} */
      const missed = [];
      await context.addInitScript((names) => {
        for (const name of names) Object.defineProperty(globalThis, name, { value: undefined });
      }, missing);
      context.on("response", (answer) => answer.status() >= 400 && missed.push(answer.url()));
      await page.goto(`${proxy.url}/`);
      await pulseIs(page, "beating");
      await page.locator("#curl", { hasText: `${proxy.url}/v1/worker-heartbeat` }).waitFor();
      await queen.worker("w", "stopped", { model_id: "some/model" });
      await row(page, "worker/w").getByText("some/model").waitFor();
      await row(page, "worker/w").click();
      await page.getByRole("button", { name: "Forget" }).click();
      await row(page, "worker/w").waitFor({ state: "detached" });
      assert.equal(await page.locator("#where").textContent(), proxy.url.replace("http://", ""));
      assert.deepEqual(missed, []);
      proxy.close();
    });

/* B7 */
testPage("two queens under one name do not share a stream", { isClosed: true },
  async ({ queen, page, context }) => {
    await context.addInitScript(() =>
      Object.defineProperty(globalThis, "SharedWorker", { value: undefined }));
    const silent = await standBefore(queen, { prefix: "/b", answer: (request, response) => {
      if (request.url?.startsWith("/a/v1/heartbeats/stream")) return !!response.writeHead(503).end();
      if (request.url?.startsWith("/a/")) request.url = request.url.replace("/a/", "/b/");
      return false;
    } });
    const other = await context.newPage();
    await other.goto(silent.url.replace(/b$/, "a/"));
    await page.goto(`${silent.url}/`);
    await pulseIs(page, "beating");
    assert.notEqual(await other.locator("#pulse").getAttribute("data-state"), "beating");
    silent.close();
  });

/* B6 */
for (const what of ["page.js", "model/cluster.js"])
  testPage(`a page whose script does not come says so: ${what}`, { isClosed: true },
    async ({ queen, page }) => {
      await page.route(`**/${what}`, (route) => route.fulfill({ status: 403 }));
      await page.goto(queen.url);
      await page.getByText("The page's script did not come.").waitFor();
      await page.getByText("a proxy between here and the queen").waitFor();
    });

/* B6 */
testPage("a page whose script comes does not say that it did not", {}, async ({ page }) => {
  assert.equal(await page.locator("#unloaded").count(), 0);
});

/* B6: what is wrong is said within three seconds, whatever there is to wait for. */
for (const [what, isHeld, said] of /** @type {const} */ ([
  ["nobody answers", (/** @type {string} */ url) => url.includes("/v1/"), "No answer from the queen"],
  ["the stream is held back", (/** @type {string} */ url) => url.includes("/heartbeats/stream"),
    "A proxy holds the stream back"],
]))
  testPage(`a page that hears nothing says so: ${what}`, { isClosed: true },
    async ({ queen, page }) => {
      let isSilent = true;
      const proxy = await standBefore(queen, { answer: ({ url }) => isSilent && isHeld(url ?? "") });
      await page.goto(`${proxy.url}/`);
      await page.locator("#pulse-word", { hasText: said }).waitFor();
      const took = await page.evaluate(() => {
        const [navigation] = performance.getEntriesByType("navigation");
        return performance.now() - /** @type {any} */ (navigation).domInteractive;
      });
      assert.ok(took < 8000, `${took} ms`); /* a busy machine takes its time */
      await page.locator("#log .note", { hasText: /answer/ }).waitFor();
      isSilent = false;
      await page.reload();
      await pulseIs(page, "beating");
      proxy.close();
    });

/* B6 */
testPage("behind the Host of a proxy's default the page works", { isClosed: true },
  async ({ queen, page }) => {
    const proxy = await standBefore(queen, { headers: { host: new URL(queen.url).host } });
    await page.goto(proxy.url);
    await pulseIs(page, "beating");
    await queen.worker();
    await figureIs(page, "workersOnline", "1");
    proxy.close();
  });

/* E10 */
testPage("what a proxy refuses is not taken for the queen's word", { isClosed: true },
  async ({ queen, page }) => {
    const proxy = await standBefore(queen, { answer: (request, response) =>
      request.url?.startsWith("/v1/") ? !!response.writeHead(403, "Forbidden").end("<h1>No</h1>") : false });
    await page.goto(proxy.url);
    await pulseIs(page, "refused");
    await page.locator("#stale", { hasText: "something in front of the queen answered: 403 Forbidden" }).waitFor();
    assert.equal(await page.locator("#token").isVisible(), false);
    proxy.close();
  });

/* E10 */
testPage("the form for the token shows what the answer says",
  { isClosed: true, options: ["--protect-reads", `--token-file=${file}`] }, async ({ queen, page }) => {
    const proxy = await standBefore(queen, { answer: (request, response) =>
      request.method === "POST" ? !!response.writeHead(403, "Forbidden").end("<h1>No</h1>") : false });
    await page.goto(proxy.url);
    await page.locator("#token-input").fill("not-hers");
    await page.keyboard.press("Enter");
    await page.getByText("Something in front of the queen answered: 403 Forbidden").waitFor();
    await page.goto(queen.url);
    await page.locator("#token-input").fill("not-hers");
    await page.keyboard.press("Enter");
    await page.getByText("The token is not one of the queen's").waitFor();
    proxy.close();
  });

/* The clock of the page says nothing of the queen's. */
testPage("who is late is so by what came, not by a clock that is wrong", { isClosed: true },
  async ({ queen, page, context }) => {
    await holdClock(context);
    await context.addInitScript(() => /** @type {any} */ (globalThis).putForward(3600000));
    await queen.worker("w", "ready");
    await page.goto(queen.url);
    await row(page, "worker/w").getByText("Ready").waitFor();
    await page.getByText("Nothing needs attention").waitFor();
  });

/** @type {Record<string, (response: import('node:http').ServerResponse) => void>} */
const FAULTS = {
  "is cut off": (response) => response.writeHead(200, { "Content-Type": "application/json" })
    .write('{"workers":[', () => response.destroy()),
  "never comes": () => {},
};

for (const [how, fail] of Object.entries(FAULTS))
  testPage(`a list that ${how} is asked for again`, { isClosed: true }, async ({ queen, context, page }) => {
    /** @type {Set<string | undefined>} */
    const asked = new Set();
    const proxy = await standBefore(queen, { answer: ({ url }, response) => {
      if (!url?.startsWith("/v1/workers") || asked.has(url)) return false;
      asked.add(url);
      fail(response);
      return true;
    } });

    await holdClock(context);
    await hurry(context);
    await queen.worker("late", "ready", { model_id: "some/model" });
    await page.goto(proxy.url);
    await row(page, "worker/late").getByText("some/model").waitFor();
    proxy.close();
  });
