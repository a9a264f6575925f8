/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-json.h"
#include "queenctl-output.h"
#include "queenctl-table.h"
#include "queenctl-text.h"

static const char *const headings[] = {
  N_ ("QUEEN"), N_ ("STATE"), N_ ("VERSION"), N_ ("SUBSCRIBERS"), N_ ("BEHIND"), N_ ("ID"),
};

/* The one that was asked is marked. */
static void
add_queen (QueenctlTable *table, JsonObject *queen)
{
  gboolean is_self = json_object_get_boolean_member_with_default (queen, "self", FALSE);
  g_autofree char *address =
      g_strdup_printf ("%s%s", queenctl_json_get_text (queen, "address"), is_self ? " *" : "");

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, address);
  queenctl_table_add_word (table, queenctl_table_standings,
                           queenctl_json_get_text (queen, "engine"));
  queenctl_table_add_member (table, queen, "version");
  queenctl_table_add_number (table, queen, "subscribers");
  queenctl_table_add_number (table, queen, "lag");
  queenctl_table_add_member (table, queen, "id");
}

static void
print_queens (JsonArray *queens, const QueenctlOptions *options)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (G_N_ELEMENTS (headings));

  queenctl_table_set_cuttable (table, 0);
  queenctl_table_set_optional (table, 5);
  queenctl_table_add_headings (table, headings, options);
  for (guint i = 0; i < json_array_get_length (queens); i++)
    add_queen (table, json_array_get_object_element (queens, i));
  queenctl_table_print_list (table, options);
}

gboolean
queenctl_command_run_queens (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = queenctl_connect (options, error);
  g_autoptr (JsonNode) answer = queen ? queenctl_queen_list_queens (queen, error) : NULL;

  if (!answer)
    return FALSE;
  if (options->is_json)
    queenctl_output_print_node (answer);
  else
    print_queens (queenctl_json_get_objects (json_node_get_object (answer), "queens"), options);
  return TRUE;
}
