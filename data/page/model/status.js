// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/** The words of the queen for states, and what they mean for us; the order is that of the codes. */
const STATUSES = ["", "starting", "ready", "online", "busy", "stopping", "stopped", "offline"];
const AWAY = new Set(["stopped", "offline", "unknown"]);
const FREE = new Set(["ready", "online"]);
const WORK = new Set(["ready", "online", "busy"]);
const ILL = new Set(["degraded", "unhealthy"]);

/** The states that want somebody to look, the worst first. */
export const PROBLEMS = ["offline", "unhealthy", "degraded", "late", "unknown"];

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

/** @param {string} status whether it comes and goes with the work that there is */
export function isWork(status) {
  return WORK.has(status);
}

/**
 * @param {string} status
 * @param {string} health
 * @param {boolean} takesMore whether it takes more work while it is busy
 */
export function isAvailable(status, health, takesMore) {
  if (health === "unhealthy") return false;
  return FREE.has(status) || (takesMore && status === "busy");
}

/**
 * The one word for how somebody is: who is not there is not ill either.
 *
 * @param {string} status
 * @param {string} health
 */
export function nameState(status, health) {
  return isOnline(status) && ILL.has(health) ? health : status;
}
