/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who shares how things stand with whom, and for how long. */

#include "stream/queen-snapshots.h"

#include <string.h>

#include "fake-clock.h"
#include "model/queen-local-sequencer.h"

#define N_MANY 600            /* workers, for a snapshot that is large */
#define SIZE_LINE "13456\r\n" /* what begins its chunk */
#define MSEC G_TIME_SPAN_MILLISECOND

typedef struct
{
  QueenEventBus *bus;
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenPulse *pulse;
  QueenSnapshots *snapshots;
  guint64 head;
} Fixture;

static void
beat (Fixture *f, guint number)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup_printf ("%0128u", number);
  worker->status = QUEEN_STATUS_READY;
  queen_registry_update (f->workers, worker, NULL, NULL);
  f->head++;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenRegistrySettings settings = { &fake_clock, G_MAXINT64 / 2, 1000, 65536 };

  now = 1000 * G_USEC_PER_SEC;
  f->bus = queen_event_bus_new ();
  g_autoptr (QueenLocalSequencer) sequencer = queen_local_sequencer_new (f->bus, &fake_clock);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (sequencer), &settings);
  f->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, QUEEN_SEQUENCER (sequencer), &settings);
  f->pulse =
      queen_pulse_new (QUEEN_SEQUENCER (sequencer), f->workers, f->hives, &fake_clock, 2500000);
  f->snapshots = queen_snapshots_new (f->pulse, &fake_clock);
  f->head = 1;
  for (guint i = 0; i < GPOINTER_TO_UINT (data); i++)
    beat (f, i);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->snapshots, queen_snapshots_free);
  g_clear_object (&f->pulse);
  g_clear_object (&f->hives);
  g_clear_object (&f->workers);
  g_clear_object (&f->bus);
}

static guint
count_workers (GBytes *snapshot)
{
  const char *text = g_bytes_get_data (snapshot, NULL);
  const char *start = "event: heartbeat\ndata: {\"type\":\"queen\",\"workers_online\":";

  g_assert_true (g_str_has_prefix (text, start));
  return (guint) g_ascii_strtoull (text + strlen (start), NULL, 10);
}

/* Asserts what the next one who comes gets, and from which event on it reads.
 *
 * Returns: (transfer full): the snapshot */
static GBytes *
assert_gets (Fixture *f, guint64 from, guint n_workers, guint64 next)
{
  guint64 got_next;
  GBytes *snapshot = queen_snapshots_get (f->snapshots, from, f->head, &got_next);

  g_assert_cmpuint (count_workers (snapshot), ==, n_workers);
  g_assert_cmpuint (got_next, ==, next);
  return g_bytes_ref (snapshot);
}

static void
test_small (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) first = assert_gets (f, 1, 0, 1);
  g_autoptr (GBytes) same = NULL;
  g_autoptr (GBytes) later = NULL;

  now += 1000;
  same = assert_gets (f, 1, 0, 1);
  g_assert_true (same == first);
  now++;
  later = assert_gets (f, 1, 0, 1);
  g_assert_true (later != first);
}

static void
test_small_after_an_event (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) G_GNUC_UNUSED before = assert_gets (f, 1, 0, 1);
  g_autoptr (GBytes) after = NULL;

  beat (f, 0);
  after = assert_gets (f, 1, 1, 2);
}

/* A12: nobody came or went, so that it is true still, and contains what has happened. */
static void
test_large_unchanged (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) first = assert_gets (f, 1, N_MANY, N_MANY + 1);
  gint64 end = now + 2400 * MSEC;

  for (; now < end; now += 100 * MSEC)
    {
      g_autoptr (GBytes) snapshot = NULL;
      guint64 next;

      beat (f, 7);
      snapshot = g_bytes_ref (queen_snapshots_get (f->snapshots, f->head - 50, f->head, &next));
      g_assert_true (snapshot == first);
      g_assert_cmpuint (next, >=, f->head - 3);
    }
  g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), ==,
                    strlen (SIZE_LINE) + g_bytes_get_size (first));
}

