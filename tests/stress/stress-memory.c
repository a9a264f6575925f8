/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* As many workers and hives as may be known, each with the longest texts that it may have: they are
 * within the unit's MemoryMax, can be remembered whole, and while that is written nobody waits.
 * Takes about a minute. */

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "queen-process.h"
#include "sse-client.h"
#include "visitors.h"

#define N_OF_EACH 65536
#define AT_ONCE 4096
#define MEMORY_MAX (G_GINT64_CONSTANT (2) << 30) /* of the system's unit, a third */

static char *
make_request (const char *kind, guint number)
{
  g_autofree char *id = g_strnfill (122, 'x');
  g_autofree char *text = g_strnfill (256, 'x');
  g_autofree char *long_text = g_strnfill (512, 'x');
  g_autofree char *reason = g_strnfill (1024, 'x');
  g_autofree char *body =
      g_str_equal (kind, "worker")
          ? g_strdup_printf (
                "{\"worker\":{\"id\":\"%06u%s\",\"status\":\"starting\",\"model_id\":"
                "\"%s\",\"device\":\"%s\",\"implementation\":\"%s\",\"version\":\"%s\","
                "\"hostname\":\"%s\",\"hive_id\":\"%06u%s\",\"port\":65535}}",
                number, id, long_text, text, text, text, text, number, id)
          : g_strdup_printf ("{\"hive\":{\"id\":\"%06u%s\",\"operational_status\":\"starting\","
                             "\"hostname\":\"%s\",\"version\":\"%s\",\"port\":65535,"
                             "\"health_status\":{\"status\":\"unhealthy\",\"reason\":\"%s\"}}}",
                             number, id, text, text, reason);

  return g_strdup_printf ("POST /v1/%s-heartbeat HTTP/1.1\r\nHost: localhost\r\n"
                          "Content-Type: application/json\r\nContent-Length: %u\r\n\r\n%s",
                          kind, (guint) strlen (body), body);
}

static void
send_all (guint16 port, const char *kind)
{
  static Visit visits[AT_ONCE];

  for (guint first = 0; first < N_OF_EACH; first += AT_ONCE)
    {
      for (guint i = 0; i < AT_ONCE; i++)
        visits[i] = (Visit){ make_request (kind, first + i), VISIT_READ, 200 };
      visitors_send (port, visits, AT_ONCE, AT_ONCE, 16);
      for (guint i = 0; i < AT_ONCE; i++)
        g_free ((char *) visits[i].request);
    }
}

static gint64
get_size (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 ? status.st_size : 0;
}

static gint64
get_written_at (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 ? status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec
                                   : 0;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return first < second ? -1 : first > second;
}

static void
wait_for_event (SseClient *client, const char *id)
{
  g_autofree char *quoted = g_strdup_printf ("\"%s\"", id);
  gboolean is_there = FALSE;

  while (!is_there)
    {
      g_autoptr (SseFrame) frame = sse_client_next (client);

      g_assert_nonnull (frame);
      is_there = frame->data && strstr (frame->data, quoted);
    }
}

/* How long a heartbeat takes to everybody while the state is written, µs. */
static void
measure_latency (guint16 port, const char *path)
{
  g_autoptr (SseClient) client = sse_client_subscribe (port, NULL, NULL);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (gint64));
  gint64 end = g_get_monotonic_time () + 100 * G_USEC_PER_SEC;
  gint64 last = get_written_at (path);
  guint n_writings = 0;

  while (n_writings < 3 && g_get_monotonic_time () < end)
    {
      gint64 start = g_get_monotonic_time (), took;

      http_beat (port, "worker", "one", "ready");
      wait_for_event (client, "one");
      took = g_get_monotonic_time () - start;
      g_array_append_val (times, took);
      n_writings += get_written_at (path) != last;
      last = get_written_at (path);
      http_beat (port, "hive", "two", times->len % 2 ? "ready" : "busy"); /* a change each time */
      g_usleep (5000);
    }
  g_array_sort (times, compare_times);
  g_test_message ("%u heartbeats during %u writings: p50 %.1f ms, p99 %.1f ms, max %.1f ms",
                  times->len, n_writings,
                  (double) g_array_index (times, gint64, times->len / 2) / 1000,
                  (double) g_array_index (times, gint64, times->len * 99 / 100) / 1000,
                  (double) g_array_index (times, gint64, times->len - 1) / 1000);
  g_assert_cmpuint (n_writings, >=, 2);
  g_assert_cmpint (g_array_index (times, gint64, times->len * 99 / 100), <, 50000);
}

static void
assert_total (guint16 port, guint64 expected)
{
  g_assert_cmpuint (http_read_metric (port, "queen_components{kind=\"worker\"}"), ==, expected);
  g_assert_cmpuint (http_read_metric (port, "queen_components{kind=\"hive\"}"), ==, expected);
}

static void
report (QueenProcess *queen, const char *when)
{
  gint64 resident = queen_process_get_resident (queen);

  g_test_message ("%s: %" G_GINT64_FORMAT " MB resident", when, resident >> 20);
  g_assert_cmpint (resident, <, MEMORY_MAX);
}

static void
test_largest (void)
{
  g_autofree char *directory = g_dir_make_tmp ("queen-memory-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "state", NULL);
  g_autofree char *option = g_strconcat ("--state-directory=", directory, NULL);
  QueenProcess *queen = queen_process_start ("--heartbeat-interval=1h", "--timeout=1h",
                                             "--max-components=65537", option, NULL);
  guint16 port = queen_process_get_port (queen);
  gint64 start;

  send_all (port, "worker");
  send_all (port, "hive");
  assert_total (port, N_OF_EACH);
  report (queen, "all known");
  measure_latency (port, path);
  report (queen, "and written");
  assert_total (port, N_OF_EACH + 1);
  start = g_get_monotonic_time ();
  queen_process_stop (queen);
  g_test_message ("the end took %.1f s, the state has %" G_GINT64_FORMAT " MB",
                  (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC,
                  get_size (path) >> 20);

  start = g_get_monotonic_time ();
  queen = queen_process_start ("--heartbeat-interval=1h", "--timeout=1h", "--max-components=65537",
                               option, NULL);
  g_test_message ("the start took %.1f s",
                  (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  assert_total (queen_process_get_port (queen), N_OF_EACH + 1);
  report (queen, "all known again");
  queen_process_stop (queen);
  g_remove (path);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/memory/the-largest-registries", test_largest);

  return g_test_run ();
}
