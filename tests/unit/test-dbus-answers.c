/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who waits for an answer, and in which order. The bus is the test's own: it has callers of any
 * user, and reads and tells when the test says so. A caller's name says whose it is: ":1000.1" is
 * the first connection of the user 1000. */

#include "dbus/queen-dbus-answers.h"

#include <string.h>
#include <sys/socket.h>

#include "dbus-pair.h"
#include "dbus/queen-dbus-small-answers.h"
#include "fake-clock.h"

#define MAX_WAITING 64
#define MAX_ASKED_OF_USER 16
#define MAX_WITH_LITTLE 1024
#define SMALL (40 * 1024)
#define DIRECT (60 * 1024)
#define LARGE_DRAFT (128 * 1024)
#define SHARE 4          /* drafts have one part in so many of the time, */
#define SHARE_OF_USER 10 /* and large ones of a user */
#define MAX_UNREAD (16 * 1024 * 1024)
#define MAX_BEFORE_DEAF (32 * 1024 * 1024)

typedef struct
{
  GDBusConnection *bus;
  GDBusConnection *queen;
  GQueue unread;    /* what the bus is to say when it has read what came before */
  GQueue unknown;   /* whose it is to tell */
  gboolean is_mute; /* it does not tell by itself */
  guint n_users_asked;
  GAsyncQueue *pings; /* that nobody answers; NULL when all are answered */

  QueenDBusOutbox *outbox;
  QueenDBusReceipts *receipts;
  QueenDBusSmallAnswers *small_answers;
  QueenDBusAnswers *answers;
  GString *made;    /* for whom answers were made */
  GString *drafted; /* who has got what was drafted */
  gsize draft_size;
  GHashTable *n_refused; /* name -> how many calls */
  guint n_timeouts;
  guint n_direct; /* answers */
} Fixture;

/* The bus */

static void
tell_user (GDBusMethodInvocation *invocation)
{
  const char *name;
  guint uid;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s)", &name);
  uid = (guint) g_ascii_strtoull (name + 1, NULL, 10);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", uid));
}

static void
on_bus_call (GDBusConnection *connection,
             const char *sender,
             const char *path,
             const char *interface,
             const char *method,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             gpointer data)
{
  Fixture *f = data;

  if (g_str_equal (method, "Hello"))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(s)", ":0.0"));
  else if (g_str_equal (method, "GetId"))
    g_queue_push_tail (&f->unread, invocation);
  else if (g_str_equal (method, "GetNameOwner"))
    g_dbus_method_invocation_return_value (invocation, parameters);
  else
    {
      f->n_users_asked++;
      if (f->is_mute)
        g_queue_push_tail (&f->unknown, invocation);
      else
        tell_user (invocation);
    }
}

static void export(GDBusConnection *connection,
                   const char *path,
                   const char *xml,
                   const GDBusInterfaceVTable *vtable,
                   Fixture *f)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, &error);

  g_assert_no_error (error);
  g_dbus_connection_register_object (connection, path, node->interfaces[0], vtable, f, NULL,
                                     &error);
  g_assert_no_error (error);
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusConnection **) data = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

static void
connect_end (int fd, const char *guid, GDBusConnectionFlags flags, GDBusConnection **connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = NULL;

  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  g_dbus_connection_new (G_IO_STREAM (stream), guid, flags, NULL, NULL, on_connected, connection);
}

static void
open_bus (Fixture *f)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_bus_call };
  g_autofree char *guid = g_dbus_generate_guid ();
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  connect_end (fds[0], guid,
               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                   G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
               &f->bus);
  connect_end (fds[1], NULL,
               G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                   G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
               &f->queen);
  dbus_pair_wait_until (f->bus);
  export(f->bus, "/org/freedesktop/DBus",
         "<node><interface name='org.freedesktop.DBus'>"
         "<method name='Hello'><arg type='s' direction='out'/></method>"
         "<method name='GetId'><arg type='s' direction='out'/></method>"
         "<method name='GetNameOwner'><arg type='s'/><arg type='s' direction='out'/></method>"
         "<method name='GetConnectionUnixUser'><arg type='s'/><arg type='u' direction='out'/>"
         "</method></interface></node>",
         &vtable, f);
  g_dbus_connection_start_message_processing (f->bus);
  dbus_pair_wait_until (f->queen);
}

