/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "system/queen-memory.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake-clock.h"
#include "process/queen-overtime.h"
#include "system/queen-state-file.h"

#define MSEC 1000
#define NEVER (3600 * (gint64) G_USEC_PER_SEC)
#define DEADLINE (20 * (gint64) G_USEC_PER_SEC)

typedef struct
{
  char *directory;
  char *path; /* of the state in it */
  QueenCluster *cluster;
  QueenRegistry *workers; /* of the cluster */
  QueenRegistry *hives;   /* likewise */
  QueenMemory *memory;
  guint n_threads; /* while nothing is being written */
} Fixture;

static GThread *main_thread;
static gboolean is_disk_slow; /* so that the main thread must not even open it */

/* In the place of libc's. */
int
open (const char *path, int flags, ...)
{
  int mode;
  va_list args;

  va_start (args, flags);
  mode = va_arg (args, int);
  va_end (args);
  if (g_atomic_int_get (&is_disk_slow) && (flags & O_DIRECTORY))
    g_assert_true (g_thread_self () != main_thread);
  return (int) syscall (SYS_openat, AT_FDCWD, path, flags, mode);
}

static int is_disk_hung;

/* Likewise. */
int
fsync (int fd)
{
  while (g_atomic_int_get (&is_disk_hung))
    g_usleep (1000);
  return (int) syscall (SYS_fsync, fd);
}

/* What was logged as a warning or a message, one after the other. */
static GString *said;

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") &&
        (level & (G_LOG_LEVEL_WARNING | G_LOG_LEVEL_MESSAGE)))
      g_string_append_printf (said, "%s\n", (const char *) fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

static void
make_registries (Fixture *f)
{
  const QueenClusterSettings settings = { { &fake_clock, NEVER, NEVER, 200000 }, NEVER };

  f->cluster = queen_cluster_new (&settings);
  f->workers = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  f->hives = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_HIVE);
}

static QueenMemory *
make_memory (Fixture *f, gint64 delay, gint64 refresh)
{
  const QueenMemorySettings settings = {
    .clock = &fake_clock,
    .directory = f->directory,
    .cluster = f->cluster,
    .timeout = NEVER,
    .delay = delay,
    .refresh = refresh,
    .interval = MSEC,
  };

  return queen_memory_new (&settings);
}

static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (tasks))
    n++;
  return n;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->directory = g_dir_make_tmp ("queen-memory-XXXXXX", NULL);
  g_assert_nonnull (f->directory);
  f->path = g_build_filename (f->directory, "state", NULL);
  now = 1000 * G_USEC_PER_SEC;
  make_registries (f);
  f->n_threads = count_threads ();
  g_string_truncate (said, 0);
}

/* With all that may be in it, and no more. */
static void
remove_directory (Fixture *f)
{
  g_autofree char *lock = g_build_filename (f->directory, "lock", NULL);

  g_remove (f->path);
  g_remove (lock);
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->memory, queen_memory_free);
  g_assert_finalize_object (f->cluster);
  remove_directory (f);
  g_free (f->directory);
  g_free (f->path);
}

static void
beat (Fixture *f, const char *id, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  g_assert_true (queen_registry_update (f->workers, worker, "token:a", NULL));
}

static gboolean
has_written (Fixture *f, const char *text)
{
  g_autofree char *state = NULL;

  return g_file_get_contents (f->path, &state, NULL, NULL) && strstr (state, text);
}

/* Lets whatever is due be done, and what is written in a thread be written. */
static void
settle (Fixture *f)
{
  while (count_threads () > f->n_threads || g_main_context_pending (NULL))
    g_main_context_iteration (NULL, FALSE);
}

/* Lets time pass as the memory sees it. */
static void
pass (Fixture *f, gint64 span)
{
  for (gint64 end = now + span; now < end; now += MSEC)
    settle (f);
  settle (f);
}

/* Lets time pass until @text is in the state. */
static void
wait_for (Fixture *f, const char *text)
{
  for (gint64 end = now + DEADLINE; !has_written (f, text); pass (f, MSEC))
    g_assert_cmpint (now, <, end);
}

static QueenState *
load (Fixture *f)
{
  g_autoptr (QueenStateFile) file = queen_state_file_open (f->directory, NULL);

  g_assert_nonnull (file);
  return queen_state_file_load (file, NULL);
}

