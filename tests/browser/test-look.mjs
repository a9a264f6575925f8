// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* What is drawn, on whatever it is drawn. */

import assert from "node:assert/strict";

import { keepPicture, row, testPage } from "./harness.mjs";

/* E4 */
for (const deviceScaleFactor of [1, 1.25, 2, 3])
  testPage(`the plot's axes can be read on a screen of ${deviceScaleFactor} pixels each`,
    { context: { deviceScaleFactor, viewport: { width: 1777, height: 900 } }, isClosed: true },
    async ({ queen, page }) => {
      await page.addInitScript(() => {
        const fonts = (/** @type {any} */ (globalThis).fonts = new Set());
        const { set, get } = /** @type {any} */ (
          Object.getOwnPropertyDescriptor(CanvasRenderingContext2D.prototype, "font"));
        Object.defineProperty(CanvasRenderingContext2D.prototype, "font", {
          get, set(font) { fonts.add(font); set.call(this, font); } });
      });
      await queen.worker();
      await page.goto(queen.url);
      await page.waitForFunction(() => /** @type {any} */ (globalThis).fonts.size > 0);
      const fonts = await page.evaluate(() => [.../** @type {any} */ (globalThis).fonts]);
      for (const font of fonts) {
        const size = Number(/([\d.]+)px/.exec(font)?.[1]);
        assert.ok(size >= 10 * deviceScaleFactor, `${font} on ${deviceScaleFactor}`);
      }
    });

/** Whether any two of the states have the same shape, as it comes out. */
/** @param {import('playwright-core').Page} page */
async function listShapes(page) {
  const shapes = [];
  for (const state of await page.locator("#rows .row .state:visible").all())
    shapes.push(await state.evaluate((element) => {
      const style = getComputedStyle(element, "::before");
      const filled = style.backgroundColor !== getComputedStyle(document.body).backgroundColor &&
        style.backgroundColor !== "rgba(0, 0, 0, 0)";
      return [element.textContent, style.clipPath, style.borderRadius, style.borderStyle, filled,
        style.forcedColorAdjust, style.printColorAdjust];
    }));
  return shapes;
}

/* E10 */
testPage("forced colours keep the shapes of the states", { context: { forcedColors: "active" } },
  async ({ queen, page }) => {
    for (const status of ["ready", "starting", "offline", "stopping", "busy", "stopped"])
      await queen.worker(`w-${status}`, status);
    await row(page, "worker/w-busy").locator(".state", { hasText: "Busy" }).waitFor();
    const shapes = await listShapes(page);
    assert.equal(shapes.length, 6);
    for (const [name, , , , filled, adjust] of shapes)
      assert.ok(adjust === "none" && (filled || name === "Busy"), `${name} cannot be seen`);
    assert.equal(new Set(shapes.map(([, ...shape]) => JSON.stringify(shape))).size, 6);
    await keepPicture(page, "forced");
  });

/* E10 */
testPage("on paper there is everybody, and the states have their shapes", {}, async ({ queen, page }) => {
  for (let i = 0; i < 100; i++) await queen.worker(`w-${i}`, i % 2 ? "ready" : "starting");
  await row(page, "worker/w-0").waitFor();
  await page.emulateMedia({ media: "print" });
  await page.waitForFunction(() => document.querySelectorAll("#rows .body .row").length > 100);
  const shapes = await listShapes(page);
  assert.ok(shapes.length >= 100);
  for (const shape of shapes) assert.equal(shape.at(-1), "exact");
  await keepPicture(page, "print");
});

/* E8 */
testPage("who has room is drawn at once, where the list is as high as it needs to be",
  { context: { viewport: { width: 360, height: 1200 } }, isClosed: true }, async ({ queen, page }) => {
    await queen.worker();
    await page.goto(queen.url);
    await row(page, "worker/worker-1").waitFor();
    await page.evaluate(() => document.getElementById("rows-filter")?.scrollIntoView());
    /* From none to many in one frame. */
    await page.getByLabel("Find hives and workers").fill("nobody");
    await page.locator("#rows-nothing").waitFor();
    for (let i = 2; i < 10; i++) await queen.worker(`worker-${i}`, "ready");
    await page.waitForFunction(() => document.getElementById("figure-workersOnline")?.textContent === "9");
    await page.getByLabel("Find hives and workers").fill("");
    await row(page, "worker/worker-1").waitFor();
    assert.equal(await page.locator("#rows .body .row").count(), 10);
  });
