/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-error.h"
#include "queenctl-matches.h"
#include "queenctl-output.h"
#include "queenctl-text.h"

static GPtrArray *
list_offline (QueenctlQueen *queen, const QueenctlOptions *options, GError **error)
{
  QueenComponentKind kind;
  GPtrArray *components =
      queenctl_queen_list (queen, queenctl_kind_parse (options->kind, &kind) ? &kind : NULL, error);

  for (guint i = components ? components->len : 0; i > 0; i--)
    if (queenctl_component_is (g_ptr_array_index (components, i - 1), "online"))
      g_ptr_array_remove_index (components, i - 1);
  return components;
}

static gboolean
forget_one (QueenctlQueen *queen,
            const QueenctlOptions *options,
            const QueenctlComponent *component,
            GError **error)
{
  QueenComponentKind kind = queenctl_component_get_kind (component);
  const char *id = queenctl_component_get_string (component, "id");
  g_autofree char *safe = queenctl_text_dup_safe (id);

  if (!queenctl_queen_forget (queen, kind, id, error))
    return FALSE;
  if (options->is_json)
    queenctl_output_print_ok ("Forgot %s %s", queen_component_kind_get_name (kind), id);
  else
    printf (_ ("Forgot %s.\n"), safe);
  return TRUE;
}

/* What goes wrong with one keeps nobody else, unless there is no queen any more.
 *
 * Returns: whether to go on */
static gboolean
add_complaint (GError **last, GError *error)
{
  if (error)
    queenctl_output_add_complaint (last, error);
  return !g_error_matches (*last, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN);
}

static void
forget_named (QueenctlQueen *queen, const QueenctlOptions *options, char **ids, GError **last)
{
  GError *error = NULL;

  for (; *ids && add_complaint (last, g_steal_pointer (&error)); ids++)
    {
      g_autoptr (QueenctlComponent) component =
          queenctl_matches_lookup_one (queen, *ids, options->kind, &error);

      if (component)
        forget_one (queen, options, component, &error);
    }
  add_complaint (last, error);
}

static void
forget_offline (QueenctlQueen *queen, const QueenctlOptions *options, GError **last)
{
  GError *error = NULL;
  g_autoptr (GPtrArray) components = list_offline (queen, options, &error);

  for (guint i = 0;
       components && i < components->len && add_complaint (last, g_steal_pointer (&error)); i++)
    forget_one (queen, options, g_ptr_array_index (components, i), &error);
  if (components && components->len == 0 && !options->is_json)
    puts (_ ("Nobody is offline."));
  add_complaint (last, error);
}

static gboolean
check_ids (const QueenctlOptions *options, char **ids, GError **error)
{
  if (options->is_offline == (*ids == NULL))
    return queenctl_matches_check_kind (options->kind, error);
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                       _ ("Say either who is to be forgotten, or --offline"));
  return FALSE;
}

gboolean
queenctl_command_run_forget (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = NULL;
  GError *last = NULL;

  if (!check_ids (options, arguments, error))
    return FALSE;
  queen = queenctl_connect (options, error);
  if (!queen)
    return FALSE;
  if (options->is_offline)
    forget_offline (queen, options, &last);
  else
    forget_named (queen, options, arguments, &last);
  if (last)
    g_propagate_error (error, last);
  return last == NULL;
}
