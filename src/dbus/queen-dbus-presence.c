/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-presence.h"

#include "loop/queen-alarm.h"
#include "queen-dbus-bus.h"
#include "queen-dbus-stream.h"

#define LAST_TIMEOUT G_TIME_SPAN_MINUTE   /* of an attempt, however many were cut off before it */
#define FIRST_DELAY (G_USEC_PER_SEC / 10) /* until the next attempt */
#define LAST_DELAY (4 * G_USEC_PER_SEC)
#define LAST_WAIT 1000 /* ms, for GDBus to let go of everything */

/* D-Bus Specification, § Message Bus Messages: org.freedesktop.DBus.RequestName */
#define REPLY_IN_QUEUE 2

/* Each connection has a reference, until GDBus has let go of it in whatever thread. */
struct _QueenDBusPresence
{
  const QueenDBusPresenceSettings *settings;
  QueenDBusPresenceFunc func;
  gpointer data;
  GMainContext *context;
  gint n_connections; /* atomic: that GDBus still refers to, with those that she has left */
  gboolean is_leaving;

  GDBusConnection *connection;
  guint acquired_id;         /* of the subscription to the bus's word that the name is hers */
  gboolean is_failure_known; /* to the log */

  GCancellable *cancellable; /* of the attempt to connect, or of the question for the name */
  QueenAlarm *alarm;         /* the attempt's deadline, or the time of the next one */
  gint64 timeout;            /* µs, of the attempt */
  gint64 delay;              /* µs */
};

static const char *
get_bus_name (QueenDBusPresence *self)
{
  return self->settings->bus_type == G_BUS_TYPE_SESSION ? "session" : "system";
}

static void
set_alarm_in (QueenDBusPresence *self, gint64 span)
{
  queen_alarm_set (self->alarm, self->settings->clock->get_monotonic () + span);
}

static void
try_again_later (QueenDBusPresence *self)
{
  set_alarm_in (self, self->delay);
  self->delay = MIN (2 * self->delay, LAST_DELAY);
}

static void
give_up_on (QueenDBusPresence *self, const char *reason)
{
  if (self->is_leaving)
    return;
  if (!self->is_failure_known)
    g_message ("no %s bus: %s; HTTP is served without it", get_bus_name (self), reason);
  self->is_failure_known = TRUE;
  try_again_later (self);
}

/* The name */

static void
on_name_acquired (GDBusConnection *connection,
                  const char *sender,
                  const char *path,
                  const char *interface,
                  const char *signal,
                  GVariant *parameters,
                  gpointer data)
{
  QueenDBusPresence *self = data;

  g_message ("on the %s bus as %s", get_bus_name (self), QUEEN_DBUS_NAME);
  if (self->settings->on_named)
    self->settings->on_named (self->data);
}

static void
on_name_requested (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusPresence *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint reply;

  if (!answer)
    {
      /* When the connection has gone, the presence has left it, or will be told. */
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
          !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED))
        g_message ("the %s bus refuses her the name %s: %s; HTTP is served without it",
                   get_bus_name (self), QUEEN_DBUS_NAME, error->message);
      return;
    }
  g_variant_get (answer, "(u)", &reply);
  if (reply == REPLY_IN_QUEUE)
    g_message ("the name %s on the %s bus is taken by another queen; HTTP is served without "
               "it until she has left",
               QUEEN_DBUS_NAME, get_bus_name (self));
}

/* By hand: GLib's own function gives up when the bus takes 25 s to answer, and waits as long for it
 * when the name is given back. Nothing need be given back, as the bus takes the name of who goes.
 */
static void
request_name (QueenDBusPresence *self)
{
  self->acquired_id =
      g_dbus_connection_signal_subscribe (self->connection, QUEEN_DBUS_BUS_NAME,
                                          QUEEN_DBUS_BUS_NAME, "NameAcquired", QUEEN_DBUS_BUS_PATH,
                                          QUEEN_DBUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE,
                                          on_name_acquired, self, NULL);
  self->cancellable = g_cancellable_new ();
  g_dbus_connection_call (self->connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH,
                          QUEEN_DBUS_BUS_NAME, "RequestName",
                          g_variant_new ("(su)", QUEEN_DBUS_NAME, 0), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable, on_name_requested,
                          self);
}

/* Being on the bus */

static void
clear_presence (gpointer data)
{
  g_main_context_unref (((QueenDBusPresence *) data)->context);
}

/* All that waits in the main context for a connection holds on to it, so that nothing of it can
 * come any more. */
static void
on_connection_gone (gpointer data, GObject *connection)
{
  QueenDBusPresence *self = data;

  g_atomic_int_add (&self->n_connections, -1);
  g_main_context_wakeup (self->context);
  g_atomic_rc_box_release_full (self, clear_presence);
}

static void
hold_connection (QueenDBusPresence *self, GDBusConnection *connection)
{
  self->connection = g_object_ref (connection);
  g_atomic_int_inc (&self->n_connections);
  g_object_weak_ref (G_OBJECT (connection), on_connection_gone, g_atomic_rc_box_acquire (self));
}

/* Closed even when it is lost already: GDBus may still read what had been written to it. And others
 * may hold it, and with it the name. */
static void
release_connection (QueenDBusPresence *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_dbus_connection_signal_unsubscribe (self->connection, self->acquired_id);
  g_dbus_connection_close (self->connection, NULL, NULL, NULL);
  self->func (NULL, self->data);
  g_clear_object (&self->connection);
}

static void
on_connection_closed (GDBusConnection *connection,
                      gboolean is_remote,
                      const GError *error,
                      QueenDBusPresence *self)
{
  release_connection (self);
  give_up_on (self, error ? error->message : "it has closed the connection");
}

