// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* What models are asked just now. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import readline from "node:readline";

import {
  findFaults, holdClock, hurry, keepPicture, open, standBefore, testPage,
} from "./harness.mjs";

/** A worker without a model, that says one token when it is told to. */
class Worker {
  /** @param {import('./harness.mjs').Queen} queen */
  static async start(queen) {
    const worker = new Worker();
    worker.process = spawn(process.env.QUEEN_STAND_IN_WORKER ?? "", ["--slots=1", "--wish=pace=step",
      `--queen=${queen.url}`, "--id=w-1", "--beat-changes"], { stdio: ["ignore", "pipe", "inherit"] });
    for await (const line of readline.createInterface({ input: worker.process.stdout })) {
      worker.url = `http://127.0.0.1:${/port (\d+)/.exec(line)?.[1]}`;
      break;
    }
    worker.process.stdout.resume();
    await queen.worker("w-1", "ready", {
      model_id: "tiny", api: "openai", slots: 1, running: 0, port: Number(new URL(worker.url ?? "").port) });
    return worker;
  }

  /** @param {string} counts such as gone=1 */
  async wait(counts) {
    const answer = await fetch(`${this.url}/control/wait?${counts}`);
    assert.equal(answer.status, 200);
  }

  /** @param {object} order */
  async order(order) {
    await fetch(`${this.url}/control`, { method: "POST", body: JSON.stringify(order),
      headers: { "Content-Type": "application/json" } });
  }

  end() {
    this.process?.kill("SIGKILL");
  }
}

/**
 * @param {string} name
 * @param {object} setup
 * @param {(stage: import('./harness.mjs').Stage & { worker: Worker }) => Promise<void>} func
 */
function testJobs(name, setup, func) {
  testPage(name, setup, async (stage) => {
    const worker = await Worker.start(stage.queen);
    try {
      await func({ ...stage, worker });
    } finally {
      worker.end();
    }
  });
}

/** @param {import('./harness.mjs').Queen} queen */
async function submit(queen, prompt = "secret", model = "tiny") {
  const answer = await fetch(`${queen.url}/v1/jobs`, {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ operation: "infer", model, prompt, max_tokens: 4 }) });
  return (await answer.json()).job_id;
}

testJobs("jobs are shown with model, worker, age, speed and place in line, and go when they have ended", {},
  async ({ queen, page, worker }) => {
    const part = page.locator("#jobs");

    assert.equal(await part.isVisible(), false);
    const first = await submit(queen);
    await worker.wait("running=1");
    const second = await submit(queen);
    await part.getByText("1 running, 1 waiting").waitFor();
    await part.locator(`[data-job="${first}"]`).getByText("on w-1").waitFor();
    await part.locator(`[data-job="${second}"]`).getByText("number 1 in line").waitFor();
    for (const tokens of [1, 2]) {
      await worker.order({ step: 1 });
      while ((await (await fetch(`${queen.url}/v1/jobs/${first}`)).json()).tokens < tokens);
    }
    await part.locator(`[data-job="${first}"]`).getByText(/^[0-9.,]+ tokens\/s$/).waitFor();
    for (const job of [first, second])
      assert.match(await part.locator(`[data-job="${job}"] time`).innerText(), /^(now|\d+ s)$/);
    assert.equal(await part.locator(".asked .name").innerText(), "tiny");
    assert.equal((await part.innerText()).includes("secret"), false);
    assert.deepEqual(await findFaults(page), []);
    await keepPicture(page, "jobs");
    await worker.order({ step: 8 });
    await part.waitFor({ state: "hidden" });
  });

testJobs("a job is cancelled by its button, and its worker is free", {}, async ({ queen, page, worker }) => {
  const job = await submit(queen);

  await worker.wait("running=1");
  await page.locator(`#jobs [data-job="${job}"] button`).click();
  await worker.wait("gone=1&running=0");
  await page.locator("#jobs").waitFor({ state: "hidden" });
  const { status } = await (await fetch(`${queen.url}/v1/jobs/${job}`)).json();
  assert.equal(status, "cancelled");
});

testJobs("nobody is asked for jobs while nothing is done", { isClosed: true }, async ({ queen, page, worker }) => {
  /** @type {string[]} */
  const asked = [];

  page.on("request", (request) => request.url().includes("/v1/jobs") && asked.push(request.url()));
  await open(page, queen);
  await page.locator('#rows .row[data-key="worker/w-1"]').waitFor();
  await page.waitForFunction(() => performance.getEntriesByType("resource").some(
    ({ name }) => name.includes("/v1/jobs?status=queued")));
  const before = asked.length;
  /* Who asks again and again does so within a second. */
  await page.waitForFunction((since) => performance.now() - since > 1500,
    await page.evaluate(() => performance.now()));
  assert.equal(asked.length, before);
  const job = await submit(queen);
  await page.locator(`#jobs [data-job="${job}"]`).getByText("on w-1").waitFor();
  assert.ok(asked.length > before);
  /* What was heard of while it was asked is asked for a second later. */
  const settled = async () => {
    const count = asked.length;
    await page.waitForFunction((since) => performance.now() - since > 2500,
      await page.evaluate(() => performance.now()));
    return asked.length === count;
  };
  while (!await settled());
});

testJobs("what is asked is text, whatever is in it", {}, async ({ queen, page, worker }) => {
  const [id, model] = [`<b>w</b>" onclick="x`, `<img src=x onerror="document.title='broken'">`];
  const part = page.locator("#jobs");

  await queen.worker(id, "ready", {
    model_id: model, api: "openai", slots: 1, port: Number(new URL(worker.url ?? "").port) });
  await submit(queen, "<i>", model);
  await part.getByText(model, { exact: true }).waitFor();
  await part.getByText(`on ${id}`, { exact: true }).waitFor();
  assert.equal(await page.locator("#jobs b, #jobs i, img[src=x]").count(), 0);
});

testJobs("an answer that never comes is not waited for", { isClosed: true },
  async ({ queen, context, page, worker }) => {
    /** @type {Set<string | undefined>} */
    const asked = new Set();
    const proxy = await standBefore(queen, { answer: ({ url }) =>
      Boolean(url?.startsWith("/v1/jobs?")) && asked.size < asked.add(url).size });

    await holdClock(context);
    await hurry(context);
    const job = await submit(queen);
    await worker.wait("running=1");
    await page.goto(proxy.url);
    await page.locator(`#jobs [data-job="${job}"]`).waitFor();
    proxy.close();
  });
