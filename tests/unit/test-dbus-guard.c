/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* That neither calls nor answers pile up without end. */

#include "dbus-pair.h"
#include "dbus/queen-dbus-frames.h"
#include "dbus/queen-dbus-guard.h"

#define PATH "/object"
#define INTERFACE "org.example.Interface"

typedef struct
{
  DBusPair pair;
  QueenDBusOutbox *outbox;
  QueenDBusGuard *guard;
  GDBusNodeInfo *info;
  guint object_id;

  gboolean is_stuck;
  guint n_read;
  guint n_calls;
  int n_arrived;   /* atomic: of messages, whatever the guard does with them */
  guint filter_id; /* on the client's side */
} Fixture;

/* An object that answers when the test says so. */
static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer data)
{
  Fixture *f = data;

  f->n_calls++;
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
on_stuck (gpointer data)
{
  ((Fixture *) data)->is_stuck = TRUE;
}

static void
on_read (gpointer data)
{
  ((Fixture *) data)->n_read++;
}

static GDBusMessage *
count (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer data)
{
  if (is_incoming)
    g_atomic_int_inc (&((Fixture *) data)->n_arrived);
  return message;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  static const QueenDBusGuardLimits limits = { .calls = 400, .bytes = 50 * 1000 };
  g_autoptr (GError) error = NULL;

  dbus_pair_open (&f->pair);
  f->outbox = queen_dbus_outbox_new (f->pair.queen, 20 * 1000, on_stuck, f);
  g_dbus_connection_add_filter (f->pair.queen, count, f, NULL);
  f->guard = queen_dbus_guard_new (f->pair.queen, f->outbox, &limits);
  f->info =
      g_dbus_node_info_new_for_xml ("<node><interface name='" INTERFACE "'>"
                                    "  <method name='Do'><arg type='s' direction='in'/></method>"
                                    "</interface></node>",
                                    &error);
  g_assert_no_error (error);
  f->object_id = g_dbus_connection_register_object (f->pair.queen, PATH, f->info->interfaces[0],
                                                    &vtable, f, NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_dbus_connection_unregister_object (f->pair.queen, f->object_id);
  if (f->filter_id != 0)
    g_dbus_connection_remove_filter (f->pair.client, f->filter_id);
  queen_dbus_guard_free (f->guard);
  queen_dbus_outbox_free (f->outbox);
  g_dbus_node_info_unref (f->info);
  dbus_pair_close (&f->pair);
}

/* The outbox */

static void
test_read (Fixture *f, gconstpointer data)
{
  queen_dbus_outbox_await (f->outbox, on_read, f);
  queen_dbus_outbox_await (f->outbox, on_read, f);
  dbus_pair_wait_until (f->n_read == 2);
  g_assert_false (f->is_stuck);
}

static GDBusMessage *
swallow (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer data)
{
  if (!is_incoming)
    return message;
  g_object_unref (message);
  return NULL;
}

static void
test_stuck (Fixture *f, gconstpointer data)
{
  QueenDBusOutbox *outbox = queen_dbus_outbox_new (f->pair.queen, 100, on_stuck, f);

  f->filter_id = g_dbus_connection_add_filter (f->pair.client, swallow, NULL, NULL);
  queen_dbus_outbox_await (outbox, on_read, f);
  dbus_pair_wait_until (f->is_stuck);
  g_assert_cmpuint (f->n_read, ==, 0);
  queen_dbus_outbox_free (outbox);
}

/* She does not come to anything for so long that her patience is over when she looks at the clock
 * again; the bus has answered meanwhile. */
static GDBusMessage *
swallow_first (GDBusConnection *connection,
               GDBusMessage *message,
               gboolean is_incoming,
               gpointer data)
{
  static gint n_answers;

  if (is_incoming || g_atomic_int_add (&n_answers, 1) > 0)
    return message;
  g_object_unref (message);
  return NULL;
}

static void
test_busy (Fixture *f, gconstpointer data)
{
  QueenDBusOutbox *outbox = queen_dbus_outbox_new (f->pair.queen, 2000, on_stuck, f);

  f->filter_id = g_dbus_connection_add_filter (f->pair.client, swallow_first, NULL, NULL);
  queen_dbus_outbox_await (outbox, on_read, f);
  dbus_pair_wait_until (f->n_read == 1);
  g_assert_false (f->is_stuck);
  queen_dbus_outbox_free (outbox);
}

static void
test_gone (Fixture *f, gconstpointer data)
{
  QueenDBusOutbox *outbox = queen_dbus_outbox_new (f->pair.queen, 20 * 1000, on_stuck, f);

  queen_dbus_outbox_await (outbox, on_read, f);
  queen_dbus_outbox_free (outbox);
  queen_dbus_outbox_await (f->outbox, on_read, f); /* this one comes after the other */
  dbus_pair_wait_until (f->n_read == 1);
  while (g_main_context_iteration (NULL, FALSE)) /* GDBus has things of its own to do */
    ;
  g_assert_cmpuint (f->n_read, ==, 1);
}

/* Single calls */

static GDBusMessage *
new_call (const char *path, gsize length)
{
  GDBusMessage *call = g_dbus_message_new_method_call (NULL, path, INTERFACE, "Do");
  g_autofree char *text = g_strnfill (length, 'x');

  g_dbus_message_set_body (call, g_variant_new ("(s)", text));
  return call;
}

static void
expect (Fixture *f, GDBusMessage *call, const char *error)
{
  g_autoptr (GDBusMessage) answer = dbus_pair_exchange (&f->pair, call);

  g_assert_cmpstr (g_dbus_message_get_error_name (answer), ==, error);
  g_object_unref (call);
}

static void
test_large (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (1024, 'x');
  g_autofree char *long_path = g_strconcat ("/", name, NULL);

  GDBusMessage *cut = new_call (PATH, 1);

  g_dbus_message_set_header (cut, QUEEN_DBUS_FRAMES_CUT, g_variant_new_signature ("s"));
  expect (f, new_call (PATH, 900), NULL);
  expect (f, cut, "dev.rbee.Queen1.Error.TooLarge");
  expect (f, new_call (long_path, 1), "dev.rbee.Queen1.Error.TooLarge");
  expect (f, new_call (PATH, 900), NULL);
  g_assert_cmpuint (f->n_calls, ==, 2);
}

/* Many calls */

typedef struct
{
  guint n_done;
  guint n_refused;
} Answers;

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  Answers *answers = data;
  g_autoptr (GDBusMessage) answer =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, NULL);

  if (!answer)
    return; /* cancelled */
  if (!g_dbus_message_get_error_name (answer))
    answers->n_done++;
  else if (g_str_equal (g_dbus_message_get_error_name (answer),
                        "org.freedesktop.DBus.Error.LimitsExceeded"))
    answers->n_refused++;
  else
    g_assert_not_reached ();
}

