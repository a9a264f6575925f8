/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as a token file. Either it is refused without a word of what it says, or each line of
 * it counts and nobody gets in by anything else. */

#include <string.h>

#include "fuzz.h"
#include "http/queen-tokens.h"
#include "queen-error.h"
#include "text/queen-legible.h"

/* The line without the blanks around it; a NUL is one, too. */
static char *
dup_stripped (GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  char *line = g_malloc0 (size + 1);

  for (gsize i = 0; i < size; i++)
    line[i] = data[i] == '\0' ? ' ' : data[i];
  return g_strstrip (line);
}

static guint
note_scopes (const char *text)
{
  static const char *const names[] = { "beat", "read", "jobs", "hold", "hives", "admin" };
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  guint scopes = 0;

  for (char **word = words; *word; word++)
    {
      gsize i = 0;

      g_strstrip (*word);
      while (i < G_N_ELEMENTS (names) && !g_str_equal (names[i], *word))
        i++;
      g_assert_cmpuint (i, <, G_N_ELEMENTS (names));
      scopes |= 1u << i;
    }
  return scopes;
}

/* Notes whose token it is, and what it is good for. */
static void
note_line (const char *line, GHashTable *owners)
{
  g_auto (GStrv) parts = NULL;
  g_autofree char *unseen = NULL;
  guint scopes;

  if (*line == '\0' || *line == '#')
    return;
  parts = g_strsplit (line, ":", 3);
  g_assert_cmpuint (g_strv_length (parts), >=, 2);
  g_assert_cmpuint (strlen (parts[0]), >, 0);
  g_assert_cmpuint (strlen (parts[0]), <=, 128);
  g_assert_true (g_utf8_validate (parts[0], -1, NULL));
  g_assert_cmpuint (strlen (parts[1]), >=, 16);
  g_assert_null (strchr (parts[1], ' '));
  unseen = queen_legible_dup_unseen (parts[1]);
  g_assert_null (unseen);
  scopes = parts[2] ? note_scopes (parts[2]) : 7;
  g_assert_true (g_hash_table_insert (owners, g_strdup (parts[1]),
                                      g_strdup_printf ("%u:%s", scopes, parts[0])));
}

static void
check_owner (const QueenTokens *tokens, const char *token, GHashTable *owners)
{
  const QueenToken *found = queen_tokens_lookup (tokens, token);
  g_autofree char *owner = found ? g_strdup_printf ("%u:%s", found->scopes, found->name) : NULL;

  g_assert_cmpstr (owner, ==, g_hash_table_lookup (owners, token));
  if (found)
    g_assert_true (queen_tokens_find (tokens, found->number) == found);
}

/* Whoever knows all of a token but its end, or more than it, is nobody. */
static void
check_token (const QueenTokens *tokens, const char *token, GHashTable *owners)
{
  g_autofree char *shorter = g_strndup (token, strlen (token) - 1);
  g_autofree char *longer = g_strconcat (token, "x", NULL);

  check_owner (tokens, token, owners);
  check_owner (tokens, shorter, owners);
  check_owner (tokens, longer, owners);
}

static void
check_tokens (const QueenTokens *tokens, GHashTable *owners)
{
  GHashTableIter iter;
  gpointer token;

  g_assert_cmpuint (g_hash_table_size (owners), >, 0);
  g_hash_table_iter_init (&iter, owners);
  while (g_hash_table_iter_next (&iter, &token, NULL))
    check_token (tokens, token, owners);
  g_assert_null (queen_tokens_lookup (tokens, ""));
}

/* Read again, everybody keeps the number. */
static void
check_again (const QueenTokens *tokens, const char *path, GHashTable *owners)
{
  g_autoptr (QueenTokens) again = queen_tokens_new_from_file (path, tokens, NULL);
  GHashTableIter iter;
  gpointer token;

  g_hash_table_iter_init (&iter, owners);
  while (g_hash_table_iter_next (&iter, &token, NULL))
    g_assert_cmpuint (queen_tokens_lookup (again, token)->number, ==,
                      queen_tokens_lookup (tokens, token)->number);
}

static void
check_error (const GError *error, const char *path)
{
  static const char *const known[] = {
    " is not NAME:TOKEN or NAME:TOKEN:SCOPES",
    " has a name of more than 128 bytes, or one that is no text",
    " has a token of less than 16 bytes, or with blanks",
    " has behind the second colon what is none of the scopes beat, read, jobs, hold, hives, admin",
    " has the same token as line ",
    " has no token",
  };
  g_autofree char *start = g_strconcat (path, ": ", NULL);
  const char *message = error->message + strlen (start);
  gsize i = 0;

  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
  g_assert_true (g_str_has_prefix (error->message, start));
  if (g_str_has_prefix (message, "line "))
    {
      message += strlen ("line ");
      message += strspn (message, "0123456789");
    }
  else
    message--;
  while (i < G_N_ELEMENTS (known) && !g_str_has_prefix (message, known[i]))
    i++;
  g_assert_cmpuint (i, <, G_N_ELEMENTS (known));
  message += strlen (known[i]);
  message += strspn (message, "0123456789");
  /* And nothing of a token but what is hard to see of it. */
  if (*message != '\0')
    g_assert_true (
        g_regex_match_simple ("^: (a comment needs a line of its own|it ends with a blank|"
                              "it has the invisible U\\+[0-9A-F]{4,6}"
                              "(, U\\+[0-9A-F]{4,6})*)$",
                              message, G_REGEX_DOLLAR_ENDONLY, 0));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *path = fuzz_write_file (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenTokens) tokens = queen_tokens_new_from_file (path, NULL, &error);
  g_autoptr (GHashTable) owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  if (!tokens)
    {
      check_error (error, path);
      return 0;
    }
  g_assert_no_error (error);
  if (size >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0)
    {
      data += 3;
      size -= 3;
    }
  for (const guint8 *at = data; at;)
    {
      g_autoptr (GBytes) bytes = fuzz_cut_line (&at, data + size);
      g_autofree char *line = dup_stripped (bytes);

      note_line (line, owners);
    }
  check_tokens (tokens, owners);
  check_again (tokens, path, owners);
  return 0;
}
