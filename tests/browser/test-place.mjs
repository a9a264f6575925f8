// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* Where one is on the page, and how one gets there. */

import assert from "node:assert/strict";

import { figureIs, findFaults, keepPicture, row, testPage } from "./harness.mjs";

/** @param {import('./harness.mjs').Queen} queen */
async function fill(queen) {
  await queen.hive("hive-1", "ready", { health_status: { status: "degraded", reason: "heat in rack 7" } });
  await queen.hive("hive-2", "ready");
  await queen.worker("alpha", "ready", { hive_id: "hive-1", model_id: "llama", implementation: "vllm" });
  await queen.worker("beta", "busy", { hive_id: "hive-1", model_id: "qwen" });
  await queen.worker("gamma", "ready", { hive_id: "hive-2", model_id: "llama" });
}

/** @param {import('playwright-core').Page} page */
const keys = (page) => page.locator("#rows .body .row").evaluateAll((rows) =>
  rows.map((element) => /** @type {HTMLElement} */ (element).dataset.key));

/**
 * @param {import('playwright-core').Page} page
 * @param {string[]} expected
 */
async function rowsAre(page, expected) {
  await page.waitForFunction((wanted) => JSON.stringify([...document.querySelectorAll("#rows .body .row")]
    .map((element) => /** @type {HTMLElement} */ (element).dataset.key)) === wanted, JSON.stringify(expected))
    .catch(() => {});
  assert.deepEqual(await keys(page), expected);
}

/* E5 */
testPage("everything that is shown can be found", {}, async ({ queen, page }) => {
  await fill(queen);
  await row(page, "worker/gamma").getByText("llama").waitFor();
  await row(page, "hive/hive-1").getByText("Degraded").waitFor();
  const all = ["hive/hive-1", "worker/alpha", "worker/beta"];
  for (const [text, expected] of /** @type {[string, string[]][]} */ ([
    ["degraded", ["hive/hive-1"]],
    ["rack 7", ["hive/hive-1"]],
    ["VLLM", ["hive/hive-1", "worker/alpha"]],
    ["hive-1", all],
    ["llama hive-2", ["hive/hive-2", "worker/gamma"]],
    ["busy  qwen", ["hive/hive-1", "worker/beta"]],
    ["busy llama", []],
  ])) {
    await page.getByLabel("Find hives and workers").fill(text);
    await rowsAre(page, expected);
  }
  await page.getByText("None has “busy llama”").waitFor();
});

/* E7 */
testPage("the cursor stays on whom it was on", {}, async ({ queen, page }) => {
  await queen.worker("m", "ready");
  await queen.worker("z", "ready");
  await row(page, "worker/m").click();
  await page.locator("#detail-title", { hasText: "m" }).waitFor();
  await page.keyboard.press("Escape");
  for (const id of ["a", "b", "c"]) await queen.worker(id, "ready");
  await row(page, "worker/c").waitFor();
  await page.locator("#rows").focus();
  await page.keyboard.press("Enter");
  await page.locator("#detail").waitFor();
  assert.equal(await page.locator("#detail-title").textContent(), "m");
});

/** Whether the rows that have elements are those in sight, each with its own name, in their order. */
/** @param {number} count of workers */
function areInOrder(count) {
  const grid = /** @type {HTMLElement} */ (document.getElementById("rows"));
  const elements = /** @type {HTMLElement[]} */ ([...grid.querySelectorAll(".body .row")]);
  const indexes = elements.map(({ id }) => Number(id.slice("row-".length)));
  const { top, bottom } = grid.getBoundingClientRect();
  const tops = elements.map((element) => element.getBoundingClientRect().top);
  const size = elements[0]?.offsetHeight;

  return Number(grid.getAttribute("aria-rowcount")) === count + 2 /* the headings, the group */ &&
    indexes.every((index, i) => index === indexes[0] + i) &&
    tops.every((at, i) => i === 0 || Math.abs(at - tops[i - 1] - size) < 1) &&
    elements.every(({ dataset: { key = "" }, textContent }) =>
      key === "rest/" || textContent?.includes(key.replace("worker/", ""))) &&
    tops[0] <= top + 2 * size && (tops[tops.length - 1] + size >= bottom || indexes.at(-1) === count);
}

