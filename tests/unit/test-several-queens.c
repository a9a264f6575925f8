/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * What the parts of one queen do where she is one of several. */

#include <time.h>

#include "fake-clock.h"
#include "model/queen-cluster.h"
#include "model/queen-dispatch.h"
#include "ring-fixture.h"

#define SECOND ((gint64) G_USEC_PER_SEC)
#define TIMEOUT (90 * SECOND)
#define FORGET_AFTER (3600 * SECOND)
#define ROOM 4
#define MANY 40000

/* A sequencer that has somebody else say who is offline. */

#define TYPE_SHY_SEQUENCER (shy_sequencer_get_type ())
G_DECLARE_FINAL_TYPE (ShySequencer, shy_sequencer, SHY, SEQUENCER, GObject)

struct _ShySequencer
{
  GObject parent_instance;

  QueenLocalSequencer *local;
  guint n_asked;
};

static void
shy_sequencer_publish (QueenSequencer *sequencer, QueenEvent *event)
{
  queen_sequencer_publish (QUEEN_SEQUENCER (SHY_SEQUENCER (sequencer)->local), event);
}

static gboolean
shy_sequencer_may_miss (QueenSequencer *sequencer, QueenComponent *component)
{
  SHY_SEQUENCER (sequencer)->n_asked++;
  return FALSE;
}

