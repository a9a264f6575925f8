/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Texts come from strangers, and go to logs, terminals and pages, where one must not pass for
 * another. A character is legible unless it is a control (Unicode's Cc), or unseen: it shows
 * nothing of itself (zero width, direction, variation selectors, fillers), or is a blank but the
 * usual one, or the end of a line. */

/**
 * queen_legible_check:
 * @text: UTF-8
 *
 * Returns: whether all of @text is legible
 */
gboolean queen_legible_check (const char *text);

/**
 * queen_legible_dup:
 * @text: UTF-8
 * @size: how many bytes there may be, at least 3
 *
 * Returns: (transfer full): @text with a blank for each character that is not legible; one that is
 *   too long is cut between two characters and ends with “…”
 */
char *queen_legible_dup (const char *text, gsize size);

/**
 * queen_legible_dup_unseen:
 * @text: need not be valid UTF-8
 *
 * Returns: (transfer full) (nullable): what nobody can see in @text, blanks but the usual one
 *   included, by its number, such as `U+00A0, U+200B`; %NULL when that is nothing
 */
char *queen_legible_dup_unseen (const char *text);

/**
 * queen_legible_explain:
 * @error: (inout) (nullable): an error that is about @text
 * @text: need not be valid UTF-8
 *
 * Adds to the message what nobody can see in @text, if there is anything: else a value that is
 * refused would be shown as if it were right.
 */
void queen_legible_explain (GError **error, const char *text);

/**
 * queen_legible_explain_value:
 * @error: (inout) (nullable): an error that is about @value
 * @value: of a setting, such as a path; need not be valid UTF-8
 *
 * Adds to the message what is hard to see in @value, the likeliest alone: in a file of settings
 * what stands behind a value is part of it, be it a comment or a blank.
 */
void queen_legible_explain_value (GError **error, const char *value);

G_END_DECLS