/* Returns: (transfer full): the same, of the sender of that number */
static GDBusMessage *
of (guint sender, GDBusMessage *call)
{
  g_autofree char *name = g_strdup_printf (":1.%u", sender);

  g_dbus_message_set_sender (call, name);
  return call;
}

/* Waits until the calls have arrived. The queen does nothing meanwhile, as her context does not
 * turn; GDBus reads them all the same. */
static void
wait_for_calls (Fixture *f, int n_arrived)
{
  gint64 end = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;

  while (g_atomic_int_get (&f->n_arrived) < n_arrived)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_usleep (1000);
    }
}

/* @n calls of each sender from @first to @last, in turn. */
static void
pour (Fixture *f,
      guint first,
      guint last,
      guint n,
      gsize length,
      GCancellable *cancellable,
      Answers *answers)
{
  int n_arrived = g_atomic_int_get (&f->n_arrived) + (int) (n * (last - first + 1));

  for (guint i = 0; i < n; i++)
    for (guint sender = first; sender <= last; sender++)
      {
        g_autoptr (GDBusMessage) call = of (sender, new_call (PATH, length));

        g_dbus_connection_send_message_with_reply (f->pair.client, call,
                                                   G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT, NULL,
                                                   cancellable, on_answered, answers);
      }
  wait_for_calls (f, n_arrived);
}

