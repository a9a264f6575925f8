/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-error.h"
#include "queenctl-json.h"
#include "queenctl-placing.h"
#include "queenctl-table.h"

static gboolean
check_model (const char *model, GError **error)
{
  if (model)
    return queenctl_options_check_text ("--model", model, error);
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                       _ ("Say for which model: --model=MODEL"));
  return FALSE;
}

/* Prints the id, where its API is, and the reservation on one line. */
static void
print_placement (JsonNode *placement)
{
  JsonObject *members = json_node_get_object (placement);
  g_autoptr (QueenctlComponent) worker = queenctl_placing_dup_worker (placement);
  g_autoptr (QueenctlTable) table = queenctl_table_new (3);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_component_get_string (worker, "id"));
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_json_get_text (members, "url"));
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_json_get_text (members, "reservation"));
  queenctl_table_print (table, 0, QUEENCTL_COLUMNS_FULL);
}

gboolean
queenctl_command_run_place (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autoptr (JsonNode) placement = NULL;
  QueenctlPlacing request;

  if (!check_model (queenctl_options_get (options, "model"), error) ||
      !queenctl_placing_read (options, &request, error))
    return FALSE;
  request.model = queenctl_options_get (options, "model");
  queen = queenctl_connect (options, error);
  placement = queen ? queenctl_queen_place (queen, &request, error) : NULL;
  if (!placement)
    return FALSE;
  if (options->is_json)
    queenctl_output_print_node (placement);
  else
    print_placement (placement);
  return TRUE;
}
