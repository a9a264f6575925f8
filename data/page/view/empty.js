// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { BASE, resolve } from "../stream/address.js";
import { find } from "./text.js";

/**
 * A command that can be copied.
 *
 * @param {string} place the id of the element that shows it
 * @param {string} copy that of its button
 * @param {string} command
 */
function offer(place, copy, command) {
  const button = find(copy);

  find(place).textContent = command;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    button.textContent = "Copied";
  });
}

/** What is shown as long as nobody has sent a heartbeat. */
export class EmptyView {
  #box = find("empty");

  constructor() {
    offer("curl", "copy", `curl ${resolve("v1/worker-heartbeat")} \\
  -H 'Content-Type: application/json' \\
  -d '{"worker_id":"worker-1","status":"ready"}'`);
    offer("beat", "copy-beat",
      `queenctl beat --queen=${BASE.origin}${BASE.pathname.replace(/\/$/, "")} --scan`);
  }

  /** @param {boolean} isEmpty */
  draw(isEmpty) {
    this.#box.hidden = !isEmpty;
  }
}
