// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { BASE } from "./address.js";
import { Hub } from "./hub.js";

/** @typedef {import('./hub.js').Subscriber} Subscriber */

const QUESTION = 5000; /* ms: how often a worker is asked whether it is there, and how long it may take */

/* A proxy may have several queens, each under a path of its own. What tabs say to each other may change
 * with the queen's version, and those that were open before go on as they were: then so does this. */
const NAME = `queen-rbee-stream-2 ${BASE.pathname}`;

/**
 * A worker that all tabs share has the stream. A browser that has not enough memory may end it, and
 * nobody is told: so it is asked whether it is there.
 */
class Port {
  #subscriber;
  /** @type {MessagePort} */
  #port;
  #isAnswered = true;

  /** @param {Subscriber} subscriber */
  constructor(subscriber) {
    this.#subscriber = subscriber;
    this.#port = this.#connect();
    /* A page that the browser puts aside may come back as it was. */
    addEventListener("pagehide", () => this.#port.postMessage("leave"));
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.#port.postMessage("join");
    });
    setInterval(() => this.#ask(), QUESTION);
  }

  retry() {
    this.#port.postMessage("retry");
  }

  #connect() {
    const { port } = new SharedWorker(new URL("./shared-worker.js", import.meta.url), {
      type: "module", name: NAME });

    port.onmessage = ({ data }) => this.#take(data);
    port.postMessage("join");
    return port;
  }

  /** @param {import('./hub.js').HubMessage | { type: 'here' }} message */
  #take(message) {
    this.#isAnswered = true;
    if (message.type === "here") return;
    try {
      this.#subscriber(message);
    } finally {
      this.#port.postMessage("took"); /* it sends only so much ahead */
    }
  }

  /* One that is there and has too much to do must not tell everything twice. */
  #ask() {
    if (!this.#isAnswered) {
      this.#port.postMessage("leave");
      this.#port.close();
      this.#port = this.#connect();
    }
    this.#isAnswered = false;
    this.#port.postMessage("there?");
  }
}

/**
 * The tab that holds the lock has the stream, and tells the others; when it closes, the lock and
 * the work pass to the next. One that the browser freezes takes no part: what it is told would be
 * kept for it without end, and it could not have the stream.
 */
class Guild {
  #subscriber;
  #me = `${Date.now()}-${Math.random()}`;
  #lastId = "";
  #channel = new BroadcastChannel(NAME);
  #queue = new AbortController();
  /** @type {Hub | null} while it is this tab that has the stream */
  #hub = null;

  /** @param {Subscriber} subscriber */
  constructor(subscriber) {
    this.#subscriber = subscriber;
    this.#join();
    document.addEventListener("freeze", () => this.#hub || this.#leave());
    document.addEventListener("resume", () => this.#hub || this.#rejoin());
  }

  retry() {
    if (this.#hub) this.#hub.retry();
    else this.#channel.postMessage({ retry: true });
  }

  #join() {
    this.#channel.onmessage = ({ data }) => {
      if (data.message && (!data.to || data.to === this.#me)) this.#take(data.message);
      else if (this.#hub) this.#serve(this.#hub, data);
    };
    this.#channel.postMessage({ join: this.#me });
    navigator.locks.request(NAME, { signal: this.#queue.signal }, () => this.#lead()).catch(() => {
      /* It has left. */
    });
  }

  #leave() {
    this.#queue.abort();
    this.#channel.close();
  }

  #rejoin() {
    this.#leave();
    this.#queue = new AbortController();
    this.#channel = new BroadcastChannel(NAME);
    this.#join();
  }

  /** @param {import('./hub.js').HubMessage} message */
  #take(message) {
    if (message.type === "happenings") this.#lastId = message.lastId;
    this.#subscriber(message);
  }

  #lead() {
    const hub = (this.#hub = new Hub());

    hub.add((message) => {
      this.#take(message);
      this.#channel.postMessage({ message });
    });
    hub.open(this.#lastId);
    return new Promise(() => {}); /* for as long as the tab is there */
  }

  /**
   * @param {Hub} hub
   * @param {{ retry?: boolean, join?: string }} said by another tab
   */
  #serve(hub, { retry, join }) {
    /** @type {Subscriber} */
    const introduce = (message) => this.#channel.postMessage({ to: join, message });

    if (retry) hub.retry();
    if (!join) return;
    hub.add(introduce);
    hub.remove(introduce);
  }
}

/**
 * Nothing is shared: only tabs that are seen have a stream, or the seventh would wait for ever.
 *
 * @param {Subscriber} subscriber
 */
function subscribeAlone(subscriber) {
  const hub = new Hub();
  const follow = () => (document.hidden ? hub.close() : hub.open());

  hub.add(subscriber);
  document.addEventListener("visibilitychange", follow);
  if (!document.hidden) follow();
  return () => hub.retry();
}

/**
 * Hears everything that happens, by whatever this browser has.
 *
 * @param {Subscriber} subscriber
 * @returns {() => void} to be called when the queen may let in whom she did not let in
 */
export function subscribe(subscriber) {
  if (typeof SharedWorker === "function") {
    const port = new Port(subscriber);
    return () => port.retry();
  }
  if (navigator.locks && typeof BroadcastChannel === "function") {
    const guild = new Guild(subscriber);
    return () => guild.retry();
  }
  return subscribeAlone(subscriber);
}
