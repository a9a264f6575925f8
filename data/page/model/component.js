// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { BeatTrack } from "./beat-track.js";
import { isAvailable, isOnline } from "./status.js";

/** One worker or hive, as far as the page knows. */
export class Component {
  status = "unknown";
  lastSeen = 0; /* ms */
  track = new BeatTrack();
  /** @type {Record<string, any>} what the queen's list says of it */
  facts = {};

  /**
   * @param {'worker' | 'hive'} kind
   * @param {string} id
   */
  constructor(kind, id) {
    this.kind = kind;
    this.id = id;
    this.key = `${kind}/${id}`;
  }

  get isOnline() {
    return isOnline(this.status);
  }

  get isAvailable() {
    return isAvailable(this.kind, this.status, this.facts.health_status?.status);
  }

  /**
   * @param {string} status
   * @param {number} at ms
   */
  beat(status, at) {
    this.status = status;
    this.track.add(at, status);
    /* Falling silent is no sign of life. */
    if (status !== "offline") this.lastSeen = Math.max(this.lastSeen, at);
  }
}
