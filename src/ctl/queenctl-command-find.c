/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
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

gboolean
queenctl_command_run_find (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = queenctl_connect (options, error);
  g_autoptr (QueenctlComponent) worker =
      queen ? queenctl_queen_find (queen, arguments[0], error) : NULL;

  if (!worker)
    return FALSE;
  if (!options->is_json)
    return print_worker (queen, worker, error);
  queenctl_output_print_component (worker);
  return TRUE;
}
