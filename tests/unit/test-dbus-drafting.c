/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* An answer that is made in a thread, and goes out in the place of another message. */

#include "dbus-pair.h"
#include "dbus/queen-dbus-answers.h"
#include "fake-clock.h"

#define SHARE 4                /* drafts have one part in so many of the time */
#define SIZE (4 * 1024 * 1024) /* more than a socket takes at once */

typedef struct
{
  DBusPair pair;
  QueenDBusOutbox *outbox;
  QueenDBusReceipts *receipts;
  QueenDBusAnswers *answers;
  guint n_drafted;
  gint n_answers; /* atomic: that the client has got */

  GMutex lock; /* of what follows */
  GCond cond;
  gboolean is_released; /* what is drafted may be finished */
  gboolean is_bad;
  guint n_begun;
  guint n_freed;
} Fixture;

/* Drafts */

static gpointer
begin_draft (gpointer data)
{
  Fixture *f = data;

  f->n_begun++;
  return f;
}

static GVariant *
finish_draft (gpointer draft, GError **error)
{
  Fixture *f = draft;
  guint8 *bytes;

  g_mutex_lock (&f->lock);
  while (!f->is_released)
    g_cond_wait (&f->cond, &f->lock);
  g_mutex_unlock (&f->lock);
  if (f->is_bad)
    {
      g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_LIMITS_EXCEEDED, "too much");
      return NULL;
    }
  bytes = g_malloc (SIZE);
  for (gsize i = 0; i < SIZE; i++)
    bytes[i] = (guint8) (i * 7 / 3);
  return g_variant_new ("(@ay)", g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, SIZE,
                                                          TRUE, g_free, bytes));
}

static void
free_draft (gpointer draft)
{
  Fixture *f = draft;

  g_mutex_lock (&f->lock);
  f->n_freed++;
  g_mutex_unlock (&f->lock);
}

static void
release (Fixture *f)
{
  g_mutex_lock (&f->lock);
  f->is_released = TRUE;
  g_cond_signal (&f->cond);
  g_mutex_unlock (&f->lock);
}

static gboolean
is_freed (Fixture *f)
{
  guint n;

  g_mutex_lock (&f->lock);
  n = f->n_freed;
  g_mutex_unlock (&f->lock);
  return n == f->n_begun;
}

static GVariant *
make_page (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  return g_variant_new ("()");
}

static void
on_drafted (gpointer data)
{
  ((Fixture *) data)->n_drafted++;
}

/* Both ends */

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
  static const QueenDBusDraft draft = { begin_draft, finish_draft, free_draft };
  Fixture *f = data;

  if (g_str_equal (method, "List"))
    queen_dbus_answers_draft (f->answers, invocation, &draft, f);
  else if (g_str_equal (method, "Page"))
    queen_dbus_answers_add (f->answers, invocation, QUEEN_DBUS_ANSWER_PAGE, make_page, f);
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
show_object (Fixture *f)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (
      "<node><interface name='test.Drafting'><method name='Quick'/>"
      "<method name='Page'/>"
      "<method name='List'><arg type='ay' direction='out'/></method></interface></node>",
      &error);

  g_assert_no_error (error);
  g_dbus_connection_register_object (f->pair.queen, "/", node->interfaces[0], &vtable, f, NULL,
                                     &error);
  g_assert_no_error (error);
}

static GDBusMessage *
count_answers (GDBusConnection *connection,
               GDBusMessage *message,
               gboolean is_incoming,
               gpointer data)
{
  if (is_incoming && g_dbus_message_get_reply_serial (message) != 0)
    g_atomic_int_inc (&((Fixture *) data)->n_answers);
  return message;
}

static void
on_stuck (gpointer data)
{
  g_assert_not_reached ();
}

static void
set_up (Fixture *f, gconstpointer data)
{
  now = 0;
  dbus_pair_open_with_output (&f->pair);
  show_object (f);
  g_dbus_connection_add_filter (f->pair.client, count_answers, f, NULL);
  f->outbox = queen_dbus_outbox_new (f->pair.queen, G_MAXINT, on_stuck, NULL);
  f->receipts = queen_dbus_receipts_new (&fake_clock);
  f->answers = queen_dbus_answers_new (f->outbox, f->receipts, &fake_clock);
  queen_dbus_answers_set_drafted (f->answers, on_drafted, f);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->answers, queen_dbus_answers_free);
  queen_dbus_receipts_free (f->receipts);
  queen_dbus_outbox_free (f->outbox);
  dbus_pair_close (&f->pair);
}

static void
send_call (Fixture *f, const char *method, GDBusMessageFlags flags)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (NULL, "/", "test.Drafting", method);

  g_dbus_message_set_flags (call, flags);
  g_dbus_connection_send_message (f->pair.client, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static void
send_list (Fixture *f, GDBusMessageFlags flags)
{
  send_call (f, "List", flags);
  dbus_pair_wait_until (f->n_begun == 1);
}

static void
call_quickly (Fixture *f)
{
  g_variant_unref (dbus_pair_call (&f->pair, "/", "test.Drafting", "Quick", NULL, NULL));
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusMessage **) data =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  g_assert_no_error (error);
}

