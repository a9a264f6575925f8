/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_shared_text_ref:
 * @text: (type utf8): what ends with a NUL
 *
 * As g_ref_string_new_intern(), whose table anybody can fill with strings of one hash: then each
 * call walks along all of them. To be used in the main thread only.
 *
 * Returns: (transfer full): the one copy of it that there is, as long as anybody has it; to be
 *   given back by queen_shared_text_unref()
 */
const char *queen_shared_text_ref (const char *text);

/** @text: (transfer full): from queen_shared_text_ref() */
void queen_shared_text_unref (const char *text);

G_END_DECLS