static void
shy_sequencer_init_sequencer (QueenSequencerInterface *iface)
{
  iface->publish = shy_sequencer_publish;
  iface->may_miss = shy_sequencer_may_miss;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (ShySequencer,
                               shy_sequencer,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (QUEEN_TYPE_SEQUENCER,
                                                      shy_sequencer_init_sequencer))

static void
shy_sequencer_class_init (ShySequencerClass *klass)
{
}

static void
shy_sequencer_init (ShySequencer *self)
{
}

typedef struct
{
  QueenCluster *cluster;
  QueenRegistry *workers;
  QueenHolds *holds;
  ShySequencer *sequencer;
  guint n_events;
} Fixture;

static QueenSequencer *
make_sequencer (QueenEventBus *bus, QueenLocalSequencer *local, gpointer data)
{
  Fixture *f = data;

  f->sequencer = g_object_new (TYPE_SHY_SEQUENCER, NULL);
  f->sequencer->local = local;
  return QUEEN_SEQUENCER (f->sequencer);
}

static void
on_event_for_test (Fixture *f, QueenEvent *event)
{
  f->n_events += event->kind != QUEEN_EVENT_QUEEN;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenClusterSettings settings = {
    .registry = { &fake_clock, TIMEOUT, FORGET_AFTER, ROOM },
    .heartbeat_interval = SECOND,
    .make_sequencer = data ? make_sequencer : NULL,
    .data = f,
  };

  now = 1000 * SECOND;
  f->cluster = queen_cluster_new (&settings);
  f->workers = queen_cluster_get_registry (f->cluster, QUEEN_COMPONENT_WORKER);
  f->holds = queen_cluster_get_holds (f->cluster);
  g_signal_connect_swapped (queen_cluster_get_bus (f->cluster), "event",
                            G_CALLBACK (on_event_for_test), f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_assert_finalize_object (f->cluster);
}

static QueenComponent *
make_worker (const char *id, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  worker->first_seen = worker->since = worker->last_seen = now;
  worker->heartbeats = 1;
  return worker;
}

static void
beat (Fixture *f, const char *id)
{
  g_autoptr (GError) error = NULL;

  queen_registry_update (f->workers, make_worker (id, QUEEN_STATUS_READY), NULL, &error);
  g_assert_no_error (error);
}

/* Returns: whether there was room */
static gboolean
apply (Fixture *f, const char *id, QueenStatus status, gint64 age)
{
  g_autoptr (QueenComponent) before = NULL;
  g_autoptr (GError) error = NULL;
  QueenComponent *known =
      queen_registry_apply (f->workers, make_worker (id, status), "token:b", age, &before, &error);

  g_assert_true (!known == (error != NULL));
  if (known)
    g_assert_true (known == queen_registry_lookup (f->workers, id));
  return known != NULL;
}

static const char *
get_status (Fixture *f, const char *id)
{
  QueenComponent *known = queen_registry_lookup (f->workers, id);

  return known ? queen_status_get_name (known->status) : "unknown";
}

static void
test_apply (Fixture *f, gconstpointer data)
{
  beat (f, "mine");
  f->n_events = 0;
  g_assert_true (apply (f, "theirs", QUEEN_STATUS_READY, 0));
  g_assert_true (apply (f, "mine", QUEEN_STATUS_BUSY, 0));
  g_assert_cmpuint (f->n_events, ==, 0);
  g_assert_cmpstr (get_status (f, "theirs"), ==, "Ready");
  g_assert_cmpstr (get_status (f, "mine"), ==, "Busy");
  g_assert_cmpuint (queen_registry_get_n_online (f->workers), ==, 2);
  g_assert_cmpuint (queen_registry_get_n_available (f->workers), ==, 1);
  g_assert_cmpstr (queen_registry_lookup (f->workers, "mine")->sender, ==, "token:b");
  queen_component_unref (queen_registry_drop (f->workers, "theirs"));
  g_assert_null (queen_registry_drop (f->workers, "theirs"));
  g_assert_cmpuint (f->n_events, ==, 0);
}

/* Whoever was heard elsewhere longer ago is missed earlier, in whatever order that is learnt. */
static void
test_ages (Fixture *f, gconstpointer data)
{
  beat (f, "now");
  g_assert_true (apply (f, "old", QUEEN_STATUS_READY, 60 * SECOND));
  g_assert_true (apply (f, "older", QUEEN_STATUS_READY, 80 * SECOND));
  now += 10 * SECOND;
  queen_registry_expire (f->workers);
  g_assert_cmpstr (get_status (f, "older"), ==, "Offline");
  g_assert_cmpstr (get_status (f, "old"), ==, "Ready");
  now += 20 * SECOND;
  queen_registry_expire (f->workers);
  g_assert_cmpstr (get_status (f, "old"), ==, "Offline");
  g_assert_cmpstr (get_status (f, "now"), ==, "Ready");
}

/* The one that has been offline longest makes room, whichever queen has said it when. */
static void
test_room (Fixture *f, gconstpointer data)
{
  g_assert_true (apply (f, "gone", QUEEN_STATUS_OFFLINE, 10 * SECOND));
  g_assert_true (apply (f, "long gone", QUEEN_STATUS_OFFLINE, 100 * SECOND));
  beat (f, "a");
  beat (f, "b");
  g_assert_true (apply (f, "c", QUEEN_STATUS_READY, 0));
  g_assert_cmpstr (get_status (f, "long gone"), ==, "unknown");
  g_assert_cmpstr (get_status (f, "gone"), ==, "Offline");
  g_assert_true (apply (f, "d", QUEEN_STATUS_READY, 0));
  g_assert_false (apply (f, "e", QUEEN_STATUS_READY, 0));
  g_assert_cmpuint (queen_registry_get_total (f->workers), ==, ROOM);
}

/* @stride: by which those who are told of follow each other, the one gone longest being the first
 *
 * Returns: (transfer full): a registry with all of them */
static QueenRegistry *
apply_many (Fixture *f, guint stride, clock_t *time)
{
  const QueenRegistrySettings settings = { &fake_clock, TIMEOUT, FORGET_AFTER, MANY };
  QueenRegistry *registry =
      queen_registry_new (QUEEN_COMPONENT_WORKER, QUEEN_SEQUENCER (f->sequencer), &settings);
  clock_t begun = clock ();

  for (guint i = 0; i < MANY; i++)
    {
      guint place = (i * stride) % MANY;
      g_autofree char *id = g_strdup_printf ("%u", place);
      g_autoptr (QueenComponent) before = NULL;

      g_assert_nonnull (queen_registry_apply (registry, make_worker (id, QUEEN_STATUS_OFFLINE),
                                              NULL, MANY - place, &before, NULL));
    }
  *time = clock () - begun;
  return registry;
}

/* Some go at a time. */
static void
expire_all (QueenRegistry *registry)
{
  guint before;

  do
    {
      before = queen_registry_get_total (registry);
      queen_registry_expire (registry);
    }
  while (queen_registry_get_total (registry) < before);
}

/* In whatever order tens of thousands are told of who are gone, they are in line by then; and it
 * takes about as long as in their own. */
static void
test_many_gone (Fixture *f, gconstpointer data)
{
  clock_t in_order, otherwise;
  g_autoptr (QueenRegistry) sorted = apply_many (f, 1, &in_order);
  g_autoptr (QueenRegistry) registry = apply_many (f, 7919, &otherwise);

  g_test_message ("%.0f ms, and %.0f ms in any order", (double) in_order * 1000 / CLOCKS_PER_SEC,
                  (double) otherwise * 1000 / CLOCKS_PER_SEC);
  g_assert_cmpuint (queen_registry_get_total (sorted), ==, MANY);
  g_assert_cmpint (otherwise, <, 10 * in_order);
  for (guint n_gone = 1; n_gone < MANY; n_gone += MANY / 8)
    {
      g_autofree char *last = g_strdup_printf ("%u", n_gone - 1);
      g_autofree char *next = g_strdup_printf ("%u", n_gone);

      now = 1000 * SECOND + FORGET_AFTER - MANY + n_gone - 1;
      expire_all (registry);
      g_assert_cmpuint (queen_registry_get_total (registry), ==, MANY - n_gone);
      g_assert_null (queen_registry_lookup (registry, last));
      g_assert_nonnull (queen_registry_lookup (registry, next));
    }
}

/* Who is to say so is asked again and again, until somebody says it. */
static void
test_missed_elsewhere (Fixture *f, gconstpointer data)
{
  beat (f, "w");
  now += TIMEOUT;
  g_assert_false (queen_registry_expire (f->workers));
  g_assert_cmpuint (f->sequencer->n_asked, ==, 1);
  g_assert_cmpstr (get_status (f, "w"), ==, "Ready");
  g_assert_cmpuint (queen_registry_get_n_online (f->workers), ==, 1);
  now += 10 * SECOND;
  queen_registry_expire (f->workers);
  g_assert_cmpuint (f->sequencer->n_asked, ==, 2);
  g_assert_true (apply (f, "w", QUEEN_STATUS_OFFLINE, 0));
  g_assert_cmpuint (queen_registry_get_n_online (f->workers), ==, 0);
  now += FORGET_AFTER;
  queen_registry_expire (f->workers);
  g_assert_cmpstr (get_status (f, "w"), ==, "unknown");
}

/* A queen that says too much is counted on from there: others would not take one more. */
static void
test_endless_count (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenComponent) before = NULL;
  QueenComponent *worker = make_worker ("w", QUEEN_STATUS_READY);

  worker->heartbeats = QUEEN_DISPATCH_MAX_COUNT;
  queen_registry_apply (f->workers, worker, NULL, 0, &before, NULL);
  beat (f, "w");
  g_assert_cmpuint (queen_registry_lookup (f->workers, "w")->heartbeats, ==,
                    QUEEN_DISPATCH_MAX_COUNT);
}

/* Holds */

static void
on_begun_or_ended (guint *n, guint kind, const char *id, QueenHold *hold)
{
  (*n)++;
}

static void
test_holds (Fixture *f, gconstpointer data)
{
  char id[] = "w", hold_id[] = "hold-1", reason[] = "why", holder[] = "token:b";
  QueenHoldRequest request = { QUEEN_COMPONENT_WORKER, "w", "why", "token:ops", NULL, 0 };
  g_autoptr (QueenHold) hold =
      queen_hold_new (&(QueenHold){ .id = hold_id, .reason = reason, .holder = holder });
  const QueenHoldEntry entry = { QUEEN_COMPONENT_WORKER, id, hold, -1 };
  const QueenHoldEntry over = { QUEEN_COMPONENT_WORKER, id, hold, 0 };
  guint n_begun = 0, n_ended = 0;

  g_signal_connect_swapped (f->holds, "begun", G_CALLBACK (on_begun_or_ended), &n_begun);
  g_signal_connect_swapped (f->holds, "ended", G_CALLBACK (on_begun_or_ended), &n_ended);
  beat (f, "w");
  g_assert_false (queen_holds_apply (f->holds, &over));
  g_assert_true (queen_holds_apply (f->holds, &entry));
  g_assert_false (queen_holds_apply (f->holds, &entry));
  g_assert_false (queen_component_is_available (queen_registry_lookup (f->workers, "w")));
  g_assert_true (queen_holds_drop (f->holds, "hold-1"));
  g_assert_false (queen_holds_drop (f->holds, "hold-1"));
  g_assert_true (queen_component_is_available (queen_registry_lookup (f->workers, "w")));
  g_assert_cmpuint (n_begun + n_ended, ==, 0); /* nobody here has done it */

  g_assert_nonnull (queen_cluster_hold (f->cluster, &request, NULL));
  g_assert_cmpuint (n_begun, ==, 1);
  queen_holds_release (f->holds, QUEEN_COMPONENT_WORKER, "w", NULL, "token:ops", NULL);
  g_assert_cmpuint (n_ended, ==, 1);
}

/* The ring goes on under other numbers. */

static void
test_other_numbers (void)
{
  g_autoptr (QueenRing) ring = new_ring (4);
  QueenCursor quick, late;

  queen_ring_start (ring, ALL, &quick);
  publish_all (ring, "ww");
  late = quick;
  assert_reads (ring, &quick, "1 2");
  queen_ring_restart (ring, "fff", 1, FALSE); /* she is alone from here on: nobody loses anything */
  queen_ring_publish (ring, 1, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  g_assert_cmpint (queen_ring_skip_lost (ring, &late), ==, 0);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "fff-0", &quick), ==, 0);
  g_assert_cmpuint (quick.next, ==, 3);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "fff-1", &quick), ==, 0);
  g_assert_cmpuint (quick.next, ==, 4);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "fff-2", &quick), ==, -1);
  g_assert_cmpint (queen_ring_resume (ring, ALL, EPOCH "-2", &quick), ==, 0);
  g_assert_cmpuint (quick.next, ==, 3);
}