static GDBusMessage *
ask_meanwhile (Fixture *f)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (NULL, "/", "test.Drafting", "List");
  GDBusMessage *answer = NULL;

  g_dbus_connection_send_message_with_reply (f->pair.client, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             G_MAXINT, NULL, NULL, on_answered, &answer);
  dbus_pair_wait_until (f->n_begun == 1);
  call_quickly (f);
  g_assert_true (queen_dbus_answers_is_drafting (f->answers));
  g_assert_null (answer);
  release (f);
  dbus_pair_wait_until (answer);
  g_assert_false (queen_dbus_answers_is_drafting (f->answers));
  g_assert_cmpuint (f->n_drafted, ==, 1);
  return answer;
}

/* And it comes whole, with others before it and behind. */
static void
test_meanwhile (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusMessage) answer = ask_meanwhile (f);
  g_autoptr (GVariant) bytes = g_variant_get_child_value (g_dbus_message_get_body (answer), 0);
  gsize size;
  const guint8 *data_of = g_variant_get_fixed_array (bytes, &size, 1);

  g_assert_cmpuint (size, ==, SIZE);
  for (gsize i = 0; i < size; i++)
    if (data_of[i] != (guint8) (i * 7 / 3))
      g_error ("byte %" G_GSIZE_FORMAT " is another", i);
  call_quickly (f);
  g_assert_true (is_freed (f));
}

static void
test_error (Fixture *f, gconstpointer data)
{
  g_autoptr (GDBusMessage) answer = NULL;

  f->is_bad = TRUE;
  answer = ask_meanwhile (f);
  g_assert_cmpstr (g_dbus_message_get_error_name (answer), ==,
                   "org.freedesktop.DBus.Error.LimitsExceeded");
}

static void
test_page (Fixture *f, gconstpointer data)
{
  send_list (f, G_DBUS_MESSAGE_FLAGS_NONE);
  send_call (f, "Page", G_DBUS_MESSAGE_FLAGS_NONE);
  call_quickly (f);
  g_assert_cmpint (g_atomic_int_get (&f->n_answers), ==, 2);
  release (f);
  dbus_pair_wait_until (g_atomic_int_get (&f->n_answers) == 3);
}

/* Meanwhile there is time for what is told of changes. */
static void
check_rest (Fixture *f, gint64 span, gint64 rest)
{
  send_list (f, G_DBUS_MESSAGE_FLAGS_NONE);
  now += span;
  release (f);
  dbus_pair_wait_until (g_atomic_int_get (&f->n_answers) == 1);
  send_call (f, "List", G_DBUS_MESSAGE_FLAGS_NONE);
  for (int i = 0; i < 3; i++) /* and the bus has read the first one */
    call_quickly (f);
  now += rest - 1;
  call_quickly (f);
  g_assert_cmpuint (f->n_begun, ==, 1);
  now += 1;
  dbus_pair_wait_until (f->n_begun == 2);
  dbus_pair_wait_until (g_atomic_int_get (&f->n_answers) == 6);
}

static void
test_rest (Fixture *f, gconstpointer data)
{
  check_rest (f, G_TIME_SPAN_SECOND, (SHARE - 1) * G_TIME_SPAN_SECOND);
}

/* Or who asks would have given up. */
static void
test_long_rest (Fixture *f, gconstpointer data)
{
  check_rest (f, 7 * G_TIME_SPAN_SECOND, 5 * G_TIME_SPAN_SECOND);
}

static void
test_no_answer_wanted (Fixture *f, gconstpointer data)
{
  send_list (f, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  release (f);
  dbus_pair_wait_until (f->n_drafted == 1);
  call_quickly (f);
  g_assert_cmpint (g_atomic_int_get (&f->n_answers), ==, 1);
}

static void
test_queen_leaves (Fixture *f, gconstpointer data)
{
  send_list (f, G_DBUS_MESSAGE_FLAGS_NONE);
  g_clear_pointer (&f->answers, queen_dbus_answers_free);
  release (f);
  dbus_pair_wait_until (is_freed (f));
  call_quickly (f);
  g_assert_cmpuint (f->n_drafted, ==, 0);
  g_assert_cmpint (g_atomic_int_get (&f->n_answers), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(path, func) g_test_add ("/dbus-drafting/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("meanwhile/others-are-answered", test_meanwhile);
  ADD ("meanwhile/a-page-is-answered", test_page);
  ADD ("rest/drafts-have-a-part-of-the-time", test_rest);
  ADD ("rest/is-no-longer-than-somebody-waits", test_long_rest);
  ADD ("error/is-answered", test_error);
  ADD ("no-answer-wanted/none-comes", test_no_answer_wanted);
  ADD ("queen-leaves/nothing-comes", test_queen_leaves);

  return g_test_run ();
}
