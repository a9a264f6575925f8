// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

const DEADLINE = 30000; /* ms, until the last byte of an answer */

/**
 * Asks the queen. A connection that is half open, or a proxy that holds an answer, would be waited for
 * by fetch() as long as they like, and with it whoever asks one thing at a time.
 *
 * @param {string} address
 * @param {RequestInit} [options]
 */
export const ask = (address, options) =>
  fetch(address, { signal: AbortSignal.timeout(DEADLINE), ...options });
