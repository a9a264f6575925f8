/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Run by /house/members: prints the table of a component's members as JSON. */

#include "queen-component-fields.h"
#include "text/queen-table.h"

static void
add_field (JsonBuilder *builder, const QueenField *field)
{
  json_builder_begin_object (builder);
  queen_table_add_text (builder, "name", field->name);
  queen_table_add_text (builder, "nest", field->nest);
  queen_table_add_text (builder, "member", field->member);
  queen_table_add_text (builder, "property", field->property);
  queen_table_add_text (builder, "option", field->option);
  queen_table_add_text (builder, "argument", field->argument);
  queen_table_add_text (builder, "help", field->help);
  json_builder_end_object (builder);
}

/* Each kind with its members, in their order in JSON; and all, in their order for people. */
int
main (void)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

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

  return queen_table_print (builder);
}