/* The queen */

static GVariant *
make_bytes (gsize size)
{
  guint8 *bytes = g_malloc0 (size);

  return g_variant_new ("(@ay)", g_variant_new_from_data (G_VARIANT_TYPE_BYTESTRING, bytes, size,
                                                          TRUE, g_free, bytes));
}

static GVariant *
make_large_answer (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  Fixture *f = data;
  const char *method = g_dbus_method_invocation_get_method_name (invocation);

  g_string_append_printf (f->made, "%s ", g_dbus_method_invocation_get_sender (invocation) + 1);
  return make_bytes (g_str_equal (method, "Small") ? SMALL : 6 * 1024 * 1024);
}

static GVariant *
make_answer (GDBusMethodInvocation *invocation, gpointer data, GError **error)
{
  Fixture *f = data;

  g_string_append_printf (f->made, "%s ", g_dbus_method_invocation_get_sender (invocation) + 1);
  return g_variant_new ("()");
}

static gpointer
begin_draft (gpointer data)
{
  return data;
}

static GVariant *
finish_draft (gpointer draft, GError **error)
{
  return make_bytes (((Fixture *) draft)->draft_size);
}

static void
free_draft (gpointer draft)
{
}

static void
on_queen_call (GDBusConnection *connection,
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

  if (g_str_equal (method, "Settle"))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else if (g_str_equal (method, "Direct"))
    g_dbus_method_invocation_return_value (invocation, make_bytes (DIRECT));
  else if (g_str_equal (method, "Draft"))
    queen_dbus_answers_draft (f->answers, invocation, &draft, f);
  else if (g_str_equal (method, "Large") || g_str_equal (method, "Small"))
    queen_dbus_answers_add (f->answers, invocation, QUEEN_DBUS_ANSWER_WHOLE, make_large_answer, f);
  else
    queen_dbus_answers_add (f->answers, invocation,
                            g_str_equal (method, "Page") ? QUEEN_DBUS_ANSWER_PAGE
                                                         : QUEEN_DBUS_ANSWER_WHOLE,
                            make_answer, f);
}

static void
on_stuck (gpointer data)
{
  g_assert_not_reached ();
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_queen_call };

  now = 0;
  f->made = g_string_new (NULL);
  f->drafted = g_string_new (NULL);
  f->draft_size = LARGE_DRAFT;
  f->n_refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  open_bus (f);
  export(f->queen, "/",
         "<node><interface name='test.Answers'><method name='Page'/><method name='Whole'/>"
         "<method name='Settle'/><method name='Large'><arg type='ay' direction='out'/></method>"
         "<method name='Small'><arg type='ay' direction='out'/></method>"
         "<method name='Draft'><arg type='ay' direction='out'/></method>"
         "<method name='Direct'><arg type='ay' direction='out'/></method>"
         "</interface></node>",
         &vtable, f);
  f->outbox = queen_dbus_outbox_new (f->queen, 20 * 1000, on_stuck, NULL);
  f->receipts = queen_dbus_receipts_new (&fake_clock);
  f->small_answers = queen_dbus_small_answers_new (f->queen, f->receipts);
  f->answers = queen_dbus_answers_new (f->outbox, f->receipts, &fake_clock);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_pointer (&f->answers, queen_dbus_answers_free);
  queen_dbus_small_answers_free (f->small_answers);
  queen_dbus_receipts_free (f->receipts);
  queen_dbus_outbox_free (f->outbox);
  g_queue_clear_full (&f->unread, g_object_unref);
  g_queue_clear_full (&f->unknown, g_object_unref);
  g_dbus_connection_close_sync (f->queen, NULL, NULL);
  g_dbus_connection_close_sync (f->bus, NULL, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (f->queen);
  g_object_unref (f->bus);
  g_hash_table_unref (f->n_refused);
  g_string_free (f->made, TRUE);
  g_string_free (f->drafted, TRUE);
}

/* The callers */

static void
send_call (
    Fixture *f, const char *sender, const char *method, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (NULL, "/", "test.Answers", method);

  g_dbus_message_set_sender (call, sender);
  g_dbus_connection_send_message_with_reply (f->bus, call, G_DBUS_SEND_MESSAGE_FLAGS_NONE, G_MAXINT,
                                             NULL, NULL, callback, data);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer data)
{
  *(gboolean *) data = TRUE;
}

