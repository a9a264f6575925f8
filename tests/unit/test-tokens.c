/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "http/queen-tokens.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "queen-error.h"

#define TOKEN "0123456789abcdef"

static const QueenTokens *former; /* what is taken the place of */

static QueenTokens *
parse (const char *text, gsize length, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("queen-tokens-XXXXXX", &path, NULL);
  QueenTokens *tokens;

  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
  tokens = queen_tokens_new_from_file (path, former, error);
  g_assert_no_errno (g_unlink (path));
  return tokens;
}

static const char *
get_name (const QueenTokens *tokens, const char *token)
{
  const QueenToken *found = queen_tokens_lookup (tokens, token);

  return found ? found->name : NULL;
}

static void
test_lookup (void)
{
  static const char text[] = "# who\n\n worker-1:" TOKEN "\r\nhive-1:a-longer-token-here\n";
  g_autoptr (QueenTokens) tokens = parse (text, strlen (text), NULL);

  g_assert_cmpstr (get_name (tokens, TOKEN), ==, "worker-1");
  g_assert_cmpstr (get_name (tokens, "a-longer-token-here"), ==, "hive-1");
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

  g_assert_cmpstr (get_name (tokens, TOKEN "x"), ==, "b");
  g_assert_null (parse (inside, sizeof inside - 1, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
}

static void
test_scopes (void)
{
  static const struct
  {
    const char *line;
    guint scopes; /* 0 when the line is wrong */
  } rows[] = {
    { "a:" TOKEN, QUEEN_SCOPE_BEAT | QUEEN_SCOPE_READ | QUEEN_SCOPE_JOBS },
    { "a:" TOKEN ":beat", QUEEN_SCOPE_BEAT },
    { "a:" TOKEN ":admin,hives,hold,jobs,read,beat", 63 },
    { "a:" TOKEN ": read , admin ", QUEEN_SCOPE_READ | QUEEN_SCOPE_ADMIN },
    { "a:" TOKEN ":read,read", QUEEN_SCOPE_READ },
    { "a:" TOKEN ":", 0 },
    { "a:" TOKEN ":,", 0 },
    { "a:" TOKEN ":read,", 0 },
    { "a:" TOKEN ":Read", 0 },
    { "a:" TOKEN ":all", 0 },
    { "a:" TOKEN ":read;admin", 0 },
    { "a:" TOKEN ":read:admin", 0 },
    { "a:" TOKEN ":" TOKEN, 0 }, /* a token with a colon in it */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (QueenTokens) tokens = parse (rows[i].line, strlen (rows[i].line), &error);

      if (rows[i].scopes != 0)
        {
          g_assert_no_error (error);
          g_assert_cmpuint (queen_tokens_lookup (tokens, TOKEN)->scopes, ==, rows[i].scopes);
          continue;
        }
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_nonnull (strstr (error->message, "line 1 has behind the second colon"));
      g_assert_nonnull (strstr (error->message, "beat, read, jobs, hold, hives, admin"));
      g_assert_null (strstr (error->message, TOKEN));
    }
}

/* D10: no client could ever say such a token, and nobody would see why. */
static void
test_invisible (void)
{
  static const char *const rows[][2] = {
    { "a:" TOKEN "\u00a0", "line 1 has a token" },
    { "a:" TOKEN "\u200b:read", "line 1 has a token" },
    { "a\u200b:" TOKEN, "line 1 has a name" },
    { "a\ufe0f:" TOKEN, "line 1 has a name" },
    { "a\U000e0100:" TOKEN, "line 1 has a name" },
    { "a:" TOKEN ":read\u00a0", "line 1 has behind the second colon" },
    { "a\u00a0b" TOKEN, "line 1 is not NAME:TOKEN" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (parse (rows[i][0], strlen (rows[i][0]), &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_nonnull (strstr (error->message, rows[i][1]));
      g_assert_nonnull (strstr (error->message, ": it has the invisible U+"));
      g_assert_null (strstr (error->message, TOKEN));
    }
}

/* D10: what stands behind a path in a file of settings is part of it; so it is behind a token. */
static void
test_odd_end (void)
{
  static const char *const rows[][2] = {
    { "/nonexistent\u00a0", ": it has the invisible U+00A0" },
    { "/nonexistent ", ": it ends with a blank" },
    { "/nonexistent # mine", ": a comment needs a line of its own" },
    { "/nonexistent", ": No such file or directory" },
  };
  static const char line[] = "a:" TOKEN " # mine";
  g_autoptr (GError) commented = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_tokens_new_from_file (rows[i][0], NULL, &error));
      g_assert_true (g_str_has_suffix (error->message, rows[i][1]));
    }
  g_assert_null (parse (line, strlen (line), &commented));
  g_assert_true (g_str_has_suffix (commented->message, ": a comment needs a line of its own"));
}

static void
test_same (void)
{
  static const char name[] = "a:" TOKEN "\na:" TOKEN "x:read\n";
  static const char token[] = "a:" TOKEN "\n\nb:" TOKEN "\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenTokens) tokens = parse (name, strlen (name), NULL);

  g_assert_cmpstr (get_name (tokens, TOKEN), ==, "a");
  g_assert_cmpstr (get_name (tokens, TOKEN "x"), ==, "a");
  g_assert_cmpuint (queen_tokens_lookup (tokens, TOKEN)->number, !=,
                    queen_tokens_lookup (tokens, TOKEN "x")->number);
  g_assert_null (parse (token, strlen (token), &error));
  g_assert_nonnull (strstr (error->message, "line 3 has the same token as line 1"));
}

/* At the start a file without tokens is a mistake; later it takes the last one away. A22 */
static void
test_none_left (void)
{
  g_autoptr (QueenTokens) before = parse ("a:" TOKEN "a\n", strlen ("a:" TOKEN "a\n"), NULL);
  g_autoptr (QueenTokens) after = NULL;
  g_autoptr (GError) error = NULL;

  former = before;
  after = parse ("# nobody\n", strlen ("# nobody\n"), &error);
  former = NULL;
  g_assert_no_error (error);
  g_assert_null (get_name (after, TOKEN "a"));
}

static void
test_numbers (void)
{
  static const char first[] = "a:" TOKEN "a\nb:" TOKEN "b\n";
  static const char second[] = "c:" TOKEN "c\nb:" TOKEN "b:read\nA:" TOKEN "a\n";
  g_autoptr (QueenTokens) before = parse (first, strlen (first), NULL);
  g_autoptr (QueenTokens) after = NULL;
  guint a = queen_tokens_lookup (before, TOKEN "a")->number;
  guint b = queen_tokens_lookup (before, TOKEN "b")->number;

  former = before;
  after = parse (second, strlen (second), NULL);
  former = NULL;
  g_assert_cmpuint (queen_tokens_lookup (after, TOKEN "b")->number, ==, b);
  g_assert_cmpstr (queen_tokens_find (after, b)->name, ==, "b");
  g_assert_null (queen_tokens_find (after, a)); /* another name, and so another number */
  g_assert_cmpuint (queen_tokens_lookup (after, TOKEN "a")->number, >, b);
  g_assert_cmpuint (queen_tokens_lookup (after, TOKEN "c")->number, >, b);
  g_assert_null (queen_tokens_find (after, 0));
}

/* A25: what is no file of a sane size is refused, and nothing waits for it. */
static void
test_kind (void)
{
  g_autofree char *folder = g_dir_make_tmp ("queen-tokens-XXXXXX", NULL);
  g_autofree char *fifo = g_build_filename (folder, "fifo", NULL);
  g_autofree char *large = g_build_filename (folder, "large", NULL);
  g_autofree char *text = g_strnfill (1024 * 1024 + 1, '#');
  const char *const paths[] = { fifo, folder, "/dev/zero", large, "/nonexistent" };
  const char *const said[] = { "is not a regular file", "is not a regular file",
                               "is not a regular file", "is over 1048576 bytes", "No such file" };

  g_assert_no_errno (mkfifo (fifo, 0600));
  g_assert_true (g_file_set_contents (large, text, -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_tokens_new_from_file (paths[i], NULL, &error));
      g_assert_true (g_str_has_prefix (error->message, paths[i]));
      g_assert_nonnull (strstr (error->message, said[i]));
      g_assert_null (strchr (error->message, '\n'));
    }
  g_assert_no_errno (g_unlink (fifo));
  g_assert_no_errno (g_unlink (large));
  g_assert_no_errno (g_rmdir (folder));
}

/* A file is as large as it may be, and every client costs no more than with a small one. */
static void
test_many (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (QueenTokens) tokens = NULL;

  for (int i = 0; text->len < 1024 * 1024 - 64; i++)
    g_string_append_printf (text, "worker-%d:token-number-%06d\n", i, i);
  tokens = parse (text->str, text->len, NULL);
  g_assert_cmpstr (get_name (tokens, "token-number-020000"), ==, "worker-20000");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/tokens/file/what-cannot-be-seen-is-named", test_invisible);
  g_test_add_func ("/tokens/file/odd-end-is-explained", test_odd_end);
  g_test_add_func ("/tokens/lookup/the-owner-of-exactly-that-token", test_lookup);
  g_test_add_func ("/tokens/nul/hides-nothing", test_nul);
  g_test_add_func ("/tokens/scopes/usual-ones-unless-named", test_scopes);
  g_test_add_func ("/tokens/same/a-name-may-have-several-but-a-token-one-name", test_same);
  g_test_add_func ("/tokens/number/stays-with-name-and-token", test_numbers);
  g_test_add_func ("/tokens/file/only-a-regular-one-of-a-sane-size", test_kind);
  g_test_add_func ("/tokens/file/many-lines", test_many);

  g_test_add_func ("/tokens/again/none-is-left", test_none_left);
  return g_test_run ();
}
