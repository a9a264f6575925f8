/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "model/queen-component-fields.h"
#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-field.h"
#include "queenctl-matches.h"
#include "queenctl-table.h"
#include "queenctl-text.h"

static void
print_component (const QueenctlComponent *component)
{
  JsonObject *members = json_node_get_object (queenctl_component_get_node (component));
  g_autoptr (QueenctlTable) table = queenctl_table_new (2);
  g_autofree char *id = queenctl_text_dup_safe (queenctl_component_get_string (component, "id"));

  for (const QueenField *field = queen_component_fields; field->name; field++)
    if (field->label && queenctl_field_is_in (field, members))
      {
        gboolean is_status = field->type == &queen_field_status;
        g_autofree char *text = queenctl_field_describe (field, members);

        /* Most say nothing of how they are doing, and a lot of it would be empty. */
        if (field->is_vital && *text == '\0')
          continue;
        queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, _ (field->label));
        queenctl_table_add (table,
                            is_status ? queenctl_output_get_style (component)
                                      : QUEENCTL_STYLE_PLAIN,
                            text);
      }
  printf ("%s%s %s%s\n", queenctl_output_begin_style (QUEENCTL_STYLE_HEADING),
          queenctl_kind_get_label (queenctl_component_get_kind (component)), id,
          queenctl_output_end_style (QUEENCTL_STYLE_HEADING));
  queenctl_table_print (table, 2, QUEENCTL_COLUMNS_FULL);
}

/* One is as the queen's own answer has it, several are as her lists. */
static void
print_json (GPtrArray *components)
{
  if (components->len == 1)
    queenctl_output_print_component (g_ptr_array_index (components, 0));
  else
    queenctl_output_print_components (components);
}

static void
print_components (const QueenctlOptions *options, GPtrArray *components)
{
  if (options->is_json && components->len > 0)
    print_json (components);
  for (guint i = 0; i < components->len && !options->is_json; i++)
    {
      if (i > 0)
        putchar ('\n');
      print_component (g_ptr_array_index (components, i));
    }
}

/* @absence: (inout): what is to be said of the last one who is not there */
static gboolean
look_up (QueenctlQueen *queen,
         const QueenctlOptions *options,
         char **ids,
         GPtrArray *components,
         GError **absence,
         GError **error)
{
  for (; *ids; ids++)
    {
      g_autoptr (GPtrArray) matches = queenctl_matches_lookup (queen, *ids, options->kind, error);
      GError *absent = NULL;

      if (!matches)
        return FALSE;
      if (matches->len == 0)
        {
          queenctl_matches_set_absent (*ids, options->kind, &absent);
          queenctl_output_add_complaint (absence, absent);
        }
      g_ptr_array_extend_and_steal (components, g_steal_pointer (&matches));
    }
  return TRUE;
}

gboolean
queenctl_command_run_show (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autoptr (GPtrArray) components = queenctl_component_array_new ();
  g_autoptr (GError) absence = NULL;

  if (!queenctl_matches_check_kind (options->kind, error))
    return FALSE;
  queen = queenctl_connect (options, error);
  if (!queen || !look_up (queen, options, arguments, components, &absence, error))
    return FALSE;

  print_components (options, components);
  if (!absence)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&absence));
  return FALSE;
}
