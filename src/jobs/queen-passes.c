/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-passes.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-error.h"
#include "queen-secret-file.h"
#include "text/queen-hash.h"
#include "text/queen-text.h"

#define MIN_TOKEN 32   /* characters: of hexadecimal digits 128 bits */
#define MAX_TOKEN 4096 /* bytes */
#define MAX_TOKENS 8
#define MAX_TEXT 2048                  /* bytes of a pass: a name is 256, three for each */
#define GOOD_FOR (60 * G_USEC_PER_SEC) /* µs, and as much before, as clocks differ */
#define ADMIN "admin"
#define USER "user"

/* time;rights;user;sum */
typedef enum
{
  PART_TIME,
  PART_RIGHTS,
  PART_USER,
  PART_SUM,
  N_PARTS,
} Part;

struct _QueenPasses
{
  GPtrArray *tokens; /* of char *; the first is hers */
};

static void
free_secret (gpointer token)
{
  explicit_bzero (token, strlen (token));
  g_free (token);
}

static gboolean
add_secret (QueenPasses *self, const char *line, GError **error)
{
  gsize length = strlen (line);

  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (line[i]))
      return queen_error_refuse (error, QUEEN_ERROR_SETTING,
                                 _ ("is no token: it has a blank or something that is not ASCII"));
  if (length < MIN_TOKEN || length > MAX_TOKEN)
    return queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("is no token of %d to %d characters"),
                               MIN_TOKEN, MAX_TOKEN);
  if (self->tokens->len == MAX_TOKENS)
    return queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("is one token too many"));
  g_ptr_array_add (self->tokens, g_strdup (line));
  return TRUE;
}

static gboolean
add_secrets (QueenPasses *self, char *text, GError **error)
{
  guint number = 0;
  char *line;

  while ((line = queen_text_take_line (&text, &number)))
    if (!add_secret (self, line, error))
      {
        g_prefix_error (error, _ ("line %u "), number);
        return FALSE;
      }
  return self->tokens->len > 0 ||
         queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("has no token"));
}

QueenPasses *
queen_passes_new_from_file (const char *path, GError **error)
{
  g_autoptr (QueenPasses) self = g_new0 (QueenPasses, 1);
  g_auto (QueenSecretFile) file = { 0 };

  self->tokens = g_ptr_array_new_with_free_func (free_secret);
  if (!queen_secret_file_read (&file, path, error))
    return NULL;
  if (add_secrets (self, file.text, error))
    return g_steal_pointer (&self);
  g_prefix_error (error, "%s: ", path);
  return NULL;
}

void
queen_passes_free (QueenPasses *self)
{
  g_ptr_array_unref (self->tokens);
  g_free (self);
}

/* Nothing of this has a line break in it, so no two of them make the same text. */
static char *
make_sum (const char *token, const char *said, const QueenPass *pass)
{
  g_autofree char *text =
      g_strjoin ("\n", "queen-rbee pass", said, pass->method, pass->path, pass->address, NULL);

  return g_compute_hmac_for_string (G_CHECKSUM_SHA256, (const guchar *) token, strlen (token), text,
                                    -1);
}

char *
queen_passes_make (const QueenPasses *self, const QueenPass *pass, gint64 now)
{
  g_autofree char *user = g_uri_escape_string (pass->user, ":/[]", FALSE);
  g_autofree char *said = g_strdup_printf ("%" G_GINT64_FORMAT ";%s;%s", now / G_USEC_PER_SEC,
                                           pass->is_admin ? ADMIN : USER, user);
  g_autofree char *sum = make_sum (self->tokens->pdata[0], said, pass);

  return g_strconcat (said, ";", sum, NULL);
}

static gboolean
is_by_a_queen (const QueenPasses *self, char **parts, const QueenPass *pass)
{
  g_autofree char *said =
      g_strjoin (";", parts[PART_TIME], parts[PART_RIGHTS], parts[PART_USER], NULL);
  gboolean is_good = FALSE;

  for (guint i = 0; i < self->tokens->len; i++)
    {
      g_autofree char *sum = make_sum (self->tokens->pdata[i], said, pass);

      is_good |= queen_hash_is_same_secret (sum, parts[PART_SUM]);
    }
  return is_good;
}

gboolean
queen_passes_check (
    const QueenPasses *self, const char *text, const QueenPass *pass, gint64 now, GError **error)
{
  g_auto (GStrv) parts = strlen (text) <= MAX_TEXT ? g_strsplit (text, ";", N_PARTS) : NULL;
  gint64 seconds;

  if (!parts || g_strv_length (parts) != N_PARTS ||
      !g_ascii_string_to_signed (parts[PART_TIME], 10, 0, G_MAXINT64 / G_USEC_PER_SEC, &seconds,
                                 NULL))
    return queen_error_refuse (error, QUEEN_ERROR_FORBIDDEN, "this is no pass of a queen");
  if (!is_by_a_queen (self, parts, pass))
    return queen_error_refuse (error, QUEEN_ERROR_FORBIDDEN,
                               "the pass was not made with the token of this queen, or not for "
                               "what is asked of her: all queens of a cluster have the same "
                               "--queen-token-file, and know her by the address that she tells");
  if (ABS (now - seconds * G_USEC_PER_SEC) > GOOD_FOR)
    return queen_error_refuse (error, QUEEN_ERROR_FORBIDDEN,
                               "the pass is not of now: the clocks of the queens differ by more "
                               "than a minute");
  return TRUE;
}

char *
queen_pass_dup_user (const char *text, gboolean *is_admin)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", N_PARTS);
  char *user =
      g_strv_length (parts) == N_PARTS ? g_uri_unescape_string (parts[PART_USER], NULL) : NULL;

  *is_admin = user && g_str_equal (parts[PART_RIGHTS], ADMIN);
  return user ? user : g_strdup ("");
}
