/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A restart without amnesia: what the queen takes up where she stopped, and what she does when that
 * is not to be had. */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus-client.h"
#include "bus-daemon.h"
#include "queen-process.h"
#include "sse-client.h"

typedef struct
{
  char *directory;
  char *path;   /* of the state in it */
  char *option; /* that names it */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  f->directory = g_dir_make_tmp ("queen-restart-XXXXXX", &error);
  g_assert_no_error (error);
  f->path = g_build_filename (f->directory, "state", NULL);
  f->option = g_strconcat ("--state-directory=", f->directory, NULL);
}

/* With all that may be in it, and no more. */
static void
remove_directory (const char *directory)
{
  static const char *const names[] = { "state", "state.broken", "lock" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (directory, names[i], NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_directory (f->directory);
  g_free (f->directory);
  g_free (f->path);
  g_free (f->option);
}

/* No pulse, and time enough: the events are those of the test alone. */
static QueenProcess *
start (Fixture *f, const char *option)
{
  return queen_process_start ("--heartbeat-interval=1h", "--timeout=1h", f->option, option, NULL);
}

static char *
get_body (guint16 port, const char *path)
{
  g_autoptr (HttpAnswer) answer = http_get (port, path);

  g_assert_cmpuint (answer->status, ==, 200);
  return g_strdup (answer->body);
}

/* Beats, and returns the id of the event that this is. */
static char *
beat (guint16 port, const char *kind, const char *id, const char *status)
{
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (SseFrame) frame = NULL;

  http_beat (port, kind, id, status);
  frame = sse_client_next (client);
  return g_strdup (frame->id);
}

static SseClient *
resume (guint16 port, const char *id)
{
  g_autofree char *header = g_strdup_printf ("Last-Event-ID: %s\r\n", id);

  return sse_client_subscribe (port, NULL, header);
}

static void
assert_lagged (SseClient *client, const char *data)
{
  g_autoptr (SseFrame) frame = sse_client_next (client);

  g_assert_cmpstr (frame->event, ==, "lagged");
  g_assert_cmpstr (frame->data, ==, data);
}

static guint64
get_number (const char *id)
{
  return g_ascii_strtoull (strchr (id, '-') + 1, NULL, 10);
}

static char *
read_state (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (f->path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* Lets time have passed: what the state says of it is replaced. */
static void
edit_state (Fixture *f, const char *pattern, const char *replacement)
{
  g_autofree char *text = read_state (f);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autofree char *edited = g_regex_replace (regex, text, -1, 0, replacement, 0, NULL);

  g_assert_cmpstr (edited, !=, text);
  g_assert_true (g_file_set_contents (f->path, edited, -1, NULL));
}

/* Ends a queen that has something to complain of, but exits well all the same.
 *
 * Returns: what she said */
static char *
stop_complaining (QueenProcess *queen)
{
  char *said;

  queen_process_signal (queen, SIGTERM);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
  said = queen_process_dup_stderr (queen);
  g_assert_null (strstr (said, "CRITICAL"));
  queen_process_free (queen);
  return said;
}

static guint
count (const char *text, const char *word)
{
  g_auto (GStrv) pieces = g_strsplit (text, word, -1);

  return g_strv_length (pieces) - 1;
}

/* Who is known */

static void
test_as_it_was (Fixture *f, gconstpointer data)
{
  static const char *const paths[] = { "/v1/workers", "/v1/hives" };
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autoptr (HttpAnswer) worker =
      http_post (queen_process_get_port (queen), "/v1/worker-heartbeat",
                 "{\"worker\":{\"id\":\"a\\\"}{/é\",\"status\":\"busy\",\"model_id\":"
                 "\"m\\u20acü\",\"device\":\"GPU-0\",\"port\":9301,\"implementation\":\"i\","
                 "\"version\":\"1\",\"hostname\":\"n\",\"hive_id\":\"h\"}}");
  g_autoptr (HttpAnswer) hive =
      http_post (queen_process_get_port (queen), "/v1/hive-heartbeat",
                 "{\"hive\":{\"id\":\"h\",\"operational_status\":\"ready\",\"health_status\":"
                 "{\"status\":\"degraded\",\"reason\":\"disk\"}}}");
  char *before[G_N_ELEMENTS (paths)];

  g_assert_cmpuint (worker->status, ==, 200);
  g_assert_cmpuint (hive->status, ==, 200);
  http_beat (queen_process_get_port (queen), "worker", "gone", "stopped");
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    before[i] = get_body (queen_process_get_port (queen), paths[i]);

  for (int boot = 0; boot < 3; boot++)
    {
      g_clear_pointer (&queen, queen_process_stop);
      queen = start (f, NULL);
      for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
        {
          g_autofree char *after = get_body (queen_process_get_port (queen), paths[i]);

          g_assert_cmpstr (after, ==, before[i]);
        }
    }
  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_free (before[i]);
}

static void
test_no_flap (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autofree char *last = NULL;
  g_autoptr (SseFrame) snapshot = NULL;
  g_autoptr (SseClient) client = NULL;
  g_autofree char *workers = NULL;
  g_autofree char *hives = NULL;

  http_beat (queen_process_get_port (queen), "worker", "w2", "ready");
  http_beat (queen_process_get_port (queen), "worker", "w1", "busy");
  last = beat (queen_process_get_port (queen), "hive", "h", "ready");
  g_clear_pointer (&queen, queen_process_stop);
  queen = start (f, NULL);

  snapshot = sse_client_take_snapshot (queen_process_get_port (queen));
  workers = sse_frame_dup_list (snapshot, "worker_ids");
  hives = sse_frame_dup_list (snapshot, "hive_ids");
  g_assert_cmpstr (workers, ==, "w2,w1");
  g_assert_cmpstr (hives, ==, "h");
  g_assert_cmpint (sse_frame_get_int (snapshot, "workers_online"), ==, 2);
  g_assert_cmpint (sse_frame_get_int (snapshot, "workers_available"), ==, 1);

  client = resume (queen_process_get_port (queen), last);
  http_beat (queen_process_get_port (queen), "worker", "w1", "ready");
  g_assert_true (sse_client_wait (client, 10000)); /* not only with the next sign of life, 15 s */
  sse_client_expect (client, "worker", "w1", "Ready"); /* and nothing came before */
}

static void
test_every_way (Fixture *f, gconstpointer data)
{
  static const int signals[] = { SIGTERM, SIGINT, 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    {
      g_autoptr (QueenProcess) queen = start (f, NULL);
      g_autofree char *id = g_strdup_printf ("w%u", (guint) i);
      g_autofree char *state = NULL;

      http_beat (queen_process_get_port (queen), "worker", id, "ready");
      if (signals[i] != 0)
        queen_process_signal (queen, signals[i]);
      else
        http_answer_free (http_post (queen_process_get_port (queen), "/v1/shutdown", ""));
      g_assert_cmpint (queen_process_wait_exit (queen), ==, 0);
      state = read_state (f);
      g_assert_cmpuint (count (state, "\"kind\":\"worker\""), ==, i + 1);
    }
}

static void
test_mode (Fixture *f, gconstpointer data)
{
  struct stat status;

  queen_process_stop (start (f, NULL));
  g_assert_cmpint (stat (f->path, &status), ==, 0);
  g_assert_cmpint (status.st_mode, ==, S_IFREG | 0600);
}

/* Until when it holds */

static void
test_deadline (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autofree char *last = NULL;
  g_autoptr (SseClient) client = NULL;
  g_autofree char *workers = NULL;

  http_beat (queen_process_get_port (queen), "worker", "silent", "ready");
  last = beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_clear_pointer (&queen, queen_process_stop);
  edit_state (f, "(\"silent\".*\"age\":)[0-9]+", "\\g<1>3599500000"); /* half a second is left */

  queen = start (f, NULL);
  client = resume (queen_process_get_port (queen), last);
  g_assert_cmpuint (sse_client_expect (client, "worker", "silent", "Offline"), ==,
                    get_number (last) + 1);
  workers = get_body (queen_process_get_port (queen), "/v1/workers?online=true");
  g_assert_nonnull (strstr (workers, "\"id\":\"w\""));
  g_assert_nonnull (strstr (workers, "\"total\":1"));
}

/* An event, as one that resumes and is told of no loss relies on hearing of every change. */
static void
test_overdue (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autofree char *last = NULL;
  g_autoptr (SseFrame) snapshot = NULL;
  g_autoptr (SseClient) client = NULL;

  http_beat (queen_process_get_port (queen), "hive", "h", "ready");
  http_beat (queen_process_get_port (queen), "worker", "gone", "stopped");
  last = beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_clear_pointer (&queen, queen_process_stop);
  edit_state (f, "(\"written_at\":\")2[0-9]{3}", "\\g<1>2001");

  queen = start (f, NULL);
  snapshot = sse_client_take_snapshot (queen_process_get_port (queen));
  g_assert_cmpint (sse_frame_get_int (snapshot, "workers_online"), ==, 0);
  g_assert_cmpint (sse_frame_get_int (snapshot, "hives_online"), ==, 0);
  client = resume (queen_process_get_port (queen), last);
  g_assert_cmpuint (sse_client_expect (client, "worker", "w", "Offline"), ==,
                    get_number (last) + 1);
  g_assert_cmpuint (sse_client_expect (client, "hive", "h", "Offline"), ==, get_number (last) + 2);
}

/* However many they are, nobody is told first that they are online. */
static void
test_many_overdue (Fixture *f, gconstpointer data)
{
  const guint n = 20000;
  g_autoptr (GString) state = g_string_new (NULL);
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (SseFrame) snapshot = NULL;
  g_autoptr (SseClient) client = NULL;

  g_string_printf (state,
                   "{\"format\":\"queen-rbee state\",\"version\":1,\"written_at\":"
                   "\"2001-01-01T00:00:00Z\",\"life\":\"abc\",\"next\":11,\"components\":%u}\n",
                   n);
  for (guint i = 0; i < n; i++)
    g_string_append_printf (state,
                            "{\"kind\":\"worker\",\"id\":\"%u\",\"status\":\"ready\","
                            "\"first_seen\":\"2001-01-01T00:00:00Z\",\"last_seen\":"
                            "\"2001-01-01T00:00:00Z\",\"heartbeats\":1,\"age\":0}\n",
                            i);
  g_assert_true (g_file_set_contents (f->path, state->str, state->len, NULL));
  queen = start (f, "--capacity=50");
  snapshot = sse_client_take_snapshot (queen_process_get_port (queen));
  g_assert_cmpint (sse_frame_get_int (snapshot, "workers_online"), ==, 0);
  client = resume (queen_process_get_port (queen), "abc-10");
  assert_lagged (client, "{\"dropped\":19950}");
  g_assert_cmpuint (sse_client_expect (client, "worker", "19950", "Offline"), ==, 11 + 19950);
}

static void
test_clock_set_back (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autoptr (SseFrame) snapshot = NULL;

  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_clear_pointer (&queen, queen_process_stop);
  edit_state (f, "(\"written_at\":\")2[0-9]{3}", "\\g<1>2201");

  queen = start (f, NULL);
  snapshot = sse_client_take_snapshot (queen_process_get_port (queen));
  g_assert_cmpint (sse_frame_get_int (snapshot, "workers_online"), ==, 1);
}

/* The stream */

static void
test_numbers (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autofree char *last = beat (queen_process_get_port (queen), "worker", "w", "ready");
  gsize epoch_length = strcspn (last, "-");

  for (guint boot = 1; boot < 4; boot++)
    {
      g_autofree char *before = g_steal_pointer (&last);

      g_clear_pointer (&queen, queen_process_stop);
      queen = start (f, NULL);
      last = beat (queen_process_get_port (queen), "worker", "w", "ready");
      g_assert_cmpmem (last, strcspn (last, "-"), before, epoch_length);
      g_assert_cmpuint (get_number (last), ==, get_number (before) + 1);
    }
}

static void
test_missed (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autofree char *last = beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_autoptr (SseClient) client = NULL;
  g_autoptr (SseClient) filtered = NULL;
  g_autofree char *query = g_strdup_printf ("?types=worker&last_event_id=%s", last);

  for (int i = 0; i < 7; i++)
    http_beat (queen_process_get_port (queen), "hive", "h", "ready");
  g_clear_pointer (&queen, queen_process_stop);
  queen = start (f, NULL);
  client = resume (queen_process_get_port (queen), last);
  filtered = sse_client_subscribe (queen_process_get_port (queen), query, NULL);
  http_beat (queen_process_get_port (queen), "worker", "w", "busy");
  assert_lagged (client, "{\"dropped\":7}");
  g_assert_cmpuint (sse_client_expect (client, "worker", "w", "Busy"), ==, get_number (last) + 8);
  assert_lagged (filtered, "{\"dropped\":null}"); /* of which kinds they were, nobody knows */
  sse_client_expect (filtered, "worker", "w", "Busy");
}

/* One that listened to the end has missed nothing, whatever it is that it listens to. */
static void
test_listened_to_the_end (Fixture *f, gconstpointer data)
{
  static const char *const queries[] = { "", "&types=worker", "&types=hive" };
  g_autoptr (QueenProcess) queen = start (f, NULL);
  g_autoptr (GPtrArray) clients = sse_client_array_new ();
  char *last[G_N_ELEMENTS (queries)] = { NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autofree char *query = g_strdup_printf ("?history=1%s", queries[i]);

      g_ptr_array_add (clients, sse_client_subscribe (queen_process_get_port (queen), query, NULL));
    }
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  queen_process_signal (queen, SIGTERM);
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autoptr (SseFrame) event = sse_client_next (clients->pdata[i]);
      g_autoptr (SseFrame) bye = sse_client_next (clients->pdata[i]);

      g_assert_cmpstr (bye->event, ==, "bye");
      g_assert_null (bye->id);
      last[i] = g_strdup (event->id);
    }
  g_clear_pointer (&queen, queen_process_stop);

  queen = start (f, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (queries); i++)
    {
      g_autofree char *query = g_strdup_printf ("?last_event_id=%s%s", last[i], queries[i]);
      g_autoptr (SseClient) client =
          sse_client_subscribe (queen_process_get_port (queen), query, NULL);
      g_autoptr (SseFrame) next = NULL;

      http_beat (queen_process_get_port (queen), "hive", "h", "ready");
      http_beat (queen_process_get_port (queen), "worker", "w", "ready");
      next = sse_client_next (client);
      g_assert_cmpstr (next->event, ==, "heartbeat"); /* no lagged */
      g_free (last[i]);
    }
}

/* Crashes */

static gboolean
has_written (Fixture *f, const char *text)
{
  g_autofree char *state = NULL;

  return g_file_get_contents (f->path, &state, NULL, NULL) && strstr (state, text);
}

static void
kill_queen (QueenProcess *queen)
{
  queen_process_signal (queen, SIGKILL);
  g_assert_cmpint (queen_process_wait_exit (queen), ==, 128 + SIGKILL);
  queen_process_free (queen);
}

/* A9: who was known is known, also whoever had failed; but numbers begin anew. */
static void
test_kill (Fixture *f, gconstpointer data)
{
  QueenProcess *queen = start (f, NULL);
  g_autofree char *last = NULL;
  g_autofree char *other = NULL;
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (SseClient) client = NULL;

  http_beat (queen_process_get_port (queen), "worker", "gone", "stopped");
  http_beat (queen_process_get_port (queen), "hive", "h", "ready");
  last = beat (queen_process_get_port (queen), "worker", "w", "ready");
  before = get_body (queen_process_get_port (queen), "/v1/workers");
  queen_test_wait_until (has_written (f, "\"w\"") && has_written (f, "\"gone\""));
  kill_queen (queen);

  queen = start (f, NULL);
  after = get_body (queen_process_get_port (queen), "/v1/workers");
  g_assert_cmpstr (after, ==, before);
  client = resume (queen_process_get_port (queen), last);
  assert_lagged (client, "{\"dropped\":null}");
  other = beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_assert_false (strncmp (other, last, strcspn (last, "-") + 1) == 0);
  queen_process_stop (queen);
}

/* What an orderly end has left is whole for one epoch. */
static void
test_kill_after_restart (Fixture *f, gconstpointer data)
{
  QueenProcess *queen = start (f, NULL);
  g_autofree char *last = beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_autofree char *other = NULL;

  queen_process_stop (queen);
  g_assert_true (has_written (f, "\"whole\":1"));
  queen = start (f, NULL);
  g_assert_true (has_written (f, "\"whole\":0"));
  kill_queen (queen);

  queen = start (f, NULL);
  other = beat (queen_process_get_port (queen), "worker", "w", "ready");
  g_assert_false (strncmp (other, last, strcspn (last, "-") + 1) == 0);
  g_assert_true (has_written (f, "\"w\""));
  queen_process_stop (queen);
}

/* Whoever may have beaten while she hung does not pay for her crash, and whoever has not is missed
 * all the same. */
static void
test_excused (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = NULL;
  g_autoptr (SseClient) client = NULL;
  g_autofree char *workers = NULL;
  g_autofree char *now = NULL;
  g_autoptr (GDateTime) time = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) then = g_date_time_add_seconds (time, -3.0);

  now = g_date_time_format_iso8601 (then);
  workers = g_strdup_printf (
      "{\"format\":\"queen-rbee state\",\"version\":2,\"whole\":0,\"written_at\":\"%s\","
      "\"life\":\"abc\",\"next\":1,\"components\":1}\n"
      "{\"kind\":\"worker\",\"id\":\"w\",\"status\":\"ready\",\"first_seen\":\"%s\","
      "\"last_seen\":\"%s\",\"heartbeats\":1,\"age\":3000000}\n",
      now, now, now);
  g_assert_true (g_file_set_contents (f->path, workers, -1, NULL));
  /* Five seconds are left: under valgrind, the subscriber may need three. */
  queen = queen_process_start ("--heartbeat-interval=1h", "--timeout=8s", f->option, NULL);
  client = sse_client_subscribe (queen_process_get_port (queen), NULL, NULL);
  sse_client_expect (client, "worker", "w", "Offline"); /* it was not so before she served */
}

/* Whenever she is asked to end: what she has taken is there again. */
static void
test_any_moment (Fixture *f, gconstpointer data)
{
  g_autofree char *before = NULL;
  g_autoptr (QueenProcess) first = start (f, NULL);

  for (int i = 0; i < 300; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d", i);

      http_beat (queen_process_get_port (first), "worker", id, "ready");
    }
  g_clear_pointer (&first, queen_process_stop);
  before = read_state (f);

  for (guint i = 0; i < queen_test_scale (40); i++)
    {
      const char *arguments[] = {
        "--port=0",     "--ui-port=off", "--bus=none", "--heartbeat-interval=1h",
        "--timeout=1h", f->option,       NULL
      };
      QueenProcess *queen = queen_process_spawn (&(QueenProcessSetup){ .arguments = arguments });
      g_autofree char *after = NULL;
      int code;

      g_usleep ((gulong) i * 500); /* not to wait: to meet her at another point of her start */
      queen_process_signal (queen, SIGTERM);
      code = queen_process_wait_exit (queen);
      g_assert_true (code == 0 || code == 128 + SIGTERM);
      queen_process_free (queen);
      after = read_state (f);
      g_assert_cmpuint (count (after, "\"kind\":\"worker\""), ==, 300);
      g_assert_cmpmem (strstr (after, "\"life\""), 20, strstr (before, "\"life\""), 20);
    }
}

/* What goes wrong */

static void
test_broken (Fixture *f, gconstpointer data)
{
  g_autofree char *aside = g_strconcat (f->path, ".broken", NULL);
  g_autofree char *said = NULL;
  g_autofree char *kept = NULL;
  QueenProcess *queen;

  g_assert_true (g_file_set_contents (f->path, "{\"format\":\"other\"}\n", -1, NULL));
  queen = start (f, NULL);
  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  said = stop_complaining (queen);
  g_assert_cmpuint (count (said, "WARNING"), ==, 1);
  g_assert_nonnull (strstr (said, "not a state of the queen"));
  g_assert_true (g_file_get_contents (aside, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "{\"format\":\"other\"}\n");

  queen = start (f, NULL); /* who has nothing to complain of */
  g_free (kept);
  kept = get_body (queen_process_get_port (queen), "/v1/workers");
  g_assert_nonnull (strstr (kept, "\"total\":1"));
  queen_process_stop (queen);
}

static void
test_no_directory (Fixture *f, gconstpointer data)
{
  g_autofree char *option = g_strconcat ("--state-directory=", f->directory, "/missing", NULL);
  QueenProcess *queen = start (f, option);
  g_autofree char *said = NULL;

  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  said = stop_complaining (queen);
  g_assert_cmpuint (count (said, "WARNING: nothing is remembered: no state can be saved in"), ==,
                    1);
  g_assert_cmpuint (count (said, "WARNING"), ==, 1);
}

/* A24 */
static void
test_two_queens (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) first = start (f, NULL);
  QueenProcess *second;
  g_autofree char *said = NULL;
  g_autofree char *workers = NULL;

  http_beat (queen_process_get_port (first), "worker", "w1", "ready");
  second = start (f, NULL);
  http_beat (queen_process_get_port (second), "worker", "w2", "ready");
  workers = get_body (queen_process_get_port (second), "/v1/workers");
  g_assert_null (strstr (workers, "w1"));
  said = stop_complaining (second);
  g_assert_cmpuint (count (said, "WARNING: nothing is remembered: another queen has "), ==, 1);
  g_assert_cmpuint (count (said, "WARNING"), ==, 1);
  queen_test_wait_until (has_written (f, "\"w1\""));
  g_clear_pointer (&first, queen_process_stop);
  g_assert_false (has_written (f, "\"w2\""));
}

/* While a disk takes its time, nobody else waits. */
static void
test_slow_disk (Fixture *f, gconstpointer data)
{
  g_autofree char *preload =
      g_strdup_printf ("LD_PRELOAD=%s/preload-hang.so", g_getenv ("QUEEN_PRELOADS"));
  const char *environment[] = { preload, "QUEEN_HANG=fsync",
                                "ASAN_OPTIONS=verify_asan_link_order=0", NULL };
  g_autofree char *unfinished = g_strconcat (f->path, ".new", NULL);
  g_autoptr (QueenProcess) queen = queen_process_start_with (environment, "--heartbeat-interval=1h",
                                                             "--timeout=1h", f->option, NULL);
  guint16 port = queen_process_get_port (queen);
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);

  queen_test_wait_until (has_written (f, "\"whole\":0"));
  queen_process_signal (queen, SIGUSR1);
  queen_test_wait_until (queen_process_has_said (queen, "hang: on"));
  http_beat (port, "worker", "w", "ready");
  sse_client_expect (client, "worker", "w", "Ready");
  queen_test_wait_until (g_file_test (unfinished, G_FILE_TEST_EXISTS));
  for (int i = 0; i < 100; i++)
    {
      http_beat (port, "worker", "w", "busy");
      sse_client_expect (client, "worker", "w", "Busy");
    }
  g_assert_false (has_written (f, "\"w\""));
  queen_process_signal (queen, SIGUSR1);
  queen_test_wait_until (has_written (f, "\"w\""));
}

/* Whether daemons that are started from now on see a file system of their own at the directory. */
static gboolean
mount_in_private (Fixture *f, const char *options)
{
  const char *unshare = geteuid () == 0 ? "unshare --mount" : "unshare --mount --map-root-user";
  const char *wrapper = g_getenv ("QUEEN_RBEE_WRAPPER");
  g_autofree char *mount =
      g_strdup_printf ("%s sh -c 'mount -t tmpfs -o %s none %s && exec \"$@\"' sh", unshare,
                       options, f->directory);
  g_autofree char *probe = g_strconcat (mount, " true", NULL);
  g_autofree char *whole = g_strconcat (mount, " ", wrapper ? wrapper : "", NULL);
  g_autofree char *complaint = NULL;
  int status;

  if (!g_spawn_command_line_sync (probe, NULL, &complaint, &status, NULL) || status != 0)
    {
      g_test_skip (complaint ? complaint : "there is no unshare");
      return FALSE;
    }
  g_setenv ("QUEEN_RBEE_WRAPPER", whole, TRUE);
  return TRUE;
}

static void
run_on (Fixture *f, const char *options, const char *complaint)
{
  g_autofree char *wrapper = g_strdup (g_getenv ("QUEEN_RBEE_WRAPPER"));
  g_autoptr (SseClient) client = NULL;
  g_autoptr (SseFrame) bye = NULL;
  g_autofree char *said = NULL;
  QueenProcess *queen;

  if (!mount_in_private (f, options))
    return;
  queen = start (f, NULL);
  for (int i = 0; i < 50; i++)
    {
      g_autofree char *id = g_strdup_printf ("w%d-%0100d", i, 0);

      http_beat (queen_process_get_port (queen), "worker", id, "ready");
    }
  client = sse_client_subscribe (queen_process_get_port (queen), NULL, NULL);
  http_beat (queen_process_get_port (queen), "hive", "h", "ready");
  sse_client_expect (client, "hive", "h", "Ready");
  said = stop_complaining (queen);
  bye = sse_client_next (client);
  g_assert_cmpstr (bye->event, ==, "bye");
  g_assert_cmpuint (count (said, complaint), ==, 1);
  g_setenv ("QUEEN_RBEE_WRAPPER", wrapper ? wrapper : "", TRUE);
}

static void
test_read_only (Fixture *f, gconstpointer data)
{
  run_on (f, "ro", "nothing is remembered: no state can be saved in ");
}

static void
test_full (Fixture *f, gconstpointer data)
{
  run_on (f, "size=4k", "/state cannot be written: No space left on device");
}

/* Where */

static void
test_environment (Fixture *f, gconstpointer data)
{
  g_autofree char *variable = g_strdup_printf ("STATE_DIRECTORY=%s:/nowhere", f->directory);
  const char *arguments[] = { "--port=0", "--ui-port=off", "--bus=none", NULL, NULL };
  g_autofree char *elsewhere = g_build_filename (f->directory, "given", NULL);
  g_autofree char *option = g_strconcat ("--state-directory=", elsewhere, NULL);
  g_autofree char *left = g_build_filename (elsewhere, "state", NULL);

  g_assert_cmpint (g_mkdir (elsewhere, 0700), ==, 0);
  for (int is_given = 0; is_given < 2; is_given++)
    {
      QueenProcess *queen;

      arguments[3] = is_given ? option : NULL;
      queen = queen_process_spawn (&(QueenProcessSetup){
          .arguments = arguments, .environment = (const char *[]){ variable, NULL } });
      queen_process_wait_ready (queen);
      queen_process_stop (queen);
      g_assert_true (g_file_test (is_given ? left : f->path, G_FILE_TEST_EXISTS));
      g_assert_false (g_file_test (is_given ? f->path : left, G_FILE_TEST_EXISTS));
      g_remove (f->path);
    }
  remove_directory (elsewhere);
}

/* D-Bus */

static void
test_bus (Fixture *f, gconstpointer data)
{
  g_autoptr (BusDaemon) bus = bus_daemon_new_for_session ();
  g_autoptr (QueenProcess) queen = NULL;
  BusClient *client = bus_client_new (bus_daemon_get_address (bus));

  for (int boot = 0; boot < 2; boot++)
    {
      g_clear_pointer (&queen, queen_process_stop);
      bus_client_wait_for_queen (client, FALSE);
      queen = start (f, "--bus=session");
      bus_client_wait_for_queen (client, TRUE);
      if (boot == 0)
        {
          g_variant_unref (bus_client_ask (client, "ReportWorker",
                                           "({'id': <'w'>, 'status': <'ready'>, "
                                           "'model_id': <'m'>},)"));
          http_beat (queen_process_get_port (queen), "hive", "h", "busy");
        }
      bus_client_expect (client, QUEEN_PATH, "", "WorkersAvailable", "1");
      bus_client_expect (client, QUEEN_PATH, "", "HivesOnline", "1");
      bus_client_expect (client, QUEEN_PATH "/workers", ".Registry", "OnlineIds", "['w']");
      bus_client_expect (client, QUEEN_PATH "/workers/w", ".Worker", "Status", "'Ready'");
      bus_client_expect (client, QUEEN_PATH "/workers/w", ".Worker", "Heartbeats", "1");
      bus_client_expect (client, QUEEN_PATH "/hives/h", ".Hive", "Status", "'Busy'");
      g_variant_unref (bus_client_ask (client, "FindWorker", "('m',)"));
    }
  bus_client_expect (client, QUEEN_PATH, "", "EventsPublished", "0");
  g_clear_pointer (&queen, queen_process_stop);
  bus_client_free (client);
}

#define add(path, function)                                                                        \
  g_test_add ("/restart/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("known/exactly-as-it-was", test_as_it_was);
  add ("known/online-without-a-flap", test_no_flap);
  add ("known/whichever-way-she-ended", test_every_way);
  add ("known/on-the-bus-and-to-be-found", test_bus);
  add ("file/for-nobody-elses-eyes", test_mode);
  add ("file/where-systemd-or-the-option-says", test_environment);
  add ("deadline/goes-on-from-its-age", test_deadline);
  add ("deadline/passed-meanwhile-is-an-event", test_overdue);
  add ("deadline/however-many-passed-told-before-all-else", test_many_overdue);
  add ("deadline/clock-set-back-ages-nobody", test_clock_set_back);
  add ("stream/numbers-go-on", test_numbers);
  add ("stream/missed-ones-are-counted", test_missed);
  add ("stream/nothing-missed-nothing-said", test_listened_to_the_end);
  add ("killed/who-was-known-is-known-but-another-epoch", test_kill);
  add ("killed/after-a-restart-another-epoch-too", test_kill_after_restart);
  add ("killed/nobody-pays-for-the-time-away", test_excused);
  add ("two-queens/the-second-remembers-nothing", test_two_queens);
  add ("disk/slow-holds-nobody-up", test_slow_disk);
  add ("end/asked-at-any-moment-forgets-nothing", test_any_moment);
  add ("broken/set-aside-with-one-warning", test_broken);
  add ("broken/no-directory-serves-all-the-same", test_no_directory);
  add ("broken/read-only-serves-all-the-same", test_read_only);
  add ("broken/disk-full-ends-all-the-same", test_full);

  return g_test_run ();
}
