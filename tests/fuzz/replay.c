/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * replay NAME CORPUS: each file of a corpus is a test, without libFuzzer and whatever the compiler.
 * So an input that once broke something is tried for ever. */

#include <string.h>

#include "fuzz.h"

static void
test_file (gconstpointer path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *contents = NULL;
  g_autofree guint8 *exact = NULL; /* so that a sanitizer sees whoever reads on */
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  exact = g_memdup2 (contents, size);
  LLVMFuzzerTestOneInput (exact ? exact : (const guint8 *) "", size);
}

static void
add_file (const char *target, const char *folder, const char *name)
{
  g_autofree char *test = g_strdup_printf ("/fuzz/%s/%s", target, name);

  g_test_add_data_func_full (test, g_build_filename (folder, name, NULL), test_file, g_free);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) corpus = NULL;
  GList *names = NULL;
  const char *name;

  g_test_init (&argc, &argv, NULL);
  LLVMFuzzerInitialize (&argc, &argv);
  g_assert_cmpint (argc, ==, 3);

  corpus = g_dir_open (argv[2], 0, &error);
  g_assert_no_error (error);
  while ((name = g_dir_read_name (corpus)))
    names = g_list_insert_sorted (names, g_strdup (name), (GCompareFunc) strcmp);
  g_assert_nonnull (names);
  for (GList *link = names; link; link = link->next)
    add_file (argv[1], argv[2], link->data);
  g_list_free_full (names, g_free);
  return g_test_run ();
}