/* A9 */
static void
test_change (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenState) state = NULL;
  const QueenStateEntry *entry;

  f->memory = make_memory (f, 5 * MSEC, NEVER);
  g_assert_null (queen_memory_load (f->memory));
  queen_memory_start (f->memory, "abc");
  wait_for (f, "\"components\":0"); /* at once, so that a trouble is known early */
  beat (f, "w", QUEEN_STATUS_READY);
  wait_for (f, "\"status\":\"Ready\"");
  beat (f, "w", QUEEN_STATUS_STOPPED);
  wait_for (f, "\"status\":\"Stopped\"");

  g_clear_pointer (&f->memory, queen_memory_free); /* without an end */
  state = load (f);
  g_assert_false (state->is_whole);
  g_assert_cmpuint (state->entries[QUEEN_COMPONENT_WORKER]->len, ==, 1);
  entry = &g_array_index (state->entries[QUEEN_COMPONENT_WORKER], QueenStateEntry, 0);
  g_assert_cmpstr (entry->component->id, ==, "w");
  g_assert_cmpuint (entry->component->heartbeats, ==, 2);
  g_assert_cmpstr (entry->sender, ==, "token:a");
}

static void
test_heartbeats (Fixture *f, gconstpointer data)
{
  f->memory = make_memory (f, 5 * MSEC, NEVER);
  queen_memory_start (f->memory, "abc");
  beat (f, "w", QUEEN_STATUS_READY);
  wait_for (f, "\"heartbeats\":1");
  beat (f, "w", QUEEN_STATUS_READY);
  pass (f, 50 * MSEC);
  g_assert_true (has_written (f, "\"heartbeats\":1"));
  beat (f, "w", QUEEN_STATUS_BUSY);
  wait_for (f, "\"heartbeats\":3");
}

/* Or after a crash all would be thought to have been silent since something changed last. */
static void
test_refresh (Fixture *f, gconstpointer data)
{
  f->memory = make_memory (f, NEVER, 5 * MSEC);
  queen_memory_start (f->memory, "abc");
  wait_for (f, "\"components\":0");
  beat (f, "w", QUEEN_STATUS_READY);
  pass (f, 30 * MSEC);
  g_assert_true (has_written (f, "\"components\":0"));
  g_clear_pointer (&f->memory, queen_memory_free);

  f->memory = make_memory (f, NEVER, 5 * MSEC);
  queen_memory_start (f->memory, "abc");
  wait_for (f, "\"heartbeats\":1");
  beat (f, "w", QUEEN_STATUS_READY);
  wait_for (f, "\"heartbeats\":2");
}

/* Whoever comes when one kind was looked at, and another was not, is not forgotten. */
static void
test_between (Fixture *f, gconstpointer data)
{
  f->memory = make_memory (f, 5 * MSEC, NEVER);
  queen_memory_start (f->memory, "abc");
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmpuint (count_threads (), ==, f->n_threads);
  beat (f, "w", QUEEN_STATUS_READY);
  wait_for (f, "\"id\":\"w\"");
}

static void
test_end (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenState) state = NULL;
  g_autoptr (QueenState) again = NULL;

  f->memory = make_memory (f, NEVER, NEVER);
  queen_memory_start (f->memory, "abc");
  g_main_context_iteration (NULL, FALSE); /* something is being written when the end comes */
  beat (f, "w", QUEEN_STATUS_READY);
  queen_memory_end (f->memory, 17);
  g_clear_pointer (&f->memory, queen_memory_free);

  f->memory = make_memory (f, NEVER, NEVER);
  state = queen_memory_load (f->memory);
  g_assert_true (state->is_whole);
  g_assert_cmpstr (state->epoch, ==, "abc");
  g_assert_cmpuint (state->next, ==, 17);
  g_assert_cmpuint (state->entries[QUEEN_COMPONENT_WORKER]->len, ==, 1);
  g_clear_pointer (&f->memory, queen_memory_free); /* and is killed */
  again = load (f);
  g_assert_false (again->is_whole);
  g_assert_cmpuint (again->entries[QUEEN_COMPONENT_WORKER]->len, ==, 1);
  g_assert_cmpstr (said->str, ==, "");
}

