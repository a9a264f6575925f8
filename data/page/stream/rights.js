// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { resolve } from "./address.js";
import { ask } from "./ask.js";

/**
 * What the queen would let this browser do; nothing while she does not answer.
 *
 * @returns {Promise<Set<string>>} of `read`, `beat`, `jobs`, `hold`, `hives` and `admin`
 */
export async function askRights() {
  try {
    const answer = await ask(resolve("v1/session"));
    return new Set(answer.ok ? (await answer.json()).may : []);
  } catch {
    return new Set();
  }
}
