// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { BASE } from "./address.js";
import { Hub } from "./hub.js";

/** @typedef {import('./hub.js').Subscriber} Subscriber */

/* A proxy may have several queens, each under a path of its own. */
const NAME = `queen-rbee-stream ${BASE.pathname}`;

/**
 * A worker that all tabs share has the stream.
 *
 * @param {Subscriber} subscriber
 */
function subscribeToWorker(subscriber) {
  const worker = new SharedWorker(new URL("./shared-worker.js", import.meta.url), {
    type: "module", name: NAME });

  worker.port.onmessage = ({ data }) => subscriber(data);
  worker.port.postMessage("join");
  /* A page that the browser puts aside may come back as it was. */
  addEventListener("pagehide", () => worker.port.postMessage("leave"));
  addEventListener("pageshow", (event) => {
    if (event.persisted) worker.port.postMessage("join");
  });
  return () => worker.port.postMessage("retry");
}

/**
 * The tab that holds the lock has the stream, and tells the others; when it closes, the lock and
 * the work pass to the next.
 *
 * @param {Subscriber} subscriber
 */
function subscribeByLock(subscriber) {
  const channel = new BroadcastChannel(NAME);
  const me = `${Date.now()}-${Math.random()}`;
  let lastId = "";

  /** @param {import('./hub.js').HubMessage} message */
  const take = (message) => {
    if (message.type === "happenings") lastId = message.lastId;
    subscriber(message);
  };
  channel.onmessage = ({ data }) => {
    if (data.message && (!data.to || data.to === me)) take(data.message);
  };
  channel.postMessage({ join: me });
  let retry = () => channel.postMessage({ retry: true });
  navigator.locks.request(NAME, () => {
    const hub = new Hub();
    retry = () => hub.retry();

    hub.add((message) => {
      take(message);
      channel.postMessage({ message });
    });
    channel.addEventListener("message", ({ data }) => {
      if (data.retry) hub.retry();
      if (!data.join) return;
      /** @type {Subscriber} */
      const introduce = (message) => channel.postMessage({ to: data.join, message });
      hub.add(introduce);
      hub.remove(introduce);
    });
    hub.open(lastId);
    return new Promise(() => {}); /* for as long as the tab is there */
  });
  return () => retry();
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
  if (typeof SharedWorker === "function") return subscribeToWorker(subscriber);
  if (navigator.locks && typeof BroadcastChannel === "function") return subscribeByLock(subscriber);
  return subscribeAlone(subscriber);
}
