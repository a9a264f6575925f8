// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* A browser has six connections to one origin; the page is open in seven tabs. */

import { figureIs, open, pulseIs, testPage } from "./harness.mjs";

/**
 * @param {import('./harness.mjs').Stage} stage
 * @param {string[]} missing what this browser does not have
 */
async function openSeven({ queen, context }, missing) {
  await context.addInitScript((names) => {
    for (const name of names)
      Object.defineProperty(name === "locks" ? Navigator.prototype : globalThis, name, { value: undefined });
  }, missing);
  const pages = [];
  for (let i = 0; i < 7; i++) {
    pages.push(await context.newPage());
    await open(pages[i], queen);
  }
  return pages;
}

for (const missing of [[], ["SharedWorker"]])
  testPage(`seven tabs see the same${missing.map((name) => ` without ${name}`)}`, { isClosed: true },
    async (stage) => {
      const pages = await openSeven(stage, missing);
      await stage.queen.worker("w", "ready");
      for (const page of pages) await figureIs(page, "workersOnline", "1");
      await pages[0].close();
      await stage.queen.worker("v", "ready");
      for (const page of pages.slice(1)) await figureIs(page, "workersOnline", "2");
      await pages[6].reload();
      await pulseIs(pages[6], "beating");
      await figureIs(pages[6], "workersOnline", "2");
    });

testPage("a tab that can share nothing has a stream of its own while it is seen", { isClosed: true },
  async ({ queen, context, page }) => {
    await context.addInitScript(() => {
      Object.defineProperty(globalThis, "SharedWorker", { value: undefined });
      Object.defineProperty(globalThis, "BroadcastChannel", { value: undefined });
    });
    await open(page, queen);
    const show = (/** @type {boolean} */ hidden) => page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await show(true);
    await page.waitForFunction(() => /lost/.test(document.title));
    await queen.worker();
    await show(false);
    await pulseIs(page, "beating");
    await figureIs(page, "workersOnline", "1");
  });

testPage("seven tabs whose worker the browser has ended have another one", { isClosed: true },
  async (stage) => {
    const pages = await openSeven(stage, []);
    const session = await /** @type {import('playwright-core').Browser} */ (
      stage.context.browser()).newBrowserCDPSession();
    const { targetInfos } = await session.send("Target.getTargets");
    const { targetId } = /** @type {any} */ (targetInfos.find(({ type, url }) =>
      type === "shared_worker" && url.startsWith(stage.queen.url)));
    await session.send("Target.closeTarget", { targetId });
    await stage.queen.worker("w", "ready");
    for (const page of pages) await figureIs(page, "workersOnline", "1");
  });