/* Both ends have done what they had heard, and what came of it. */
static void
settle (Fixture *f)
{
  for (int i = 0; i < 3; i++)
    {
      gboolean is_settled = FALSE;

      send_call (f, ":0.1", "Settle", on_settled, &is_settled);
      dbus_pair_wait_until (is_settled);
    }
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMessage) answer =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, NULL);
  Fixture *f = data;
  const char *error = answer ? g_dbus_message_get_error_name (answer) : NULL;
  char *caller;

  if (g_strcmp0 (error, "org.freedesktop.DBus.Error.Timeout") == 0)
    f->n_timeouts++;
  if (g_strcmp0 (error, "org.freedesktop.DBus.Error.LimitsExceeded") != 0)
    return;
  caller = g_strdup (g_dbus_message_get_destination (answer));
  g_hash_table_replace (f->n_refused, caller,
                        GUINT_TO_POINTER (
                            GPOINTER_TO_UINT (g_hash_table_lookup (f->n_refused, caller)) + 1));
}

static void
call (Fixture *f, const char *caller, const char *method)
{
  send_call (f, caller, method, on_answered, f);
  settle (f);
}

/* Calls @n times by each of the user's first connections. */
static void
call_often (Fixture *f, guint user, guint n_connections, guint n)
{
  for (guint i = 1; i <= n_connections; i++)
    for (guint j = 0; j < n; j++)
      {
        g_autofree char *caller = g_strdup_printf (":%u.%u", user, i);

        send_call (f, caller, "Whole", on_answered, f);
      }
  settle (f);
}

static guint
count_refused (Fixture *f, const char *user)
{
  GHashTableIter iter;
  gpointer caller, n;
  guint sum = 0;

  g_hash_table_iter_init (&iter, f->n_refused);
  while (g_hash_table_iter_next (&iter, &caller, &n))
    if (g_str_has_prefix (caller, user))
      sum += GPOINTER_TO_UINT (n);
  return sum;
}

static void
read_answer (Fixture *f)
{
  GDBusMethodInvocation *read = g_queue_pop_head (&f->unread);

  g_assert_nonnull (read);
  g_dbus_method_invocation_return_value (read, g_variant_new ("(s)", "bus"));
  settle (f);
}

static void
read_all (Fixture *f)
{
  while (f->unread.length > 0)
    read_answer (f);
}

/* Something is being read, so that all others wait. */
static void
occupy (Fixture *f)
{
  call (f, ":999.1", "Whole");
  g_assert_cmpstr (f->made->str, ==, "999.1 ");
  g_string_truncate (f->made, 0);
}

static void
test_users (Fixture *f, gconstpointer data)
{
  occupy (f);
  call (f, ":1000.1", "Whole");
  call (f, ":1000.2", "Whole");
  call (f, ":1000.3", "Whole");
  call (f, ":1001.1", "Whole");
  g_assert_cmpstr (f->made->str, ==, "");
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "1000.1 1001.1 1000.2 1000.3 ");
}

static void
test_connections (Fixture *f, gconstpointer data)
{
  occupy (f);
  call_often (f, 1000, 1, 3);
  call (f, ":1000.2", "Whole");
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "1000.1 1000.2 1000.1 1000.1 ");
}

static void
test_pages (Fixture *f, gconstpointer data)
{
  occupy (f);
  call_often (f, 1000, 3, 1);
  call (f, ":1000.4", "Page");
  call (f, ":1000.5", "Page");
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "1000.1 1000.4 1000.2 1000.5 1000.3 ");
}

static void
test_room (Fixture *f, gconstpointer data)
{
  occupy (f);
  call_often (f, 1000, MAX_WAITING / 2, 4);
  g_assert_cmpuint (count_refused (f, ":1000."), ==, MAX_WAITING);
  call (f, ":1001.1", "Whole");
  call (f, ":1001.1", "Page");
  g_assert_cmpuint (count_refused (f, ":1000."), ==, MAX_WAITING + 2);
  g_assert_cmpuint (count_refused (f, ":1001."), ==, 0);
  read_answer (f);
  read_answer (f);
  read_answer (f);
  g_assert_nonnull (strstr (f->made->str, "1001.1 "));
  g_assert_cmpuint (f->unread.length, ==, 1);
}