/* Whoever listens has lost nobody knows how much, once. */
static void
test_other_history (void)
{
  g_autoptr (QueenRing) ring = new_ring (4);
  g_autofree char *id = NULL;
  QueenCursor all, queen, next;

  queen_ring_start (ring, ALL, &all);
  queen_ring_start (ring, QUEEN_EVENT_QUEEN, &queen);
  publish_all (ring, "www");
  queen_ring_restart (ring, "eee", 2, TRUE); /* smaller than what was */
  id = queen_ring_dup_id (ring, queen_ring_get_head (ring) - 1);
  g_assert_cmpstr (id, ==, "eee-1");
  g_assert_cmpint (queen_ring_skip_lost (ring, &all), ==, -1);
  g_assert_cmpint (queen_ring_skip_lost (ring, &all), ==, 0);
  queen_ring_publish (ring, 2, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  g_assert_cmpint (queen_ring_skip_lost (ring, &all), ==, 0);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "eee-1", &next), ==, 0);
  g_assert_cmpuint (next.next, ==, all.next);
  queen_ring_publish (ring, 9, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  g_assert_cmpint (queen_ring_skip_lost (ring, &all), ==, 7); /* dense, so the count is exact */
  g_assert_cmpint (queen_ring_resume (ring, ALL, "eee-4", &next), ==, 4);
}

