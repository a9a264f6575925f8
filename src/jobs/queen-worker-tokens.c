/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-worker-tokens.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-error.h"
#include "queen-secret-file.h"
#include "text/queen-hash.h"
#include "text/queen-legible.h"
#include "text/queen-text.h"

#define ID_PREFIX "id=" /* which no host begins with */
#define MAX_TOKEN 4096  /* bytes: what goes into a header */

struct _QueenWorkerTokens
{
  GHashTable *tokens; /* host -> token */
  GHashTable *ids;    /* of a worker or hive -> token */
};

static void
free_token (gpointer token)
{
  explicit_bzero (token, strlen (token));
  g_free (token);
}

/* RFC 6750 § 2.1 has fewer characters; a server may not mind. What is no text would be a header of
 * its own. */
static gboolean
is_token (const char *text)
{
  gsize length = strlen (text);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]))
      return FALSE;
  return length > 0 && length <= MAX_TOKEN;
}

/* An id is only what a heartbeat says, so no line that is meant for a host is taken for one. */
static gboolean
add_worker_line (QueenWorkerTokens *self, char *line, GError **error)
{
  gboolean is_id = g_str_has_prefix (line, ID_PREFIX);
  GHashTable *tokens = is_id ? self->ids : self->tokens;
  char *name = is_id ? line + strlen (ID_PREFIX) : line;
  char *token = name + strcspn (name, " \t");

  if (*token != '\0')
    *token++ = '\0';
  g_strchug (token);
  if (*name == '\0' || !is_token (token) || !g_utf8_validate (name, -1, NULL))
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                           _ ("is not HOST TOKEN, nor id=WORKER TOKEN"));
      return FALSE;
    }
  if (g_hash_table_contains (tokens, name))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("has a second token for “%s”"),
                   name);
      return FALSE;
    }
  g_hash_table_insert (tokens, g_strdup (name), g_strdup (token));
  return TRUE;
}

static gboolean
add_worker_lines (QueenWorkerTokens *self, char *text, GError **error)
{
  guint number = 0;
  char *line;

  while ((line = queen_text_take_line (&text, &number)))
    if (!add_worker_line (self, line, error))
      {
        g_prefix_error (error, _ ("line %u "), number);
        return FALSE;
      }
  return TRUE;
}

QueenWorkerTokens *
queen_worker_tokens_new_from_file (const char *path, GError **error)
{
  g_autoptr (QueenWorkerTokens) self = g_atomic_rc_box_new0 (QueenWorkerTokens);
  g_auto (QueenSecretFile) file = { 0 };

  self->tokens = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, free_token);
  self->ids = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, free_token);
  if (!queen_secret_file_read (&file, path, error))
    {
      queen_legible_explain_value (error, path);
      return NULL;
    }
  if (add_worker_lines (self, file.text, error))
    return g_steal_pointer (&self);
  g_prefix_error (error, "%s: ", path);
  return NULL;
}

const char *
queen_worker_tokens_find (const QueenWorkerTokens *self, const char *id, const QueenTarget *target)
{
  g_autofree char *place = NULL;
  const char *token;

  if (!self)
    return NULL;
  place = g_strdup_printf (strchr (target->host, ':') ? "[%s]:%u" : "%s:%u", target->host,
                           target->port);
  token = g_hash_table_lookup (self->tokens, place);
  if (!token)
    token = g_hash_table_lookup (self->tokens, target->host);
  return token ? token : g_hash_table_lookup (self->ids, id);
}

guint
queen_worker_tokens_get_n (const QueenWorkerTokens *self)
{
  return g_hash_table_size (self->tokens) + g_hash_table_size (self->ids);
}

QueenWorkerTokens *
queen_worker_tokens_ref (QueenWorkerTokens *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_tokens (gpointer data)
{
  QueenWorkerTokens *self = data;

  g_hash_table_unref (self->tokens);
  g_hash_table_unref (self->ids);
}

void
queen_worker_tokens_unref (QueenWorkerTokens *self)
{
  g_atomic_rc_box_release_full (self, clear_tokens);
}