testPage("rows stand in their order, however far one scrolls", {}, async ({ queen, page }) => {
  for (let i = 100; i < 300; i++) await queen.worker(`worker-${i}`, "ready");
  await page.waitForFunction(areInOrder, 200);
  for (const by of [40, -40, 900, 300, -900, 7000, -2000, 500, -7000]) {
    await page.locator("#rows").evaluate((grid, pixels) => grid.scrollBy(0, pixels), by);
    await page.waitForFunction(areInOrder, 200);
  }
  const find = page.getByLabel("Find hives and workers");
  await page.locator("#rows").evaluate((grid) => grid.scrollBy(0, 3000));
  for (const [text, count] of /** @type {const} */ ([["7", 38], ["17", 12], ["177", 1], ["", 200]])) {
    await find.fill(text);
    await page.waitForFunction(areInOrder, count);
  }
});

/* E8 */
testPage("a thousand workers on a phone are their hives, and the events are a jump away",
  { context: { viewport: { width: 360, height: 640 } } }, async ({ queen, page }) => {
    for (let i = 0; i < 1000; i += 100)
      await Promise.all(Array.from({ length: 100 }, (_, n) =>
        queen.worker(`w-${i + n}`, "ready", { hive_id: `hive-${n % 20}` })));
    await figureIs(page, "workersOnline", "1,000");
    await page.waitForFunction(() => document.documentElement.scrollHeight < 5000);
    await page.getByRole("link", { name: "Events" }).click();
    await page.waitForFunction(() =>
      (document.querySelector("#log-title")?.getBoundingClientRect().top ?? Infinity) < innerHeight);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "log-part");
    await page.getByRole("link", { name: "Workers" }).click();
    await row(page, "hive/hive-0").locator(".fold").click();
    await row(page, "worker/w-0").waitFor();
    await page.waitForURL(/unfold=hive%2Fhive-0/);
  });

