/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tokens.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queen-error.h"
#include "queen-secret-file.h"
#include "text/queen-legible.h"
#include "text/queen-text.h"

#define MAX_NAME 128    /* bytes */
#define LEAST_LENGTH 16 /* bytes of a token: fewer could be guessed */
#define DIGEST_LENGTH 32

struct _QueenTokens
{
  GHashTable *by_digest; /* a set of Entry */
  GHashTable *by_number; /* number -> Entry, which the set above owns */
  guint next_number;
  char *change; /* NULL when there were none before */
};

typedef struct
{
  guint8 digest[DIGEST_LENGTH]; /* SHA-256 of the token */
  QueenToken token;
  char *name;
  guint line; /* in which it stands */
} Entry;

static const struct
{
  const char *name;
  QueenScopes scope;
} scope_names[] = {
  { "beat", QUEEN_SCOPE_BEAT }, { "read", QUEEN_SCOPE_READ },   { "jobs", QUEEN_SCOPE_JOBS },
  { "hold", QUEEN_SCOPE_HOLD }, { "hives", QUEEN_SCOPE_HIVES }, { "admin", QUEEN_SCOPE_ADMIN },
};

const char *
queen_scope_get_name (QueenScopes scope)
{
  for (gsize i = 0; i < G_N_ELEMENTS (scope_names); i++)
    if (scope_names[i].scope == scope)
      return scope_names[i].name;
  g_return_val_if_reached (NULL);
}

static void
free_entry (Entry *entry)
{
  g_free (entry->name);
  g_free (entry);
}

/* A digest is as good as random already. */
static guint
hash_digest (gconstpointer key)
{
  guint hash;

  memcpy (&hash, ((const Entry *) key)->digest, sizeof hash);
  return hash;
}

static gboolean
is_same_digest (gconstpointer a, gconstpointer b)
{
  return memcmp (((const Entry *) a)->digest, ((const Entry *) b)->digest, DIGEST_LENGTH) == 0;
}

static void
compute_digest (const char *token, guint8 digest[DIGEST_LENGTH])
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = DIGEST_LENGTH;

  g_checksum_update (sum, (const guchar *) token, -1);
  g_checksum_get_digest (sum, digest, &length);
}

/* The file */

static gboolean
reject_line (GError **error, const char *message)
{
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, message);
  return FALSE;
}

static gboolean
is_good_name (const char *name)
{
  return strlen (name) <= MAX_NAME && g_utf8_validate (name, -1, NULL) &&
         queen_legible_check (name);
}

static QueenScopes
parse_scope (const char *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (scope_names); i++)
    if (g_str_equal (scope_names[i].name, word))
      return scope_names[i].scope;
  return 0;
}

/* The text may be the rest of a token with a colon in it, so the error does not say what it is. */
static gboolean
reject_scopes (GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (scope_names); i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", scope_names[i].name);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("has behind the second colon what is none of the scopes %s"), names->str);
  return FALSE;
}

static gboolean
parse_scopes (const char *text, QueenScopes *scopes, GError **error)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);

  *scopes = 0;
  for (char **word = words; *word; word++)
    {
      QueenScopes scope = parse_scope (g_strstrip (*word));

      if (scope == 0)
        return reject_scopes (error);
      *scopes |= scope;
    }
  return *scopes != 0 || reject_scopes (error);
}

static gboolean
check_token (const char *name, const char *token, GError **error)
{
  g_autofree char *unseen = queen_legible_dup_unseen (token);

  if (!is_good_name (name))
    return reject_line (error, _ ("has a name of more than 128 bytes, or one that is no text"));
  if (strlen (token) >= LEAST_LENGTH && !strchr (token, ' ') && !unseen)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("has a token of less than %d bytes, or with blanks"), LEAST_LENGTH);
  return FALSE;
}

/* The number that @name with the token of @entry had so far, or the next one. */
static guint
choose_number (QueenTokens *self, const QueenTokens *former, const Entry *entry)
{
  const Entry *same = former ? g_hash_table_lookup (former->by_digest, entry) : NULL;

  return same && g_str_equal (same->name, entry->name) ? same->token.number : self->next_number++;
}

static gboolean
add_token (QueenTokens *self, const QueenTokens *former, const Entry *line, GError **error)
{
  const Entry *twin = g_hash_table_lookup (self->by_digest, line);
  Entry *entry;

  /* Else one of them could be taken away, and the token would still be good. */
  if (twin)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("has the same token as line %u"),
                   twin->line);
      return FALSE;
    }
  entry = g_memdup2 (line, sizeof *line);
  entry->name = g_strdup (line->name);
  entry->token.name = entry->name;
  entry->token.number = choose_number (self, former, entry);
  g_hash_table_add (self->by_digest, entry);
  g_hash_table_insert (self->by_number, GUINT_TO_POINTER (entry->token.number), entry);
  return TRUE;
}

