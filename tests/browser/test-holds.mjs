// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* To whom no work is to be given: seen by everybody, done by who may. */

import assert from "node:assert/strict";

import { keepPicture, row, testPage } from "./harness.mjs";

/**
 * @param {import('./harness.mjs').Queen} queen
 * @param {string} path
 * @param {object} body
 */
async function hold(queen, path, body) {
  const answer = await fetch(`${queen.url}/v1/${path}/hold`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

  assert.equal(answer.status, 200);
  return answer.json();
}

testPage("who is held has a badge, also with its hive, and is not available, although nobody beats",
  { options: ["--heartbeat-interval=1h"] }, async ({ queen, page }) => {
    const badge = (/** @type {string} */ key) => row(page, key).locator(".badge");

    await queen.hive("h");
    await queen.worker("w", "ready", { hive_id: "h" });
    await row(page, "hive/h").getByText("1 of 1 available").waitFor();
    assert.equal(await badge("hive/h").isVisible(), false);
    await hold(queen, "hives/h", { reason: "new driver" });
    await badge("hive/h").waitFor();
    await badge("worker/w").waitFor();
    assert.equal(await badge("hive/h").getAttribute("title"), "new driver, this machine");
    await row(page, "hive/h").getByText("0 of 1 available").waitFor();
    await keepPicture(page, "held");
    await fetch(`${queen.url}/v1/hives/h/hold`, { method: "DELETE" });
    await badge("worker/w").waitFor({ state: "hidden" });
    await row(page, "hive/h").getByText("1 of 1 available").waitFor();
  });

testPage("who may holds somebody in its detail, and releases it again", {}, async ({ queen, page }) => {
  const detail = page.locator("#detail");

  await queen.worker("a/b", "ready");
  await row(page, "worker/a/b").click();
  await detail.getByRole("button", { name: "Hold", exact: true }).click();
  await detail.getByLabel("because").fill("a <b>new</b> driver");
  await detail.getByLabel("for").selectOption("as long as nobody releases it");
  await detail.getByRole("button", { name: "Hold it" }).click();
  const held = detail.locator(".holds li");
  await held.getByText("a <b>new</b> driver by this machine until released").waitFor();
  assert.equal(await detail.locator("#detail-holding").isVisible(), false);
  const facts = await (await fetch(`${queen.url}/v1/workers/a%2Fb`)).json();
  assert.equal(facts.available, false);
  assert.equal(facts.holds[0].until, null);
  await keepPicture(page, "holding");
  await held.getByRole("button", { name: "Release" }).click();
  await held.waitFor({ state: "detached" });
  await row(page, "worker/a/b").locator(".badge").waitFor({ state: "hidden" });
});

testPage("who may not sees who holds, and is offered nothing", { options: ["--admin=off"] },
  async ({ queen, page }) => {
    await queen.worker("w");
    await row(page, "worker/w").click();
    await page.locator("#detail-facts dd").first().waitFor();
    assert.equal(await page.locator("#detail-hold").isVisible(), false);
    const answer = await fetch(`${queen.url}/v1/workers/w/hold`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: '{"reason":"r"}' });
    assert.equal(answer.status, 403);
  });

testPage("what the queen refuses is said", {}, async ({ queen, page }) => {
  const detail = page.locator("#detail");

  await queen.worker("w", "ready");
  await row(page, "worker/w").click();
  await detail.getByRole("button", { name: "Hold", exact: true }).click();
  await queen.worker("w", "stopped");
  await fetch(`${queen.url}/v1/workers/w`, { method: "DELETE" });
  await detail.getByLabel("because").fill("r");
  await detail.getByRole("button", { name: "Hold it" }).click();
  await detail.getByText("There is no worker “w”").waitFor();
});
