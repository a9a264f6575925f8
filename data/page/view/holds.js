// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { ask } from "../stream/ask.js";
import { readFault } from "../stream/fault.js";
import { find, formatMoment, make } from "./text.js";

/**
 * A hold as the queen's lists tell of it.
 *
 * @typedef {object} Hold
 * @property {string} id
 * @property {string} reason
 * @property {string} holder
 * @property {string | null} caller
 * @property {string | null} until
 * @property {string | null} hive_id
 */

/** @param {Hold} hold */
function describeEnd({ until, caller }) {
  if (until) return `until ${formatMoment(Date.parse(until))}`;
  return caller ? `while ${caller} is on the bus` : "until released";
}

/**
 * @param {Hold[]} holds
 * @param {((hold: Hold) => void) | null} onRelease null for who may not
 */
export function makeHolds(holds, onRelease) {
  const list = make("ul", "holds");

  for (const hold of holds) {
    const item = make("li");
    const by = hold.hive_id ? `with its hive, by ${hold.holder}` : `by ${hold.holder}`;

    item.append(make("bdi", "", hold.reason), make("span", "reason", ` ${by} ${describeEnd(hold)}`));
    if (onRelease && !hold.hive_id) {
      const button = make("button", "", "Release");
      button.setAttribute("type", "button");
      button.addEventListener("click", () => onRelease(hold));
      item.append(" ", button);
    }
    list.append(item);
  }
  return list;
}

/** Where somebody says why, and for how long, no work is to be given. */
export class HoldForm {
  #opener = find("detail-hold");
  #form = /** @type {HTMLFormElement} */ (find("detail-holding"));
  #onHold;

  /** @param {(request: { reason: string, ttl: number }) => Promise<boolean>} onHold whether it is so now */
  constructor(onHold) {
    this.#onHold = onHold;
    this.#opener.addEventListener("click", () => this.#setOpen(this.#form.hidden));
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  /** @param {boolean} isOffered */
  draw(isOffered) {
    this.#opener.hidden = !isOffered;
    if (!isOffered) this.#setOpen(false);
  }

  close() {
    this.#setOpen(false);
    this.#form.reset();
  }

  /** @param {boolean} isOpen */
  #setOpen(isOpen) {
    this.#form.hidden = !isOpen;
    this.#opener.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.#form.querySelector("input")?.focus();
  }

  async #send() {
    const said = new FormData(this.#form);
    const reason = String(said.get("reason")).trim();

    if (reason && await this.#onHold({ reason, ttl: Number(said.get("ttl")) })) this.close();
  }
}

/**
 * @param {string} address of the component
 * @param {string} method
 * @param {{ hold?: string, body?: object }} what
 * @returns {Promise<string>} what went wrong; "" when nothing did
 */
export async function askHolds(address, method, { hold = "", body }) {
  const path = `${address}/hold${hold && `/${encodeURIComponent(hold)}`}`;
  const headers = body ? { "Content-Type": "application/json" } : undefined;

  try {
    const answer = await ask(path, { method, headers, body: body && JSON.stringify(body) });
    return answer.ok ? "" : (await readFault(answer)).message;
  } catch {
    return "The queen does not answer.";
  }
}
