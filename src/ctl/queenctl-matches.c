/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-matches.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"

gboolean
queenctl_matches_check_kind (const char *kind, GError **error)
{
  QueenComponentKind unused;

  if (!kind || queenctl_kind_parse_argument (kind, &unused, error))
    return TRUE;
  g_prefix_error (error, "--kind: ");
  return FALSE;
}

void
queenctl_matches_set_absent (const char *id, const char *kind, GError **error)
{
  QueenComponentKind only;
  const char *absence = _ ("There is neither a worker nor a hive “%s”");

  if (kind && queenctl_kind_parse (kind, &only))
    absence = only == QUEEN_COMPONENT_WORKER ? _ ("There is no worker “%s”")
                                             : _ ("There is no hive “%s”");
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, absence, id);
}

GPtrArray *
queenctl_matches_lookup (QueenctlQueen *queen, const char *id, const char *kind, GError **error)
{
  g_autoptr (GPtrArray) matches = queenctl_component_array_new ();
  QueenComponentKind only = QUEEN_COMPONENT_WORKER;
  gboolean has_kind = queenctl_kind_parse (kind, &only);

  for (guint i = 0; i < QUEEN_COMPONENT_N_KINDS; i++)
    {
      QueenctlComponent *component;

      if (has_kind && only != i)
        continue;
      if (!queenctl_queen_lookup (queen, i, id, &component, error))
        return NULL;
      if (component)
        g_ptr_array_add (matches, component);
    }
  return g_steal_pointer (&matches);
}

QueenctlComponent *
queenctl_matches_lookup_one (QueenctlQueen *queen, const char *id, const char *kind, GError **error)
{
  g_autoptr (GPtrArray) matches = queenctl_matches_lookup (queen, id, kind, error);

  if (!matches)
    return NULL;
  if (matches->len == 1)
    return g_ptr_array_steal_index (matches, 0);
  if (matches->len == 0)
    queenctl_matches_set_absent (id, kind, error);
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("There are both a worker and a hive “%s”: say --kind=worker or --kind=hive"),
                 id);
  return NULL;
}
