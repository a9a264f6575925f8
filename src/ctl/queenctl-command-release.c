/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-matches.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

/* Whose kind is said may be held without being known. */
static gboolean
find_kind (QueenctlQueen *queen,
           const QueenctlOptions *options,
           const char *id,
           QueenComponentKind *kind,
           GError **error)
{
  g_autoptr (QueenctlComponent) component = NULL;

  if (queenctl_kind_parse (options->kind, kind))
    return TRUE;
  component = queenctl_matches_lookup_one (queen, id, NULL, error);
  if (component)
    *kind = queenctl_component_get_kind (component);
  return component != NULL;
}

gboolean
queenctl_command_run_release (const QueenctlOptions *options, char **arguments, GError **error)
{
  const char *id = arguments[0], *hold = arguments[1];
  g_autofree char *safe = queenctl_text_dup_safe (id);
  g_autoptr (QueenctlQueen) queen = NULL;
  QueenComponentKind kind = QUEEN_COMPONENT_WORKER;

  if (!queenctl_matches_check_kind (options->kind, error) ||
      !queenctl_options_check_text ("HOLD", hold, error))
    return FALSE;
  queen = queenctl_connect (options, error);
  if (!queen || !find_kind (queen, options, id, &kind, error) ||
      !queenctl_queen_release (queen, kind, id, hold, error))
    return FALSE;
  if (options->is_json)
    queenctl_output_print_ok ("Released %s %s", queen_component_kind_get_name (kind), id);
  else
    printf (_ ("Released %s.\n"), safe);
  return TRUE;
}
