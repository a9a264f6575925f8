/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-matches.h"

#include <glib/gi18n.h>

gboolean
queenctl_matches_check_kind (const char *kind, GError **error)
{
  QueenctlKind unused;

  if (!kind || queenctl_kind_parse (kind, &unused))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("--kind: “%s” is neither worker nor hive"), kind);
  return FALSE;
}

static const char *
get_absence (const char *kind)
{
  if (!kind)
    return _ ("There is neither a worker nor a hive “%s”");
  return g_str_equal (kind, "worker") ? _ ("There is no worker “%s”") : _ ("There is no hive “%s”");
}

GPtrArray *
queenctl_matches_lookup (QueenctlClient *client, const char *id, const char *kind, GError **error)
{
  g_autoptr (GPtrArray) matches =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queenctl_component_free);

  for (guint i = 0; i < QUEENCTL_N_KINDS; i++)
    {
      QueenctlComponent *component;

      if (kind && !g_str_equal (kind, queenctl_kind_get_nick (i)))
        continue;
      if (!queenctl_client_lookup (client, i, id, &component, error))
        return NULL;
      if (component)
        g_ptr_array_add (matches, component);
    }
  if (matches->len == 0)
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, get_absence (kind), id);
      return NULL;
    }
  return g_steal_pointer (&matches);
}
