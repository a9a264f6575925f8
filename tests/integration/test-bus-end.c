/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* A bus that ends with calls on their way: it reads nothing any more, so that what the queen writes
 * fails and the connection is closed for her; but what it has written she still reads. */

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bus-client.h"
#include "http-client.h"
#include "queen-process.h"

#define N_CALLERS 100
#define N_ROUNDS 400 /* of each call in the table, 4 each */
#define WORKER QUEEN_PATH "/workers/w"

/* The bus */

typedef struct
{
  char *folder;
  char *path;
  GSocket *listener;
  GAsyncQueue *methods;        /* their names, as they are called and have been answered */
  GDBusConnection *connection; /* the queen's, NULL while she has none */
} Fixture;

static GVariant *
make_answer (const char *method)
{
  if (g_str_equal (method, "RequestName"))
    return g_variant_new ("(u)", 1);
  if (g_str_equal (method, "GetConnectionUnixUser"))
    return g_variant_new ("(u)", 0);
  if (g_str_equal (method, "Hello") || g_str_equal (method, "GetNameOwner"))
    return g_variant_new ("(s)", ":1.0");
  return g_variant_new ("()");
}

/* In GDBus's thread. */
static GDBusMessage *
on_message (GDBusConnection *connection, GDBusMessage *message, gboolean is_incoming, gpointer data)
{
  g_autoptr (GDBusMessage) answer = NULL;
  const char *method = g_dbus_message_get_member (message);

  if (!is_incoming)
    return message;
  if (g_dbus_message_get_message_type (message) == G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    {
      answer = g_dbus_message_new_method_reply (message);
      g_dbus_message_set_body (answer, make_answer (method));
      g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                      NULL);
      g_async_queue_push (data, g_strdup (method));
    }
  g_object_unref (message);
  return NULL;
}

static void
await_call (Fixture *f, const char *method)
{
  g_autofree char *called = NULL;

  while (g_strcmp0 (called, method) != 0)
    {
      g_free (called);
      called = g_async_queue_timeout_pop (f->methods, (guint64) queen_test_get_deadline () *
                                                          G_TIME_SPAN_MILLISECOND);
      g_assert_nonnull (called);
    }
}

static void
let_queen_in (Fixture *f)
{
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_accept (f->listener, NULL, &error);
  g_autoptr (GSocketConnection) stream = NULL;

  g_assert_no_error (error);
  stream = g_socket_connection_factory_create_connection (socket);
  f->connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), guid,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                                  G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                              NULL, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_add_filter (f->connection, on_message, g_async_queue_ref (f->methods),
                                (GDestroyNotify) g_async_queue_unref);
  g_dbus_connection_start_message_processing (f->connection);
  await_call (f, "RequestName");
}

static void
drop_queen (Fixture *f)
{
  g_dbus_connection_close_sync (f->connection, NULL, NULL);
  g_clear_object (&f->connection);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) socket_address = NULL;
  g_autofree char *address = NULL;

  f->folder = g_dir_make_tmp ("queen-bus-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "bus", NULL);
  f->methods = g_async_queue_new_full (g_free);
  f->listener =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  socket_address = g_unix_socket_address_new (f->path);
  g_socket_set_timeout (f->listener, (guint) queen_test_get_deadline () / 1000);
  g_assert_true (g_socket_bind (f->listener, socket_address, FALSE, &error));
  g_assert_true (g_socket_listen (f->listener, &error));
  address = g_strconcat ("unix:path=", f->path, NULL);
  g_setenv ("DBUS_SESSION_BUS_ADDRESS", address, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->connection)
    drop_queen (f);
  g_object_unref (f->listener);
  g_async_queue_unref (f->methods);
  g_unlink (f->path);
  g_rmdir (f->folder);
  g_free (f->path);
  g_free (f->folder);
}

/* The calls */

typedef struct
{
  const char *path;
  const char *interface;
  const char *method;
  const char *body; /* as g_variant_new_parsed() reads it */
} BusCall;

/* All of which have to wait for the queen's own thread, in queues of several kinds. */
static const BusCall bus_calls[] = {
  { QUEEN_PATH, QUEEN_NAME, "Subscribe", NULL },
  { WORKER, "org.freedesktop.DBus.Properties", "GetAll", "('" QUEEN_NAME ".Worker',)" },
  { WORKER, "org.freedesktop.DBus.Introspectable", "Introspect", NULL },
  { QUEEN_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL },
};

static void
append_call (GByteArray *bytes, const BusCall *bus_call, guint serial)
{
  g_autoptr (GDBusMessage) call =
      g_dbus_message_new_method_call (QUEEN_NAME, bus_call->path, bus_call->interface,
                                      bus_call->method);
  g_autofree char *sender = g_strdup_printf (":1.%u", 1 + serial % N_CALLERS);
  g_autofree guchar *blob = NULL;
  gsize size;

  if (bus_call->body)
    g_dbus_message_set_body (call, g_variant_new_parsed (bus_call->body));
  g_dbus_message_set_sender (call, sender);
  g_dbus_message_set_serial (call, serial);
  blob = g_dbus_message_to_blob (call, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
  g_byte_array_append (bytes, blob, (guint) size);
}

static GByteArray *
make_calls (void)
{
  GByteArray *bytes = g_byte_array_new ();
  guint serial = 1000;

  for (guint round = 0; round < N_ROUNDS; round++)
    for (gsize i = 0; i < G_N_ELEMENTS (bus_calls); i++)
      append_call (bytes, &bus_calls[i], serial++);
  return bytes;
}

/* As much of them as she takes. */
static void
send_calls (GSocket *socket, const GByteArray *calls)
{
  gssize n = 1;

  for (gsize sent = 0; sent < calls->len && n > 0; sent += (gsize) n)
    n = g_socket_send_with_blocking (socket, (const char *) calls->data + sent, calls->len - sent,
                                     TRUE, NULL, NULL);
}

static void
end_with_calls (Fixture *f, const GByteArray *calls)
{
  GIOStream *stream = g_dbus_connection_get_stream (f->connection);
  GSocket *socket = g_socket_connection_get_socket (G_SOCKET_CONNECTION (stream));

  g_dbus_connection_flush_sync (f->connection, NULL, NULL);
  g_socket_shutdown (socket, TRUE, FALSE, NULL);
  send_calls (socket, calls);
}

static void
test_ends (Fixture *f, gconstpointer data)
{
  g_autoptr (QueenProcess) queen = queen_process_start ("--bus=session", NULL);
  g_autoptr (GByteArray) calls = make_calls ();
  guint n_ends = MAX (3, queen_test_scale (20));

  http_beat (queen_process_get_port (queen), "worker", "w", "ready");
  for (guint i = 0; i < n_ends; i++)
    {
      let_queen_in (f);
      end_with_calls (f, calls);
      drop_queen (f);
    }
  let_queen_in (f); /* she is there still, and comes back */
}

/* And so does she herself, in the midst of it. */
static void
test_ends_with_her (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) calls = make_calls ();
  guint n_ends = MAX (1, queen_test_scale (5));

  for (guint i = 0; i < n_ends; i++)
    {
      g_autoptr (QueenProcess) queen = queen_process_start ("--bus=session", NULL);

      let_queen_in (f);
      end_with_calls (f, calls);
      queen_process_stop (g_steal_pointer (&queen));
      drop_queen (f);
    }
}

#define add(path, function)                                                                        \
  g_test_add ("/bus-end/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  add ("calls-on-their-way-harm-nobody", test_ends);
  add ("calls-on-their-way/with-her-own-end", test_ends_with_her);

  return g_test_run ();
}
