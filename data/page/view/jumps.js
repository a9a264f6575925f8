// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: the queen-rbee authors

import { find } from "./text.js";

/* What is behind the # says what is shown, so a jump must leave that alone. */
/** @param {MouseEvent} event */
function jump(event) {
  const link = /** @type {Element} */ (event.target).closest("a");
  const target = link && find((link.getAttribute("href") ?? "").slice(1));

  if (!target) return;
  event.preventDefault();
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}

/** Leads over what is long. */
export function listenForJumps() {
  find("jumps").addEventListener("click", jump);
}
