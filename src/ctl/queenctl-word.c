/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-word.h"

#include <glib/gi18n.h>

#include "queenctl-error.h"
#include "queenctl-suggestion.h"

#define STATUSES "starting", "ready", "online", "busy", "stopping", "stopped", "offline"

const char *const queenctl_word_statuses[] = { STATUSES, NULL };
const char *const queenctl_word_states[] = { STATUSES, "available", "held", NULL };
const char *const queenctl_word_healths[] = { "healthy", "degraded", "unhealthy", NULL };

gboolean
queenctl_word_check (const char *option, const char *word, const char *const *words, GError **error)
{
  g_autofree char *lower = g_ascii_strdown (word, -1);
  g_autofree char *choices = NULL;

  if (g_strv_contains (words, lower))
    return TRUE;
  choices = g_strjoinv (", ", (char **) words);
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("“%s” is none of %s"), word,
               choices);
  if (option)
    g_prefix_error (error, "%s: ", option);
  queenctl_suggestion_add (error, lower, words);
  return FALSE;
}
