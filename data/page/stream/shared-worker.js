// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { Hub } from "./hub.js";
import { Tab } from "./tab.js";

/* Browsers allow six connections to one origin, and a stream is one of them: so all tabs share it.
 * https://html.spec.whatwg.org/multipage/workers.html#shared-workers */
const hub = new Hub();
hub.open();

/** @type {any} */ (globalThis).onconnect = (/** @type {MessageEvent} */ event) => {
  const port = event.ports[0];
  const tab = new Tab((message) => port.postMessage(message), () => hub.add(tell));
  /** @type {import('./hub.js').Subscriber} */
  const tell = (message) => tab.tell(message);

  port.onmessage = ({ data }) => {
    if (data === "took") tab.take();
    else if (data === "there?") port.postMessage({ type: "here" });
    else if (data === "retry") hub.retry();
    else if (data === "join") tab.join();
    else if (data === "leave") {
      hub.remove(tell);
      tab.leave();
    }
  };
};
