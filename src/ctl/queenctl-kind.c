/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-kind.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"
#include "queenctl-suggestion.h"

static const struct
{
  const char *nick;
  const char *plural;
  const char *label;
} kinds[QUEENCTL_N_KINDS] = {
  [QUEENCTL_KIND_WORKER] = { "worker", "workers", N_ ("worker") },
  [QUEENCTL_KIND_HIVE] = { "hive", "hives", N_ ("hive") },
};

gboolean
queenctl_kind_parse (const char *text, QueenctlKind *kind)
{
  for (gsize i = 0; i < QUEENCTL_N_KINDS; i++)
    if (g_strcmp0 (text, kinds[i].nick) == 0 || g_strcmp0 (text, kinds[i].plural) == 0)
      {
        *kind = (QueenctlKind) i;
        return TRUE;
      }
  return FALSE;
}

gboolean
queenctl_kind_parse_argument (const char *text, QueenctlKind *kind, GError **error)
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
queenctl_kind_get_nick (QueenctlKind kind)
{
  return kinds[kind].nick;
}

const char *
queenctl_kind_get_plural (QueenctlKind kind)
{
  return kinds[kind].plural;
}

const char *
queenctl_kind_get_label (QueenctlKind kind)
{
  return _ (kinds[kind].label);
}
