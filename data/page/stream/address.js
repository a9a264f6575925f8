// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/** Where the queen is: she may stand under any path of any proxy. */
export const BASE = new URL("../", import.meta.url);

/**
 * @param {string} path without a slash at its beginning
 */
export const resolve = (path) => new URL(path, BASE).href;

/**
 * Where the queen tells of one component. The two names that no URI can hold, "." and "..", as it
 * would take them for a way, nobody has.
 *
 * @param {string} kind
 * @param {string} id
 */
export function addressOf(kind, id) {
  return resolve(`v1/${kind}s/${encodeURIComponent(id)}`);
}
