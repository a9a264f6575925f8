// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* One of several queens: the page says how she stands with the others. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { keepPicture, open, pulseIs, Queen, row, testPage } from "./harness.mjs";

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "queens-"));
const socket = join(folder, "redis.sock");
const options = [`--engine=redis+unix://${socket}?cluster=house`, "--engine-timeout=500ms",
  "--heartbeat-interval=1s"];

const haproxy = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].find(existsSync);

const startRedis = () => spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "",
  "--dir", folder], { stdio: "ignore" });

/** @returns {Promise<number>} */
const findPort = () => new Promise((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    server.close(() => resolve(port));
  });
});

/** @param {() => Promise<boolean>} condition */
async function until(condition) {
  for (let i = 0; i < 500; i++) {
    if (await condition().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error("it never came");
}

/* What nobody who watches may see: a worker that is offline, or not there. In the page. */
function watchRows() {
  const seen = /** @type {string[]} */ ((/** @type {any} */ (globalThis)).seen = []);
  const look = () => {
    for (const id of ["w0", "w1"]) {
      const text = document.querySelector(`#rows .row[data-key="worker/${id}"]`)?.textContent;

      if (!text || /offline/i.test(text)) seen.push(`${id}: ${text ?? "not there"}`);
    }
  };

  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}

/* Ten seconds of what the page waits for between two questions are one. */
/** @param {import('playwright-core').BrowserContext} context */
const askOften = (context) => context.addInitScript(() => {
  const now = performance.now.bind(performance);

  performance.now = () => 10 * now();
});

testPage("of one who has no engine nothing is said", {}, async ({ queen, page }) => {
  await queen.worker("w");
  await page.locator("#rows").getByText("w", { exact: true }).first().waitFor();
  assert.equal(await page.locator("#queens").isVisible(), false);
});

if (hasRedis) {
  let redis = startRedis();

  testPage("how she stands with others is in the head, and changes with it", { options, isClosed: true },
    async ({ queen, page, context }) => {
      const word = page.locator("#queens");
      const other = await Queen.start(...options);

      try {
        await askOften(context);
        await open(page, queen);
        await word.getByText("one of 2 queens").waitFor();
        await keepPicture(page, "queens");
        redis.kill("SIGKILL");
        await word.getByText("alone: the engine is away").waitFor();
        redis = startRedis();
        await word.getByText("one of 2 queens").waitFor();
      } finally {
        await other.end();
      }
    });
  /* The README's own configuration. */
  const startProxy = async (/** @type {Queen[]} */ queens) => {
    const port = await findPort();
    const readme = readFileSync(process.env.QUEEN_README ?? "", "utf8");
    const [, text] = /### In front of several queens[^]*?```haproxy\n([^]*?)```/.exec(readme) ?? [];
    const file = join(folder, "haproxy.cfg");

    writeFileSync(file, (text ?? "").replace("bind :80", `bind 127.0.0.1:${port}`)
      .replace("127.0.0.1:8500", new URL(queens[0].url).host)
      .replace("127.0.0.1:8600", new URL(queens[1].url).host));
    return { url: `http://127.0.0.1:${port}`,
      process: spawn(haproxy ?? "", ["-db", "-f", file], { stdio: "ignore" }) };
  };

  const proxied = [...options, "--trusted-proxy=127.0.0.1"];

  if (haproxy)
    testPage("whoever is killed behind a proxy, the page is back by itself, and nobody was offline",
      { options: proxied, isClosed: true }, async ({ queen, page, context }) => {
        const queens = [queen, await Queen.start(...proxied)];
        const proxy = await startProxy(queens);
        /** @type {NodeJS.Timeout | undefined} */
        let beats;

        try {
          await until(async () => (await fetch(`${proxy.url}/health`)).ok);
          await askOften(context);
          await page.goto(proxy.url);
          await pulseIs(page, "beating");
          await queens[0].worker("w0");
          await queens[1].worker("w1");
          for (const id of ["w0", "w1"]) await row(page, `worker/${id}`).waitFor();
          await page.evaluate(watchRows);
          beats = setInterval(() => queens.forEach((each, i) => each.worker(`w${i}`).catch(() => 0)), 200);

          for (const killed of [...queens]) {
            const other = queens[1 - queens.indexOf(killed)];

            await killed.end("SIGKILL");
            await other.worker("w2", "ready", { model_id: `after ${queens.indexOf(killed)}` });
            await row(page, "worker/w2").getByText(`after ${queens.indexOf(killed)}`).waitFor();
            await pulseIs(page, "beating");
            await killed.restart();
            await page.locator("#queens").getByText("one of 2 queens").waitFor();
          }
          redis.kill("SIGKILL");
          await page.locator("#queens").getByText("alone: the engine is away").waitFor();
          redis = startRedis();
          await page.locator("#queens").getByText("one of 2 queens").waitFor();
          await queens[0].worker("w2", "ready", { model_id: "in the end" });
          await row(page, "worker/w2").getByText("in the end").waitFor();
          await pulseIs(page, "beating");
          assert.deepEqual(await page.evaluate(() => /** @type {any} */ (globalThis).seen), []);
        } finally {
          clearInterval(beats);
          proxy.process.kill("SIGKILL");
          await queens[1].end("SIGKILL");
        }
      });
  test.after(() => {
    redis.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
}