/* By one with an id that an earlier version took, nobody else is forgotten. */
static void
test_unseen (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenState) state = NULL;

  f->memory = make_memory (f, NEVER, NEVER);
  queen_memory_start (f->memory, "abc");
  beat (f, "w\ufe0f", QUEEN_STATUS_READY);
  beat (f, "w", QUEEN_STATUS_READY);
  queen_memory_end (f->memory, 17);
  g_clear_pointer (&f->memory, queen_memory_free);

  f->memory = make_memory (f, NEVER, NEVER);
  state = queen_memory_load (f->memory);
  g_assert_true (state->is_whole);
  g_assert_cmpuint (state->entries[QUEEN_COMPONENT_WORKER]->len, ==, 1);
  g_assert_cmpstr (said->str, ==,
                   "left out 1 of who was remembered, as their names cannot be seen\n");
}

/* A24 */
static void
test_two_queens (Fixture *f, gconstpointer data)
{
  QueenMemory *second;
  g_autofree char *warning =
      g_strdup_printf ("nothing is remembered: another queen has %s\n", f->directory);

  f->memory = make_memory (f, 5 * MSEC, NEVER);
  queen_memory_start (f->memory, "abc");
  beat (f, "w", QUEEN_STATUS_READY);
  wait_for (f, "\"heartbeats\":1");

  second = make_memory (f, 5 * MSEC, NEVER);
  g_assert_null (queen_memory_load (second));
  queen_memory_start (second, "def");
  pass (f, 20 * MSEC);
  queen_memory_end (second, 99);
  queen_memory_free (second);
  g_assert_cmpstr (said->str, ==, warning);
  g_assert_true (has_written (f, "\"life\":\"abc\""));
}

/* Of two that overlap in a restart, the one that stays remembers. */
static void
test_successor (Fixture *f, gconstpointer data)
{
  QueenMemory *second;

  f->memory = make_memory (f, MSEC, NEVER);
  second = make_memory (f, MSEC, NEVER);
  queen_memory_start (second, "def");
  pass (f, 20 * MSEC);
  g_clear_pointer (&f->memory, queen_memory_free);
  f->memory = second;
  beat (f, "w", QUEEN_STATUS_READY);
  wait_for (f, "\"life\":\"def\"");
  while (!g_str_has_suffix (said->str, "what is known is remembered again\n"))
    pass (f, MSEC);
  g_string_truncate (said, 0);
}

/* Told once, however often it is tried, and once more when it is over. */
static void
test_trouble (Fixture *f, gconstpointer data)
{
  g_autofree char *obstacle = g_strconcat (f->path, ".new", NULL);
  g_autofree char *precious = g_build_filename (obstacle, "precious", NULL);
  g_autofree char *expected =
      g_strdup_printf ("nothing will be remembered: %s cannot be written: File exists\n", obstacle);

  g_assert_cmpint (g_mkdir (obstacle, 0700), ==, 0);
  g_assert_true (g_file_set_contents (precious, "", -1, NULL));
  f->memory = make_memory (f, MSEC, NEVER);
  queen_memory_start (f->memory, "abc");
  pass (f, 60 * MSEC);
  g_assert_cmpstr (said->str, ==, expected);
  g_assert_cmpint (g_unlink (precious), ==, 0);
  wait_for (f, "\"components\":0"); /* by itself */
  beat (f, "w", QUEEN_STATUS_READY);
  wait_for (f, "\"heartbeats\":1");
  g_assert_true (g_str_has_suffix (said->str, "\nwhat is known is remembered again\n"));
  g_assert_cmpuint (strlen (said->str), ==,
                    strlen (expected) + strlen ("what is known is remembered again\n"));
}

/* A directory that is not there yet, and one that is taken away and comes back. */
static void
test_directory (Fixture *f, gconstpointer data)
{
  g_assert_cmpint (g_rmdir (f->directory), ==, 0);
  f->memory = make_memory (f, MSEC, NEVER);
  g_assert_null (queen_memory_load (f->memory));
  queen_memory_start (f->memory, "abc");
  for (int i = 0; i < 2; i++)
    {
      pass (f, 20 * MSEC);
      g_assert_cmpint (g_mkdir (f->directory, 0700), ==, 0);
      wait_for (f, "\"components\":");
      if (i == 1)
        break;
      remove_directory (f);
      beat (f, "w", QUEEN_STATUS_READY);
    }
  pass (f, 20 * MSEC);
  g_assert_nonnull (strstr (said->str, "nothing is remembered: no state can be saved in "));
  g_assert_nonnull (strstr (said->str, "nothing will be remembered: "));
  g_assert_true (g_str_has_suffix (said->str, "what is known is remembered again\n"));
}

