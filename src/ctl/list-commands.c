/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Run while queenctl is built, by build-aux/describe-commands and /house/commands: prints the
 * commands and the options as JSON. */

#include <glib/gi18n.h>

#include "queenctl-command.h"
#include "queenctl-option.h"
#include "text/queen-table.h"

#define COMMAND(name_, ...) { .name = #name_, __VA_ARGS__ },

static const QueenctlCommand rows[] = {
#include "queenctl-commands-table.h"
};

static void
add_option (JsonBuilder *builder, const QueenctlOption *option)
{
  const char short_name[] = { option->short_name, '\0' };

  json_builder_begin_object (builder);
  queen_table_add_text (builder, "name", option->name);
  queen_table_add_text (builder, "short_name", option->short_name ? short_name : NULL);
  queen_table_add_flag (builder, "is_flag", option->is_flag);
  queen_table_add_flag (builder, "is_global", option->is_global);
  queen_table_add_flag (builder, "is_detail", option->is_detail);
  queen_table_add_text (builder, "help", option->help);
  queen_table_add_text (builder, "argument", option->argument);
  json_builder_end_object (builder);
}

static void
add_command (JsonBuilder *builder, const QueenctlCommand *command)
{
  json_builder_begin_object (builder);
  queen_table_add_text (builder, "name", command->name);
  queen_table_add_text (builder, "arguments", command->arguments);
  queen_table_add_text (builder, "summary", command->summary);
  json_builder_set_member_name (builder, "options");
  json_builder_begin_array (builder);
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    if (!option->is_global && queenctl_option_is_among (option, command->options))
      json_builder_add_string_value (builder, option->name);
  json_builder_end_array (builder);
  json_builder_end_object (builder);
}

int
main (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "options");
  json_builder_begin_array (builder);
  for (const QueenctlOption *option = queenctl_option_list (); option->name; option++)
    add_option (builder, option);
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "commands");
  json_builder_begin_array (builder);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    add_command (builder, &rows[i]);
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  return queen_table_print (builder);
}