/* On a session bus all are one user. */
static void
test_room_of_a_user (Fixture *f, gconstpointer data)
{
  occupy (f);
  call_often (f, 1000, 16, 4);
  g_assert_cmpuint (count_refused (f, ":"), ==, 0);
  call (f, ":1000.17", "Whole");
  g_assert_cmpuint (count_refused (f, ":"), ==, 1);
  g_assert_cmpuint (count_refused (f, ":1000.17"), ==, 0);
}

static void
test_asked_once (Fixture *f, gconstpointer data)
{
  call (f, ":1000.1", "Whole");
  g_assert_cmpstr (f->made->str, ==, "1000.1 ");
  g_assert_cmpuint (f->n_users_asked, ==, 0);
  call (f, ":1000.1", "Whole");
  g_assert_cmpuint (f->n_users_asked, ==, 1);
  read_all (f);
  call (f, ":1000.1", "Whole");
  read_all (f);
  g_assert_cmpuint (f->n_users_asked, ==, 1);
  g_assert_cmpstr (f->made->str, ==, "1000.1 1000.1 1000.1 ");
}

/* Then each connection is a user of its own. */
static void
test_unknown (Fixture *f, gconstpointer data)
{
  GDBusMethodInvocation *question;

  f->is_mute = TRUE;
  occupy (f);
  call_often (f, 1000, 1, 2);
  call (f, ":1000.2", "Whole");
  while ((question = g_queue_pop_head (&f->unknown)))
    g_dbus_method_invocation_return_dbus_error (question, "org.freedesktop.DBus.Error.Failed", "");
  settle (f);
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "1000.1 1000.2 1000.1 ");
}

static void
test_told_late (Fixture *f, gconstpointer data)
{
  f->is_mute = TRUE;
  occupy (f);
  call (f, ":1000.1", "Whole");
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "");
  tell_user (g_queue_pop_head (&f->unknown));
  settle (f);
  g_assert_cmpstr (f->made->str, ==, "1000.1 ");
}

static void
test_caller_leaves (Fixture *f, gconstpointer data)
{
  f->is_mute = TRUE;
  occupy (f);
  call (f, ":1000.1", "Whole");
  g_dbus_method_invocation_return_dbus_error (g_queue_pop_head (&f->unknown),
                                              "org.freedesktop.DBus.Error.NameHasNoOwner", "");
  settle (f);
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "");
}

static void
test_time_over (Fixture *f, gconstpointer data)
{
  f->is_mute = TRUE;
  occupy (f);
  call (f, ":1000.1", "Whole");
  now += G_TIME_SPAN_MINUTE;
  dbus_pair_wait_until (f->n_timeouts == 1);
  tell_user (g_queue_pop_head (&f->unknown));
  settle (f);
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "");
}

/* What the bus has told is on its way, or is still to come. */
static void
test_queen_leaves (Fixture *f, gconstpointer data)
{
  f->is_mute = TRUE;
  occupy (f);
  call_often (f, 1000, 3, 1);
  tell_user (g_queue_pop_head (&f->unknown));
  settle (f);
  tell_user (g_queue_pop_head (&f->unknown));
  g_clear_pointer (&f->answers, queen_dbus_answers_free);
  tell_user (g_queue_pop_head (&f->unknown));
  settle (f);
  g_assert_cmpstr (f->made->str, ==, "");
}

/* Who wants a lot, and again */

static void
on_drafted (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusMessage) answer =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, &error);
  Fixture *f = data;

  g_assert_no_error (error);
  g_assert_cmpint (g_dbus_message_get_message_type (answer), ==, G_DBUS_MESSAGE_TYPE_METHOD_RETURN);
  g_string_append_printf (f->drafted, "%s ", g_dbus_message_get_destination (answer) + 1);
}

static void
call_for_draft (Fixture *f, const char *caller)
{
  send_call (f, caller, "Draft", on_drafted, f);
  settle (f);
}

/* One has been drafted, which the bus needs @span to read. */
static void
have_draft (Fixture *f, const char *caller, gint64 span)
{
  call_for_draft (f, caller);
  now += span;
  read_all (f);
}

static void
pass_time (Fixture *f, gint64 span)
{
  now += span;
  settle (f);
}

