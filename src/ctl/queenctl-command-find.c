/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-placing.h"
#include "queenctl-table.h"

/* Prints the id, the address and the device on one line. */
static gboolean
print_worker (QueenctlQueen *queen, const QueenctlComponent *worker, GError **error)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (3);
  g_autoptr (QueenctlComponent) hive = NULL;
  const char *hive_id = queenctl_component_get_string (worker, "hive_id");
  g_autofree char *address = NULL;

  if (*hive_id != '\0' &&
      !queenctl_queen_lookup (queen, QUEEN_COMPONENT_HIVE, hive_id, &hive, error))
    return FALSE;
  address = queenctl_component_dup_address (worker, hive);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_component_get_string (worker, "id"));
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, address);
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN,
                      queenctl_component_get_string (worker, "device"));
  queenctl_table_print (table, 0, QUEENCTL_COLUMNS_FULL);
  return TRUE;
}

/* Who waits asks for a placement, and reserves nothing. */
static QueenctlComponent *
wait_for_worker (QueenctlQueen *queen, QueenctlPlacing *request, GError **error)
{
  g_autoptr (JsonNode) placement = NULL;

  request->reserve = 0;
  placement = queenctl_queen_place (queen, request, error);
  return placement ? queenctl_placing_dup_worker (placement) : NULL;
}

gboolean
queenctl_command_run_find (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autoptr (QueenctlComponent) worker = NULL;
  QueenctlPlacing request;

  if (!queenctl_placing_read (options, &request, error))
    return FALSE;
  request.model = arguments[0];
  queen = queenctl_connect (options, error);
  if (queen)
    worker = request.wait > 0 ? wait_for_worker (queen, &request, error)
                              : queenctl_queen_find (queen, arguments[0], error);
  if (!worker)
    return FALSE;
  if (!options->is_json)
    return print_worker (queen, worker, error);
  queenctl_output_print_component (worker);
  return TRUE;
}
