/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "stream-fixture.h"

#include "model/queen-placement.h"
#include "queen-error.h"

/* A sequencer that emits when the test says so, with the numbers that the test says. */

#define TYPE_LATE_SEQUENCER (late_sequencer_get_type ())
G_DECLARE_FINAL_TYPE (LateSequencer, late_sequencer, LATE, SEQUENCER, GObject)

struct _LateSequencer
{
  GObject parent_instance;

  QueenEventBus *bus;
  GQueue waiting; /* of QueenEvent */
  guint64 next;
};

static void
late_sequencer_publish (QueenSequencer *sequencer, QueenEvent *event)
{
  g_queue_push_tail (&LATE_SEQUENCER (sequencer)->waiting, queen_event_ref (event));
}

static void
late_sequencer_init_sequencer (QueenSequencerInterface *iface)
{
  iface->publish = late_sequencer_publish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LateSequencer,
                               late_sequencer,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (QUEEN_TYPE_SEQUENCER,
                                                      late_sequencer_init_sequencer))

static void
late_sequencer_finalize (GObject *object)
{
  g_queue_clear_full (&LATE_SEQUENCER (object)->waiting, (GDestroyNotify) queen_event_unref);
  g_object_unref (LATE_SEQUENCER (object)->bus);

  G_OBJECT_CLASS (late_sequencer_parent_class)->finalize (object);
}

static void
late_sequencer_class_init (LateSequencerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = late_sequencer_finalize;
}

static void
late_sequencer_init (LateSequencer *self)
{
  g_queue_init (&self->waiting);
  self->next = 1;
}

static LateSequencer *
late_sequencer_new (QueenEventBus *bus)
{
  LateSequencer *self = g_object_new (TYPE_LATE_SEQUENCER, NULL);

  self->bus = g_object_ref (bus);
  return self;
}

static void
emit_waiting (LateSequencer *self)
{
  QueenEvent *event;

  while ((event = g_queue_pop_head (&self->waiting)))
    {
      if (event->kind & QUEEN_EVENT_NUMBERED_KINDS)
        event->number = self->next++;
      queen_event_bus_emit (self->bus, event);
      queen_event_unref (event);
    }
}

/* What is heard on the bus: `a3 ` for the event of that number, `q ` for a heartbeat of the queen,
 * `-a ` for one that is forgotten. */
static void
on_event (GString *heard, QueenEvent *event)
{
  if (event->kind == QUEEN_EVENT_QUEEN)
    g_string_append (heard, "q ");
  else if (event->kind == QUEEN_EVENT_FORGOTTEN)
    g_string_append_printf (heard, "-%s ", event->component->id);
  else
    g_string_append_printf (heard, "%s%d ", event->component->id, (int) event->number);
  g_assert_true ((event->number > 0) == ((event->kind & QUEEN_EVENT_NUMBERED_KINDS) != 0));
}

static GString *
listen_to (QueenEventBus *bus)
{
  GString *heard = g_string_new (NULL);

  g_signal_connect_data (bus, "event", G_CALLBACK (on_event), heard, NULL,
                         G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return heard;
}

static void
assert_heard (GString *heard, const char *expected)
{
  g_assert_cmpstr (heard->str, ==, expected);
  g_string_truncate (heard, 0);
}

static void
test_at_once (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) heard = listen_to (f->bus);

  beat (f, f->workers, "a");
  assert_heard (heard, "a1 ");
  beat (f, f->hives, "h");
  assert_heard (heard, "h2 ");
  g_assert_true (queen_registry_forget (f->workers, "a", NULL, NULL));
  assert_heard (heard, "a3 -a ");
  beat (f, f->workers, "b");
  assert_heard (heard, "b4 ");
  g_signal_handlers_disconnect_by_data (f->bus, heard);
}

static void
test_continued (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenLocalSequencer) first = queen_local_sequencer_new (f->bus, &clock_of_the_test);
  g_autoptr (QueenLocalSequencer) second = queen_local_sequencer_new (f->bus, &clock_of_the_test);
  g_autoptr (QueenComponent) worker = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (QueenEvent) event = NULL;

  worker->id = g_strdup ("w");
  event = queen_event_new_component (worker, 0);
  queen_local_sequencer_continue (second, "1a2b", 17);
  g_assert_cmpstr (queen_local_sequencer_get_epoch (first), ==, "3e8");
  g_assert_cmpstr (queen_local_sequencer_get_epoch (second), ==, "1a2b");
  g_assert_cmpuint (queen_local_sequencer_get_next (second), ==, 17);
  queen_sequencer_publish (QUEEN_SEQUENCER (second), event);
  g_assert_cmpuint (event->number, ==, 17);
  g_assert_cmpuint (queen_local_sequencer_get_next (second), ==, 18);
}

#define PULSE_INTERVAL 2500000

/* The same cluster behind a sequencer that asks elsewhere. */

static LateSequencer *late;

