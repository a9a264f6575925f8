// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

/**
 * What an answer that is no success says: the queen writes a message into hers; everybody else in
 * between has only a status.
 *
 * @param {Response} answer
 * @returns {Promise<{ isHers: boolean, message: string }>}
 */
export async function readFault(answer) {
  const said = await answer.json().catch(() => null);
  const status = `${answer.status} ${answer.statusText}`.trim();

  if (typeof said?.message === "string") return { isHers: true, message: said.message };
  return { isHers: false, message: `something in front of the queen answered: ${status}` };
}
