// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* What the page does when the stream breaks, lags, or ends. */

import assert from "node:assert/strict";

import { figureIs, keepPicture, open, pulseIs, row, standBefore, testPage } from "./harness.mjs";

testPage("a queen who was killed and comes back is found again, without a reload", {},
  async ({ queen, page }) => {
    await queen.worker();
    await figureIs(page, "workersOnline", "1");
    await page.evaluate(() => (/** @type {any} */ (globalThis).isSame = true));
    await queen.end("SIGKILL");
    await pulseIs(page, "lost");
    await page.waitForFunction(() => /lost/.test(document.title));
    await keepPicture(page, "lost");
    await queen.restart();
    await pulseIs(page, "beating");
    await figureIs(page, "workersOnline", "0");
    await row(page, "worker/worker-1").getByText("Unknown").waitFor();
    await page.locator("#log .note", { hasText: "started anew" }).waitFor();
    await queen.worker();
    await figureIs(page, "workersOnline", "1");
    await row(page, "worker/worker-1").getByText("Ready").waitFor();
    assert.ok(await page.evaluate(() => /** @type {any} */ (globalThis).isSame));
  });

testPage("a goodbye is told as one", {}, async ({ queen, page }) => {
  await queen.end("SIGTERM");
  await pulseIs(page, "bye");
  await page.locator("#log .note", { hasText: "goodbye" }).waitFor();
});

/* A stream that says whatever the test likes, behind the same page. */
/**
 * @param {import('./harness.mjs').Queen} queen
 * @param {(request: any, response: any) => void} answer
 */
const impersonate = (queen, answer) => standBefore(queen, { answer: (request, response) => {
  if (!request.url?.startsWith("/v1/heartbeats/stream")) return false;
  answer(request, response);
  return true;
} });

const STREAM = { "Content-Type": "text/event-stream" };
const beat = (id = "") => `${id ? `id: ${id}\n` : ""}event: heartbeat\ndata: {"type":"queen",` +
  `"workers_online":0,"workers_available":0,"hives_online":0,"hives_available":0,"worker_ids":[],` +
  `"hive_ids":[],"timestamp":"${new Date().toISOString()}"}\n\n`;

for (const [dropped, said] of [["37", "37 events were dropped"], ["null", "some events were dropped"]])
  testPage(`what was dropped is told: ${dropped}`, { isClosed: true }, async ({ queen, page }) => {
    const fake = await impersonate(queen, (_, response) => {
      response.writeHead(200, STREAM);
      response.write(`${beat()}event: lagged\ndata: {"dropped":${dropped}}\n\n${beat()}`);
    });
    await page.goto(fake.url);
    await page.locator("#log .note", { hasText: said }).waitFor();
    fake.close();
  });

testPage("a queen without room is told as one, and asked again", { isClosed: true },
  async ({ queen, page }) => {
    let asked = 0;
    const fake = await impersonate(queen, (_, response) => {
      response.writeHead(200, STREAM);
      if (asked++ === 0) response.end("retry: 50\nevent: busy\ndata: {}\n\n");
      else response.write(beat());
    });
    await page.goto(fake.url);
    await page.locator("#log .note", { hasText: "as many subscribers" }).waitFor();
    await pulseIs(page, "beating");
    fake.close();
  });

testPage("where EventSource gives up, the page goes on with the last id", { isClosed: true },
  async ({ queen, page }) => {
    /** @type {(string | undefined)[]} */
    const urls = [];
    const fake = await impersonate(queen, (request, response) => {
      urls.push(request.url);
      if (urls.length === 1) return response.writeHead(200, STREAM).end(`retry: 1\n\n${beat()}${beat("ab-7")}`);
      if (urls.length === 2) return response.writeHead(503).end();
      response.writeHead(200, STREAM).write(beat() + beat("ab-8"));
    });
    await page.goto(fake.url);
    while (urls.length < 3) await page.waitForEvent("framenavigated", { timeout: 50 }).catch(() => {});
    assert.match(urls[2] ?? "", /last_event_id=ab-7/);
    await pulseIs(page, "beating");
    fake.close();
  });

testPage("a queen with a smaller ring is heard, too", { options: ["--capacity=10"] },
  async ({ queen, page }) => {
    await queen.worker();
    await figureIs(page, "workersOnline", "1");
  });

testPage("what happened before the page was opened is on the tracks", { isClosed: true },
  async ({ queen, page }) => {
    for (let i = 0; i < 5; i++) await queen.worker("early", "ready");
    await page.goto(queen.url);
    await row(page, "worker/early").getByLabel("5 heartbeats in ten minutes").waitFor();
  });

/* She shortens those who say much, so that a list is not too long. */
testPage("whoever is shortened in the list is whole on the page", { isClosed: true },
  async ({ queen, page }) => {
    const count = 2500, most = 250;
    const make = (/** @type {number} */ n) => ({ worker: {
      id: `w${count - n}`, status: "ready", model_id: "llama-70b",
      health_status: { status: n === 0 || n === count - 1 ? "degraded" : "healthy" } } });

    for (let i = 0; i < count; i += most)
      await queen.batch(Array.from({ length: Math.min(most, count - i) }, (_, n) => make(i + n)));
    const { workers } = /** @type {any} */ (await (await fetch(`${queen.url}/v1/workers`)).json());
    const fake = await standBefore(queen, { answer: (request, response) => {
      if (request.url !== "/v1/workers") return false;
      response.end(JSON.stringify({ total: count, workers: workers.map((/** @type {any} */ worker) => (
        { ...worker, model_id: null, shortened: true })) }));
      return true;
    } });
    await page.goto(fake.url);
    await figureIs(page, "problems", "2");
    await row(page, "worker/w1").filter({ hasText: "llama-70b" }).first().waitFor();
    fake.close();
  });