static void
test_user_rests (Fixture *f, gconstpointer data)
{
  have_draft (f, ":1000.1", G_TIME_SPAN_SECOND);
  call_for_draft (f, ":1000.1");
  call_for_draft (f, ":1000.2");
  call_for_draft (f, ":1001.1");
  call (f, ":1000.1", "Page");
  read_all (f);
  g_assert_cmpstr (f->made->str, ==, "1000.1 ");
  pass_time (f, (SHARE - 1) * G_TIME_SPAN_SECOND);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 1001.1 ");
  read_all (f);
  pass_time (f, (SHARE_OF_USER - SHARE) * G_TIME_SPAN_SECOND - 1);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 1001.1 ");
  pass_time (f, 1);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 1001.1 1000.1 ");
  read_all (f);
}

/* Or who asks would have given up. */
static void
test_user_rests_long (Fixture *f, gconstpointer data)
{
  have_draft (f, ":1000.1", 7 * G_TIME_SPAN_SECOND);
  call_for_draft (f, ":1000.1");
  pass_time (f, 13 * G_TIME_SPAN_SECOND - 1);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 ");
  pass_time (f, 1);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 1000.1 ");
}

static void
test_little_needs_no_rest (Fixture *f, gconstpointer data)
{
  f->draft_size = LARGE_DRAFT / 2;
  have_draft (f, ":1000.1", G_TIME_SPAN_SECOND);
  call_for_draft (f, ":1000.1");
  pass_time (f, (SHARE - 1) * G_TIME_SPAN_SECOND);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 1000.1 ");
}

/* Who does not read */

static GDBusMessage *
hold_ping (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer pings)
{
  if (!is_incoming || g_strcmp0 (g_dbus_message_get_member (message), "Ping") != 0)
    return message;
  g_async_queue_push (pings, message);
  return NULL;
}

/* From here on none of the callers says that it has read. */
static guint
go_deaf (Fixture *f)
{
  f->pings = g_async_queue_new_full (g_object_unref);
  return g_dbus_connection_add_filter (f->bus, hold_ping, g_async_queue_ref (f->pings),
                                       (GDestroyNotify) g_async_queue_unref);
}

