// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const AHEAD = 32; /* messages that a tab is sent before it has said that it took them */
const PATIENCE = 6000; /* things that wait for it: as much as would be told to it anyway when it joins */
const MOST = 65536; /* the same, of one that is slow: 65 536 workers are read for seconds, and beat on */
const STUCK = 2000; /* ms without taking anything, after which it is not just slow */
const PAUSE = 2000; /* ms between two beginnings of one that cannot keep up */

/**
 * A tab at the other end of a port. One that the browser has frozen, or that a debugger holds, takes
 * nothing for as long as that goes on, and the browser would keep for it whatever it is sent. So it is
 * sent a little ahead of what it has taken; the rest waits here, where all tabs share it; and when that
 * becomes too much, it is left out until it has taken what it was sent, and begins anew: with how
 * things stand then.
 */
export class Tab {
  #post;
  #begin;
  #onWay = 0;
  /** @type {import('./hub.js').HubMessage[]} */
  #waiting = [];
  #load = 0; /* how many things those are, but for lists */
  #isLeftOut = false;
  #begunAt = -Infinity;
  #tookAt = -Infinity; /* or when there was something to be taken again */
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {(message: import('./hub.js').HubMessage) => void} post
   * @param {() => void} begin has it told how things stand
   */
  constructor(post, begin) {
    this.#post = post;
    this.#begin = begin;
  }

  /** It wants to hear of everything, from now on. */
  join() {
    this.leave();
    this.#onWay = 0; /* as it was put aside, what was on its way may be lost */
    this.#begunAt = performance.now();
    this.#begin();
  }

  leave() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isLeftOut = false;
    this.#drop();
  }

  /** @param {import('./hub.js').HubMessage} message */
  tell(message) {
    if (this.#isLeftOut) return;
    if (this.#waiting.length === 0 && this.#onWay < AHEAD) return this.#send(message);
    if (this.#isTooMuch(message)) return this.#leaveOut();
    if (isListPart(message) && message.part.isFirst) this.#dropList(message.part.kind);
    this.#waiting.push(message);
    this.#load += loadOf(message);
  }

  /** It has taken one of the messages. */
  take() {
    this.#onWay = Math.max(this.#onWay - 1, 0);
    this.#tookAt = performance.now();
    if (this.#isLeftOut) return this.#beginSoon();
    if (this.#waiting.length === 0) return;
    const message = /** @type {import('./hub.js').HubMessage} */ (this.#waiting.shift());
    this.#load -= loadOf(message);
    this.#send(message);
  }

  /** @param {import('./hub.js').HubMessage} message */
  #send(message) {
    if (this.#onWay === 0) this.#tookAt = performance.now();
    this.#onWay++;
    this.#post(message);
  }

  /** @param {import('./hub.js').HubMessage} message */
  #isTooMuch(message) {
    const isStuck = performance.now() - this.#tookAt > STUCK;

    return this.#load + loadOf(message) > (isStuck ? PATIENCE : MOST);
  }

  /* Nobody needs the rest of a list of which there is a newer one. */
  /** @param {string} kind */
  #dropList(kind) {
    this.#waiting = this.#waiting.filter((other) => !isListPart(other) || other.part.kind !== kind);
  }

  #leaveOut() {
    this.#isLeftOut = true;
    this.#drop();
    this.#beginSoon();
  }

  #drop() {
    this.#waiting = [];
    this.#load = 0;
  }

  #beginSoon() {
    if (this.#onWay > 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.join(),
      Math.max(this.#begunAt + PAUSE - performance.now(), 0));
  }
}

/**
 * @param {import('./hub.js').HubMessage} message
 * @returns {message is import('./hub.js').RosterMessage}
 */
function isListPart(message) {
  return message.type === "roster" && message.part.isList;
}

/* A list may be longer than anything else, but there is one of each kind at the most. */
/** @param {import('./hub.js').HubMessage} message */
function loadOf(message) {
  if (message.type === "happenings") return message.happenings.length;
  return isListPart(message) ? 0 : 1;
}
