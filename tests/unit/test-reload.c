/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "system/queen-reload.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "queen-file.h"

#define N_FILES 2

/* What is made of them. */
typedef struct
{
  char *texts[N_FILES];  /* NULL when there was an error */
  char *errors[N_FILES]; /* NULL when there was none */
} Made;

typedef struct
{
  char *directory;
  char *paths[N_FILES];
  Made *taken; /* last */
  guint n_taken;
  guint n_refused;
  int is_writing; /* atomic */
  QueenReload *reload;
} Fixture;

static int is_disk_hung;
static int n_hung;
static int is_making_hung;
static int n_made;
static int n_discarded;

/* In the place of libc's. */
int
open (const char *path, int flags, ...)
{
  int mode;
  va_list args;

  va_start (args, flags);
  mode = va_arg (args, int);
  va_end (args);
  if (gettid () != getpid () && strstr (path, "queen-reload-") && g_atomic_int_get (&is_disk_hung))
    {
      g_atomic_int_inc (&n_hung);
      while (g_atomic_int_get (&is_disk_hung))
        g_usleep (1000);
      g_atomic_int_add (&n_hung, -1);
    }
  return (int) syscall (SYS_openat, AT_FDCWD, path, flags, mode);
}

static void
discard (gpointer data)
{
  Made *made = data;

  for (guint i = 0; i < N_FILES; i++)
    {
      g_free (made->texts[i]);
      g_free (made->errors[i]);
    }
  g_free (made);
  g_atomic_int_inc (&n_discarded);
}

static gpointer
make (gpointer data, GError **error)
{
  Fixture *f = data;
  Made *made = g_new0 (Made, 1);

  g_assert_cmpint (gettid (), !=, getpid ());
  for (guint i = 0; i < N_FILES; i++)
    {
      g_autoptr (GError) file_error = NULL;
      gsize length = 0;

      made->texts[i] = queen_file_read (f->paths[i], 1000, &length, &file_error);
      made->errors[i] = file_error ? g_strdup (file_error->message) : NULL;
      if (made->texts[i])
        g_assert_cmpuint (strlen (made->texts[i]), ==, length);
    }
  g_atomic_int_inc (&n_made);
  while (g_atomic_int_get (&is_making_hung))
    g_usleep (1000);
  return made;
}

static void
take (gpointer made, const GError *error, gpointer data)
{
  Fixture *f = data;

  g_assert_cmpint (gettid (), ==, getpid ());
  g_assert_no_error (error);
  g_clear_pointer (&f->taken, discard);
  f->taken = made;
  f->n_taken++;
}

/* A part of which the files are no good. */
static gpointer
make_nothing (gpointer data, GError **error)
{
  g_set_error_literal (error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "nonsense");
  return NULL;
}

static void
take_nothing (gpointer made, const GError *error, gpointer data)
{
  g_assert_null (made);
  g_assert_cmpstr (error->message, ==, "nonsense");
  ((Fixture *) data)->n_refused++;
}

