/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-client.h"
#include "queenctl-command.h"
#include "queenctl-table.h"

/* Prints the id, the address and the device on one line. */
static gboolean
print_worker (QueenctlClient *client, const QueenctlComponent *worker, GError **error)
{
  g_autoptr (QueenctlTable) table = queenctl_table_new (3);
  g_autoptr (QueenctlComponent) hive = NULL;
  const char *hive_id = queenctl_component_get_string (worker, "HiveId");
  g_autofree char *address = NULL;

  if (!queenctl_client_lookup (client, QUEENCTL_KIND_HIVE, hive_id, &hive, error))
    return FALSE;
  address = queenctl_component_dup_address (worker, hive);

  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, queenctl_component_get_string (worker, "Id"));
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN, address);
  queenctl_table_add (table, QUEENCTL_STYLE_PLAIN,
                      queenctl_component_get_string (worker, "Device"));
  queenctl_table_print (table, 0);
  return TRUE;
}

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlClient) client = queenctl_client_new (options->bus, error);
  g_autoptr (QueenctlComponent) worker = NULL;
  g_autoptr (GVariant) properties = NULL;
  GError *cause = NULL;

  if (!client)
    return FALSE;
  if (!queen_dbus_queen_call_find_worker_sync (queenctl_client_get_queen (client), arguments[0],
                                               NULL, &properties, NULL, &cause))
    return queenctl_client_explain (client, cause, error);

  worker = queenctl_component_new (QUEENCTL_KIND_WORKER, properties);
  if (options->is_json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      queenctl_output_add_component (builder, worker);
      queenctl_output_print_json (builder);
      return TRUE;
    }
  return print_worker (client, worker, error);
}

const QueenctlCommand queenctl_find_command = {
  .name = "find",
  .arguments = N_ ("MODEL"),
  .summary = N_ ("Gives out an available worker that has the model loaded."),
  .least = 1,
  .most = 1,
  .run = run,
};
