/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* As many workers as there may be, so that each heartbeat of the queen is 8.6 MB, and thousands who
 * do not read it. Takes about two minutes, most of them until all workers are there. */

#include "sse-client.h"

#include "queen-process.h"
#include "visitors.h"

#include <unistd.h>

#define N_WORKERS 65536
#define N_IDLE 3000
#define MIB (1024 * 1024)
#define MAX_GROWTH (64 * MIB) /* a snapshot, and as many pulses as there may be */
#define MAX_LEFT (40 * MIB)
#define SNAPSHOTS "queen_held_bytes{what=\"snapshots\"}"

static char *
make_id (guint number)
{
  return g_strdup_printf ("%0128u", number);
}

static QueenProcess *
start_crowded (void)
{
  QueenProcess *queen = queen_process_start ("--timeout=1h", "--stall-timeout=20s", NULL);
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < N_WORKERS; i++)
    {
      g_autofree char *id = make_id (i);

      http_beat (queen_process_get_port (queen), "worker", id, "ready");
    }
  g_test_message ("%u workers are there after %.0f s", N_WORKERS,
                  (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC);
  return queen;
}

static void
come (guint16 port, int fds[N_IDLE])
{
  for (guint i = 0; i < N_IDLE; i++)
    {
      fds[i] = http_connect (port);
      http_send (fds[i], VISITORS_SUBSCRIPTION, -1);
    }
}

static void
hang_up_all (guint16 port, int fds[N_IDLE])
{
  for (guint i = 0; i < N_IDLE; i++)
    close (fds[i]);
  queen_test_wait_until (http_read_metric (port, "queen_subscribers") == 0);
}

/* Asserts what is held while @churn goes on for some seconds.
 *
 * Returns: by how much the daemon has grown at the most */
static gint64
watch (QueenProcess *queen, gint64 before, void (*churn) (guint16 port, guint round))
{
  gint64 end = g_get_monotonic_time () + 12 * G_USEC_PER_SEC;
  gint64 growth = 0;

  for (guint round = 0; g_get_monotonic_time () < end; round++)
    {
      churn (queen_process_get_port (queen), round);
      growth = MAX (growth, queen_process_get_resident (queen) - before);
    }
  g_test_message ("up to %" G_GINT64_FORMAT " MiB more, snapshots %" G_GUINT64_FORMAT " MiB",
                  growth / MIB, http_read_metric (queen_process_get_port (queen), SNAPSHOTS) / MIB);
  return growth;
}

static void
do_nothing (guint16 port, guint round)
{
  g_usleep (100000);
}

/* Somebody goes, somebody comes back, and a newcomer wants to know how things stand. */
static void
come_and_go (guint16 port, guint round)
{
  g_autofree char *id = make_id (round % 500);
  g_autoptr (SseFrame) snapshot = NULL;

  http_beat (port, "worker", id, round % 1000 < 500 ? "stopped" : "ready");
  if (round % 100 != 0)
    return;
  snapshot = sse_client_take_snapshot (port);
  g_assert_cmpstr (sse_frame_get_string (snapshot, "type"), ==, "queen");
}

static void
test_idle (void)
{
  g_autoptr (QueenProcess) queen = start_crowded ();
  guint16 port = queen_process_get_port (queen);
  gint64 before = queen_process_get_resident (queen);
  int fds[N_IDLE];

  for (guint i = 0; i < 2; i++)
    {
      come (port, fds);
      g_assert_cmpint (watch (queen, before, i == 0 ? do_nothing : come_and_go), <=, MAX_GROWTH);
      hang_up_all (port, fds);
      /* The newest is kept for some seconds, for whoever comes next. */
      queen_test_wait_until (http_read_metric (port, SNAPSHOTS) == 0);
      g_test_message ("%" G_GINT64_FORMAT " MiB are left",
                      (queen_process_get_resident (queen) - before) / MIB);
      g_assert_cmpint (queen_process_get_resident (queen) - before, <=, MAX_LEFT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stress/snapshots/3000-streams-that-do-not-read", test_idle);

  return g_test_run ();
}
