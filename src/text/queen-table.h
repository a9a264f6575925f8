/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>
#include <stdio.h>

G_BEGIN_DECLS

/* What the small programs share that print a table as JSON while the queen is built. Neither she
 * nor queenctl has any of it, so it is in no library. */

/** Adds a member that is a text; %NULL becomes null. */
static inline void
queen_table_add_text (JsonBuilder *builder, const char *name, const char *text)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text);
}

/** Adds a member that is true or false. */
static inline void
queen_table_add_flag (JsonBuilder *builder, const char *name, gboolean value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_boolean_value (builder, value);
}

/**
 * queen_table_print:
 * @builder: a whole table
 *
 * Returns: the exit status: 1 when not all of it was written
 */
static inline int
queen_table_print (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *json = json_to_string (root, TRUE);

  puts (json);
  return ferror (stdout) || fflush (stdout) != 0;
}

G_END_DECLS
