// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* One of several queens: the page says how she stands with the others. */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { keepPicture, Queen, testPage } from "./harness.mjs";

const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
const folder = mkdtempSync(join(tmpdir(), "queens-"));
const socket = join(folder, "redis.sock");
const options = [`--engine=redis+unix://${socket}?cluster=house`, "--engine-timeout=500ms",
  "--heartbeat-interval=1s"];

const startRedis = () => spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "",
  "--dir", folder], { stdio: "ignore" });

testPage("of one who has no engine nothing is said", {}, async ({ queen, page }) => {
  await queen.worker("w");
  await page.locator("#rows").getByText("w", { exact: true }).first().waitFor();
  assert.equal(await page.locator("#queens").isVisible(), false);
});

if (hasRedis) {
  let redis = startRedis();

  testPage("how she stands with others is in the head, and changes with it", { options },
    async ({ page }) => {
      const word = page.locator("#queens");
      const other = await Queen.start(...options);

      try {
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
  test.after(() => {
    redis.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });
}
