// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* OpenAI's own client from npm, pointed at a real queen with workers that stand in for real ones. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import readline from "node:readline";
import test from "node:test";

const require = createRequire(`${process.env.QUEEN_NODE_MODULES}/`);
const OpenAI = require("openai").default ?? require("openai");
const SOON = 200; /* ms in which a worker's slot is free when its client has gone */
const WITHIN = 20; /* s that anything may take on a busy machine */

/** A program that says where it listens. */
async function start(command, options, pattern, stream) {
  const child = spawn(command, options, { stdio: ["ignore", "pipe", "pipe"] });
  for await (const line of readline.createInterface({ input: child[stream] })) {
    const found = pattern.exec(line);
    if (!found) continue;
    child[stream].resume();
    child.port = Number(found[1]);
    return child;
  }
  throw new Error(`${command} did not start`);
}

async function end(child) {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** A queen, her workers, and a client of hers. */
class Cluster {
  workers = [];

  static async start(...workers) {
    const cluster = new Cluster();
    cluster.queen = await start(process.env.QUEEN_RBEE, ["--port=0", "--ui-port=off", "--bus=none",
      "--heartbeat-interval=1h"], /ready on http:\/\/127\.0\.0\.1:(\d+)/, "stderr");
    for (const options of workers) await cluster.addWorker(...options);
    cluster.client = new OpenAI({ apiKey: "none", baseURL: `${cluster.url}/v1`, maxRetries: 0 });
    return cluster;
  }

  get url() { return `http://127.0.0.1:${this.queen.port}`; }

  async addWorker(...options) {
    this.workers.push(await start(process.env.QUEEN_STAND_IN_WORKER, [`--queen=${this.url}`, ...options],
      /port (\d+)/, "stdout"));
  }

  /** @param {number} worker @param {object} orders */
  async order(worker, orders) {
    await fetch(`http://127.0.0.1:${this.workers[worker].port}/control`,
      { method: "POST", body: JSON.stringify(orders) });
  }

  /** @param {number} worker @param {string} counts such as "gone=1&running=0" */
  async wait(worker, counts) {
    const answer = await fetch(
      `http://127.0.0.1:${this.workers[worker].port}/control/wait?${counts}&within=${WITHIN}`);
    const state = await answer.json();
    assert.equal(answer.status, 200, `${counts}: ${JSON.stringify({ ...state, requests: [] })}`);
    return state;
  }

  async end() {
    await Promise.all([this.queen, ...this.workers].map(end));
  }
}

/** @param {string} promise @param {string[][]} workers @param {(cluster: Cluster) => Promise<void>} run */
function promise(promise, workers, run) {
  test(promise, { timeout: 60000 }, async () => {
    const cluster = await Cluster.start(...workers);
    try {
      await run(cluster);
    } finally {
      await cluster.end();
    }
  });
}

const ask = (content, more = {}) => ({ model: "tiny", messages: [{ role: "user", content }], ...more });

promise("/openai/client/chat-streamed-as-it-comes", [["--wish=pace=step"]], async (cluster) => {
  await cluster.order(0, { step: 1 });
  const stream = await cluster.client.chat.completions.create(ask("hello", { stream: true, max_tokens: 3 }));
  const texts = [];
  for await (const chunk of stream) {
    const text = chunk.choices[0].delta.content;
    if (!text) continue;
    texts.push(text);
    if (texts.length < 3) await cluster.order(0, { step: 1 }); /* and not before */
  }
  assert.deepEqual(texts, ["tok0", " tok1", " tok2"]);
});

promise("/openai/client/chat-whole", [[]], async (cluster) => {
  const { data, response } = await cluster.client.chat.completions.create(ask("hello", { max_tokens: 3 }))
    .withResponse();
  assert.equal(data.choices[0].message.content, "tok0 tok1 tok2");
  assert.equal(data.usage.completion_tokens, 3);
  assert.equal(response.headers.get("x-queen-worker"), "stand-in");
  assert.match(response.headers.get("x-queen-job"), /^job-[0-9a-f-]{36}$/);
});

promise("/openai/client/completions", [[]], async (cluster) => {
  const whole = await cluster.client.completions.create({ model: "tiny", prompt: "x", max_tokens: 2 });
  assert.equal(whole.choices[0].text, "tok0 tok1");
  let text = "";
  for await (const chunk of await cluster.client.completions.create(
    { model: "tiny", prompt: "x", max_tokens: 2, stream: true })) text += chunk.choices[0].text;
  assert.equal(text, "tok0 tok1");
});

/* It asks for them in base64, and unpacks them. */
promise("/openai/client/embeddings", [[]], async (cluster) => {
  const answer = await cluster.client.embeddings.create({ model: "tiny", input: ["four", "by"] });
  assert.deepEqual(answer.data.map((each) => each.embedding), [[4, 0.5, -0.25, 1], [2, 0.5, -0.25, 1]]);
});

promise("/openai/client/models", [["--model=meta/tiny", "--model=other"]], async (cluster) => {
  const ids = [];
  for await (const model of cluster.client.models.list()) ids.push(model.id);
  assert.deepEqual(ids, ["meta/tiny", "other"]);
  assert.equal((await cluster.client.models.retrieve("meta/tiny")).id, "meta/tiny");
});

promise("/openai/client/errors-are-its-own", [[]], async (cluster) => {
  await assert.rejects(cluster.client.chat.completions.create(ask("x", { model: "none" })), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError, error);
    assert.equal(error.code, "model_not_found");
    assert.match(error.message, /tiny/); /* one that there is */
    return true;
  });
  /* What the worker says goes through. */
  await assert.rejects(cluster.client.chat.completions.create({ model: "tiny", messages: [] }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError, error);
    assert.match(error.message, /messages must not be empty/);
    return true;
  });
  await assert.rejects(cluster.client.chat.completions.create(ask("[[fault=status status=500]]")),
    OpenAI.InternalServerError);
  await assert.rejects(cluster.client.responses.create({ model: "tiny", input: "hello" }), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError, error);
    assert.match(error.message, /ask by \/v1\/chat\/completions/);
    return true;
  });
});

