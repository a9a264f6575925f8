/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-kind.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"
#include "queenctl-suggestion.h"

gboolean
queenctl_kind_parse (const char *text, QueenComponentKind *kind)
{
  for (int i = 0; i < QUEEN_COMPONENT_N_KINDS; i++)
    if (g_strcmp0 (text, queen_component_kind_get_name (i)) == 0 ||
        g_strcmp0 (text, queen_component_kind_get_plural (i)) == 0)
      {
        *kind = (QueenComponentKind) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
queenctl_kind_parse_argument (const char *text, QueenComponentKind *kind, GError **error)
{
  static const char *const names[] = { "worker", "hive", "workers", "hives", NULL };

  if (queenctl_kind_parse (text, kind))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("“%s” is neither worker nor hive"),
               text);
  queenctl_suggestion_add (error, text, names);
  return FALSE;
}

const char *
queenctl_kind_get_label (QueenComponentKind kind)
{
  return kind == QUEEN_COMPONENT_WORKER ? _ ("worker") : _ ("hive");
}