static gboolean
add_line (QueenTokens *self, const QueenTokens *former, char *text, guint number, GError **error)
{
  Entry line = { .name = text, .line = number, .token.scopes = QUEEN_SCOPES_USUAL };
  char *token = strchr (text, ':');
  char *scopes = token ? strchr (token + 1, ':') : NULL;

  if (!token || token == text)
    return reject_line (error, _ ("is not NAME:TOKEN or NAME:TOKEN:SCOPES"));
  *token++ = '\0';
  if (scopes)
    *scopes++ = '\0';
  if (!check_token (text, token, error) ||
      (scopes && !parse_scopes (scopes, &line.token.scopes, error)))
    return FALSE;
  compute_digest (token, line.digest);
  return add_token (self, former, &line, error);
}

/* @length: of @line, before it was taken to pieces at its colons */
static void
explain_line (GError **error, char *line, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (line[i] == '\0')
      line[i] = ':';
  queen_legible_explain_value (error, line);
}

static gboolean
add_lines (QueenTokens *self, const QueenTokens *former, char *text, GError **error)
{
  guint number = 0;
  char *line;

  while ((line = queen_text_take_line (&text, &number)))
    {
      gsize length = strlen (line);

      if (add_line (self, former, line, number, error))
        continue;
      explain_line (error, line, length);
      g_prefix_error (error, _ ("line %u "), number);
      return FALSE;
    }
  /* At the start that is a mistake; later it takes the last one away. */
  return g_hash_table_size (self->by_digest) > 0 || former ||
         reject_line (error, _ ("has no token"));
}

/* What has changed */

/* How many of @others the file that @self is from does not have. */
static guint
count_missing (const QueenTokens *self, const QueenTokens *others)
{
  GHashTableIter iter;
  gpointer number;
  guint n = 0;

  g_hash_table_iter_init (&iter, others->by_number);
  while (g_hash_table_iter_next (&iter, &number, NULL))
    n += !g_hash_table_contains (self->by_number, number);
  return n;
}

static guint
count_other_scopes (const QueenTokens *self, const QueenTokens *former)
{
  GHashTableIter iter;
  gpointer number, value;
  guint n = 0;

  g_hash_table_iter_init (&iter, self->by_number);
  while (g_hash_table_iter_next (&iter, &number, &value))
    {
      const Entry *before = g_hash_table_lookup (former->by_number, number);

      n += before && before->token.scopes != ((const Entry *) value)->token.scopes;
    }
  return n;
}

static char *
describe_change (const QueenTokens *self, const QueenTokens *former)
{
  guint n_new = count_missing (former, self);
  guint n_gone = count_missing (self, former);
  guint n_other = count_other_scopes (self, former);
  guint n = g_hash_table_size (self->by_number);

  return n_new + n_gone + n_other == 0
             ? g_strdup_printf ("%u, unchanged", n)
             : g_strdup_printf ("%u, of them %u new and %u with other scopes; %u gone", n, n_new,
                                n_other, n_gone);
}

QueenTokens *
queen_tokens_new_from_file (const char *path, const QueenTokens *former, GError **error)
{
  g_autoptr (QueenTokens) self = g_new0 (QueenTokens, 1);
  g_auto (QueenSecretFile) file = { 0 };

  self->by_digest =
      g_hash_table_new_full (hash_digest, is_same_digest, (GDestroyNotify) free_entry, NULL);
  self->by_number = g_hash_table_new (NULL, NULL);
  self->next_number = former ? former->next_number : 1;
  if (!queen_secret_file_read (&file, path, error))
    {
      queen_legible_explain_value (error, path);
      return NULL;
    }
  if (!add_lines (self, former, file.text, error))
    {
      g_prefix_error (error, "%s: ", path);
      return NULL;
    }
  if (former)
    self->change = describe_change (self, former);
  return g_steal_pointer (&self);
}

const char *
queen_tokens_get_change (const QueenTokens *self)
{
  return self->change;
}

const QueenToken *
queen_tokens_lookup (const QueenTokens *self, const char *token)
{
  const Entry *entry;
  Entry key;

  compute_digest (token, key.digest);
  entry = g_hash_table_lookup (self->by_digest, &key);
  return entry ? &entry->token : NULL;
}

const QueenToken *
queen_tokens_find (const QueenTokens *self, guint number)
{
  const Entry *entry = g_hash_table_lookup (self->by_number, GUINT_TO_POINTER (number));

  return entry ? &entry->token : NULL;
}

void
queen_tokens_free (QueenTokens *self)
{
  g_hash_table_unref (self->by_number);
  g_hash_table_unref (self->by_digest);
  g_free (self->change);
  g_free (self);
}
