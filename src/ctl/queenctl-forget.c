/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-matches.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

/* The kind is looked up, unless it is said, so that one id of two is never taken by guess. */
static const char *
find_kind (QueenctlClient *client, const QueenctlOptions *options, const char *id, GError **error)
{
  g_autoptr (GPtrArray) matches = NULL;

  if (options->kind)
    return options->kind;
  matches = queenctl_matches_lookup (client, id, NULL, error);
  if (!matches)
    return NULL;
  if (matches->len > 1)
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                   _ ("There are both a worker and a hive “%s”: say --kind=worker or --kind=hive"),
                   id);
      return NULL;
    }
  return queenctl_kind_get_nick (queenctl_component_get_kind (g_ptr_array_index (matches, 0)));
}

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlClient) client = NULL;
  g_autofree char *safe = queenctl_text_dup_safe (arguments[0]);
  const char *kind;
  GError *cause = NULL;

  if (!queenctl_matches_check_kind (options->kind, error))
    return FALSE;
  client = queenctl_client_new (options->bus, error);
  kind = client ? find_kind (client, options, arguments[0], error) : NULL;
  if (!kind)
    return FALSE;
  if (!queen_dbus_queen_call_forget_sync (queenctl_client_get_queen (client), kind, arguments[0],
                                          NULL, &cause))
    return queenctl_client_explain (client, cause, error);

  if (options->is_json)
    queenctl_output_print_json_text ("{\"status\":\"ok\"}");
  else
    printf (_ ("Forgot %s.\n"), safe);
  return TRUE;
}

const QueenctlCommand queenctl_forget_command = {
  .name = "forget",
  .arguments = N_ ("ID"),
  .summary = N_ ("Takes a worker or hive off the list, until it is heard of again."),
  .options = (const char *const[]){ "kind", NULL },
  .least = 1,
  .most = 1,
  .run = run,
};