/* Its time is told, too. */
static void
test_large_old (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) first = assert_gets (f, 1, N_MANY, N_MANY + 1);
  g_autoptr (GBytes) later = NULL;

  now += 2500 * MSEC;
  later = assert_gets (f, 1, N_MANY, N_MANY + 1);
  g_assert_true (later != first);
}

/* Whoever gets an older one reads on from its end, and so misses nothing. */
static void
test_large_changed (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) first = assert_gets (f, 1, N_MANY, N_MANY + 1);
  g_autoptr (GBytes) same = NULL;
  g_autoptr (GBytes) later = NULL;

  beat (f, N_MANY);
  now += 249 * MSEC;
  same = assert_gets (f, 1, N_MANY, N_MANY + 1);
  g_assert_true (same == first);
  now += MSEC;
  later = assert_gets (f, 1, N_MANY + 1, N_MANY + 2);
}

static void
test_large_passed (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) G_GNUC_UNUSED first = assert_gets (f, 1, N_MANY, N_MANY + 1);
  g_autoptr (GBytes) later = NULL;

  beat (f, N_MANY);
  beat (f, N_MANY);
  now += MSEC;
  later = assert_gets (f, N_MANY + 2, N_MANY + 1, N_MANY + 3);
}

/* Whoever comes again and again, and has had the newest event each time, has none of its own. */
static void
test_large_resumed (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) G_GNUC_UNUSED first = assert_gets (f, 1, N_MANY, N_MANY + 1);
  gint64 span = (gint64) g_bytes_get_size (first) / 160;
  g_autoptr (GBytes) same = NULL;
  g_autoptr (GBytes) later = NULL;
  guint64 next;

  beat (f, N_MANY);
  now += span - MSEC / 4;
  g_assert_null (queen_snapshots_get (f->snapshots, f->head, f->head, &next));
  same = assert_gets (f, 1, N_MANY, N_MANY + 1); /* who has had nothing shares it still */
  g_assert_true (same == first);
  now += MSEC / 2;
  later = assert_gets (f, f->head, N_MANY + 1, f->head);
  beat (f, N_MANY + 1);
  g_assert_null (queen_snapshots_get (f->snapshots, f->head, f->head, &next));
}

static void
test_pulse (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenEvent) event = queen_pulse_make_snapshot (f->pulse);
  g_autoptr (GBytes) frame = queen_snapshots_take (f->snapshots, event, "abc-7", f->head);
  g_autoptr (GBytes) snapshot = assert_gets (f, 1, N_MANY, N_MANY + 1);
  const char *text = g_bytes_get_data (frame, NULL);

  const char *inside = strstr (text, "\r\n") + 2;

  g_assert_true (g_str_has_prefix (inside, "id: abc-7\nevent: heartbeat\ndata: {"));
  g_assert_true (memcmp (text + g_bytes_get_size (frame) - 5, "}\n\n\r\n", 5) == 0);
  g_assert_true (g_bytes_get_data (snapshot, NULL) == inside + strlen ("id: abc-7\n"));
  g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), ==, g_bytes_get_size (frame));
  /* No copy: fresh memory of megabytes takes longer than all the rest of a pulse. */
  g_assert_true (inside + strlen ("id: abc-7\nevent: heartbeat\ndata: ") == event->json);
}

static void
test_given_back (Fixture *f, gconstpointer data)
{
  GBytes *snapshot = assert_gets (f, 1, N_MANY, N_MANY + 1);

  queen_snapshots_drop (f->snapshots);
  g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), ==,
                    strlen (SIZE_LINE) + g_bytes_get_size (snapshot));
  g_bytes_unref (snapshot);
  g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), ==, 0);
}

static GBytes *
pulse (Fixture *f)
{
  g_autoptr (QueenEvent) event = queen_pulse_make_snapshot (f->pulse);

  now += 2500 * MSEC;
  return queen_snapshots_take (f->snapshots, event, "abc-7", f->head);
}

static gboolean
is_part_of (GBytes *part, GBytes *whole)
{
  const char *start = g_bytes_get_data (whole, NULL);
  const char *at = g_bytes_get_data (part, NULL);

  return at >= start && at < start + g_bytes_get_size (whole);
}

