// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* A queen who tells nothing without a token. */

import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";

import { findFaults, keepPicture, pulseIs, testPage } from "./harness.mjs";

const TOKEN = "a-token-of-some-length";
const SENDER = "a-token-that-only-sends";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "queen-token-"));
const file = path.join(folder, "tokens");
fs.writeFileSync(file, `wall:${TOKEN}\nworkers:${SENDER}:beat\n`, { mode: 0o600 });
test.after(() => fs.rmSync(folder, { recursive: true }));

const setup = { options: ["--protect-reads", `--token-file=${file}`], isClosed: true };

/** @param {import('playwright-core').Page} page */
async function openLocked(page, url = "") {
  await page.goto(url);
  await pulseIs(page, "locked");
  await page.locator("#token").waitFor();
}

/** @param {import('playwright-core').Page} page */
async function giveToken(page, token = TOKEN) {
  await page.keyboard.type(token);
  await page.keyboard.press("Enter");
}

testPage("the page asks for a token, and shows the cluster to whoever has one", setup,
  async ({ queen, page }) => {
    await openLocked(page, queen.url);
    assert.deepEqual(await findFaults(page), []);
    await keepPicture(page, "token");
    await giveToken(page, "something else, and ü");
    await page.getByText("not one of the queen's").waitFor();
    await giveToken(page, SENDER);
    await page.getByText("has not the scope").waitFor();
    await giveToken(page);
    await pulseIs(page, "beating");
    await page.locator("#empty").waitFor();
    assert.equal(await page.locator("#token").isVisible(), false);
    assert.equal(await page.locator("#token-input").inputValue(), "");
  });

for (const missing of [[], ["SharedWorker"]])
  testPage(`one tab opens the session for all${missing.map((name) => ` without ${name}`)}`, setup,
    async ({ queen, context, page }) => {
      await context.addInitScript((names) => {
        for (const name of names) Object.defineProperty(globalThis, name, { value: undefined });
      }, missing);
      const other = await context.newPage();
      await openLocked(other, queen.url);
      await openLocked(page, queen.url);
      await page.locator("#token-input").focus();
      await giveToken(page);
      await pulseIs(page, "beating");
      await pulseIs(other, "beating");
      await page.reload();
      await pulseIs(page, "beating");
    });

testPage("a queen who starts anew is given the token again, without a question", setup,
  async ({ queen, page }) => {
    await openLocked(page, queen.url);
    await giveToken(page);
    await pulseIs(page, "beating");
    await queen.end("SIGKILL");
    await pulseIs(page, "lost");
    await queen.restart();
    await page.locator("#log .note", { hasText: "wants a token" }).nth(1).waitFor();
    await pulseIs(page, "beating");
  });
