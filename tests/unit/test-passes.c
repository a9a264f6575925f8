/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gstdio.h>
#include <string.h>

#include "jobs/queen-passes.h"
#include "queen-error.h"

#define OLD "0123456789abcdef0123456789abcdef"
#define NEW "fedcba9876543210fedcba9876543210"
#define NOW (G_GINT64_CONSTANT (1795770000) * G_USEC_PER_SEC)

static const QueenPass usual = { "GET", "/v1/jobs/job-1/stream", "http://127.0.0.1:8500",
                                 "token:al;ice\xc3\xa9 %", FALSE };

static QueenPasses *
read_passes_of (const char *text, gsize length, GError **error)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("queen-passes-XXXXXX", &path, NULL);
  QueenPasses *passes;

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_close (fd, NULL));
  g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
  passes = queen_passes_new_from_file (path, error);
  g_unlink (path);
  return passes;
}

static QueenPasses *
read_passes (const char *text, GError **error)
{
  return read_passes_of (text, strlen (text), error);
}

static gboolean
is_taken (const char *tokens, const char *text, const QueenPass *pass, gint64 now)
{
  g_autoptr (QueenPasses) passes = read_passes (tokens, NULL);
  g_autoptr (GError) error = NULL;
  gboolean is_good = queen_passes_check (passes, text, pass, now, &error);

  if (!is_good)
    g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN);
  return is_good;
}

static void
test_shown (void)
{
  g_autoptr (QueenPasses) passes = read_passes ("# ours\n\n " OLD " \r\n", NULL);
  g_autofree char *text = queen_passes_make (passes, &usual, NOW);
  g_autofree char *user = NULL;
  gboolean is_admin = TRUE;

  g_assert_null (strstr (text, OLD));
  g_assert_true (is_taken (OLD, text, &usual, NOW));
  user = queen_pass_dup_user (text, &is_admin);
  g_assert_cmpstr (user, ==, usual.user);
  g_assert_false (is_admin);
}

/* For nothing but what it was made for, and not for long. */
static void
test_for_one_question (void)
{
  g_autoptr (QueenPasses) passes = read_passes (OLD "\n", NULL);
  g_autofree char *text = queen_passes_make (passes, &usual, NOW);
  const QueenPass others[] = {
    { "DELETE", usual.path, usual.address },
    { usual.method, "/v1/jobs/job-2/stream", usual.address },
    { usual.method, usual.path, "http://127.0.0.1:8501" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (is_taken (OLD, text, &others[i], NOW));
  g_assert_true (is_taken (OLD, text, &usual, NOW + 59 * G_USEC_PER_SEC));
  g_assert_true (is_taken (OLD, text, &usual, NOW - 59 * G_USEC_PER_SEC));
  g_assert_false (is_taken (OLD, text, &usual, NOW + 62 * G_USEC_PER_SEC));
  g_assert_false (is_taken (OLD, text, &usual, NOW - 62 * G_USEC_PER_SEC));
  g_assert_false (is_taken (NEW, text, &usual, NOW));
}

/* Whoever changes one letter of it has none. */
static void
test_forged (void)
{
  static const char *const rubbish[] = { "",
                                         ";",
                                         ";;;",
                                         "x;user;a;b",
                                         "1795770000;user;a",
                                         "-1;user;a;b",
                                         "99999999999999999999;user;a;b" };
  g_autoptr (QueenPasses) passes = read_passes (OLD "\n", NULL);
  g_autofree char *text = queen_passes_make (passes, &usual, NOW);
  g_autofree char *huge = g_strnfill (100000, ';');

  for (char *letter = text; *letter; letter++)
    {
      *letter ^= 1;
      g_assert_false (is_taken (OLD, text, &usual, NOW));
      *letter ^= 1;
    }
  for (guint i = 0; i < G_N_ELEMENTS (rubbish); i++)
    g_assert_false (is_taken (OLD, rubbish[i], &usual, NOW));
  g_assert_false (is_taken (OLD, huge, &usual, NOW));
}

/* What an editor or a disk has put there hides no token. */
static void
test_odd_bytes (void)
{
  static const char file[] = "\xef\xbb\xbf" OLD "\n\0\n" NEW "\n";
  g_autoptr (QueenPasses) passes = read_passes_of (file, sizeof file - 1, NULL);
  g_autoptr (QueenPasses) old = read_passes (OLD, NULL);
  g_autoptr (QueenPasses) new = read_passes (NEW, NULL);
  g_autofree char *by_old = queen_passes_make (old, &usual, NOW);
  g_autofree char *by_new = queen_passes_make (new, &usual, NOW);

  g_assert_nonnull (passes);
  g_assert_true (queen_passes_check (passes, by_old, &usual, NOW, NULL));
  g_assert_true (queen_passes_check (passes, by_new, &usual, NOW, NULL));
}

/* All queens cannot read a file in the same moment. */
static void
test_changed_without_a_gap (void)
{
  static const char *const files[] = { OLD, OLD "\n" NEW, NEW "\n" OLD, NEW };

  for (guint i = 0; i + 1 < G_N_ELEMENTS (files); i++)
    for (guint j = i; j < i + 2; j++)
      {
        g_autoptr (QueenPasses) passes = read_passes (files[j], NULL);
        g_autofree char *text = queen_passes_make (passes, &usual, NOW);

        g_assert_true (is_taken (files[i], text, &usual, NOW));
        g_assert_true (is_taken (files[i + 1], text, &usual, NOW));
      }
}

static void
test_bad_files (void)
{
  static const char *const files[] = { "",
                                       "# nothing\n",
                                       "short",
                                       OLD " " OLD,
                                       OLD "\xc3\xa9",
                                       OLD "\n" OLD "\n" OLD "\n" OLD "\n" OLD "\n" OLD "\n" OLD
                                           "\n" OLD "\n" OLD };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_passes (files[i], &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
      g_assert_null (strstr (error->message, OLD));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/passes/shown", test_shown);
  g_test_add_func ("/passes/for-one-question", test_for_one_question);
  g_test_add_func ("/passes/forged", test_forged);
  g_test_add_func ("/passes/changed-without-a-gap", test_changed_without_a_gap);
  g_test_add_func ("/passes/odd-bytes-hide-none", test_odd_bytes);
  g_test_add_func ("/passes/bad-files", test_bad_files);
  return g_test_run ();
}
