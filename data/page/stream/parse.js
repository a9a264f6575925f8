// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/**
 * What happened, small enough to be sent to every tab.
 *
 * @typedef {object} Happening
 * @property {'queen' | 'worker' | 'hive' | 'lagged' | 'restart'} kind
 * @property {number} at when it came, in ms by this machine's clock
 * @property {string} [id] whose heartbeat
 * @property {string} [status] in lower case
 * @property {number} [stamp] when it was made, in ms by the queen's clock
 * @property {string} [epoch] which epoch of the queen it is from
 * @property {number} [number] its number in that epoch; the queen's own heartbeat has that of the
 *   event before it, a snapshot none
 * @property {boolean} [isPast] whether it was told later than it happened
 * @property {Census} [census] of a queen's heartbeat
 * @property {number | null} [dropped] how many were lost
 *
 * @typedef {object} Census
 * @property {number} workersOnline
 * @property {number} workersAvailable
 * @property {number} hivesOnline
 * @property {number} hivesAvailable
 */

/**
 * What is told beside the heartbeats: that somebody is held, or is not any longer, or that something
 * has become of jobs.
 *
 * @typedef {{ kind: 'job' } | { kind: 'hold', of: 'worker' | 'hive', id: string }} Aside
 */

/**
 * @param {string} data of a frame
 * @returns {Aside}
 */
export function parseHold(data) {
  const { kind, id } = JSON.parse(data);

  return { kind: "hold", of: kind, id };
}

/** @param {any} said */
function readCensus(said) {
  return {
    workersOnline: said.workers_online,
    workersAvailable: said.workers_available,
    hivesOnline: said.hives_online,
    hivesAvailable: said.hives_available,
  };
}

/**
 * @param {string} data of a frame
 * @param {string} eventId the last id that was said
 * @param {number} at when it came
 * @returns {Happening}
 */
export function parseHeartbeat(data, eventId, at) {
  const said = JSON.parse(data);
  /** @type {Happening} */
  const happening = { kind: said.type, at, stamp: Date.parse(said.timestamp) };
  const dash = eventId.lastIndexOf("-");

  if (dash > 0) {
    happening.epoch = eventId.slice(0, dash);
    happening.number = Number(eventId.slice(dash + 1));
  }
  if (said.type === "queen") {
    happening.census = readCensus(said);
  } else {
    happening.id = said.worker_id ?? said.hive_id;
    happening.status = said.status.toLowerCase();
  }
  return happening;
}

/**
 * @param {string} data of a frame
 * @param {number} at when it came
 * @returns {Happening}
 */
export function parseLagged(data, at) {
  return { kind: "lagged", at, dropped: JSON.parse(data).dropped };
}