static void
test_many (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Answers answers = { 0, 0 };

  pour (f, 1, 1, 1000, 1, cancellable, &answers);
  dbus_pair_wait_until (answers.n_done + answers.n_refused == 200);
  g_assert_cmpuint (answers.n_done, ==, 100);
  g_assert_cmpuint (f->n_calls, ==, 100);
  g_cancellable_cancel (cancellable); /* the others get no answer */

  /* When it is over, all is as before. */
  dbus_pair_wait_until (g_main_context_iteration (NULL, FALSE) == FALSE);
  queen_dbus_outbox_await (f->outbox, on_read, f);
  dbus_pair_wait_until (f->n_read == 1);
  expect (f, of (1, new_call (PATH, 1)), NULL);
}

/* As many connections as a bus lets one user have, and each wants more than there is. */
static void
test_others (Fixture *f, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Answers of_many = { 0, 0 }, of_others = { 0, 0 };

  pour (f, 1, 180, 10, 1, cancellable, &of_many);
  pour (f, 201, 210, 1, 1, NULL, &of_others);
  dbus_pair_wait_until (of_others.n_done + of_others.n_refused == 10);
  g_assert_cmpuint (of_others.n_done, ==, 10);
  g_assert_cmpuint (of_many.n_done, >=, 200);
  g_assert_cmpuint (of_many.n_done, <, 400);
  g_cancellable_cancel (cancellable);
}

/* @n calls that want no answer, of as many as @n_senders in turn. */
static void
pour_unanswered (Fixture *f, guint first, guint n_senders, guint n, gsize length)
{
  int n_arrived = g_atomic_int_get (&f->n_arrived) + (int) n;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GDBusMessage) call = of (first + i % n_senders, new_call (PATH, length));

      g_dbus_message_set_flags (call, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
      g_dbus_connection_send_message (f->pair.client, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                      NULL);
    }
  wait_for_calls (f, n_arrived);
}

/* So many that the bus would let nobody wait for as many answers. */
static void
test_unanswered (Fixture *f, gconstpointer data)
{
  Answers answers = { 0, 0 };

  pour_unanswered (f, 0, 250, 2500, 1);
  pour (f, 300, 300, 50, 1, NULL, &answers);
  dbus_pair_wait_until (answers.n_done + answers.n_refused == 50);
  g_assert_cmpuint (answers.n_done, ==, 50);
  g_assert_cmpuint (f->n_calls, ==, 100 + 50);
}

/* Those that are refused are read as well. */
static void
test_unanswered_much (Fixture *f, gconstpointer data)
{
  Answers answers = { 0, 0 };

  pour_unanswered (f, 1, 1, 100, 900);
  pour_unanswered (f, 2, 1, 1, 1);
  pour (f, 3, 3, 1, 1, NULL, &answers);
  dbus_pair_wait_until (answers.n_done == 1);
  g_assert_cmpuint (f->n_calls, ==, 6 + 1);
}

static void
test_much (Fixture *f, gconstpointer data)
{
  Answers answers = { 0, 0 };

  pour (f, 1, 1, 20, 900, NULL, &answers);
  dbus_pair_wait_until (answers.n_done + answers.n_refused == 20);
  g_assert_cmpuint (answers.n_done, >=, 5);
  g_assert_cmpuint (answers.n_done, <, 10);
}

/* However many there are in all, as long as she keeps up. */
static void
test_steady (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 500; i++)
    expect (f, new_call (PATH, 100), NULL);
  g_assert_cmpuint (f->n_calls, ==, 500);
}

#define add(path, function)                                                                        \
  g_test_add ("/dbus-guard/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("outbox/tells-when-all-is-read", test_read);
  add ("outbox/tells-when-nothing-is-read", test_stuck);
  add ("outbox/is-not-stuck-when-she-was", test_busy);
  add ("outbox/tells-nothing-when-it-has-gone", test_gone);
  add ("call/too-large", test_large);
  add ("calls/too-many/some-refused-and-the-rest-dropped", test_many);
  add ("calls/too-many/leave-room-for-others", test_others);
  add ("calls/unanswered/leave-room-for-answers", test_unanswered);
  add ("calls/unanswered/refused-ones-count-as-well", test_unanswered_much);
  add ("calls/too-many-bytes", test_much);
  add ("calls/one-after-the-other-without-end", test_steady);

  return g_test_run ();
}
