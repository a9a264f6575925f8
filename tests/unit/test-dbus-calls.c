/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "dbus/queen-dbus-calls.h"

#include <unistd.h>

#include "bus-daemon.h"
#include "dbus-pair.h"
#include "dbus/queen-dbus-answers.h"
#include "dbus/queen-dbus-watch.h"
#include "fake-clock.h"

#define PATIENCE (60 * G_USEC_PER_SEC)
#define N_CALLERS 2

typedef struct
{
  BusDaemon *bus;
  GDBusConnection *service;
  GDBusConnection *callers[N_CALLERS];
  GQueue invocations; /* what has come, and is nobody's yet */
  QueenDBusCalls *calls;
  guint n_gone;
  char *user; /* whose the last call was */

  char *answers[8]; /* what the callers got, in the order in which they called: an error's name */
  guint n_asked;
  guint n_answered;

  QueenDBusAnswers *queue;
  guint n_made;
} Fixture;

/* A method that does nothing by itself. */

static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *path,
                const char *interface,
                const char *method,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer data)
{
  g_queue_push_tail (&((Fixture *) data)->invocations, invocation);
}

static void
export_method (Fixture *f)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (
      "<node><interface name='test.Calls'><method name='Wait'/></interface></node>", NULL);

  g_assert_cmpuint (g_dbus_connection_register_object (f->service, "/", node->interfaces[0],
                                                       &vtable, f, NULL, NULL),
                    >, 0);
}

static GDBusConnection *
connect_to (Fixture *f)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (bus_daemon_get_address (f->bus),
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const QueenDBusCallsSettings settings = {
    .clock = &fake_clock, .calls = 3, .calls_per_caller = 2, .patience = PATIENCE
  };

  now = 0;
  f->bus = bus_daemon_new ();
  bus_daemon_start (f->bus);
  f->service = connect_to (f);
  for (int i = 0; i < N_CALLERS; i++)
    f->callers[i] = connect_to (f);
  export_method (f);
  f->calls = queen_dbus_calls_new (&settings);
}

static void
leave_bus (GDBusConnection **connection)
{
  g_dbus_connection_close_sync (*connection, NULL, NULL);
  g_clear_object (connection);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->calls, queen_dbus_calls_free);
  g_queue_clear_full (&f->invocations, g_object_unref);
  if (f->service)
    leave_bus (&f->service);
  for (int i = 0; i < N_CALLERS; i++)
    if (f->callers[i])
      leave_bus (&f->callers[i]);
  dbus_pair_wait_until (f->n_answered == f->n_asked);
  for (gsize i = 0; i < G_N_ELEMENTS (f->answers); i++)
    g_free (f->answers[i]);
  g_free (f->user);
  bus_daemon_free (f->bus);
}

typedef struct
{
  Fixture *fixture;
  guint number;
} Asked;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Asked *asked = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  char **place = &asked->fixture->answers[asked->number];

  *place = answer ? g_strdup ("ok") : g_dbus_error_get_remote_error (error);
  asked->fixture->n_answered++;
}

static void
ask (Fixture *f, int caller)
{
  Asked *asked = g_new (Asked, 1);

  *asked = (Asked){ f, f->n_asked++ };
  g_dbus_connection_call (f->callers[caller], g_dbus_connection_get_unique_name (f->service), "/",
                          "test.Calls", "Wait", NULL, NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL,
                          on_answer, asked);
}

/* Returns: (transfer full): the call, as it came to the service */
static GDBusMethodInvocation *
receive (Fixture *f, int caller)
{
  ask (f, caller);
  dbus_pair_wait_until (f->invocations.length > 0);
  return g_queue_pop_head (&f->invocations);
}

static void
on_gone (gpointer data)
{
  ((Fixture *) data)->n_gone++;
}

static QueenDBusCall *
open_call (Fixture *f, int caller)
{
  GDBusMethodInvocation *invocation = receive (f, caller);
  const char *name = g_dbus_connection_get_unique_name (f->callers[caller]);

  if (queen_dbus_calls_has_room (f->calls, name))
    return queen_dbus_calls_begin (f->calls, invocation, on_gone, f);
  g_dbus_method_invocation_return_dbus_error (invocation, "test.Refused", "");
  return NULL;
}

static void
on_user (const char *user, const char *caller, gpointer data)
{
  Fixture *f = data;

  g_free (f->user);
  f->user = g_strdup (user);
}