/* Numbers of an epoch that are far above the ring's own are counted as well. */
static void
test_other_past (void)
{
  g_autoptr (QueenRing) ring = new_ring (4);
  QueenCursor cursor;
  guint64 first, last;

  publish_all (ring, "ww");
  queen_ring_restart (ring, "eee", 5000, TRUE);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "eee-4000", &cursor), ==, 999);
  g_assert_true (queen_ring_find_missing (ring, "eee-4000", &first, &last));
  g_assert_cmpuint (first, ==, 4001);
  g_assert_cmpuint (last, ==, 4999);
  g_assert_false (queen_ring_find_missing (ring, "eee-4999", &first, &last));
  g_assert_false (queen_ring_find_missing (ring, "eee-5000", &first, &last));
  g_assert_false (queen_ring_find_missing (ring, EPOCH "-1", &first, &last));
}

/* Who came with 12 of another queen, and lost her place here, does not hear 11 and 12 again. */
static void
test_recalled (void)
{
  g_autoptr (QueenRing) ring = new_ring (4);
  QueenCursor here, next;

  g_assert_cmpint (queen_ring_resume (ring, ALL, "eee-12", &here), ==, -1);
  queen_ring_restart (ring, "eee", 11, TRUE);
  queen_ring_recall (ring, 11, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  queen_ring_recall (ring, 12, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "eee-11", &next), ==, 0);
  g_assert_cmpuint (next.next, ==, queen_ring_get_head (ring) - 1);
  g_assert_cmpint (queen_ring_skip_lost (ring, &here), ==, -1);
  g_assert_cmpuint (here.next, ==, queen_ring_get_head (ring));
  queen_ring_publish (ring, 13, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  g_assert_cmpint (queen_ring_skip_lost (ring, &here), ==, 0);
  g_assert_cmpuint (here.next, ==, queen_ring_get_head (ring) - 1);
}

/* She goes on alone: nothing is lost to who comes again with an id from before, and nothing told
 * twice to who has seen more of that at another queen. */
static void
test_former (void)
{
  g_autoptr (QueenRing) ring = new_ring (10);
  g_autofree char *id = NULL;
  QueenCursor cursor;
  guint64 alone;

  publish_all (ring, "wwww");
  alone = queen_ring_get_head (ring);
  queen_ring_restart (ring, "eee", 1, FALSE);
  queen_ring_publish (ring, 1, QUEEN_EVENT_WORKER, "heartbeat", "{}", 2);
  g_assert_cmpint (queen_ring_resume (ring, ALL, EPOCH "-3", &cursor), ==, 0);
  g_assert_cmpuint (cursor.next, ==, alone - 1);
  g_assert_cmpint (queen_ring_resume (ring, ALL, EPOCH "-4", &cursor), ==, 0);
  g_assert_cmpuint (cursor.next, ==, alone);
  g_assert_cmpint (queen_ring_resume (ring, ALL, EPOCH "-5", &cursor), ==, -1);
  g_assert_cmpuint (cursor.next, ==, alone);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "fff-3", &cursor), ==, -1);
  g_assert_cmpuint (cursor.next, ==, queen_ring_get_oldest (ring));
  id = queen_ring_dup_id (ring, 2);
  g_assert_cmpstr (id, ==, EPOCH "-2");

  /* With the others again, where nobody knows how much was lost. */
  queen_ring_restart (ring, EPOCH, 9, TRUE);
  g_assert_cmpint (queen_ring_resume (ring, ALL, "eee-1", &cursor), ==, -1);
  g_assert_cmpint (queen_ring_resume (ring, ALL, EPOCH "-8", &cursor), ==, 0);
}

int
main (int argc, char **argv)
{
  static const gboolean is_shy = TRUE;

  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, func) g_test_add (path, Fixture, data, set_up, func, tear_down)
  ADD ("/several-queens/apply/listed-without-a-word", NULL, test_apply);
  ADD ("/several-queens/apply/ages-count", NULL, test_ages);
  ADD ("/several-queens/apply/room", NULL, test_room);
  ADD ("/several-queens/apply/many-who-are-gone", &is_shy, test_many_gone);
  ADD ("/several-queens/apply/endless-count", NULL, test_endless_count);
  ADD ("/several-queens/missed-when-somebody-says-so", &is_shy, test_missed_elsewhere);
  ADD ("/several-queens/holds/without-an-echo", NULL, test_holds);
#undef ADD
  g_test_add_func ("/several-queens/ring/other-numbers", test_other_numbers);
  g_test_add_func ("/several-queens/ring/other-history", test_other_history);
  g_test_add_func ("/several-queens/ring/other-past", test_other_past);
  g_test_add_func ("/several-queens/ring/the-epoch-before", test_former);
  g_test_add_func ("/several-queens/ring/recalled", test_recalled);
  return g_test_run ();
}
