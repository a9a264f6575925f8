/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Calls of Place on their way to the main thread and back. What they answer: test-placements.c in
 * tests/integration. */

#include "dbus/queen-dbus-placements.h"

#include "dbus-pair.h"
#include "placement-fixture.h"

#define PATH "/dev/rbee/Queen1"

typedef struct
{
  Fixture fixture;
  DBusPair pair;
  QueenDBusQueen *skeleton;
  QueenDBusPlacements *placements;
  gboolean is_answered;
} CallFixture;

static void
set_up_call (CallFixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_up (&f->fixture, NULL);
  dbus_pair_open (&f->pair);
  f->skeleton = queen_dbus_queen_skeleton_new ();
  f->placements = queen_dbus_placements_new (f->fixture.placement, f->skeleton, &fake_clock);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (f->skeleton), f->pair.queen, PATH,
                                    &error);
  g_assert_no_error (error);
}

static void
tear_down_call (CallFixture *f, gconstpointer data)
{
  g_clear_pointer (&f->placements, queen_dbus_placements_free);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (f->skeleton));
  g_clear_object (&f->skeleton);
  dbus_pair_close (&f->pair);
  tear_down (&f->fixture, NULL);
}

static guint
count_waiting (CallFixture *f)
{
  QueenPlacementFigures figures;

  queen_placement_get_figures (f->fixture.placement, &figures);
  return figures.n_waiting;
}

static void
on_call_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  GVariant *answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  g_clear_pointer (&answer, g_variant_unref);
  ((CallFixture *) data)->is_answered = TRUE;
}

static void
begin_to_wait (CallFixture *f)
{
  say (&f->fixture, "w", QUEEN_STATUS_STARTING, UNSAID, UNSAID);
  g_dbus_connection_call (f->pair.client, NULL, PATH, "dev.rbee.Queen1", "Place",
                          g_variant_new_parsed ("({'model': <'m'>, 'wait': <1.0>},)"), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_call_ended, f);
  dbus_pair_wait_until (count_waiting (f) == 1);
}

/* As in the D-Bus thread: what it has to say to the main thread is heard in its turn there. */
static void
lose_caller (CallFixture *f)
{
  g_autoptr (GMainContext) elsewhere = g_main_context_new ();

  g_main_context_push_thread_default (elsewhere);
  g_clear_pointer (&f->placements, queen_dbus_placements_free);
  g_main_context_pop_thread_default (elsewhere);
}

static void
test_leaves (CallFixture *f, gconstpointer data)
{
  begin_to_wait (f);
  lose_caller (f);
  g_assert_cmpuint (count_waiting (f), ==, 1);
  turn ();
  g_assert_cmpuint (count_waiting (f), ==, 0);
}

/* That it has left is on its way to the main thread. */
static void
test_leaves_when_decided (CallFixture *f, gconstpointer data)
{
  begin_to_wait (f);
  lose_caller (f);
  pass (SECOND);
  g_assert_cmpuint (count_waiting (f), ==, 0);
}

static void
test_leaves_when_placed (CallFixture *f, gconstpointer data)
{
  begin_to_wait (f);
  say (&f->fixture, "w", QUEEN_STATUS_READY, 1, 0);
  lose_caller (f);
  turn ();
  g_assert_cmpuint (count_waiting (f), ==, 0);
}

#define ADD(path, func) g_test_add (path, CallFixture, NULL, set_up_call, func, tear_down_call)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("/dbus-placements/caller/leaves-while-it-waits", test_leaves);
  ADD ("/dbus-placements/caller/leaves-as-its-patience-is-over", test_leaves_when_decided);
  ADD ("/dbus-placements/caller/leaves-as-it-is-placed", test_leaves_when_placed);

  return g_test_run ();
}
