/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-tokens.h"

#include <glib/gstdio.h>
#include <string.h>

#include "queen-error.h"

#define TOKEN "0123456789abcdef"

static QueenTokens *
parse (const char *text, gsize length, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("queen-tokens-XXXXXX", &path, NULL);
  QueenTokens *tokens;

  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
  tokens = queen_tokens_new_from_file (path, error);
  g_assert_no_errno (g_unlink (path));
  return tokens;
}

static void
test_lookup (void)
{
  static const char text[] = "# who\n\n worker-1:" TOKEN "\r\nhive-1:a-longer-token-here\n";
  g_autoptr (QueenTokens) tokens = parse (text, strlen (text), NULL);

  g_assert_cmpstr (queen_tokens_lookup (tokens, TOKEN), ==, "worker-1");
  g_assert_cmpstr (queen_tokens_lookup (tokens, "a-longer-token-here"), ==, "hive-1");
  g_assert_null (queen_tokens_lookup (tokens, TOKEN "x"));
  g_assert_null (queen_tokens_lookup (tokens, ""));
}

static void
test_nul (void)
{
  static const char text[] = "a:" TOKEN "\n\0\nb:" TOKEN "x\n";
  static const char inside[] = "a:" TOKEN "\0" TOKEN "\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenTokens) tokens = parse (text, sizeof text - 1, NULL);

  g_assert_cmpstr (queen_tokens_lookup (tokens, TOKEN "x"), ==, "b");
  g_assert_null (parse (inside, sizeof inside - 1, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tokens/lookup/the-owner-of-exactly-that-token", test_lookup);
  g_test_add_func ("/tokens/nul/hides-nothing", test_nul);

  return g_test_run ();
}
