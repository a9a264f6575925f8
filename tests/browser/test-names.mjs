// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* A name is shown as far as there is room for it, and is there as a whole all the same. */

import assert from "node:assert/strict";

import { findFaults, keepPicture, open, row, testPage } from "./harness.mjs";

const NARROW = { viewport: { width: 360, height: 640 } };
const WORDS = "worker with many words in its name that wrap over and over again";

/** What is seen of a name that is cut: the letters before the dots, and those behind them. */
/** @param {import('playwright-core').Locator} name */
const readCut = (name) => name.evaluate((element) => {
  const [start, middle, end] = [...element.children];
  const isCut = element.classList.contains("is-cut");
  const { right } = (isCut ? end : start).getBoundingClientRect();
  return {
    start: start.textContent ?? "",
    end: end?.textContent ?? "",
    content: end ? getComputedStyle(end, "::before").content : "none",
    hidden: middle?.getBoundingClientRect().width ?? 0,
    /* What is not there of the last letter. */
    torn: Math.max(0, right - element.getBoundingClientRect().right),
    overhang: Math.max(0, element.scrollWidth - element.clientWidth),
  };
});

/**
 * Draws with the mouse over what is seen of a text.
 *
 * @param {import('playwright-core').Page} page
 * @param {import('playwright-core').Locator} text
 * @returns {Promise<string>} what is selected then
 */