static void
answer_ping (Fixture *f, const char *caller)
{
  g_autoptr (GDBusMessage) ping = g_async_queue_timeout_pop (f->pings, 20 * G_USEC_PER_SEC);
  g_autoptr (GDBusMessage) answer = NULL;

  g_assert_nonnull (ping);
  g_assert_cmpstr (g_dbus_message_get_destination (ping), ==, caller);
  answer = g_dbus_message_new_method_reply (ping);
  g_dbus_connection_send_message (f->bus, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  settle (f);
}

static void
call_for_large (Fixture *f, const char *caller)
{
  call (f, caller, "Large");
  read_all (f);
}

/* As much as one user may leave unread, by two connections. */
static void
leave_unread (Fixture *f)
{
  call_for_large (f, ":1000.1");
  call_for_large (f, ":1000.1");
  call_for_large (f, ":1000.2");
  g_assert_cmpstr (f->made->str, ==, "1000.1 1000.1 1000.2 ");
  g_string_truncate (f->made, 0);
}

static void
expect_refused (Fixture *f, const char *caller)
{
  guint n_refused = count_refused (f, caller);

  call_for_large (f, caller);
  g_assert_cmpuint (count_refused (f, caller), ==, n_refused + 1);
  g_assert_cmpstr (f->made->str, ==, "");
}

static void
end_deafness (Fixture *f, guint filter_id)
{
  g_dbus_connection_remove_filter (f->bus, filter_id);
  g_async_queue_unref (f->pings);
}

/* It rests for longer; and so does who asks for it by another connection. */
static void
test_unread_draft (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  have_draft (f, ":1000.1", 7 * G_TIME_SPAN_SECOND);
  pass_time (f, 13 * G_TIME_SPAN_SECOND);
  call_for_draft (f, ":1000.2");
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 ");
  pass_time (f, 47 * G_TIME_SPAN_SECOND - 1);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 ");
  pass_time (f, 1);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 1000.2 ");
  end_deafness (f, filter_id);
}

/* Its rest is over then, and nobody else waits for what would be done next. */
static void
test_draft_read_late (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  have_draft (f, ":1000.1", 7 * G_TIME_SPAN_SECOND);
  call_for_draft (f, ":1000.2");
  pass_time (f, 20 * G_TIME_SPAN_SECOND);
  answer_ping (f, ":1000.1");
  call (f, ":1001.1", "Page");
  read_all (f);
  read_all (f);
  g_assert_cmpstr (f->drafted->str, ==, "1000.1 1000.2 ");
  g_assert_cmpstr (f->made->str, ==, "1001.1 ");
  end_deafness (f, filter_id);
}

static void
test_unread (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  leave_unread (f);
  expect_refused (f, ":1000.1");
  expect_refused (f, ":1000.2");
  expect_refused (f, ":1000.3");
  call_for_large (f, ":1001.1");
  g_assert_cmpstr (f->made->str, ==, "1001.1 ");
  end_deafness (f, filter_id);
}

/* However many users do so, there is some room for one more. */
static void
test_unread_by_users (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  for (int user = 1000; user < 1003; user++)
    {
      g_autofree char *caller = g_strdup_printf (":%d.1", user);

      while (count_refused (f, caller) == 0)
        call_for_large (f, caller);
    }
  g_string_truncate (f->made, 0);
  call_for_large (f, ":1003.1");
  g_assert_cmpstr (f->made->str, ==, "1003.1 ");
  end_deafness (f, filter_id);
}

static void
test_read_late (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  leave_unread (f);
  answer_ping (f, ":1000.1"); /* one of its two answers */
  call_for_large (f, ":1000.3");
  g_assert_cmpstr (f->made->str, ==, "1000.3 ");
  g_string_truncate (f->made, 0);
  expect_refused (f, ":1000.1");
  end_deafness (f, filter_id);
}

static void
let_time_pass (gint64 span)
{
  now += span;
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* A client that hears nothing but answers. */
static void
test_deaf (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  leave_unread (f);
  expect_refused (f, ":1000.1");
  let_time_pass (10 * G_TIME_SPAN_MINUTE);
  call_for_large (f, ":1000.1");
  g_assert_cmpstr (f->made->str, ==, "1000.1 ");
  end_deafness (f, filter_id);
}

/* Each as soon as the bus has read the one before. */
static void
call_for_small (Fixture *f, const char *caller)
{
  send_call (f, caller, "Small", on_answered, f);
  dbus_pair_wait_until (f->unread.length > 0 || count_refused (f, caller) > 0);
  if (f->unread.length > 0)
    g_dbus_method_invocation_return_value (g_queue_pop_head (&f->unread),
                                           g_variant_new ("(s)", "bus"));
}

/* Many small answers are as much as a large one, and nobody is asked for one alone. */
static void
test_many_small (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f), n = 0;

  call_for_small (f, ":1000.1");
  settle (f);
  g_assert_null (g_async_queue_try_pop (f->pings));
  while (count_refused (f, ":1000.1") == 0)
    {
      g_assert_cmpuint (++n, <=, MAX_UNREAD / SMALL + 1);
      call_for_small (f, ":1000.1");
    }
  settle (f);
  g_string_truncate (f->made, 0);
  expect_refused (f, ":1000.2");
  call_for_large (f, ":1001.1");
  g_assert_cmpstr (f->made->str, ==, "1001.1 ");
  end_deafness (f, filter_id);
}

/* However many there are who have had little and may have gone. */
static void
test_many_with_little (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  for (guint i = 0; i <= MAX_WITH_LITTLE; i++)
    {
      g_autofree char *caller = g_strdup_printf (":1000.%u", i);

      g_assert_cmpint (g_async_queue_length (f->pings), ==, 0);
      call_for_small (f, caller);
    }
  dbus_pair_wait_until (g_async_queue_length (f->pings) == 1);
  end_deafness (f, filter_id);
}

static void
on_direct_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMessage) answer =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, NULL);

  ((Fixture *) data)->n_direct += answer != NULL;
}

/* Returns: whether it is answered what waits for no turn, as what GDBus answers by itself does not
 */
static gboolean
is_answered (Fixture *f, const char *caller)
{
  guint n_before = f->n_direct;

  send_call (f, caller, "Direct", on_direct_answered, f);
  settle (f);
  return f->n_direct > n_before;
}

