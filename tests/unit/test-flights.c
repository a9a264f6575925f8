/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "redis/queen-flights.h"

#include <string.h>

#include "redis/queen-engine-script.h"

/* What the bus is told: `ID:BEFORE>NOW#NUMBER ` for each event, by statuses. */
static void
on_told (QueenEvent *event, gpointer data)
{
  const QueenComponent *before = event->before;

  g_string_append_printf (data, "%s:%s>%s#%d ", event->component->id,
                          before ? queen_status_get_name (before->status) : "",
                          event->kind == QUEEN_EVENT_FORGOTTEN
                              ? ""
                              : queen_status_get_name (event->component->status),
                          (int) event->number);
}

static QueenComponent *
make_worker (const char *id, QueenStatus status)
{
  QueenComponent *worker = queen_component_new (QUEEN_COMPONENT_WORKER);

  worker->id = g_strdup (id);
  worker->status = status;
  return worker;
}

/* @before: -1 for none */
static QueenEvent *
make_event (const char *id, int before, QueenStatus status)
{
  g_autoptr (QueenComponent) worker = make_worker (id, status);
  QueenEvent *event = queen_event_new_heartbeat (worker);

  event->before = before < 0 ? NULL : make_worker (id, (QueenStatus) before);
  return event;
}

static void
publish (QueenFlights *flights, const char *id, int before, QueenStatus status)
{
  g_autoptr (QueenEvent) event = make_event (id, before, status);

  queen_flights_add (flights, event, TRUE, 10, 0);
}

static void
hear (QueenFlights *flights, const char *id, int before, QueenStatus status, guint64 number)
{
  g_autoptr (QueenEvent) event = make_event (id, before, status);

  event->number = number;
  queen_flights_tell (flights, event);
}

static void
test_order (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (QueenFlights) flights = queen_flights_new (on_told, told);
  g_autoptr (QueenComponent) worker = make_worker ("a", QUEEN_STATUS_READY);
  g_autoptr (QueenEvent) held = queen_event_new_restored (worker);

  publish (flights, "a", -1, QUEEN_STATUS_READY);
  publish (flights, "b", -1, QUEEN_STATUS_READY);
  queen_flights_add (flights, held, FALSE, 0, 0);
  g_assert_cmpstr (told->str, ==, "");
  g_assert_cmpuint (queen_flights_get_n (flights), ==, 2);
  g_assert_cmpuint (queen_flights_get_n_bytes (flights), ==, 20);
  g_assert_true (queen_flights_land (flights, 4));
  g_assert_cmpstr (told->str, ==, "a:>Ready#4 ");
  g_assert_false (queen_flights_tell_next (flights));
  g_assert_true (queen_flights_land (flights, 7));
  g_assert_cmpstr (told->str, ==, "a:>Ready#4 b:>Ready#7 ");
  g_assert_true (queen_flights_tell_next (flights));
  g_assert_cmpstr (told->str, ==, "a:>Ready#4 b:>Ready#7 a:Ready>Ready#0 ");
  g_assert_false (queen_flights_land (flights, 8));
  g_assert_cmpuint (queen_flights_get_n_bytes (flights), ==, 0);
}

/* The registry was ahead: what an event says was before is what was told before it. */
static void
test_others_between (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (QueenFlights) flights = queen_flights_new (on_told, told);

  publish (flights, "a", QUEEN_STATUS_READY, QUEEN_STATUS_BUSY);
  publish (flights, "a", QUEEN_STATUS_BUSY, QUEEN_STATUS_STOPPING);
  g_assert_true (queen_flights_has (flights, QUEEN_COMPONENT_WORKER, "a"));
  g_assert_false (queen_flights_has (flights, QUEEN_COMPONENT_HIVE, "a"));
  hear (flights, "a", QUEEN_STATUS_STOPPING, QUEEN_STATUS_STARTING, 1);
  hear (flights, "b", -1, QUEEN_STATUS_READY, 2);
  queen_flights_land (flights, 3);
  hear (flights, "a", -1, QUEEN_STATUS_ONLINE, 4);
  queen_flights_land (flights, 5);
  g_assert_cmpstr (told->str, ==,
                   "a:Ready>Starting#1 b:>Ready#2 a:Starting>Busy#3 a:Busy>Online#4 "
                   "a:Online>Stopping#5 ");
  g_assert_false (queen_flights_has (flights, QUEEN_COMPONENT_WORKER, "a"));
}

