/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Run by /house/members: prints the table of a component's members as JSON. */

#include <stdio.h>

#include "queen-component-fields.h"

static void
add_text (JsonBuilder *builder, const char *name, const char *text)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, text); /* %NULL becomes null */
}

static void
add_field (JsonBuilder *builder, const QueenField *field)
{
  json_builder_begin_object (builder);
  add_text (builder, "name", field->name);
  add_text (builder, "nest", field->nest);
  add_text (builder, "member", field->member);
  add_text (builder, "property", field->property);
  add_text (builder, "option", field->option);
  add_text (builder, "argument", field->argument);
  add_text (builder, "help", field->help);
  json_builder_end_object (builder);
}

/* Each kind with its members, in their order in JSON; and all, in their order for people. */
int
main (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autofree char *json = NULL;

  json_builder_begin_object (builder);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      json_builder_set_member_name (builder, queen_component_kind_get_name (kind));
      json_builder_begin_array (builder);
      for (const QueenField *const *field = queen_component_fields_list (kind); *field; field++)
        add_field (builder, *field);
      json_builder_end_array (builder);
    }
  json_builder_set_member_name (builder, "all");
  json_builder_begin_array (builder);
  for (const QueenField *field = queen_component_fields; field->name; field++)
    add_field (builder, field);
  json_builder_end_array (builder);
  json_builder_end_object (builder);

  root = json_builder_get_root (builder);
  json = json_to_string (root, TRUE);
  puts (json);
  return ferror (stdout) || fflush (stdout) != 0;
}