static guint
call_until_deaf (Fixture *f, const char *caller)
{
  guint n = 0;

  while (is_answered (f, caller))
    g_assert_cmpuint (++n, <=, MAX_BEFORE_DEAF / DIRECT + 1);
  return n;
}

/* Nobody asks whether there is room for these. */
static void
test_any_small (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  /* Who looks at nothing but answers is left alone for longer than with large ones. */
  g_assert_cmpuint (call_until_deaf (f, ":1000.1"), >, MAX_UNREAD / DIRECT);
  g_assert_true (is_answered (f, ":1000.2"));
  g_assert_true (is_answered (f, ":1001.1"));
  answer_ping (f, ":1000.1"); /* the first that it was asked of is little */
  g_assert_cmpuint (call_until_deaf (f, ":1000.1"), <, 4);
  let_time_pass (10 * G_TIME_SPAN_MINUTE);
  g_assert_true (is_answered (f, ":1000.1"));
  end_deafness (f, filter_id);
}

/* She has other questions for the bus, too, and it waits for few answers at once. */
static void
test_many_asked (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  for (guint i = 1; i <= MAX_ASKED_OF_USER + 4; i++)
    {
      g_autofree char *caller = g_strdup_printf (":1000.%u", i);

      g_assert_true (is_answered (f, caller));
      g_assert_true (is_answered (f, caller));
    }
  g_assert_cmpint (g_async_queue_length (f->pings), ==, MAX_ASKED_OF_USER);
  answer_ping (f, ":1000.1");
  dbus_pair_wait_until (g_async_queue_length (f->pings) == MAX_ASKED_OF_USER);
  settle (f);
  g_assert_cmpint (g_async_queue_length (f->pings), ==, MAX_ASKED_OF_USER);
  end_deafness (f, filter_id);
}

/* However much it is. */
static void
test_read (Fixture *f, gconstpointer data)
{
  for (int i = 0; i < 10; i++)
    call_for_large (f, ":1000.1");
  g_assert_cmpuint (count_refused (f, ":"), ==, 0);
}

/* A bus has room for few such questions, and keeps them for as long as who is asked is there. */
static void
test_many_deaf (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  for (int i = 1; i <= 16; i++)
    {
      g_autofree char *caller = g_strdup_printf (":1000.%d", i);

      call_for_large (f, caller);
      let_time_pass (10 * G_TIME_SPAN_MINUTE); /* it counts as read */
    }
  g_assert_cmpuint (count_refused (f, ":"), ==, 0);
  g_string_truncate (f->made, 0);
  expect_refused (f, ":1000.17");
  call_for_large (f, ":1001.1");
  g_assert_cmpstr (f->made->str, ==, "1001.1 ");
  g_string_truncate (f->made, 0);

  answer_ping (f, ":1000.1");
  call_for_large (f, ":1000.17");
  g_assert_cmpstr (f->made->str, ==, "1000.17 ");
  end_deafness (f, filter_id);
}

typedef struct
{
  const char *error;
  int n;
} Refusal;

static GDBusMessage *
refuse_ping (GDBusConnection *connection,
             GDBusMessage *message,
             gboolean is_incoming,
             gpointer data)
{
  Refusal *refusal = data;
  g_autoptr (GDBusMessage) answer = NULL;

  if (!is_incoming || g_strcmp0 (g_dbus_message_get_member (message), "Ping") != 0)
    return message;
  g_atomic_int_inc (&refusal->n);
  answer = g_dbus_message_new_method_error_literal (message, refusal->error, "too many");
  g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (message);
  return NULL;
}

#define TOO_MANY "org.freedesktop.DBus.Error.LimitsExceeded"
#define CANCELLED "org.gtk.GDBus.UnmappedGError.Quark._g_2dio_2derror_2dquark.Code19"

/* GDBus takes such a name for an error of its own, and anybody may say it. */
static void
test_forged_error (Fixture *f, gconstpointer data)
{
  Refusal refusal = { CANCELLED, 0 };
  guint filter_id = g_dbus_connection_add_filter (f->bus, refuse_ping, &refusal, NULL);

  leave_unread (f);
  settle (f);
  g_assert_cmpint (g_atomic_int_get (&refusal.n), >, 0);
  call_for_large (f, ":1000.3");
  g_assert_cmpstr (f->made->str, ==, "1000.3 ");
  g_dbus_connection_remove_filter (f->bus, filter_id);
}

