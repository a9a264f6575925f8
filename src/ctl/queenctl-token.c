/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-token.h"

#include <glib/gi18n.h>

#include "queen-file.h"
#include "queenctl-error.h"
#include "text/queen-legible.h"

#define MAX_TOKEN_FILE (64 * 1024)

/* Returns: (transfer full) (nullable): the token of the first line that has one. In the queen's own
 * file it is between colons: NAME:TOKEN:SCOPES. */
static char *
find_token (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) parts = NULL;

      g_strstrip (*line);
      if (**line == '\0' || **line == '#')
        continue;
      parts = g_strsplit (*line, ":", 3);
      return g_strstrip (g_strdup (parts[1] ? parts[1] : parts[0]));
    }
  return NULL;
}

static gboolean
is_good_token (const char *token)
{
  for (const char *p = token; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return *token != '\0';
}

char *
queenctl_token_read (const char *path, const char *origin, GError **error)
{
  g_autoptr (GError) cause = NULL;
  gsize length;
  g_autofree char *text = queen_file_read (path, MAX_TOKEN_FILE, &length, &cause);
  g_autofree char *token = text ? find_token (text) : NULL;

  if (cause)
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("%s: %s"), origin,
                   cause->message);
      return NULL;
    }
  if (token && is_good_token (token))
    return g_steal_pointer (&token);
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE, _ ("%s: there is no token in %s"),
               origin, path);
  queen_legible_explain (error, token ? token : "");
  return NULL;
}
