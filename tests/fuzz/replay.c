/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * replay NAME CORPUS: feeds a target what is in its corpus, without libFuzzer and whatever the
 * compiler. So an input that once broke something is tried for ever. */

#include <string.h>

#include "fuzz.h"

static void
replay (const char *folder, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *contents = NULL;
  g_autofree guint8 *exact = NULL; /* so that a sanitizer sees whoever reads on */
  gsize size;

  g_test_message ("%s", name);
  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  exact = g_memdup2 (contents, size);
  LLVMFuzzerTestOneInput (exact ? exact : (const guint8 *) "", size);
}

static void
test_corpus (gconstpointer folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) corpus = g_dir_open (folder, 0, &error);
  const char *name = corpus ? g_dir_read_name (corpus) : NULL;

  g_assert_no_error (error);
  g_assert_nonnull (name);
  for (; name; name = g_dir_read_name (corpus))
    replay (folder, name);
}

int
main (int argc, char **argv)
{
  g_autofree char *test = NULL;

  g_test_init (&argc, &argv, NULL);
  LLVMFuzzerInitialize (&argc, &argv);
  g_assert_cmpint (argc, ==, 3);

  test = g_strdup_printf ("/fuzz/%s/nothing-in-its-corpus-breaks-it", argv[1]);
  g_test_add_data_func (test, argv[2], test_corpus);
  return g_test_run ();
}