static void
set_up_late (Fixture *f, gconstpointer room)
{
  const QueenRegistrySettings settings = { &clock_of_the_test, G_MAXINT64 / 2, 1000, 2 };
  QueenSequencer *sequencer;

  set_up (f, room);
  late = late_sequencer_new (f->bus);
  sequencer = QUEEN_SEQUENCER (late);
  g_object_unref (f->workers);
  g_object_unref (f->hives);
  f->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, sequencer, &settings);
  f->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, sequencer, &settings);
  g_object_unref (f->pulse);
  f->pulse = queen_pulse_new (sequencer, f->workers, f->hives, &clock_of_the_test, PULSE_INTERVAL);
}

static void
tear_down_late (Fixture *f, gconstpointer room)
{
  g_clear_object (&late);
  tear_down (f, room);
}

static void
beat_now (Fixture *f)
{
  queen_pulse_start (f->pulse);
  now += PULSE_INTERVAL;
  turn ();
}

static void
say (Fixture *f, const char *id, const char *model, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->model_id = g_strdup (model);
  worker->status = status;
  g_assert_true (queen_registry_update (f->workers, worker, NULL, NULL));
}

static void
test_answered_before_heard (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) heard = listen_to (f->bus);
  QueenComponent *third = queen_component_new (QUEEN_COMPONENT_WORKER);
  g_autoptr (GError) error = NULL;
  QueenCensus census;

  third->id = g_strdup ("c");
  say (f, "a", NULL, QUEEN_STATUS_READY);
  say (f, "b", NULL, QUEEN_STATUS_READY);
  g_assert_nonnull (queen_registry_lookup (f->workers, "a"));
  queen_registry_get_census (f->workers, &census);
  g_assert_cmpstr (census.ids, ==, "[\"a\",\"b\"]");
  /* What is refused is refused by what is known. */
  g_assert_false (queen_registry_update (f->workers, g_steal_pointer (&third), NULL, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_REGISTRY_FULL);
  assert_heard (heard, "");
  emit_waiting (late);
  assert_heard (heard, "a1 b2 ");
  g_signal_handlers_disconnect_by_data (f->bus, heard);
}

static void
test_order (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) heard = listen_to (f->bus);

  say (f, "a", NULL, QUEEN_STATUS_READY);
  beat (f, f->hives, "h");
  beat_now (f);
  g_assert_true (queen_registry_forget (f->workers, "a", NULL, NULL));
  say (f, "a", NULL, QUEEN_STATUS_READY);
  assert_heard (heard, "");
  emit_waiting (late);
  assert_heard (heard, "a1 h2 q a3 -a a4 ");
  g_signal_handlers_disconnect_by_data (f->bus, heard);
}

static void
test_stream (Fixture *f, gconstpointer data)
{
  int fd = subscribe_to (f, QUEEN_EVENT_WORKER), late_comer;

  assert_reads (fd, ":");
  say (f, "a", NULL, QUEEN_STATUS_READY);
  assert_reads (fd, "");
  emit_waiting (late);
  assert_reads (fd, "1");
  late->next = 5; /* other events have gone elsewhere */
  say (f, "a", NULL, QUEEN_STATUS_READY);
  beat_now (f);
  say (f, "b", NULL, QUEEN_STATUS_READY);
  emit_waiting (late);
  assert_reads (fd, "lagged 5 6");
  late_comer = subscribe (f);
  assert_reads (late_comer, "q6");
  close (late_comer);
  close (fd);
}

static void
assert_gives (QueenPlacement *placement, const char *id)
{
  g_autoptr (GError) error = NULL;
  QueenComponent *worker = queen_placement_find (placement, "m", &error);

  g_assert_cmpstr (worker ? worker->id : NULL, ==, id);
  if (!id)
    g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND);
}

/* Who asks for a worker has an answer that holds, whatever has not been told yet. */
static void
test_placement (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenPlacement) placement =
      queen_placement_new (f->bus, f->workers, &queen_clock_system);

  say (f, "a", "m", QUEEN_STATUS_READY);
  say (f, "b", "m", QUEEN_STATUS_READY);
  emit_waiting (late);
  say (f, "a", "m", QUEEN_STATUS_BUSY);
  assert_gives (placement, "b");
  assert_gives (placement, "b");
  g_assert_true (queen_registry_forget (f->workers, "b", NULL, NULL));
  assert_gives (placement, NULL);
  say (f, "b", "other", QUEEN_STATUS_READY);
  say (f, "a", "m", QUEEN_STATUS_READY);
  emit_waiting (late);
  assert_gives (placement, "a");
  say (f, "a", "other", QUEEN_STATUS_READY);
  assert_gives (placement, NULL);
  emit_waiting (late);
  assert_gives (placement, NULL);
}

#define ADD_LATE(path, func) g_test_add (path, Fixture, &usual, set_up_late, func, tear_down_late)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/sequencer/local/heartbeats-numbered-without-a-gap-and-heard-at-once", usual, test_at_once);
  ADD ("/sequencer/local/goes-on-from-a-former-epoch", usual, test_continued);
  ADD_LATE ("/sequencer/late/known-counted-and-answered-before-heard", test_answered_before_heard);
  ADD_LATE ("/sequencer/late/heard-in-the-order-of-what-happened", test_order);
  ADD_LATE ("/sequencer/late/its-numbers-are-the-streams-and-gaps-are-lost", test_stream);
  ADD_LATE ("/sequencer/late/nobody-is-given-work-who-is-known-to-have-none", test_placement);

  return g_test_run ();
}