/* A bus that has no room for a question now may have it soon. */
static void
test_ask_again (Fixture *f, gconstpointer data)
{
  Refusal refusal = { TOO_MANY, 0 };
  guint filter_id = g_dbus_connection_add_filter (f->bus, refuse_ping, &refusal, NULL);

  leave_unread (f);
  expect_refused (f, ":1000.3");
  g_assert_cmpint (g_atomic_int_get (&refusal.n), ==, 2); /* one for each connection */
  let_time_pass (G_TIME_SPAN_SECOND);
  settle (f);
  g_assert_cmpint (g_atomic_int_get (&refusal.n), ==, 4);
  expect_refused (f, ":1000.3");

  g_dbus_connection_remove_filter (f->bus, filter_id);
  let_time_pass (G_TIME_SPAN_SECOND);
  settle (f);
  call_for_large (f, ":1000.3");
  g_assert_cmpstr (f->made->str, ==, "1000.3 ");
}

/* Or never. */
static void
test_no_room_to_ask (Fixture *f, gconstpointer data)
{
  Refusal refusal = { TOO_MANY, 0 };
  guint filter_id = g_dbus_connection_add_filter (f->bus, refuse_ping, &refusal, NULL);

  leave_unread (f);
  for (int i = 0; i < 9; i++)
    {
      expect_refused (f, ":1000.3");
      let_time_pass (G_TIME_SPAN_SECOND);
      settle (f);
    }
  call_for_large (f, ":1000.3");
  g_assert_cmpstr (f->made->str, ==, "1000.3 ");
  g_dbus_connection_remove_filter (f->bus, filter_id);
}

static void
test_queen_leaves_unread (Fixture *f, gconstpointer data)
{
  guint filter_id = go_deaf (f);

  leave_unread (f);
  g_clear_pointer (&f->answers, queen_dbus_answers_free);
  settle (f);
  end_deafness (f, filter_id);
}

#define ADD(path, func) g_test_add ("/dbus-answers/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("turns/users-have-them", test_users);
  ADD ("turns/connections-of-a-user-have-them", test_connections);
  ADD ("turns/pages-come-between", test_pages);
  ADD ("room/one-user-keeps-no-other-out", test_room);
  ADD ("room/a-few-connections-keep-no-other-out", test_room_of_a_user);
  ADD ("draft/a-user-rests-and-others-do-not", test_user_rests);
  ADD ("draft/a-user-rests-no-longer-than-somebody-waits", test_user_rests_long);
  ADD ("draft/a-user-rests-longer-who-does-not-read", test_unread_draft);
  ADD ("draft/a-user-rests-no-longer-who-has-read", test_draft_read_late);
  ADD ("draft/little-needs-no-rest", test_little_needs_no_rest);
  ADD ("user/asked-for-once-and-only-of-who-waits", test_asked_once);
  ADD ("user/not-to-be-had", test_unknown);
  ADD ("user/told-when-nobody-waits-any-more", test_told_late);
  ADD ("user/caller-leaves-meanwhile", test_caller_leaves);
  ADD ("user/time-is-over-meanwhile", test_time_over);
  ADD ("user/queen-leaves-meanwhile", test_queen_leaves);
  ADD ("unread/is-answered-no-more-and-others-are", test_unread);
  ADD ("unread/by-some-users-and-there-is-room-for-one-more", test_unread_by_users);
  ADD ("unread/is-read-after-all", test_read_late);
  ADD ("unread/small-ones-count-together", test_many_small);
  ADD ("unread/small-ones-of-very-many", test_many_with_little);
  ADD ("unread/small-ones-that-wait-for-no-turn", test_any_small);
  ADD ("unread/few-are-asked-at-once", test_many_asked);
  ADD ("unread/counts-as-read-in-the-end", test_deaf);
  ADD ("unread/is-over-with-any-error", test_forged_error);
  ADD ("unread/by-many-connections-of-a-user", test_many_deaf);
  ADD ("unread/is-asked-again-when-the-bus-has-no-room", test_ask_again);
  ADD ("unread/cannot-be-asked-and-counts-as-read-soon", test_no_room_to_ask);
  ADD ("unread/queen-leaves-meanwhile", test_queen_leaves_unread);
  ADD ("read/is-answered-without-end", test_read);

  return g_test_run ();
}
