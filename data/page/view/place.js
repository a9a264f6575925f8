// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/**
 * What the page shows is in its address, behind the #, so that it can be sent to somebody:
 * `worker` or `hive` (who is open), `show` and `find` (who is wanted), `view` (by what they stand),
 * `fold` and `unfold` (groups), `events` and `match` (which of them).
 */
export class Place {
  #onMove;

  /** @param {() => void} onMove called when somebody has gone elsewhere */
  constructor(onMove) {
    this.#onMove = onMove;
    addEventListener("hashchange", () => this.#onMove());
  }

  /** @param {string} name */
  get(name) {
    return this.#read().get(name) ?? "";
  }

  /** @param {string} name */
  list(name) {
    return this.#read().getAll(name);
  }

  /**
   * Where one would be with that, for a link.
   *
   * @param {Record<string, string | string[]>} values `""` or `[]` leaves a member out
   */
  resolve(values) {
    const members = this.#read();

    for (const [name, value] of Object.entries(values)) {
      members.delete(name);
      for (const one of [value].flat()) if (one) members.append(name, one);
    }
    return `#${members}`;
  }

  /**
   * Says where one is, without going anywhere.
   *
   * @param {Record<string, string | string[]>} values
   */
  note(values) {
    const target = this.resolve(values);

    if (target === (location.hash || "#")) return;
    history.replaceState(null, "", target === "#" ? location.pathname + location.search : target);
  }

  /**
   * Goes there; back leads here again.
   *
   * @param {Record<string, string | string[]>} values
   */
  go(values) {
    location.hash = this.resolve(values);
  }

  #read() {
    return new URLSearchParams(location.hash.slice(1));
  }
}
