// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/* A real queen and a real browser. Nothing here waits for a time; everything for a condition. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import http from "node:http";
import { createRequire } from "node:module";
import { once } from "node:events";
import readline from "node:readline";
import test from "node:test";

const require = createRequire(`${process.env.QUEEN_NODE_MODULES}/`);
const { chromium } = require("playwright-core");

const axeSource = require("axe-core").source;

const DEADLINE = 15000; /* ms: how long a condition may take to come true */
const ARGUMENTS = [
  "--no-sandbox", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export class Queen {
  /** @param {string[]} options */
  static async start(...options) {
    const queen = new Queen();
    await queen.#start(["--port=0", "--ui-port=off", "--bus=none", ...options]);
    return queen;
  }

  /** The same again, where it was. */
  async restart() {
    await this.#start([...this.options.slice(1), `--port=${new URL(this.url).port}`]);
  }

  /** @param {NodeJS.Signals} signal */
  async end(signal = "SIGTERM") {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }

  /**
   * @param {'worker' | 'hive'} kind
   * @param {object} body
   */
  async beat(kind, body) {
    const answer = await fetch(`${this.url}/v1/${kind}-heartbeat`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** @param {object[]} bodies */
  async batch(bodies) {
    const answer = await fetch(`${this.url}/v1/heartbeats`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(bodies) });
    const { rejected } = await answer.json();
    if (!answer.ok || rejected.length > 0) throw new Error(JSON.stringify(rejected));
  }

  /** @param {object} [more] */
  worker(id = "worker-1", status = "ready", more = {}) {
    return this.beat("worker", { worker: { id, status, ...more } });
  }

  /** @param {object} [more] */
  hive(id = "hive-1", status = "ready", more = {}) {
    return this.beat("hive", { hive: { id, operational_status: status, ...more } });
  }

  /** @param {string[]} options */
  async #start(options) {
    this.options = options;
    this.process = spawn(process.env.QUEEN_RBEE, options, { stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of readline.createInterface({ input: this.process.stderr })) {
      const ready = /ready on (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
      if (!ready) continue;
      this.url = ready[1];
      this.process.stderr.resume();
      return;
    }
    throw new Error("the queen did not start");
  }
}

/**
 * Something in front of the queen, as a proxy is.
 *
 * @param {Queen} queen
 * @param {{ prefix?: string, headers?: object,
 *   answer?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean,
 *   pass?: (from: http.IncomingMessage, response: http.ServerResponse, url: string) => void }} proxy
 *   where the queen is to be found there, what it says of itself to her, what it answers in her
 *   stead, and how it passes on the body of what she answers
 */
export async function standBefore(queen, {
  prefix = "", headers = {}, answer = () => false, pass = (from, response) => from.pipe(response) }) {
  const server = http.createServer((request, response) => {
    if (answer(request, response)) return;
    if (!request.url?.startsWith(`${prefix}/`)) return response.writeHead(404).end();
    const onward = http.request(queen.url + request.url.slice(prefix.length), {
      method: request.method, headers: { ...request.headers, ...headers } }, (from) => {
      response.writeHead(from.statusCode ?? 500, from.headers);
      pass(from, response, request.url ?? "");
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(0)));
  server.unref(); /* a test that fails does not close it */
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}${prefix}`,
    close: () => server.closeAllConnections() ?? server.close(),
  };
}

/** Lets the page's clock be put forward, by tests that do not wait. */
/** @param {import('playwright-core').BrowserContext} context */
export function holdClock(context) {
  return context.addInitScript(() => {
    const { now } = Date;
    let ahead = 0;
    Date.now = () => now() + ahead;
    /** @type {any} */ (globalThis).putForward = (/** @type {number} */ by) => (ahead += by);
    /* Whose clock cannot be held must not take part. */
    Object.defineProperty(globalThis, "SharedWorker", { value: undefined });
  });
}

/** Lets the page's patience with an answer end before a test's. */
/** @param {import('playwright-core').BrowserContext} context */
export function hurry(context) {
  return context.addInitScript(() => {
    const timeout = AbortSignal.timeout.bind(AbortSignal);

    AbortSignal.timeout = (span) => timeout(span / 50);
  });
}

/**
 * @typedef {object} Stage
 * @property {Queen} queen
 * @property {import('playwright-core').BrowserContext} context
 * @property {import('playwright-core').Page} page
 */

/** A browser takes longer to start than most promises take, so those of a file share one.
 *  @type {Promise<import('playwright-core').Browser> | null} */
let shared = null;

async function share() {
  const browser = await shared?.catch(() => null);
  if (!browser?.isConnected()) shared = launch();
  return /** @type {Promise<import('playwright-core').Browser>} */ (shared);
}

test.after(async () => (await shared?.catch(() => null))?.close());

/**
 * A test with a queen and a page of its own. Contexts have nothing in common but the browser: neither
 * what is kept nor workers that tabs share.
 *
 * @param {string} name
 * @param {{ options?: string[], context?: object, isClosed?: boolean }} setup
 * @param {(stage: Stage) => Promise<void>} func
 */
export function testPage(name, setup, func) {
  test(name, { timeout: 60000 }, async () => {
    const queen = await Queen.start(...(setup.options ?? []));
    const browser = await share();
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...setup.context });
    /** @type {string[]} */
    const complaints = [];

    try {
      context.setDefaultTimeout(DEADLINE);
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => {
        if (/Content Security Policy|Uncaught/.test(message.text())) complaints.push(message.text());
      });
      if (!setup.isClosed) await open(page, queen);
      await func({ queen, context, page });
      if (complaints.length > 0) throw new Error(complaints.join("\n"));
    } finally {
      await context.close();
      await queen.end("SIGKILL");
    }
  });
}

export function launch() {
  return chromium.launch({ executablePath: process.env.QUEEN_CHROMIUM, args: ARGUMENTS });
}

/**
 * @param {import('playwright-core').Page} page
 * @param {Queen} queen
 */
export async function open(page, queen) {
  await page.goto(queen.url);
  await pulseIs(page, "beating");
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} state
 */
export async function pulseIs(page, state) {
  await page.locator(`#pulse[data-state="${state}"]`).waitFor();
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} member
 * @param {string} value
 */
export async function figureIs(page, member, value) {
  await page.waitForFunction(
    ([id, text]) => document.getElementById(id)?.textContent === text, [`figure-${member}`, value]);
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} key such as worker/w
 */
export function row(page, key) {
  return page.locator(`#rows .row[data-key=${JSON.stringify(key)}]`);
}

/**
 * What axe-core says against the page.
 *
 * @param {import('playwright-core').Page} page
 */
export async function findFaults(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run());
  return result.violations.flatMap((/** @type {any} */ violation) =>
    violation.nodes.map((/** @type {any} */ node) => `${violation.id}: ${node.html} ${node.failureSummary}`));
}

/* By the clock, a task is as long as others leave the processor to it; so what counts is the time that
 * it was given. */
/** @param {import('playwright-core').Browser} browser */
export async function measureLongestTask(browser) {
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const nameThread = (/** @type {any} */ event) => `${event.pid}/${event.tid}`;
  const pages = new Set(traceEvents.filter((/** @type {any} */ event) =>
    event.name === "FireAnimationFrame").map(nameThread));
  const times = traceEvents.filter((/** @type {any} */ event) =>
    event.name.endsWith("RunTask") && pages.has(nameThread(event))).map(
    (/** @type {any} */ event) => (event.tdur ?? 0) / 1000);
  assert.ok(times.length > 100, `${times.length} tasks were seen`);
  return times.reduce((/** @type {number} */ most, /** @type {number} */ time) => Math.max(most, time));
}

/** Keeps a picture where QUEEN_SCREENSHOTS says, to be looked at. */
/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
export async function keepPicture(page, name) {
  const folder = process.env.QUEEN_SCREENSHOTS;
  if (folder) await page.screenshot({ path: `${folder}/${name}.png` });
}