promise("/openai/client/a-worker-that-breaks-off-is-an-error", [[]], async (cluster) => {
  const texts = [];
  await assert.rejects(async () => {
    for await (const chunk of await cluster.client.chat.completions.create(
      ask("[[fault=reset-middle]]", { stream: true }))) texts.push(chunk.choices[0].delta.content);
  }, OpenAI.APIError);
  assert.equal(texts.join(""), "tok0 tok1 tok2 tok3"); /* what came before is not lost */
});

promise("/openai/client/abort-frees-the-slot", [["--slots=1", "--wish=pace=step"]], async (cluster) => {
  const stream = await Promise.all([cluster.order(0, { step: 1 }),
    cluster.client.chat.completions.create(ask("x", { stream: true }))]).then((both) => both[1]);
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break; /* which aborts */
  }
  const since = performance.now();
  await cluster.wait(0, "gone=1&running=0");
  assert.ok(performance.now() - since < SOON, `free after ${performance.now() - since} ms`);
});

promise("/openai/client/abort-before-the-first-byte", [["--wish=fault=silent-first"]], async (cluster) => {
  const controller = new AbortController();
  const asked = cluster.client.chat.completions.create(ask("x"), { signal: controller.signal });
  await cluster.wait(0, "begun=1");
  controller.abort();
  await assert.rejects(asked, OpenAI.APIUserAbortError);
  await cluster.wait(0, "gone=1");
});

promise("/openai/client/the-least-loaded-of-several", [["--id=a", "--wish=pace=step", "--slots=2"],
  ["--id=b", "--wish=pace=step", "--slots=2"]], async (cluster) => {
  const asked = [];
  for (let i = 0; i < 4; i++) asked.push(cluster.client.chat.completions.create(ask("x", { max_tokens: 1 })));
  await Promise.all([cluster.wait(0, "running=2"), cluster.wait(1, "running=2")]);
  await Promise.all([cluster.order(0, { step: 2 }), cluster.order(1, { step: 2 })]);
  for (const answer of await Promise.all(asked)) assert.equal(answer.choices[0].message.content, "tok0");
});

test("/openai/client/as-the-readme-has-it", { timeout: 60000 }, async () => {
  const cluster = await Cluster.start([]);
  try {
    const section = (await readFile(process.env.QUEEN_README, "utf8")).split("\n## Ask the cluster\n")[1];
    const [, program] = /^```js\n([^]*?)^```$/m.exec(section);
    const said = spawn(process.execPath, ["--input-type=module", "-e", program
      .replace(/^import .*$/m, `import { createRequire } from "node:module";
        const OpenAI = createRequire(${JSON.stringify(`${process.env.QUEEN_NODE_MODULES}/`)})("openai");`)
      .replace("http://localhost:8500", cluster.url)], { stdio: ["ignore", "pipe", "inherit"] });
    assert.equal((await said.stdout.toArray()).join(""), "tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7");
  } finally {
    await cluster.end();
  }
});
