// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/** The words of the queen for states, and what they mean for us; the order is that of the codes. */
const STATUSES = ["", "starting", "ready", "online", "busy", "stopping", "stopped", "offline"];
const AWAY = new Set(["stopped", "offline", "unknown"]);
const FREE = new Set(["ready", "online"]);

/** @param {string} status */
export function statusCode(status) {
  return Math.max(STATUSES.indexOf(status), 0);
}

/** @param {number} code */
export function statusOfCode(code) {
  return STATUSES[code];
}

/** @param {string} status */
export function isOnline(status) {
  return !AWAY.has(status);
}

/**
 * @param {'worker' | 'hive'} kind
 * @param {string} status
 * @param {string} [health] a hive's
 */
export function isAvailable(kind, status, health) {
  if (health === "unhealthy") return false;
  return FREE.has(status) || (kind === "hive" && status === "busy");
}
