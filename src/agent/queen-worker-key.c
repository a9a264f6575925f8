/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-worker-key.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-error.h"
#include "queen-fetcher.h"
#include "queen-file.h"
#include "queen-host.h"

#define MAX_FILE 4096 /* bytes */

static gboolean
is_sendable (const char *key)
{
  for (const char *at = key; *at != '\0'; at++)
    if (!g_ascii_isgraph (*at))
      return FALSE;
  return *key != '\0' && strlen (key) <= QUEEN_WORKER_KEY_MAX;
}

char *
queen_worker_key_read (const char *path, GError **error)
{
  gsize length;
  g_autofree char *text = queen_file_read (path, MAX_FILE, &length, error);

  if (!text)
    return NULL;
  text[strcspn (text, "\n")] = '\0';
  g_strstrip (text);
  if (is_sendable (text))
    return g_steal_pointer (&text);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("there is no key in %s"), path);
  return NULL;
}

gboolean
queen_worker_key_check (const char *key, const char *url, GError **error)
{
  g_autoptr (GUri) uri = url ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;

  if (key && !is_sendable (key))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                 _ ("a key has 1 to %d letters, digits and signs, and no blanks"),
                 QUEEN_WORKER_KEY_MAX);
  else if (key && uri && !g_str_equal (g_uri_get_scheme (uri), "https") &&
           !queen_host_is_loopback (g_uri_get_host (uri)))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                         _ ("a key does not go over a network in the clear: take https://"));
  else
    return TRUE;
  return FALSE;
}
