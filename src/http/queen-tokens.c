/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tokens.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "queen-error.h"

#define LEAST_LENGTH 16 /* bytes of a token: fewer could be guessed */

struct _QueenTokens
{
  GPtrArray *owners; /* of Owner */
};

typedef struct
{
  char *name;
  char *digest; /* of the token, in hexadecimal */
} Owner;

static void
free_owner (Owner *owner)
{
  g_free (owner->name);
  g_free (owner->digest);
  g_free (owner);
}

static char *
digest (const char *token)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, token, -1);
}

static gboolean
add_line (QueenTokens *self, char *line, GError **error)
{
  char *token = strchr (line, ':');
  Owner *owner;

  if (!token || token == line)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("is not NAME:TOKEN"));
      return FALSE;
    }
  *token++ = '\0';
  if (strlen (token) < LEAST_LENGTH || strpbrk (token, " \t"))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("has a token of less than %d bytes, or with blanks"), LEAST_LENGTH);
      return FALSE;
    }
  owner = g_new0 (Owner, 1);
  owner->name = g_strdup (line);
  owner->digest = digest (token);
  g_ptr_array_add (self->owners, owner);
  return TRUE;
}

static gboolean
add_lines (QueenTokens *self, char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i]; i++)
    {
      char *line = g_strstrip (lines[i]);

      if (*line == '\0' || *line == '#')
        continue;
      if (!add_line (self, line, error))
        {
          g_prefix_error (error, _ ("line %u "), i + 1);
          return FALSE;
        }
    }
  return TRUE;
}

QueenTokens *
queen_tokens_new_from_file (const char *path, GError **error)
{
  g_autoptr (QueenTokens) self = g_new0 (QueenTokens, 1);
  g_autofree char *text = NULL;
  gsize length;
  gboolean is_good;

  self->owners = g_ptr_array_new_with_free_func ((GDestroyNotify) free_owner);
  if (!g_file_get_contents (path, &text, &length, error))
    return NULL;
  for (gsize i = 0; i < length; i++)
    if (text[i] == '\0')
      text[i] = ' '; /* else it would hide the tokens behind it */
  is_good = add_lines (self, text, error);
  if (is_good && self->owners->len == 0)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("has no token"));
      is_good = FALSE;
    }
  if (is_good)
    return g_steal_pointer (&self);
  g_prefix_error (error, "%s: ", path);
  return NULL;
}

const char *
queen_tokens_lookup (const QueenTokens *self, const char *token)
{
  g_autofree char *said = digest (token);
  const char *name = NULL;

  for (guint i = 0; i < self->owners->len; i++)
    {
      const Owner *owner = self->owners->pdata[i];

      if (queen_tokens_is_equal (owner->digest, said))
        name = owner->name;
    }
  return name;
}

gboolean
queen_tokens_is_equal (const char *a, const char *b)
{
  gsize length = strlen (a);
  guint8 difference = 0;

  if (strlen (b) != length)
    return FALSE;
  for (gsize i = 0; i < length; i++)
    difference |= (guint8) (a[i] ^ b[i]);
  return difference == 0;
}

void
queen_tokens_free (QueenTokens *self)
{
  g_ptr_array_unref (self->owners);
  g_free (self);
}