async function select(page, text) {
  const { x, y, width, height } = /** @type {{ x: number, y: number, width: number, height: number }} */ (
    await text.boundingBox());

  await page.mouse.move(x + 1, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.move(x + width - 1, y + height / 2);
  await page.mouse.up();
  return (await page.evaluate(() => String(getSelection()))).trim();
}

/* E8 */
testPage("at 360 pixels model and hive are there, and names are cut in the middle",
  { context: NARROW }, async ({ queen, page }) => {
    const id = `worker-with-quite-a-long-name-of-which-the-end-differs-${"0".repeat(20)}17`;
    await queen.worker(id, "ready", { model_id: "some/model", hive_id: "hive-1" });
    const line = row(page, `worker/${id}`);
    await line.getByText("some/model").waitFor();
    assert.equal(await line.locator(".model").innerText(), "some/model");
    assert.equal(await line.locator(".hive").innerText(), "hive-1");
    const { start, end, content } = await readCut(line.locator(".name"));
    assert.match(start, /^worker/);
    assert.match(end, /17$/);
    assert.match(content, /…/);
    const box = await line.locator(".name").boundingBox();
    assert.ok(box && box.x > 0 && box.x + box.width <= 360, JSON.stringify(box));
    assert.equal(await line.locator(".name").textContent(), id);
    assert.deepEqual(await findFaults(page), []);
  });

/* E8 */
testPage("a name is cut between whole letters, and only where it has no room", {},
  async ({ queen, page }) => {
    const id = `WWWWWW-${"wide-letters-".repeat(2)}gpu-3`;
    await queen.worker(id, "ready");
    const name = row(page, `worker/${id}`).locator(".name");
    for (const width of [3000, 320, 333, 360, 901, 1440, 3000]) {
      await page.setViewportSize({ width, height: 700 });
      await page.waitForFunction(([element, isCut]) => element.classList.contains("is-cut") === isCut,
        /** @type {const} */ ([await name.elementHandle(), width < 3000]));
      const { start, end, content, torn, hidden, overhang } = await readCut(name);
      assert.ok(torn < 0.1, `${torn} px of a letter at ${width}`);
      assert.equal(hidden, 0, `${width}`);
      assert.equal(overhang, 0, `${width}`);
      assert.ok(start.length > 1 && id.startsWith(start) && id.endsWith(end), `${start}…${end}`);
      assert.equal(/…/.test(content), width < 3000, content);
    }
  });

/* E8 */
testPage("hives of one domain can be told apart at 360 pixels", { context: NARROW },
  async ({ queen, page }) => {
    const ids = ["alpha", "beta", "gamma"].map((name) => `${name}.machines.rack-seven.example.org`);
    for (const id of ids) await queen.hive(id, "offline");
    for (const place of ["#rows .body .name", ".trouble .name", "#log .line .id"]) {
      await page.waitForFunction((where) => document.querySelectorAll(where).length === 3, place);
      for (const name of await page.locator(place).all()) {
        const { start, end } = await readCut(name);
        const id = await name.textContent() ?? "";
        assert.ok(start.startsWith(id.slice(0, 4)), `${start}…${end} in ${place}`);
      }
    }
    await keepPicture(page, "domain");
  });

for (const width of [360, 1440]) {
  /* E8 */
  testPage(`who draws over a name has it as a whole, and opens nothing, at ${width} pixels`,
    { context: { viewport: { width, height: 800 } } }, async ({ queen, page }) => {
      const long = "-with-a-long-name-of-which-the-end-differs-17";
      const facts = { model_id: `model${long}`, hive_id: `hive${long}`, device: `GPU${long}` };
      const seen = ["id .name", "model-name", width < 1000 ? "hive-name" : "device-name"];
      for (const id of [`worker${long}`, "W".repeat(20), "short"]) {
        await queen.worker(id, "ready", facts);
        const whole = [id, facts.model_id, width < 1000 ? facts.hive_id : facts.device];
        /* Only then is it where it stays. */
        await row(page, `worker/${id}`).getByText(facts.model_id).waitFor({ state: "attached" });
        for (const [i, place] of seen.entries()) {
          const name = row(page, `worker/${id}`).locator(`.${place}`);
          await name.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
          assert.equal(await select(page, name), whole[i], `${id} ${place}`);
          assert.equal(await page.evaluate(() => location.hash), "");
        }
      }
      await row(page, "worker/short").locator(".name").click(); /* which still opens */
      await page.locator("#detail[open] #detail-title", { hasText: "short" }).waitFor();
    });

  /* E8 */
  testPage(`a name is copied and found as a whole at ${width} pixels`,
    { context: { viewport: { width, height: 800 } } }, async ({ queen, page }) => {
      const ids = ["hive-1-with-a-long-name.example.org", "n".repeat(128), WORDS,
        `worker-éü-${"e\u0301".repeat(20)}`, "hive-1-of-two-letters"];
      for (const id of ids) await queen.hive(id, "ready");
      await open(page, queen);
      for (const id of ids) {
        const name = row(page, `hive/${id}`).locator(".name");
        await name.waitFor();
        const [copied, isFound] = await name.evaluate((element, text) => {
          const selection = /** @type {Selection} */ (getSelection());
          selection.selectAllChildren(element);
          const copy = selection.toString();
          selection.removeAllRanges();
          return [copy, /** @type {any} */ (globalThis).find(text)];
        }, id);
        assert.equal(copied, id);
        assert.equal(await name.innerText(), id);
        assert.ok(isFound, `${id} is not found`);
        assert.match(await name.ariaSnapshot(), new RegExp(`${id.slice(-8)}"?$`));
      }
      await keepPicture(page, `names-${width}`);
    });

  /* E8, E10 */
  testPage(`whatever its name, a dialog has room for its buttons at ${width} pixels`,
    { context: { viewport: { width, height: 800 } } }, async ({ queen, page }) => {
      for (const id of ["short", "llm-worker-rack-7-machine-3-gpu-3", "x".repeat(128), WORDS]) {
        await queen.worker(id, "offline");
        await row(page, `worker/${id}`).click();
        const dialog = page.locator("#detail[open]");
        await dialog.getByRole("button", { name: "Forget" }).waitFor();
        const { right } = await dialog.evaluate((element) => element.getBoundingClientRect().toJSON());
        for (const button of await dialog.getByRole("button").all()) {
          const box = await button.boundingBox();
          assert.ok(box && box.x + box.width < right, `${id}: ${JSON.stringify(box)} of ${right}`);
        }
        assert.ok(await dialog.evaluate((element) => element.scrollWidth <= element.clientWidth), id);
        await keepPicture(page, `dialog-${width}-${id.length}`);
        await dialog.getByRole("button", { name: "Close" }).click();
        await dialog.waitFor({ state: "hidden" });
      }
    });
}
