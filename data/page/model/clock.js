// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const SLACK = 5000; /* ms: as much is over soon, without anybody doing anything */

/** Notices when this machine's clock is set back. */
export class Clock {
  #last = -Infinity; /* ms */

  /**
   * What was heard before lies in the future then, and would be the newest there is for as long as
   * the clock was wrong.
   *
   * @param {number} now ms
   * @returns {boolean} whether it was, since this was last asked
   */
  wasSetBack(now) {
    const isBack = now < this.#last - SLACK;

    this.#last = now;
    return isBack;
  }
}