/* It may take long to find out that it is still away. */
static void
test_slow_directory (Fixture *f, gconstpointer data)
{
  f->memory = make_memory (f, NEVER, NEVER);
  queen_memory_start (f->memory, "abc");
  remove_directory (f);
  settle (f);
  g_assert_nonnull (strstr (said->str, "nothing will be remembered: "));
  g_atomic_int_set (&is_disk_slow, TRUE);
  pass (f, 10 * MSEC);
  settle (f);
  g_assert_cmpint (g_mkdir (f->directory, 0700), ==, 0);
  pass (f, 10 * MSEC);
  wait_for (f, "\"life\":\"abc\"");
  g_atomic_int_set (&is_disk_slow, FALSE);
}

/* One that is made anew just before the end. */
static void
test_directory_at_the_end (Fixture *f, gconstpointer data)
{
  f->memory = make_memory (f, NEVER, NEVER);
  queen_memory_start (f->memory, "abc");
  remove_directory (f);
  g_assert_cmpint (g_mkdir (f->directory, 0700), ==, 0);
  queen_memory_end (f->memory, 7);
  wait_for (f, "\"next\":7");
  g_assert_cmpstr (said->str, ==, "");
}

/* Whoever ends in the middle of a long writing does not wait for it. */
static void
test_end_in_the_middle (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 20000; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      beat (f, id, QUEEN_STATUS_READY);
    }
  f->memory = make_memory (f, NEVER, NEVER);
  queen_memory_start (f->memory, "abc");
  g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&f->memory, queen_memory_free);
  g_assert_cmpstr (said->str, ==, "");
}

/* The thread is left alone, and does no harm when the disk comes back. */
static void
test_hung_end (Fixture *f, gconstpointer data)
{
  queen_overtime_set_limit (50 * MSEC);
  f->memory = make_memory (f, NEVER, NEVER);
  beat (f, "w", QUEEN_STATUS_READY);
  g_atomic_int_set (&is_disk_hung, TRUE);
  if (data)
    {
      queen_memory_start (f->memory, "abc");
      g_main_context_iteration (NULL, FALSE); /* something is being written when the end comes */
    }
  queen_memory_end (f->memory, 17);
  g_clear_pointer (&f->memory, queen_memory_free);
  g_assert_cmpstr (said->str, ==, "what is known was not written: the disk does not answer\n");
  g_atomic_int_set (&is_disk_hung, FALSE);
  settle (f);
  queen_overtime_set_limit (NEVER);
}

#define add(path, function) g_test_add ("/memory/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  int code;

  said = g_string_new (NULL);
  main_thread = g_thread_self ();
  g_log_set_writer_func (write_log, NULL, NULL);
  g_test_init (&argc, &argv, NULL);

  add ("change/is-there-after-a-crash", test_change);
  add ("heartbeat/alone-is-no-change", test_heartbeats);
  add ("heartbeat/is-written-in-the-end", test_refresh);
  add ("change/between-two-kinds-is-not-lost", test_between);
  add ("end/whole-for-one-epoch", test_end);
  add ("unseen/left-out-and-said", test_unseen);
  add ("end/in-the-middle-of-a-writing", test_end_in_the_middle);
  add ("end/disk-hangs/given-up", test_hung_end);
  g_test_add ("/memory/end/disk-hangs-already/given-up", Fixture, "", set_up, test_hung_end,
              tear_down);
  add ("two-queens/the-second-remembers-nothing", test_two_queens);
  add ("two-queens/the-one-that-stays-remembers", test_successor);
  add ("trouble/told-once-and-when-it-is-over", test_trouble);
  add ("trouble/directory-that-comes-and-goes", test_directory);
  add ("trouble/directory-that-is-slow-to-open", test_slow_directory);
  add ("trouble/directory-made-anew-at-the-end", test_directory_at_the_end);

  code = g_test_run ();
  g_string_free (said, TRUE);
  return code;
}
