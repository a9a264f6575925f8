// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "../stream/address.js";
import { ask } from "../stream/ask.js";
import { readFault } from "../stream/fault.js";
import { capitalize, find } from "./text.js";

const RENEWAL = 1800000; /* ms: a session lasts for an hour */
const PROBE = resolve("v1/build-info"); /* as protected as the stream */

/** Asks for a token where reading takes one, and keeps a session open with it. */
export class TokenView {
  #form = find("token");
  #input = find("token-input");
  #fault = find("token-fault");
  #onSession;
  #token = "";

  /** @param {() => void} onSession called when the queen will let this browser read */
  constructor(onSession) {
    this.#onSession = onSession;
    this.#form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#open(this.#input.value.trim());
    });
    setInterval(() => this.#token && this.#request(this.#token).catch(() => {}), RENEWAL);
  }

  /** @param {boolean} isLocked */
  draw(isLocked) {
    if (this.#form.hidden !== isLocked) return;
    this.#form.hidden = !isLocked;
    if (!isLocked) return;
    /* A queen who has started anew knows the token, but not the session. */
    if (this.#token) this.#open(this.#token);
    else if (document.activeElement === document.body) this.#input.focus();
  }

  /** @param {string} token */
  async #open(token) {
    try {
      const session = await this.#request(token);
      const answer = session.ok ? await ask(PROBE) : session;

      this.#token = answer.ok ? token : "";
      this.#fault.textContent = answer.ok ? "" : capitalize(`${(await readFault(answer)).message}.`);
    } catch {
      this.#fault.textContent = "The queen does not answer.";
    }
    if (this.#fault.textContent) return this.#input.select();
    this.#input.value = "";
    this.#onSession();
  }

  /** @param {string} token */
  #request(token) {
    /* A header has no room for other characters, and no token has them. */
    const authorization = `Bearer ${token.replace(/[^\x21-\x7e]/g, "?")}`;

    return ask(resolve("v1/session"), { method: "POST", headers: { Authorization: authorization } });
  }
}