static QueenDBusCall *
open_for_later (Fixture *f, int caller)
{
  QueenDBusCall *call = open_call (f, caller);

  g_assert_nonnull (call);
  queen_dbus_call_answer_later (call, on_user);
  queen_dbus_call_watch_caller (call);
  return call;
}

static void
finish (QueenDBusCall *call)
{
  g_dbus_method_invocation_return_value (queen_dbus_call_end (call), NULL);
}

static void
assert_answer (Fixture *f, guint number, const char *expected)
{
  dbus_pair_wait_until (f->answers[number]);
  g_assert_cmpstr (f->answers[number], ==, expected);
}

/* A bus answers in order: whatever the service was to hear by now, it has heard. */
static void
settle (Fixture *f)
{
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_sync (f->service, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                   "org.freedesktop.DBus", "GetId", NULL, NULL,
                                   G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);

  g_assert_nonnull (answer);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_later (Fixture *f, gconstpointer data)
{
  QueenDBusCall *call = open_for_later (f, 0);

  settle (f);
  now += PATIENCE - 1;
  settle (f);
  g_assert_cmpuint (f->n_answered, ==, 0);
  finish (call);
  assert_answer (f, 0, "ok");
  now += PATIENCE;
  settle (f);
  g_assert_cmpuint (f->n_gone, ==, 0);
}

static void
test_user (Fixture *f, gconstpointer data)
{
  g_autofree char *own = g_strdup_printf ("%u", getuid ());
  QueenDBusCall *call = open_for_later (f, 0);

  dbus_pair_wait_until (f->user);
  g_assert_cmpstr (f->user, ==, own);
  finish (call);
  assert_answer (f, 0, "ok");
}

static void
test_caller_leaves (Fixture *f, gconstpointer data)
{
  QueenDBusCall *other;

  open_for_later (f, 0);
  other = open_for_later (f, 1);
  leave_bus (&f->callers[0]);
  dbus_pair_wait_until (f->n_gone == 1);
  finish (other);
  assert_answer (f, 1, "ok");
  g_assert_cmpuint (f->n_gone, ==, 1);
}

/* Also one that had gone before anybody asked whether it is there. */
static void
test_caller_has_left (Fixture *f, gconstpointer data)
{
  QueenDBusCall *call = open_call (f, 0);

  leave_bus (&f->callers[0]);
  settle (f);
  queen_dbus_call_answer_later (call, on_user);
  dbus_pair_wait_until (f->n_gone == 1);
  g_assert_null (f->user);
}

static void
test_deadline (Fixture *f, gconstpointer data)
{
  QueenDBusCall *second;

  open_for_later (f, 0);
  now += 1;
  second = open_for_later (f, 0);
  now += PATIENCE - 1;
  assert_answer (f, 0, "org.freedesktop.DBus.Error.Timeout");
  g_assert_cmpuint (f->n_gone, ==, 1);
  finish (second);
  assert_answer (f, 1, "ok");
}

static void
test_bounded (Fixture *f, gconstpointer data)
{
  QueenDBusCall *first = open_call (f, 0);
  QueenDBusCall *second = open_for_later (f, 0);
  QueenDBusCall *third;

  g_assert_null (open_call (f, 0)); /* its own share */
  third = open_for_later (f, 1);
  g_assert_null (open_call (f, 1)); /* of all */
  finish (first);
  first = open_call (f, 1);
  g_assert_nonnull (first);
  finish (first);
  finish (second);
  finish (third);
  assert_answer (f, 5, "ok");
  assert_answer (f, 2, "test.Refused");
  assert_answer (f, 4, "test.Refused");
}

/* However many connections it has. */
static void
test_user_bounded (Fixture *f, gconstpointer data)
{
  const QueenDBusCallsSettings settings = { .clock = &fake_clock,
                                            .calls = 4,
                                            .calls_per_caller = 4,
                                            .leaves_room = TRUE,
                                            .patience = PATIENCE };
  QueenDBusCall *first, *second;

  queen_dbus_calls_free (f->calls);
  f->calls = queen_dbus_calls_new (&settings);
  first = open_for_later (f, 0);
  second = open_for_later (f, 1);
  settle (f);
  open_for_later (f, 1);
  assert_answer (f, 2, "org.freedesktop.DBus.Error.LimitsExceeded");
  g_assert_cmpuint (f->n_gone, ==, 1);
  finish (first);
  first = open_for_later (f, 1);
  settle (f);
  finish (first);
  finish (second);
  assert_answer (f, 3, "ok");
  assert_answer (f, 1, "ok");
}

static void
test_service_ends (Fixture *f, gconstpointer data)
{
  open_call (f, 0);
  open_for_later (f, 1);
  g_clear_pointer (&f->calls, queen_dbus_calls_free);
  g_assert_cmpuint (f->n_gone, ==, 2);
  g_assert_cmpuint (f->n_answered, ==, 0);
  leave_bus (&f->service);
  assert_answer (f, 0, "org.freedesktop.DBus.Error.NoReply");
  assert_answer (f, 1, "org.freedesktop.DBus.Error.NoReply");
}

/* GDBus says only by and by that the connection is closed; calls that have come before it get their
 * turn until then. */
static void
test_closed (Fixture *f, gconstpointer data)
{
  QueenDBusCall *before = open_for_later (f, 0);
  QueenDBusCall *after = open_call (f, 1);

  g_dbus_connection_close_sync (f->service, NULL, NULL);
  queen_dbus_call_answer_later (after, on_user);
  queen_dbus_call_watch_caller (after);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (f->n_gone, ==, 0); /* whoever has the connection, ends its calls */
  finish (before);
  finish (after);
}

/* Answers that are made one at a time */

static void
on_stuck (gpointer data)
{
  g_assert_not_reached ();
}

/* While the first answer is being made, another one asks, and leaves; and a third asks. */
static GVariant *
make_answer (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  Fixture *f = data;

  if (f->n_made++ == 0)
    {
      queen_dbus_answers_add (f->queue, receive (f, 1), QUEEN_DBUS_ANSWER_PAGE, make_answer, f);
      queen_dbus_answers_add (f->queue, receive (f, 0), QUEEN_DBUS_ANSWER_PAGE, make_answer, f);
      leave_bus (&f->callers[1]);
      settle (f);
    }
  return g_variant_new ("()");
}

static void
test_answers (Fixture *f, gconstpointer data)
{
  QueenDBusOutbox *outbox = queen_dbus_outbox_new (f->service, 20 * 1000, on_stuck, NULL);
  g_autoptr (QueenDBusReceipts) receipts = queen_dbus_receipts_new (&fake_clock);

  f->queue = queen_dbus_answers_new (outbox, receipts, &fake_clock);
  queen_dbus_answers_add (f->queue, receive (f, 0), QUEEN_DBUS_ANSWER_PAGE, make_answer, f);
  assert_answer (f, 0, "ok");
  assert_answer (f, 2, "ok");
  g_assert_cmpuint (f->n_made, ==, 2);
  queen_dbus_answers_free (f->queue);
  queen_dbus_outbox_free (outbox);
}

/* Who leaves */

static void
on_watched_gone (gpointer data)
{
  ++*(guint *) data;
}

/* A system bus lets a connection have 512 rules. There are more who wait for an answer, listen or
 * hold. */
static void
test_many (Fixture *f, gconstpointer data)
{
  QueenDBusWatch *before[1000], *last;
  const char *name = g_dbus_connection_get_unique_name (f->callers[0]);
  guint n_others = 0, n_gone = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (before); i++)
    before[i] = queen_dbus_watch_new (f->service, g_dbus_connection_get_unique_name (f->callers[1]),
                                      on_watched_gone, &n_others);
  last = queen_dbus_watch_new (f->service, name, on_watched_gone, &n_gone);
  settle (f);
  leave_bus (&f->callers[0]);
  dbus_pair_wait_until (n_gone == 1);
  g_assert_cmpuint (n_others, ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (before); i++)
    queen_dbus_watch_free (before[i]);
  queen_dbus_watch_free (last);
}

#define ADD(path, func) g_test_add ("/dbus-calls/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("later/answered-after-the-function-has-returned", test_later);
  ADD ("caller/the-bus-says-whose-it-is", test_user);
  ADD ("caller/leaves-and-is-missed-at-once", test_caller_leaves);
  ADD ("caller/had-left-before-anybody-asked", test_caller_has_left);
  ADD ("caller/is-missed-however-many-others-there-are", test_many);
  ADD ("patience/over-is-told-and-ends-the-call", test_deadline);
  ADD ("bounded/in-all-and-for-each-caller", test_bounded);
  ADD ("bounded/for-each-user-too", test_user_bounded);
  ADD ("service/ends-and-nobody-waits", test_service_ends);
  ADD ("service/closed-and-not-told-so-yet", test_closed);
  ADD ("answers/none-is-made-for-who-has-gone", test_answers);

  return g_test_run ();
}
