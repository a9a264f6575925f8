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

/* The kind is looked up, unless it is said, so that one id of two is never taken by guess. */
static void
add_match (QueenctlQueen *queen,
           const QueenctlOptions *options,
           const char *id,
           GPtrArray *components,
           GError **error)
{
  g_autoptr (GPtrArray) matches = queenctl_matches_lookup (queen, id, options->kind, error);

  if (!matches)
    return;
  if (matches->len == 0)
    queenctl_matches_set_absent (id, options->kind, error);
  else if (matches->len > 1)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("There are both a worker and a hive “%s”: say --kind=worker or --kind=hive"),
                 id);
  else
    g_ptr_array_add (components, g_ptr_array_steal_index (matches, 0));
}

/* Whoever has mistyped one id of several gets to know that before anything has happened. */
static GPtrArray *
look_up_all (QueenctlQueen *queen, const QueenctlOptions *options, char **ids, GError **error)
{
  g_autoptr (GPtrArray) components = queenctl_component_array_new ();
  GError *cause = NULL;

  for (; *ids && !cause; ids++)
    add_match (queen, options, *ids, components, &cause);
  if (!cause)
    return g_steal_pointer (&components);
  g_propagate_error (error, cause);
  return NULL;
}

static GPtrArray *
list_offline (QueenctlQueen *queen, const QueenctlOptions *options, GError **error)
{
  QueenctlKind kind;
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
  QueenctlKind kind = queenctl_component_get_kind (component);
  const char *id = queenctl_component_get_string (component, "id");
  g_autofree char *safe = queenctl_text_dup_safe (id);

  if (!queenctl_queen_forget (queen, kind, id, error))
    return FALSE;
  if (options->is_json)
    queenctl_output_print_ok ("Forgot %s %s", queenctl_kind_get_nick (kind), id);
  else
    printf (_ ("Forgot %s.\n"), safe);
  return TRUE;
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

static gboolean
run (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autoptr (GPtrArray) components = NULL;

  if (!check_ids (options, arguments, error))
    return FALSE;
  queen = queenctl_connect (options, error);
  if (!queen)
    return FALSE;
  components = options->is_offline ? list_offline (queen, options, error)
                                   : look_up_all (queen, options, arguments, error);
  if (!components)
    return FALSE;

  for (guint i = 0; i < components->len; i++)
    if (!forget_one (queen, options, g_ptr_array_index (components, i), error))
      return FALSE;
  if (components->len == 0 && !options->is_json)
    puts (_ ("Nobody is offline."));
  return TRUE;
}

const QueenctlCommand queenctl_forget_command = {
  .name = "forget",
  .arguments = N_ ("ID…|--offline"),
  .summary = N_ ("Takes workers or hives off the list, until they are heard of again."),
  .options = (const char *const[]){ "kind", "offline", NULL },
  .most = G_MAXUINT,
  .run = run,
};
