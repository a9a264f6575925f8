/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "agent/queen-worker-file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

/* One file, and what is wrong with it, or NULL. */
static const struct
{
  const char *name;
  const char *text;
  const char *said;
} cases[] = {
  { "least", "[Worker]\nUrl=http://127.0.0.1:8080\n", NULL },
  { "all",
    "[Worker]\nId=w\nUrl=https://[::1]:8080/base\nModel=m\nDevice=GPU-0\nSlots=4\n"
    "Advertise=http://10.0.0.7:80\n",
    NULL },
  { "no-url", "[Worker]\nModel=m\n", "Url= is missing" },
  { "unknown-key", "[Worker]\nUrl=http://a\nUrll=x\n", "Urll: is none of" },
  { "other-group", "[Worker]\nUrl=http://a\n[Other]\n", "more than [Worker]" },
  { "no-group", "Url=http://a\n", "group" },
  { "empty-text", "[Worker]\nUrl=http://a\nModel=\n", "Model: is empty" },
  { "bad-scheme", "[Worker]\nUrl=ftp://a\n", "is not an address" },
  { "password", "[Worker]\nUrl=http://me:secret@a\n", "is not an address" },
  { "query", "[Worker]\nUrl=http://a/?b\n", "is not an address" },
  { "bad-advertise", "[Worker]\nUrl=http://a\nAdvertise=nowhere\n", "Advertise: “nowhere”" },
  { "no-slots", "[Worker]\nUrl=http://a\nSlots=0\n", "Slots: is no number" },
  { "words-for-slots", "[Worker]\nUrl=http://a\nSlots=many\n", "Slots: is no number" },
  { "unseen",
    "[Worker]\nUrl=http://a\nModel=a\xe2\x80\xae"
    "b\n",
    "signs that nobody sees" },
  { "not-utf-8", "[Worker]\nUrl=http://a\nModel=\xff\n", "UTF-8" },
  { "empty", "", "group" },
};

static void
test_parse (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenWorkerFile) file =
      queen_worker_file_parse (cases[i].text, strlen (cases[i].text), "name", &error);

  if (cases[i].said)
    {
      g_assert_null (file);
      if (!strstr (error->message, cases[i].said))
        g_error ("%s", error->message);
      return;
    }
  g_assert_no_error (error);
  g_assert_true (queen_worker_file_equal (file, file));
  g_assert_cmpstr (file->settings.id, ==, strstr (cases[i].text, "Id=") ? "w" : "name");
}

/* A directory with one file; the test says who may do what there. */
typedef struct
{
  char *directory;
  char *path;
  GPtrArray *complaints;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("queen-workers-XXXXXX", NULL);
  f->path = g_build_filename (f->directory, "a.worker", NULL);
  f->complaints = g_ptr_array_new_with_free_func (g_free);
  g_assert_true (g_file_set_contents (f->path, "[Worker]\nUrl=http://127.0.0.1:1\n", -1, NULL));
  g_assert_cmpint (g_chmod (f->path, 0644), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_chmod (f->directory, 0700);
  g_remove (f->path);
  g_rmdir (f->path);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_ptr_array_unref (f->complaints);
  g_free (f->path);
  g_free (f->directory);
}

static void
assert_left_out (Fixture *f, const char *said)
{
  g_autoptr (GPtrArray) files = queen_worker_file_list (f->directory, f->complaints, NULL);

  g_assert_cmpuint (files->len, ==, 0);
  g_assert_cmpuint (f->complaints->len, ==, 1);
  g_assert_nonnull (strstr (g_ptr_array_index (f->complaints, 0), said));
}

static void
test_good (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) files = queen_worker_file_list (f->directory, f->complaints, NULL);

  g_assert_cmpuint (files->len, ==, 1);
  g_assert_cmpuint (f->complaints->len, ==, 0);
  g_assert_cmpstr (((QueenWorkerFile *) g_ptr_array_index (files, 0))->settings.id, ==, "a");
}

static void
test_writable (Fixture *f, gconstpointer data)
{
  g_chmod (f->path, (mode_t) GPOINTER_TO_UINT (data));
  assert_left_out (f, "others may write there");
}

static void
test_large (Fixture *f, gconstpointer data)
{
  g_autofree char *text = g_strnfill (QUEEN_WORKER_FILE_MAX + 1, '#');

  g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
  g_chmod (f->path, 0644);
  assert_left_out (f, "is over 65536 bytes");
}

static void
test_pipe (Fixture *f, gconstpointer data)
{
  g_remove (f->path);
  g_assert_cmpint (mkfifo (f->path, 0644), ==, 0);
  assert_left_out (f, "is not a regular file");
}

static void
test_directory (Fixture *f, gconstpointer data)
{
  g_remove (f->path);
  g_assert_cmpint (g_mkdir (f->path, 0755), ==, 0);
  assert_left_out (f, "is not a regular file");
}

static void
test_open_to_all (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_chmod (f->directory, 0777);
  g_assert_null (queen_worker_file_list (f->directory, f->complaints, &error));
  g_assert_nonnull (strstr (error->message, "others may write there"));
}

static void
test_not_a_directory (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (queen_worker_file_list (f->path, f->complaints, &error));
  g_assert_nonnull (strstr (error->message, f->path));
}

static void
add (const char *path, gconstpointer data, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, data, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/worker-file/text/", cases[i].name, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_parse);
    }
  add ("/worker-file/file/good", NULL, test_good);
  add ("/worker-file/file/group-may-write", GUINT_TO_POINTER (0664), test_writable);
  add ("/worker-file/file/all-may-write", GUINT_TO_POINTER (0646), test_writable);
  add ("/worker-file/file/too-large", NULL, test_large);
  add ("/worker-file/file/pipe", NULL, test_pipe);
  add ("/worker-file/file/directory", NULL, test_directory);
  add ("/worker-file/directory/all-may-write", NULL, test_open_to_all);
  add ("/worker-file/directory/is-none", NULL, test_not_a_directory);
  return g_test_run ();
}