/* E9 */
testPage("who is open is in the address, and back leads back", { isClosed: true },
  async ({ queen, page }) => {
    await fill(queen);
    await page.goto(`${queen.url}/#worker=beta`);
    await page.locator("#detail-title", { hasText: "beta" }).waitFor();
    await page.getByRole("link", { name: "hive-1", exact: true }).click();
    await page.locator("#detail-title", { hasText: "hive-1" }).waitFor();
    assert.match(page.url(), /#hive=hive-1$/);
    await page.goBack();
    await page.locator("#detail-title", { hasText: "beta" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#detail").waitFor({ state: "hidden" });
    await page.waitForURL(`${queen.url}/`);
    await page.goto(`${queen.url}/#worker=nobody`);
    await page.getByText("does not know a worker of that name").waitFor();
  });

/* E9 */
testPage("what is shown, and how, is in the address", {}, async ({ queen, page, context }) => {
  await fill(queen);
  await row(page, "worker/gamma").getByText("llama").waitFor();
  await page.locator(".figure[name=available]").click();
  await page.getByLabel("By model").check();
  await page.getByLabel("Find hives and workers").fill("llama");
  await page.getByLabel("Hives", { exact: true }).uncheck();
  await page.getByLabel("Filter events by text").fill("alp");
  const expected = ["model/llama", "worker/alpha", "worker/gamma"];
  await rowsAre(page, expected);
  const other = await context.newPage();
  await other.goto(page.url());
  await rowsAre(other, expected);
  assert.equal(await other.getByLabel("Hives", { exact: true }).isChecked(), false);
  assert.equal(await other.getByLabel("Filter events by text").inputValue(), "alp");
  assert.equal(await other.locator(".figure[name=available]").getAttribute("aria-pressed"), "true");
});

/* E9 */
testPage("a fold is in the address", {}, async ({ queen, page }) => {
  await fill(queen);
  await row(page, "hive/hive-1").locator(".fold").click();
  await rowsAre(page, ["hive/hive-1", "hive/hive-2", "worker/gamma"]);
  await page.reload();
  await row(page, "worker/gamma").waitFor();
  await rowsAre(page, ["hive/hive-1", "hive/hive-2", "worker/gamma"]);
});

testPage("by model: how many workers each has, and how they are", {}, async ({ queen, page }) => {
  await fill(queen);
  await queen.worker("delta", "busy", { model_id: "llama" });
  await queen.worker("no-model", "ready");
  await page.getByLabel("By model").check();
  await rowsAre(page, ["model/llama", "worker/alpha", "worker/delta", "worker/gamma",
    "model/qwen", "worker/beta", "rest/", "worker/no-model"]);
  await row(page, "model/llama").getByText("3 workers, 2 available, 1 busy").waitFor();
  await row(page, "rest/").getByText("Without a model").waitFor();
  assert.equal(await row(page, "worker/gamma").locator(".hive").innerText(), "hive-2");
  assert.deepEqual(await findFaults(page), []);
  await keepPicture(page, "by-model");
});

/* E10 */
testPage("a hive's dialog says what its row says, and lists its workers", {}, async ({ queen, page }) => {
  await fill(queen);
  await row(page, "hive/hive-1").getByText("Degraded").waitFor();
  await row(page, "hive/hive-1").click();
  const dialog = page.locator("#detail");
  await dialog.locator("dd .state", { hasText: "Degraded" }).waitFor();
  await dialog.getByText("heat in rack 7").waitFor();
  await dialog.locator("#detail-workers h3", { hasText: "Workers: 2" }).waitFor();
  assert.deepEqual(await dialog.locator("#detail-workers .name").allTextContents(), ["alpha", "beta"]);
  await queen.worker("beta", "stopping", { hive_id: "hive-1" });
  await dialog.locator("#detail-workers li", { hasText: "beta" }).getByText("Stopping").waitFor();
  assert.deepEqual(await findFaults(page), []);
  await keepPicture(page, "hive");
  await dialog.getByRole("link", { name: "alpha" }).click();
  await page.locator("#detail-title", { hasText: "alpha" }).waitFor();
});

/* E10 */
testPage("a worker's dialog says where it is", {}, async ({ queen, page }) => {
  await queen.worker("w", "ready", { hostname: "10.1.2.3", port: 9301 });
  await row(page, "worker/w").click();
  await page.getByRole("link", { name: "http://10.1.2.3:9301" }).waitFor();
  assert.equal(await page.locator("#detail a[target=_blank]").getAttribute("rel"), "noopener noreferrer");
});

testPage("an open dialog asks once for each heartbeat", {}, async ({ queen, page }) => {
  let asked = 0;
  page.on("request", (request) => (asked += Number(/v1\/workers\/w$/.test(request.url()))));
  await queen.worker("w", "ready");
  await row(page, "worker/w").click();
  await page.locator("#detail dd", { hasText: "Ready" }).waitFor();
  await queen.worker("w", "busy");
  await page.locator("#detail dd", { hasText: "Busy" }).waitFor();
  await page.locator(".change", { hasText: / in [5-9] s$/ }).first().waitFor();
  assert.match(await page.locator("#figures .problems").getAttribute("title") ?? "",
    /since this tab was opened/);
  assert.match(await page.locator("#figures .online").getAttribute("title") ?? "",
    /hives online\. .*since this tab was opened/);
  assert.ok(asked <= 3, `${asked} times`);
});

testPage("whose clock is wrong is told", {}, async ({ queen, page }) => {
  const timestamp = new Date(Date.now() - 120000).toISOString();
  await queen.beat("worker", { worker: { id: "w", status: "ready" }, timestamp });
  await row(page, "worker/w").click();
  await page.locator("#detail dd", { hasText: /^1[12]\d s behind the queen's$/ }).waitFor();
});

/* E10 */
testPage("who may do it can have somebody forgotten", {}, async ({ queen, page }) => {
  await queen.worker("w", "stopped");
  await queen.worker("v", "ready");
  await row(page, "worker/v").click();
  await page.locator("#detail dd", { hasText: "Ready" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Forget" }).count(), 0);
  await page.keyboard.press("Escape");
  await row(page, "worker/w").click();
  await page.getByRole("button", { name: "Forget" }).click();
  await page.locator("#detail").waitFor({ state: "hidden" });
  await row(page, "worker/w").waitFor({ state: "detached" });
  assert.equal((await fetch(`${queen.url}/v1/workers/w`)).status, 404);
});

/* E10 */
testPage("who may not is not asked", { options: ["--admin=off"] }, async ({ queen, page }) => {
  await queen.worker("w", "stopped");
  const answer = page.waitForResponse(/v1\/session$/);
  await row(page, "worker/w").click();
  await answer;
  await page.locator("#detail dd", { hasText: "Stopped" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Forget" }).count(), 0);
});
