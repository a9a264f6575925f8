/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as a token file. Either it is refused without a word of what it says, or each line of
 * it counts and nobody gets in by anything else. */

#include <string.h>

#include "fuzz.h"
#include "http/queen-tokens.h"
#include "queen-error.h"

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

/* Notes whose token it is: who comes last has it. */
static void
note_line (const char *line, GHashTable *names)
{
  g_auto (GStrv) parts = NULL;

  if (*line == '\0' || *line == '#')
    return;
  parts = g_strsplit (line, ":", 2);
  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  g_assert_cmpuint (strlen (parts[0]), >, 0);
  g_assert_cmpuint (strlen (parts[1]), >=, 16);
  g_assert_null (strpbrk (parts[1], " \t"));
  g_hash_table_replace (names, g_strdup (parts[1]), g_strdup (parts[0]));
}

/* Whoever knows all of a token but its end, or more than it, is nobody. */
static void
check_token (const QueenTokens *tokens, const char *token, GHashTable *names)
{
  g_autofree char *shorter = g_strndup (token, strlen (token) - 1);
  g_autofree char *longer = g_strconcat (token, "x", NULL);

  g_assert_cmpstr (queen_tokens_lookup (tokens, token), ==, g_hash_table_lookup (names, token));
  g_assert_cmpstr (queen_tokens_lookup (tokens, shorter), ==, g_hash_table_lookup (names, shorter));
  g_assert_cmpstr (queen_tokens_lookup (tokens, longer), ==, g_hash_table_lookup (names, longer));
  g_assert_true (queen_tokens_is_equal (token, token));
  g_assert_false (queen_tokens_is_equal (token, shorter) || queen_tokens_is_equal (longer, token));
}

static void
check_tokens (const QueenTokens *tokens, GHashTable *names)
{
  GHashTableIter iter;
  gpointer token;

  g_assert_cmpuint (g_hash_table_size (names), >, 0);
  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &token, NULL))
    check_token (tokens, token, names);
  g_assert_null (queen_tokens_lookup (tokens, ""));
}

static void
check_error (const GError *error, const char *path)
{
  g_autofree char *start = g_strconcat (path, ": ", NULL);
  const char *message = error->message + strlen (start);

  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
  g_assert_true (g_str_has_prefix (error->message, start));
  if (g_str_has_prefix (message, "line "))
    {
      message += strlen ("line ");
      message += strspn (message, "0123456789");
    }
  else
    message--;
  g_assert_true (g_str_equal (message, " is not NAME:TOKEN") ||
                 g_str_equal (message, " has a token of less than 16 bytes, or with blanks") ||
                 g_str_equal (message, " has no token"));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *path = fuzz_write_file (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenTokens) tokens = queen_tokens_new_from_file (path, &error);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  if (!tokens)
    {
      check_error (error, path);
      return 0;
    }
  g_assert_no_error (error);
  for (const guint8 *at = data; at;)
    {
      g_autoptr (GBytes) bytes = fuzz_cut_line (&at, data + size);
      g_autofree char *line = dup_stripped (bytes);

      note_line (line, names);
    }
  check_tokens (tokens, names);
  return 0;
}
