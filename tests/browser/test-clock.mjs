// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* The clock of the browser's machine was wrong and is set, or goes on for long. */

import { holdClock, open, pulseIs, row, testPage } from "./harness.mjs";

const HOUR = 3600000; /* ms */

const BEATS = 3; /* by which it is known how far apart they are */

/** @param {number} count */
function seeBeats(count) {
  const age = /** @type {HTMLElement} */ (document.getElementById("pulse-age"));
  let before = Infinity;

  return new Promise((resolve) => new MutationObserver(() => {
    const now = parseFloat(age.textContent?.replace(/[^0-9.]/g, "") ?? "");
    if (now < before && --count === 0) resolve(0);
    before = now;
  }).observe(age, { childList: true, characterData: true, subtree: true }));
}

testPage("a clock that is set back does not make a silent queen beat",
  { options: ["--heartbeat-interval=1s"], isClosed: true }, async ({ queen, context, page }) => {
    await holdClock(context);
    await open(page, queen);
    await page.evaluate((by) => /** @type {any} */ (globalThis).putForward(by), HOUR);
    await queen.worker();
    await row(page, "worker/worker-1").waitFor();
    await page.evaluate(seeBeats, 1); /* and it has looked at its clock */
    const again = page.waitForEvent("load");
    await page.evaluate((by) => /** @type {any} */ (globalThis).putForward(-by), HOUR);
    await again;
    await row(page, "worker/worker-1").waitFor();
    await pulseIs(page, "beating");
    await page.evaluate(seeBeats, BEATS);
    queen.process.kill("SIGSTOP"); /* her connections stay */
    await pulseIs(page, "late");
  });

testPage("a queen who falls silent before it is known how often she beats is not believed for ever",
  { options: ["--heartbeat-interval=1h"], isClosed: true }, async ({ queen, context, page }) => {
    await holdClock(context);
    await open(page, queen);
    queen.process.kill("SIGSTOP"); /* her connections stay */
    await page.evaluate((by) => /** @type {any} */ (globalThis).putForward(by), HOUR);
    await pulseIs(page, "lost");
  });