/* Whoever is not there is not forgotten a second time, and comes anew. */
static void
test_forgotten_between (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (QueenFlights) flights = queen_flights_new (on_told, told);
  g_autoptr (QueenComponent) worker = make_worker ("a", QUEEN_STATUS_OFFLINE);
  g_autoptr (QueenEvent) first = queen_event_new_forgotten (worker);
  g_autoptr (QueenEvent) second = queen_event_new_forgotten (worker);

  publish (flights, "a", QUEEN_STATUS_READY, QUEEN_STATUS_BUSY);
  queen_flights_tell (flights, first);
  queen_flights_tell (flights, second);
  queen_flights_land (flights, 1);
  g_assert_cmpstr (told->str, ==, "a:Ready>#0 a:>Busy#1 ");
}

/* Whoever does not wait any longer gets all in order, and nothing is left. */
static void
test_taken (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (QueenFlights) flights = queen_flights_new (on_told, told);
  QueenEvent *event;

  publish (flights, "a", -1, QUEEN_STATUS_READY);
  publish (flights, "a", QUEEN_STATUS_READY, QUEEN_STATUS_BUSY);
  hear (flights, "a", -1, QUEEN_STATUS_ONLINE, 9);
  while ((event = queen_flights_take_first (flights)))
    {
      on_told (event, told);
      queen_event_unref (event);
    }
  g_assert_cmpstr (told->str, ==, "a:>Online#9 a:Online>Ready#0 a:Ready>Busy#0 ");
  g_assert_cmpuint (queen_flights_get_n (flights), ==, 0);
  g_assert_false (queen_flights_has (flights, QUEEN_COMPONENT_WORKER, "a"));
}

static void
note_id (const QueenEvent *event, gpointer data)
{
  g_string_append_printf (data, "%s ", event->component->id);
}

/* Of those that do not come back each is told once and in its turn, and what is added behind them.
 */
static void
test_given_up (void)
{
  g_autoptr (GString) told = g_string_new (NULL), noted = g_string_new (NULL);
  g_autoptr (QueenFlights) flights = queen_flights_new (on_told, told);
  g_autoptr (QueenEvent) later = make_event ("a", QUEEN_STATUS_READY, QUEEN_STATUS_BUSY);

  publish (flights, "a", -1, QUEEN_STATUS_READY);
  publish (flights, "b", -1, QUEEN_STATUS_READY);
  g_assert_false (queen_flights_has_untold (flights));
  queen_flights_give_up (flights, note_id, noted);
  g_assert_cmpstr (noted->str, ==, "a b ");
  g_assert_cmpuint (queen_flights_get_n (flights), ==, 0);
  g_assert_cmpuint (queen_flights_get_n_bytes (flights), ==, 0);
  g_assert_cmpuint (queen_flights_get_n_landed (flights), ==, 2);
  queen_flights_add (flights, later, FALSE, 0, 0);
  g_assert_cmpstr (told->str, ==, "");
  while (queen_flights_tell_next (flights))
    ;
  g_assert_cmpstr (told->str, ==, "a:>Ready#0 b:>Ready#0 a:Ready>Busy#0 ");
  g_assert_false (queen_flights_has_untold (flights));
  g_assert_cmpuint (queen_flights_get_n_landed (flights), ==, 2);
}

static void
test_places (void)
{
  static const char *const none[] = {
    "", "1", "-1", "1-", "1-x", "x-1", "-1-1", "1--1", "99999999999999999999-0", "1-0 ", "\v1-0"
  };
  QueenEngineId id;
  g_autofree char *text = NULL;

  g_assert_true (queen_engine_id_parse ("17-3", &id));
  g_assert_cmpuint (id.number, ==, 17);
  g_assert_cmpuint (id.step, ==, 3);
  text = queen_engine_id_dup_text (&id);
  g_assert_cmpstr (text, ==, "17-3");
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_false (queen_engine_id_parse (none[i], &id));
}

static void
test_epochs (void)
{
  const gint64 now = G_GINT64_CONSTANT (1761336660) * 1000000000;
  g_autofree char *one = queen_engine_make_epoch (now, 7);
  g_autofree char *other = queen_engine_make_epoch (now, 8);
  g_autofree char *key = queen_engine_dup_key ("house", "abc", QUEEN_ENGINE_KEY_QUEEN);

  g_assert_cmpstr (one, !=, other);
  g_assert_cmpuint (strlen (one), <=, 16); /* what a state file takes */
  g_assert_cmpuint (strspn (one, "0123456789abcdef"), ==, strlen (one));
  g_assert_cmpstr (key, ==, "q:{house}:queen:abc");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/flights/told-in-their-order-when-they-are-back", test_order);
  g_test_add_func ("/flights/others-between", test_others_between);
  g_test_add_func ("/flights/forgotten-between", test_forgotten_between);
  g_test_add_func ("/flights/taken", test_taken);
  g_test_add_func ("/flights/given-up", test_given_up);
  g_test_add_func ("/flights/places", test_places);
  g_test_add_func ("/flights/epochs", test_epochs);
  return g_test_run ();
}