static void
enter_connection (QueenDBusPresence *self, GDBusConnection *connection)
{
  if (self->is_leaving)
    return;
  hold_connection (self, connection);
  self->timeout = self->settings->connect_timeout;
  self->delay = FIRST_DELAY;
  self->is_failure_known = FALSE;
  g_signal_connect (connection, "closed", G_CALLBACK (on_connection_closed), self);
  self->func (connection, self->data);
  queen_dbus_frames_let_calls_in (queen_dbus_frames_find (connection));
  request_name (self);
}

static void
end_attempt (QueenDBusPresence *self)
{
  g_clear_object (&self->cancellable);
  queen_alarm_set (self->alarm, -1);
}

static void
fail_attempt (QueenDBusPresence *self, const GError *error)
{
  gboolean was_cut_off = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  end_attempt (self);
  give_up_on (self, was_cut_off ? "it does not answer" : error->message);
}

static void
on_bus_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusPresence *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_dbus_connection_new_finish (result, &error);

  if (!connection)
    {
      fail_attempt (self, error);
      return;
    }
  end_attempt (self);
  /* GDBus says only once that a connection is closed, here before anybody could hear it. */
  if (g_dbus_connection_is_closed (connection))
    give_up_on (self, "it has closed the connection");
  else
    enter_connection (self, connection);
}

static void
on_stream_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusPresence *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = queen_dbus_stream_open_finish (result, &error);

  if (stream)
    g_dbus_connection_new (stream, NULL, G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION, NULL,
                           self->cancellable, on_bus_connected, self);
  else
    fail_attempt (self, error);
}

static char *
dup_address (QueenDBusPresence *self, GError **error)
{
  char *address;

  if (self->settings->bus_type == G_BUS_TYPE_SYSTEM)
    return g_dbus_address_get_for_bus_sync (G_BUS_TYPE_SYSTEM, NULL, error);
  address = queen_dbus_presence_dup_session_address ();
  if (!address)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                         "DBUS_SESSION_BUS_ADDRESS is not set");
  return address;
}

static void
connect (QueenDBusPresence *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *address = dup_address (self, &error);

  if (!address)
    {
      give_up_on (self, error->message);
      return;
    }
  self->cancellable = g_cancellable_new ();
  set_alarm_in (self, self->timeout);
  queen_dbus_stream_open (address, self->settings->frames, self->cancellable, on_stream_opened,
                          self);
}

/* On a machine that has much to do, or under a tool, each attempt would be cut off in its turn; so
 * the next one has twice the time. */
static void
cut_off (QueenDBusPresence *self)
{
  self->timeout = MIN (2 * self->timeout, LAST_TIMEOUT);
  g_cancellable_cancel (self->cancellable);
}

static void
on_retry_due (gpointer data)
{
  QueenDBusPresence *self = data;

  if (self->cancellable)
    cut_off (self);
  else
    connect (self);
}

QueenDBusPresence *
queen_dbus_presence_new (const QueenDBusPresenceSettings *settings,
                         QueenDBusPresenceFunc func,
                         gpointer data)
{
  QueenDBusPresence *self = g_atomic_rc_box_new0 (QueenDBusPresence);

  self->context = g_main_context_ref_thread_default ();
  self->settings = settings;
  self->func = func;
  self->data = data;
  self->timeout = settings->connect_timeout;
  self->delay = FIRST_DELAY;
  self->alarm = queen_alarm_new (settings->clock, "bus", G_PRIORITY_DEFAULT, on_retry_due, self);
  connect (self);
  return self;
}

void
queen_dbus_presence_renew (QueenDBusPresence *self, const char *reason)
{
  g_return_if_fail (self->connection);

  release_connection (self);
  give_up_on (self, reason);
}

void
queen_dbus_presence_leave (QueenDBusPresence *self)
{
  self->is_leaving = TRUE;
  queen_alarm_set (self->alarm, -1);
  if (self->connection)
    release_connection (self);
  else
    g_cancellable_cancel (self->cancellable); /* of an attempt, which says so when it has ended */
}

static gboolean
on_last_wait_over (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
wait_until_gone (QueenDBusPresence *self)
{
  g_autoptr (GSource) source = g_timeout_source_new (LAST_WAIT);
  gboolean is_over = FALSE;

  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_set_callback (source, on_last_wait_over, &is_over, NULL);
  g_source_set_static_name (source, "bus, last wait");
  g_source_attach (source, self->context);
  while (!is_over && (self->cancellable || g_atomic_int_get (&self->n_connections) > 0))
    g_main_context_iteration (self->context, TRUE);
  while (!is_over && g_main_context_iteration (self->context, FALSE))
    ;
  g_source_destroy (source);
}

void
queen_dbus_presence_free (QueenDBusPresence *self)
{
  if (!self->is_leaving)
    queen_dbus_presence_leave (self);
  wait_until_gone (self);
  g_clear_object (&self->cancellable);
  queen_alarm_free (self->alarm);
  g_atomic_rc_box_release_full (self, clear_presence);
}

char *
queen_dbus_presence_dup_session_address (void)
{
  const char *address = g_getenv ("DBUS_SESSION_BUS_ADDRESS");
  const char *runtime_dir = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *path = NULL;
  g_autofree char *escaped = NULL;

  if (address && *address)
    return g_strdup (address);
  if (!runtime_dir || !*runtime_dir)
    return NULL;
  path = g_build_filename (runtime_dir, "bus", NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return NULL;
  escaped = g_dbus_address_escape_value (path);
  return g_strconcat ("unix:path=", escaped, NULL);
}
