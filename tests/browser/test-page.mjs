// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* What a person sees, and how the page is sent. */

import assert from "node:assert/strict";
import test from "node:test";

import { Queen, figureIs, keepPicture, pulseIs, row, testPage } from "./harness.mjs";

test("the page is small, strict about what may run, and not sent twice", async () => {
  const queen = await Queen.start();
  try {
    for (const encoding of ["gzip, br", "identity", "gzip;q=0"]) {
      const headers = { "Accept-Encoding": encoding };
      const answer = await fetch(`${queen.url}/`, { headers });
      const tag = answer.headers.get("etag") ?? "";
      assert.equal(answer.headers.get("content-security-policy"),
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
      assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
      assert.equal(answer.headers.get("cache-control"), "no-cache");
      assert.match(answer.headers.get("vary") ?? "", /Accept-Encoding/);
      assert.equal(answer.headers.get("content-encoding"), encoding === "gzip, br" ? "gzip" : null);
      assert.match(tag, /^"[0-9a-f]+"$/);
      assert.match(await answer.text(), /^<!doctype html>/);
      for (const known of [tag, `"other", W/${tag}`, "*"]) {
        const again = await fetch(`${queen.url}/`, { headers: { ...headers, "If-None-Match": known } });
        assert.equal(again.status, 304, known);
        assert.equal(await again.text(), "");
      }
      const other = await fetch(`${queen.url}/`, { headers: { ...headers, "If-None-Match": '"no"' } });
      assert.equal(other.status, 200);
    }
  } finally {
    await queen.end();
  }
});

testPage("an empty cluster says how to send the first heartbeat, and the command works",
  {}, async ({ queen, page }) => {
    await page.locator("#empty").waitFor();
    await keepPicture(page, "empty");
    const command = (await page.locator("#curl").textContent()) ?? "";
    assert.ok(command.includes(`${queen.url}/v1/worker-heartbeat`));
    const body = /-d '(.*)'/.exec(command)?.[1] ?? "";
    await queen.beat("worker", JSON.parse(body));
    await row(page, "worker/worker-1").waitFor();
    assert.equal(await page.locator("#empty").isVisible(), false);
  });

// Without a pulse: what comes does not wait for it.
const silent = ["--heartbeat-interval=1h"];

testPage("the queen's figures are there before her first pulse", { isClosed: true, options: silent },
  async ({ queen, page }) => {
    await queen.worker();
    await page.goto(queen.url, { waitUntil: "commit" });
    await figureIs(page, "workersOnline", "1");
  });

testPage("a heartbeat moves the figure at once and adds a tick", { options: silent },
  async ({ queen, page }) => {
  await queen.worker("w", "busy");
  await figureIs(page, "workersOnline", "1");
  await figureIs(page, "workersAvailable", "0");
  await page.getByLabel("1 heartbeat in ten minutes").first().waitFor();
  await queen.worker("w", "ready");
  await figureIs(page, "workersAvailable", "1");
  await page.getByLabel("2 heartbeats in ten minutes").first().waitFor();
  await page.waitForFunction(() => document.title.startsWith("1 of 1 available"));
});

testPage("who falls silent turns red by itself", { options: ["--timeout=1s"] },
  async ({ queen, page }) => {
    await queen.worker("w", "ready");
    const state = row(page, "worker/w").locator(".state");
    await state.filter({ hasText: "Offline" }).waitFor();
    await figureIs(page, "workersOnline", "0");
    const [color, red] = await state.evaluate((element) => {
      const probe = document.body.appendChild(document.createElement("i"));
      probe.style.color = "var(--bad)";
      return [getComputedStyle(element).color, getComputedStyle(probe).color];
    });
    assert.equal(color, red);
    await keepPicture(page, "offline");
  });

testPage("workers stand under their hive, with what they said", {}, async ({ queen, page }) => {
  await queen.hive("hive-1", "ready", {
    hostname: "10.0.0.1", health_status: { status: "degraded", reason: "disk nearly full" } });
  await queen.worker("b", "ready", { hive_id: "hive-1", model_id: "model-b", device: "GPU-1" });
  await queen.worker("a", "busy", { hive_id: "hive-1", model_id: "model-a" });
  await queen.worker("c", "ready", { hostname: "lonely" });
  await row(page, "hive/hive-1").getByText("1 of 2 available").waitFor();
  await row(page, "hive/hive-1").getByText("Degraded").waitFor();
  await row(page, "worker/b").getByText("model-b").waitFor();
  await row(page, "host/lonely").waitFor();
  const names = await page.locator("#rows .body .name").allTextContents();
  assert.deepEqual(names, ["hive-1", "a", "b", "lonely", "c"]);
});

testPage("the dialog tells everything that the last heartbeat said", {}, async ({ queen, page }) => {
  await queen.worker("w 1/ü", "ready", {
    model_id: "some/model", device: "GPU-3", port: 9301, implementation: "llm", version: "0.1.0",
    api: "openai", models: ["more", "models"], slots: 4, running: 1, waiting: 0, kv_usage: 0.25,
    tokens_per_second: 31.26, progress: 7, loaded_at: "2025-10-24T20:11:00Z", busy_source: "gpu",
    exit_status: 0, next_beat_within: 90 });
  await row(page, "worker/w 1/ü").click();
  const dialog = page.locator("#detail");
  await dialog.waitFor();
  for (const text of ["some/model", "GPU-3", "9301", "llm", "0.1.0", "openai", "more, models", "1 of 4",
    "25 %", "31.3", "90 s"])
    await dialog.getByText(text, { exact: true }).waitFor();
  const module = await (await fetch(`${queen.url}/model/members.js`)).text();
  const { MEMBERS } = await import(`data:text/javascript,${encodeURIComponent(module)}`);
  const ofOthers = ["Hive", "Host", "Address", "CPU", "Memory used", "Memory", "GPUs"];
  const names = MEMBERS.map(([, name]) => name).filter((name) => !ofOthers.includes(name));
  const shown = (await dialog.locator("dt").allTextContents()).filter((dt) => names.includes(dt));
  assert.deepEqual(shown, names); /* in the queen's order */
  await queen.worker("w 1/ü", "busy", { model_id: "other/model" });
  await dialog.getByText("Busy").waitFor();
  await dialog.getByText("other/model").waitFor();
  await keepPicture(page, "detail");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
});

testPage("an id is text, whatever is in it", {}, async ({ queen, page }) => {
  const id = `<img src=x onerror="document.title='broken'"><b>&amp;`;
  await queen.worker(id, "ready", { model_id: "<script>1</script>" });
  await page.locator("#rows .name", { hasText: id }).waitFor();
  await page.locator("#log .id", { hasText: id }).waitFor();
  await page.locator("#rows .body .row.row[aria-level='2']").click();
  await page.locator("#detail-title", { hasText: id }).waitFor();
  assert.equal(await page.locator("#rows b, #log b, #detail b, img[src=x]").count(), 0);
});

testPage("the events can be filtered and held", {}, async ({ queen, page }) => {
  await queen.worker("w-1", "ready");
  await queen.hive("h-1", "ready");
  const lines = page.locator("#log .line:not(.note) .id");
  await page.waitForFunction(() => document.querySelectorAll("#log .id").length === 2);
  await page.getByLabel("Hives", { exact: true }).uncheck();
  assert.deepEqual(await lines.allTextContents(), ["w-1"]);
  await page.getByLabel("Hives", { exact: true }).check();
  await page.getByLabel("Filter events by text").fill("H-");
  assert.deepEqual(await lines.allTextContents(), ["h-1"]);
  await page.getByLabel("Filter events by text").fill("nobody");
  await page.getByText("No event is like that").waitFor();
  await page.getByLabel("Filter events by text").fill("");
  await page.getByText("No event is like that").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Pause" }).click();
  await queen.worker("w-2", "ready");
  await page.getByRole("button", { name: /^Resume \([1-9]/ }).click();
  await page.locator("#log .id", { hasText: "w-2" }).waitFor();
});

testPage("the list can be searched", {}, async ({ queen, page }) => {
  await queen.worker("alpha", "ready", { model_id: "llama" });
  await queen.worker("beta", "ready", { model_id: "qwen" });
  await row(page, "worker/beta").getByText("qwen").waitFor();
  await page.getByLabel("Find hives and workers").fill("QWEN");
  await row(page, "worker/alpha").waitFor({ state: "detached" });
  await row(page, "worker/beta").waitFor();
  await page.getByLabel("Find hives and workers").fill("nobody");
  await page.getByText("None has “nobody”").waitFor();
  await page.getByLabel("Find hives and workers").fill("");
  await row(page, "worker/alpha").waitFor();
  await page.getByText("None has “nobody”").waitFor({ state: "hidden" });
});

testPage("it has a dark side", { context: { colorScheme: "dark" } }, async ({ queen, page }) => {
  await queen.worker();
  await row(page, "worker/worker-1").waitFor();
  const lightness = () => page.evaluate(() =>
    Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]));
  assert.ok((await lightness()) < 64);
  await keepPicture(page, "dark");
  await page.emulateMedia({ colorScheme: "light" });
  assert.ok((await lightness()) > 192);
});

