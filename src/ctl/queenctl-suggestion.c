/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-suggestion.h"

#include <glib/gi18n.h>
#include <string.h>

#include "text/queen-distance.h"

#define FARTHEST 2 /* letters; with more of them wrong it is another word */

static const char *
find_nearest (const char *word, const char *const *names)
{
  const char *nearest = NULL;
  guint shortest = FARTHEST + 1;

  for (; *names; names++)
    {
      guint distance = queen_distance_get (word, *names);

      /* Less than half of a word is all that may be wrong with it. */
      if (distance < shortest && 2 * distance < strlen (*names))
        {
          nearest = *names;
          shortest = distance;
        }
    }
  return nearest;
}

void
queenctl_suggestion_set (GError **error, const char *word)
{
  g_autofree char *message = NULL;

  if (!error || !*error)
    return;
  message = (*error)->message;
  (*error)->message = g_strdup_printf (_ ("%s: did you mean “%s”?"), message, word);
}

static void
add_nearest (GError **error, const char *prefix, const char *word, const char *const *names)
{
  const char *nearest = find_nearest (word, names);
  g_autofree char *suggested = g_strconcat (prefix, nearest, NULL);

  if (nearest)
    queenctl_suggestion_set (error, suggested);
}

void
queenctl_suggestion_add (GError **error, const char *word, const char *const *names)
{
  add_nearest (error, "", word, names);
}

void
queenctl_suggestion_add_option (GError **error, const char *word, const char *const *names)
{
  add_nearest (error, "--", word, names);
}
