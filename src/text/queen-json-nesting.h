/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenJsonNesting:
 * @depth: brackets and braces that are open
 * @has_begun: whether there was one
 * @is_in_string: whether a string is open
 * @is_escaped: whether a backslash stands before what comes next in it
 *
 * How far a text in JSON has come that nobody reads, and that is in nobody's memory as a whole:
 * just so much that one that was cut off can be told from one that is whole. Zero at first.
 */
typedef struct
{
  guint64 depth;
  gboolean has_begun;
  gboolean is_in_string;
  gboolean is_escaped;
} QueenJsonNesting;

/** queen_json_nesting_take: reads on. */
void queen_json_nesting_take (QueenJsonNesting *self, const char *bytes, gsize length);

/** Returns: whether something was opened, and all of it is closed */
gboolean queen_json_nesting_is_whole (const QueenJsonNesting *self);

G_END_DECLS