for (const [width, height] of [[360, 640], [768, 1024], [1024, 600], [3840, 2160]])
  testPage(`${width} pixels are wide enough`, { context: { viewport: { width, height } } },
    async ({ queen, page }) => {
      await queen.hive("h".repeat(128), "ready");
      for (let i = 0; i < 12; i++)
        await queen.worker(`${"w".repeat(100)}-${i}`, "ready", {
          model_id: "m".repeat(200), hive_id: i % 2 ? "h".repeat(128) : undefined });
      await figureIs(page, "workersOnline", "12");
      await page.locator("#rows .row[aria-level='2'] canvas[aria-label^='1 ']").first().waitFor();
      const { content, window } = await page.evaluate(() => ({
        content: document.documentElement.scrollWidth, window: innerWidth }));
      assert.ok(content <= window, `${content} > ${window}`);
      await keepPicture(page, `width-${width}`);
    });

testPage("the pulse turns amber when a beat is late, and the icon with it",
  { options: ["--heartbeat-interval=200ms"] }, async ({ queen, page }) => {
    await queen.worker();
    await row(page, "worker/worker-1").waitFor();
    /* Before the second beat nobody knows when it is due. */
    await page.getByLabel("Every heartbeat").check();
    await page.locator("#log .line.queen").nth(2).waitFor();
    await page.waitForFunction(() => Number(
      /[\d.]+/.exec(document.getElementById("pulse-age")?.textContent ?? "9")?.[0]) < 0.2);
    queen.process.kill("SIGSTOP");
    await page.locator('#pulse:is([data-state="late"], [data-state="silent"])').waitFor();
    await pulseIs(page, "silent");
    await page.locator('#icon[href$="gone.svg"]').waitFor({ state: "attached" });
    await keepPicture(page, "silent");
    queen.process.kill("SIGCONT");
    await pulseIs(page, "beating");
    await page.locator('#icon[href$="beating.svg"]').waitFor({ state: "attached" });
  });

testPage("who is forgotten by hand leaves the page", {}, async ({ queen, page }) => {
  await queen.worker("w", "ready");
  await row(page, "worker/w").waitFor();
  await fetch(`${queen.url}/v1/workers/w`, { method: "DELETE" });
  await figureIs(page, "workersOnline", "0");
  await row(page, "worker/w").waitFor({ state: "detached" });
  await page.locator("#empty").waitFor();
});

testPage("who stopped and was forgotten is not brought back by past events", {},
  async ({ queen, page }) => {
    await queen.worker("gone", "stopped");
    await queen.hive("gone-hive", "stopped");
    await queen.worker("w", "ready");
    for (const path of ["workers/gone", "hives/gone-hive"])
      await fetch(`${queen.url}/v1/${path}`, { method: "DELETE" });
    await page.reload();
    await row(page, "worker/w").waitFor();
    await figureIs(page, "workersOnline", "1");
    await row(page, "worker/gone").waitFor({ state: "detached" });
    await row(page, "hive/gone-hive").waitFor({ state: "detached" });
  });