/* Somebody is in the middle of each: there are so many of them at the most. */
static void
test_most (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  gsize most = queen_snapshots_get_most (f->snapshots);
  guint n = f->head - 1;
  guint64 next;
  GBytes *snapshot;

  /* Half of it for those who come, and whoever comes then shares the newest: */
  for (int i = 0; i < 50; i++)
    {
      beat (f, n++);
      now += 250 * MSEC;
      snapshot = queen_snapshots_get (f->snapshots, 1, f->head, &next);
      g_ptr_array_add (held, g_bytes_ref (snapshot));
      g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), <=, most / 2);
    }
  g_assert_cmpuint (next, <, f->head);
  /* it is older than what others have had, and not for them; */
  g_assert_null (queen_snapshots_get (f->snapshots, f->head, f->head, &next));
  g_assert_null (queen_snapshots_get_excess (f->snapshots));

  /* pulses are never shared: it is for those in the middle of the oldest one to go. */
  while (!queen_snapshots_get_excess (f->snapshots))
    g_ptr_array_add (held, pulse (f));
  g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), >, most - 2 * 1024 * 1024);
  g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), <=, most);
  g_assert_true (is_part_of (held->pdata[0], queen_snapshots_get_excess (f->snapshots)));
  snapshot = held->pdata[0];
  while (held->pdata[0] == snapshot)
    g_ptr_array_remove_index (held, 0);
  g_assert_null (queen_snapshots_get_excess (f->snapshots));
}

/* Each is megabytes, and somebody is in the middle of each. */
static void
test_room_between_pulses (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) held = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
  guint n = f->head - 1;
  GBytes *excess;

  for (guint i = 0; i < 12; i++)
    {
      g_ptr_array_add (held, pulse (f));
      while ((excess = queen_snapshots_get_excess (f->snapshots)))
        {
          g_assert_cmpuint (held->len, >=, 4 * 2); /* it had as long as four pulses take */
          g_assert_true (is_part_of (held->pdata[0], excess));
          g_ptr_array_remove_index (held, 0);
        }
      beat (f, n++);
      now += 250 * MSEC;
      g_ptr_array_add (held, assert_gets (f, 1, n, f->head));
    }
  g_assert_cmpuint (queen_snapshots_get_n_bytes (f->snapshots), <=,
                    queen_snapshots_get_most (f->snapshots));
}

/* As when she ends before the audience has come to the end of those who are to let go of it. */
static void
test_outlives (Fixture *f, gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) G_GNUC_UNUSED frame = pulse (f);
  g_autoptr (GBytes) between = NULL;

  beat (f, n);
  now += 250 * MSEC;
  between = assert_gets (f, 1, n + 1, f->head);
  g_clear_pointer (&f->snapshots, queen_snapshots_free);
  g_assert_cmpuint (count_workers (between), ==, n + 1);
}

#define ADD(path, n_workers, func)                                                                 \
  g_test_add (path, Fixture, GUINT_TO_POINTER (n_workers), set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/snapshots/small/shared-for-a-millisecond", 0, test_small);
  ADD ("/snapshots/small/new-after-an-event", 0, test_small_after_an_event);
  ADD ("/snapshots/large/shared-while-it-says-the-same", N_MANY, test_large_unchanged);
  ADD ("/snapshots/large/its-time-is-not-older-than-a-beat", N_MANY, test_large_old);
  ADD ("/snapshots/large/once-in-a-quarter-of-a-second", N_MANY, test_large_changed);
  ADD ("/snapshots/large/new-when-what-follows-is-gone", N_MANY, test_large_passed);
  ADD ("/snapshots/large/none-for-each-who-comes-back", N_MANY, test_large_resumed);
  ADD ("/snapshots/pulse/is-the-snapshot-of-those-who-come", N_MANY, test_pulse);
  ADD ("/snapshots/held/until-the-last-one-lets-go", N_MANY, test_given_back);
  ADD ("/snapshots/held/no-more-than-there-may-be", 10000, test_most);
  ADD ("/snapshots/held/room-for-one-between-two-pulses", 34000, test_room_between_pulses);
  ADD ("/snapshots/held/longer-than-there-are-snapshots", N_MANY, test_outlives);

  return g_test_run ();
}
