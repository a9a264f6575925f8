// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { Hub } from "./hub.js";

/* Browsers allow six connections to one origin, and a stream is one of them: so all tabs share it.
 * https://html.spec.whatwg.org/multipage/workers.html#shared-workers */
const hub = new Hub();
hub.open();

/** @type {any} */ (globalThis).onconnect = (/** @type {MessageEvent} */ event) => {
  const port = event.ports[0];
  /** @type {import('./hub.js').Subscriber} */
  const subscriber = (message) => port.postMessage(message);

  port.onmessage = ({ data }) => {
    if (data === "retry") hub.retry();
    else if (data === "leave") hub.remove(subscriber);
    else hub.add(subscriber);
  };
};
