// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "../stream/address.js";
import { find } from "./text.js";

/** What is shown as long as nobody has sent a heartbeat. */
export class EmptyView {
  #box = find("empty");

  constructor() {
    const command = `curl ${resolve("v1/worker-heartbeat")} \\
  -H 'Content-Type: application/json' \\
  -d '{"worker_id":"worker-1","status":"ready"}'`;
    const button = find("copy");

    find("curl").textContent = command;
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(command);
      button.textContent = "Copied";
    });
  }

  /** @param {boolean} isEmpty */
  draw(isEmpty) {
    this.#box.hidden = !isEmpty;
  }
}