static void
write_file (Fixture *f, guint i, const char *text)
{
  g_assert_true (g_file_set_contents (f->paths[i], text, -1, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  QueenReloadFile files[N_FILES + 1] = { { NULL, TRUE, 1000 } };

  f->directory = g_dir_make_tmp ("queen-reload-XXXXXX", NULL);
  for (guint i = 0; i < N_FILES; i++)
    {
      f->paths[i] = g_strdup_printf ("%s/%u", f->directory, i);
      files[i + 1] = (QueenReloadFile){ f->paths[i], i == 0, 1000 };
      write_file (f, i, "one\n");
    }
  f->reload = queen_reload_new (&queen_clock_system, files, G_N_ELEMENTS (files));
  queen_reload_add_part (f->reload, &(QueenReloadPart){ make_nothing, take_nothing, discard, f });
  queen_reload_add_part (f->reload, &(QueenReloadPart){ make, take, discard, f });
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->reload, queen_reload_free);
  g_clear_pointer (&f->taken, discard);
  for (guint i = 0; i < N_FILES; i++)
    {
      g_unlink (f->paths[i]);
      g_free (f->paths[i]);
    }
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  g_free (f->directory);
}

static void
await_taken (Fixture *f, guint n)
{
  while (f->n_taken < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_whole (Fixture *f, gconstpointer data)
{
  queen_reload_ask (f->reload);
  await_taken (f, 1);
  g_assert_cmpstr (f->taken->texts[0], ==, "one\n");
  g_assert_cmpstr (f->taken->texts[1], ==, "one\n");
}

/* Not all that end without a line break are half-written: who had a second has had its time. */
static void
test_torn (Fixture *f, gconstpointer data)
{
  write_file (f, 0, "one\ntw");
  write_file (f, 1, "tw");
  queen_reload_ask (f->reload);
  await_taken (f, 1);
  g_assert_cmpstr (f->taken->texts[0], ==, "one\ntw");
  g_assert_cmpstr (f->taken->texts[1], ==, "tw");
}

static gpointer
write_on (gpointer data)
{
  Fixture *f = data;

  while (g_atomic_int_get (&f->is_writing))
    {
      write_file (f, 0, "one\nx");
      write_file (f, 0, "one\nxx");
    }
  return NULL;
}

/* Whoever writes takes longer than that: it would be a token cut off. */
static void
test_slow (Fixture *f, gconstpointer data)
{
  GThread *thread;

  write_file (f, 0, "one\nx");
  g_atomic_int_set (&f->is_writing, TRUE);
  thread = g_thread_new ("writer", write_on, f);
  queen_reload_ask (f->reload);
  await_taken (f, 1);
  g_atomic_int_set (&f->is_writing, FALSE);
  g_thread_join (thread);
  g_assert_null (f->taken->texts[0]);
  g_assert_nonnull (strstr (f->taken->errors[0], "/0: is being written all the time"));
}

/* As it is between the two steps of `cp`, and as none is between those of who swaps links. */
static void
test_missing (Fixture *f, gconstpointer data)
{
  write_file (f, 0, "");
  g_assert_cmpint (g_unlink (f->paths[1]), ==, 0);
  queen_reload_ask (f->reload);
  await_taken (f, 1);
  g_assert_nonnull (strstr (f->taken->errors[0], "/0: is empty"));
  g_assert_nonnull (strstr (f->taken->errors[1], "No such file"));
}

static void
test_finished (Fixture *f, gconstpointer data)
{
  write_file (f, 0, "one\ntw");
  g_assert_cmpint (g_unlink (f->paths[1]), ==, 0);
  queen_reload_ask (f->reload);
  g_main_context_iteration (NULL, TRUE); /* it is being read */
  write_file (f, 0, "one\ntwo\n");
  write_file (f, 1, "two\n");
  await_taken (f, 1);
  g_assert_cmpstr (f->taken->texts[0], ==, "one\ntwo\n");
  g_assert_cmpstr (f->taken->texts[1], ==, "two\n");
}

static void
hang_disk (Fixture *f)
{
  g_atomic_int_set (&is_disk_hung, TRUE);
  queen_reload_ask (f->reload);
  while (g_atomic_int_get (&n_hung) == 0)
    g_main_context_iteration (NULL, FALSE);
}

static void
free_disk (void)
{
  g_atomic_int_set (&is_disk_hung, FALSE);
  while (g_atomic_int_get (&n_hung) > 0)
    g_usleep (1000);
}

static void
test_often (Fixture *f, gconstpointer data)
{
  hang_disk (f);
  for (guint i = 0; i < 10000; i++)
    queen_reload_ask (f->reload);
  g_assert_cmpuint (f->n_taken, ==, 0);
  write_file (f, 0, "two\n");
  free_disk ();
  await_taken (f, 2);
  g_assert_cmpstr (f->taken->texts[0], ==, "two\n");
  g_assert_false (g_main_context_pending (NULL));
}

static void
test_hung (Fixture *f, gconstpointer data)
{
  hang_disk (f);
  g_clear_pointer (&f->reload, queen_reload_free);
  free_disk ();
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (f->n_taken, ==, 0);
}

/* What does not go is told of, and others go on. */
static void
test_parts (Fixture *f, gconstpointer data)
{
  queen_reload_ask (f->reload);
  await_taken (f, 1);
  g_assert_cmpuint (f->n_refused, ==, 1);
}

static gpointer
let_go_on (gpointer data)
{
  g_usleep (100 * 1000);
  g_atomic_int_set (&is_making_hung, FALSE);
  return NULL;
}

/* What it is made for is there until it is made, and then nobody takes it. */
static void
test_freed (Fixture *f, gconstpointer data)
{
  int n_before = g_atomic_int_get (&n_made), n_discarded_before = g_atomic_int_get (&n_discarded);
  GThread *thread;

  g_atomic_int_set (&is_making_hung, TRUE);
  queen_reload_ask (f->reload);
  while (g_atomic_int_get (&n_made) == n_before)
    g_main_context_iteration (NULL, FALSE);
  thread = g_thread_new ("disk", let_go_on, NULL);
  g_clear_pointer (&f->reload, queen_reload_free);
  g_assert_false (g_atomic_int_get (&is_making_hung));
  g_thread_join (thread);
  while (g_atomic_int_get (&n_discarded) == n_discarded_before)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (f->n_taken, ==, 0);
}

#define add(path, function) g_test_add ("/reload/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("whole/taken", test_whole);
  add ("no-line-break/taken-after-a-second", test_torn);
  add ("written-all-the-time/refused", test_slow);
  add ("empty-or-gone/refused", test_missing);
  add ("finished-within-a-second/taken", test_finished);
  add ("asked-ten-thousand-times/read-twice", test_often);
  add ("disk-hangs/nobody-waits", test_hung);

  add ("parts/made-in-a-thread-and-taken-each-by-itself", test_parts);
  add ("freed-while-something-is-made/waits-for-that", test_freed);

  return g_test_run ();
}
