/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_safe_text_dup:
 * @text: text that came from elsewhere; need not be valid UTF-8
 * @length: its length in bytes; -1 when it ends with a NUL
 *
 * Returns: (transfer full): @text on one line, with everything in it that a terminal might obey
 *   written out, such as `\x1B`; what is no UTF-8 is U+FFFD
 */
char *queen_safe_text_dup (const char *text, gssize length);

/** The same, but line feeds and tabs stay as they are. */
char *queen_safe_text_dup_lines (const char *text, gssize length);

G_END_DECLS
