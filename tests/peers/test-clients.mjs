// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* The clients that people take from npm, each with a real queen: it gets the first event at once,
 * and every heartbeat, also when she has been started again. B1, B2, B3, B10 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import readline from "node:readline";
import { Readable } from "node:stream";
import test from "node:test";

const require = createRequire(`${process.env.QUEEN_NODE_MODULES}/`);
const DEADLINE = 15000; /* ms: how long an event may take on a busy machine */

class Queen {
  static async start(port = 0) {
    const queen = new Queen();
    /* No pulse: nothing pushes a buffer on. */
    queen.process = spawn(process.env.QUEEN_RBEE, [`--port=${port}`, "--ui-port=off", "--bus=none",
      "--heartbeat-interval=1h"], { stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of readline.createInterface({ input: queen.process.stderr })) {
      const ready = /ready on http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
      if (!ready) continue;
      queen.port = Number(ready[1]);
      queen.url = `http://127.0.0.1:${queen.port}`;
      queen.process.stderr.resume();
      return queen;
    }
    throw new Error("the queen did not start");
  }

  async end() {
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    await ended;
  }

  /** @param {string} id */
  async beat(id) {
    await post(this.url, JSON.stringify({ worker_id: id, status: "ready" }));
  }
}

/** @param {string} url @param {BodyInit} body */
async function post(url, body, more = {}) {
  const answer = await fetch(`${url}/v1/worker-heartbeat`,
    { method: "POST", headers: { "Content-Type": "application/json" }, body, ...more });
  assert.equal(answer.status, 200, await answer.text());
}

/** What a client has got, and who waits for more. */
class Inbox {
  #events = [];
  #wake = () => {};

  /** @param {object} event */
  put(event) {
    this.#events.push(event);
    this.#wake();
  }

  /** @param {(event: object) => boolean} isWanted what the next event must be */
  async next(isWanted) {
    const late = setTimeout(() => this.#wake(new Error("nothing has come")), DEADLINE);
    while (this.#events.length === 0) {
      const error = await new Promise((resolve) => { this.#wake = resolve; });
      if (error) throw error;
    }
    clearTimeout(late);
    const event = this.#events.shift();
    assert.ok(isWanted(event), JSON.stringify(event));
    return event;
  }

  isQueen() {
    return this.next((event) => event.type === "queen");
  }

  /** @param {string} id */
  isWorker(id) {
    return this.next((event) => event.type === "worker" && event.worker_id === id);
  }
}

/* Each listens for heartbeats, and gives a function that ends it. */
const clients = {
  /** @param {string} url @param {Inbox} inbox */
  "fetch-event-source": (url, inbox) => {
    /* It is made for browsers. */
    globalThis.window ??= globalThis;
    globalThis.document ??= { hidden: false, addEventListener() {}, removeEventListener() {} };
    const { fetchEventSource } = require("@microsoft/fetch-event-source");
    const abort = new AbortController();
    fetchEventSource(url, {
      signal: abort.signal,
      openWhenHidden: true,
      onmessage: (message) => {
        const data = JSON.parse(message.data); /* as everybody does; an empty one would throw */
        if (message.event === "heartbeat") inbox.put(data);
      },
      /* It takes the end of an answer for the end of all, unless it is told otherwise. */
      onclose: () => { throw new Error("come back"); },
      onerror: () => 50,
    });
    return () => abort.abort();
  },

  /** @param {string} url @param {Inbox} inbox */
  "eventsource": (url, inbox) => listen(new (require("eventsource").EventSource)(url), inbox),

  /** @param {string} url @param {Inbox} inbox */
  "undici": (url, inbox) => listen(new (require("undici").EventSource)(url), inbox),

  /** @param {string} url @param {Inbox} inbox */
  "launchdarkly-eventsource": (url, inbox) => listen(
    new (require("launchdarkly-eventsource").EventSource)(url, { initialRetryDelayMillis: 50 }), inbox),
};

/** @param {EventSource} source @param {Inbox} inbox */
function listen(source, inbox) {
  source.addEventListener("heartbeat", (event) => inbox.put(JSON.parse(event.data)));
  source.addEventListener("error", () => {}); /* it comes back by itself */
  return () => source.close();
}

for (const [name, open] of Object.entries(clients)) {
  test(`/clients/${name}/every-event-at-once-and-after-a-restart`, { timeout: 60000 }, async () => {
    const inbox = new Inbox();
    let queen = await Queen.start();
    const close = open(`${queen.url}/v1/heartbeats/stream`, inbox);
    try {
      await inbox.isQueen();
      for (const id of ["w1", "w2", "w3"]) {
        await queen.beat(id);
        await inbox.isWorker(id);
      }
      await queen.end();
      queen = await Queen.start(queen.port);
      await inbox.isQueen();
      await queen.beat("w4");
      await inbox.isWorker("w4");
    } finally {
      close();
      await queen.end();
    }
  });
}

/* What these ask for by themselves. */
test("/clients/fetch/gzip-to-its-end", async () => {
  const queen = await Queen.start();
  const answer = await fetch(`${queen.url}/v1/heartbeats/stream`);
  assert.equal(answer.headers.get("content-encoding"), "gzip");
  await queen.beat("w1");
  await queen.end();
  const text = await answer.text(); /* which fails if the end does not fit */
  assert.match(text, /"worker_id":"w1"[^]*event: bye/);
});

/* An EventSource for old browsers cannot set the header, and adds this to whatever address it has. */
test("/clients/old-browsers/lastEventId-in-the-address", async () => {
  const queen = await Queen.start();
  const inbox = new Inbox();
  let close = () => {};
  try {
    await queen.beat("w1");
    await queen.beat("w2");
    const answer = await fetch(`${queen.url}/v1/heartbeats/stream?types=queen`);
    const [, epoch] = /id: ([0-9a-f]+)-2\n/.exec(
      Buffer.from((await answer.body.getReader().read()).value).toString());
    close = clients.eventsource(`${queen.url}/v1/heartbeats/stream?lastEventId=${epoch}-1`, inbox);
    await inbox.isQueen();
    await inbox.isWorker("w2");
  } finally {
    close();
    await queen.end();
  }
});

test("/clients/fetch/a-body-that-is-a-stream", async () => {
  const queen = await Queen.start();
  try {
    const pieces = ['{"worker_id":', '"w",', '"status":"ready"}'];
    await post(queen.url, Readable.toWeb(Readable.from(pieces.map((piece) => Buffer.from(piece)))),
      { duplex: "half" });
  } finally {
    await queen.end();
  }
});
