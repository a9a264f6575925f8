/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "system/queen-state-file.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-error.h"

typedef struct
{
  char *directory;
  char *path;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->directory = g_dir_make_tmp ("queen-state-XXXXXX", &error);
  g_assert_no_error (error);
  f->path = g_build_filename (f->directory, "state", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "state", "state.new", "state.broken", "lock" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (f->directory, names[i], NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (f->directory), ==, 0); /* and nothing else was left in it */
  g_free (f->directory);
  g_free (f->path);
}

static QueenStateFile *
open_file (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  QueenStateFile *file = queen_state_file_open (f->directory, &error);

  g_assert_no_error (error);
  return file;
}

static void
write_state (Fixture *f, guint64 next, gboolean is_whole)
{
  g_autoptr (QueenStateFile) file = open_file (f);
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (GError) error = NULL;

  state->is_whole = is_whole;
  state->epoch = g_strdup ("a");
  state->next = next;
  g_assert_true (queen_state_file_save (file, state, NULL, &error));
  g_assert_no_error (error);
}

static void
save (Fixture *f, guint64 next)
{
  write_state (f, next, TRUE);
}

static gboolean
has (Fixture *f, const char *name)
{
  g_autofree char *path = g_build_filename (f->directory, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_SYMLINK);
}

static void
assert_loads (Fixture *f, guint64 next, gboolean is_whole)
{
  g_autoptr (QueenStateFile) file = open_file (f);
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenState) state = queen_state_file_load (file, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (state ? state->next : 0, ==, next);
  g_assert_cmpint (state && state->is_whole, ==, is_whole);
}

static void
assert_set_aside (Fixture *f, const char *problem)
{
  g_autoptr (QueenStateFile) file = open_file (f);
  g_autoptr (GError) error = NULL;

  g_assert_null (queen_state_file_load (file, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, "/state is set aside as state.broken: "));
  g_assert_nonnull (strstr (error->message, problem));
  g_assert_false (has (f, "state"));
  g_assert_true (has (f, "state.broken"));
  g_clear_pointer (&file, queen_state_file_free);
  assert_loads (f, 0, FALSE); /* told once */
}

static void
test_once (Fixture *f, gconstpointer data)
{
  assert_loads (f, 0, FALSE);
  save (f, 5);
  assert_loads (f, 5, TRUE);
  assert_loads (f, 5, FALSE); /* who is known is there, but no number is given out twice */
  assert_loads (f, 5, FALSE);
  save (f, 6);
  save (f, 7);
  assert_loads (f, 7, TRUE);
  write_state (f, 8, FALSE);
  assert_loads (f, 8, FALSE);
}

/* What can be read, but has another form, is taken as whole only if it goes. */
static void
test_other_form (Fixture *f, gconstpointer data)
{
  static const char *const headers[] = {
    "{\"format\":\"queen-rbee state\",\"version\":1,",
    "{\"format\":\"queen-rbee state\", \"version\":2,\"whole\":1,",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autofree char *text = g_strconcat (
          headers[i],
          "\"written_at\":\"2025-10-24T20:11:00Z\",\"life\":\"a\",\"next\":9,\"components\":0}\n",
          NULL);

      g_assert_true (g_file_set_contents (f->path, text, -1, NULL));
      assert_loads (f, 9, TRUE);
      assert_loads (f, 0, FALSE);
    }
}

/* A24 */
static void
test_lock (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenStateFile) first = open_file (f);
  g_autoptr (GError) error = NULL;

  g_assert_null (queen_state_file_open (f->directory, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_CONFLICT);
  g_assert_true (g_str_has_prefix (error->message, "another queen has /"));
  g_clear_pointer (&first, queen_state_file_free);
  first = open_file (f);
}

/* Whoever may look into the directory could keep her from remembering. */
static void
test_locked_by_stranger (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->directory, "lock", NULL);
  int directory = open (f->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (QueenStateFile) file = NULL;
  struct stat status;

  g_assert_cmpint (flock (directory, LOCK_EX), ==, 0);
  file = open_file (f);
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  close (directory);
}

static void
test_cancelled (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenStateFile) file = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (GError) error = NULL;

  save (f, 5);
  file = open_file (f);
  state->epoch = g_strdup ("a");
  state->next = 6;
  g_cancellable_cancel (cancellable);
  g_assert_false (queen_state_file_save (file, state, cancellable, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
  g_assert_false (has (f, "state.new"));
  g_clear_pointer (&file, queen_state_file_free);
  assert_loads (f, 5, TRUE);
}

static void
test_mode (Fixture *f, gconstpointer data)
{
  mode_t before = umask (0);
  struct stat status;

  save (f, 5);
  umask (before);
  g_assert_cmpint (stat (f->path, &status), ==, 0);
  g_assert_cmpint (status.st_mode, ==, S_IFREG | 0600);
}

/* One who was killed while it wrote, and one who had laid a trap there. */
static void
test_unfinished (Fixture *f, gconstpointer data)
{
  g_autofree char *unfinished = g_strconcat (f->path, ".new", NULL);

  g_assert_true (g_file_set_contents (unfinished, "{\"format\"", -1, NULL));
  save (f, 5);
  g_assert_false (has (f, "state.new"));
  assert_loads (f, 5, TRUE);

  g_assert_cmpint (symlink ("/dev/full", unfinished), ==, 0);
  save (f, 6);
  assert_loads (f, 6, TRUE);

  g_assert_cmpint (g_mkdir (unfinished, 0700), ==, 0);
  save (f, 7);
  assert_loads (f, 7, TRUE);
}

/* A folder with something in it is somebody's, and it is said where it is. */
static void
test_obstacle (Fixture *f, gconstpointer data)
{
  g_autofree char *obstacle = g_strconcat (f->path, ".new", NULL);
  g_autofree char *precious = g_build_filename (obstacle, "precious", NULL);
  g_autofree char *said = g_strconcat (obstacle, " cannot be written: File exists", NULL);
  g_autoptr (QueenStateFile) file = open_file (f);
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (obstacle, 0700), ==, 0);
  g_assert_true (g_file_set_contents (precious, "", -1, NULL));
  g_assert_false (queen_state_file_save (file, state, NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
  g_assert_cmpstr (error->message, ==, said);
  g_assert_cmpint (g_unlink (precious), ==, 0);
}

static void
test_garbage (Fixture *f, gconstpointer data)
{
  g_assert_true (g_file_set_contents (f->path, "garbage\n", -1, NULL));
  assert_set_aside (f, "line 1: not valid JSON");
  save (f, 5); /* and the next epoch is none the wiser */
  assert_loads (f, 5, TRUE);
  g_assert_true (g_file_set_contents (f->path, "", -1, NULL));
  assert_set_aside (f, "line 1: the text ends too early");
}

static void
test_endless (Fixture *f, gconstpointer data)
{
  g_assert_true (g_file_set_contents (f->path, "", -1, NULL));
  g_assert_cmpint (truncate (f->path, G_GINT64_CONSTANT (1) << 40), ==, 0);
  assert_set_aside (f, "line 1: it has no end");
}

/* To open some of them is to wait for ever. */
static void
test_no_file (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (mkfifo (f->path, 0600), ==, 0);
  assert_set_aside (f, "it is no file");
  g_assert_cmpint (symlink ("/dev/zero", f->path), ==, 0);
  assert_set_aside (f, "it cannot be opened");
  g_assert_cmpint (symlink (f->path, f->path), ==, 0);
  assert_set_aside (f, "it cannot be opened");
}

static void
test_folder (Fixture *f, gconstpointer data)
{
  g_autofree char *aside = g_strconcat (f->path, ".broken", NULL);

  g_assert_cmpint (g_mkdir (f->path, 0700), ==, 0);
  assert_set_aside (f, "it is no file");

  /* There the folder stays in the way of the next one, and of what is to be left. */
  g_assert_true (g_file_set_contents (f->path, "garbage\n", -1, NULL));
  {
    g_autoptr (QueenStateFile) file = open_file (f);
    g_autoptr (GError) error = NULL;

    g_assert_null (queen_state_file_load (file, &error));
    g_assert_nonnull (strstr (error->message, "cannot even be set aside (Is a directory)"));
  }
  save (f, 5);
  assert_loads (f, 5, TRUE);
  g_assert_cmpint (g_rmdir (aside), ==, 0);
}

static void
test_no_lock (Fixture *f, gconstpointer data)
{
  g_autofree char *lock = g_build_filename (f->directory, "lock", NULL);
  g_autofree char *said =
      g_strdup_printf ("no state can be saved in %s without its file “lock”: Is a directory",
                       f->directory);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (lock, 0700), ==, 0);
  g_assert_null (queen_state_file_open (f->directory, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
  g_assert_cmpstr (error->message, ==, said);
}

static void
test_no_directory (Fixture *f, gconstpointer data)
{
  g_autofree char *missing = g_strconcat (f->path, "/missing", NULL);
  const char *const directories[] = { missing, f->path, "/dev/null", "" };

  g_assert_true (g_file_set_contents (f->path, "", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (directories); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_state_file_open (directories[i], &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_STATE);
    }
}

/* D10: what stands behind the path in a file of settings is part of it. */
static void
test_odd_end (Fixture *f, gconstpointer data)
{
  static const char *const rows[][2] = {
    { "/nonexistent\u200b", ": it has the invisible U+200B" },
    { "/nonexistent # s", ": a comment needs a line of its own" },
    { "/nonexistent ", ": it ends with a blank" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (queen_state_file_open (rows[i][0], &error));
      g_assert_true (g_str_has_suffix (error->message, rows[i][1]));
    }
}

#define add(path, function)                                                                        \
  g_test_add ("/state-file/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("take/the-last-one-and-whole-only-once", test_once);
  add ("take/of-another-form-and-gone", test_other_form);
  add ("lock/one-queen-at-a-time", test_lock);
  add ("lock/by-queens-only", test_locked_by_stranger);
  add ("write/cancelled-leaves-what-was-there", test_cancelled);
  add ("leave/for-nobody-elses-eyes", test_mode);
  add ("leave/over-an-unfinished-one", test_unfinished);
  add ("leave/not-over-what-is-somebodys", test_obstacle);
  add ("broken/garbage-is-set-aside", test_garbage);
  add ("broken/endless-is-set-aside", test_endless);
  add ("broken/what-is-no-file-is-set-aside", test_no_file);
  add ("broken/a-folder-is-set-aside", test_folder);
  add ("directory/without-a-lock-says-so", test_no_lock);
  add ("directory/that-is-none-is-an-error", test_no_directory);
  add ("directory/odd-end-is-explained", test_odd_end);

  return g_test_run ();
}
