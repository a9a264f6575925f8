/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-presence.h"

#include "loop/queen-alarm.h"
#include "loop/queen-threads.h"
#include "net/queen-caps.h"
#include "net/queen-closer.h"
#include "queen-dbus-bus.h"
#include "queen-dbus-stream.h"

#define LAST_TIMEOUT G_TIME_SPAN_MINUTE   /* of an attempt, however many were cut off before it */
#define FIRST_DELAY (G_USEC_PER_SEC / 10) /* until the next attempt */
#define LAST_DELAY (4 * G_USEC_PER_SEC)
#define LAST_WAIT 1000 /* ms, for GDBus to let go of everything */

#define RETRY_FOR_DESCRIPTORS (20 * G_USEC_PER_SEC) /* from which she had to come without */
#define OWNER_PATIENCE (10 * 1000) /* ms, for who has the name to show that it lives */

/* From when it has until it is asked again: no bus tells of one who lives no more. */
#define OWNER_ASKED_AGAIN (30 * G_USEC_PER_SEC)

/* D-Bus Specification, § Message Bus Messages: org.freedesktop.DBus.RequestName */
typedef enum
{
  ALLOW_REPLACEMENT = 1,
  REPLACE_EXISTING = 2,
  DO_NOT_QUEUE = 4,
} NameFlags;

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
  guint lost_id;             /* likewise, that it is not any more */
  char *former;              /* her name before she came by another connection, with the bus */
  gboolean is_failure_known; /* to the log */
  gboolean is_renewing;      /* one connection by another */
  gboolean is_owner_known;   /* likewise, to the log: that another one has the name */

  GCancellable *cancellable; /* of the attempt to connect, or of the question for the name */
  QueenAlarm *alarm;         /* the attempt's deadline, or the time of the next one */
  QueenAlarm *owner_alarm;   /* when who has the name is asked again */
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

/* The name. A bus that has stopped to read from somebody does not see either that it is gone, and
 * leaves it what it has, such as this name, for as long as others have not read. So it may be taken
 * from who does not answer. */

static void
call_bus (QueenDBusPresence *self,
          const char *method,
          GVariant *parameters,
          const char *type,
          GAsyncReadyCallback callback)
{
  g_dbus_connection_call (self->connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH,
                          QUEEN_DBUS_BUS_NAME, method, parameters, G_VARIANT_TYPE (type),
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable, callback, self);
}

/* Then the presence has left the connection, or will be told. */
static gboolean
is_of_the_end (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
call_for_name (QueenDBusPresence *self, NameFlags flags, GAsyncReadyCallback callback)
{
  call_bus (self, "RequestName", g_variant_new ("(su)", QUEEN_DBUS_NAME, ALLOW_REPLACEMENT | flags),
            "(u)", callback);
}

static void
on_name_taken_over (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GVariant) G_GNUC_UNUSED answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
}

static void
on_owner_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusPresence *self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) G_GNUC_UNUSED answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* The presence has left the connection, or will be told; but who is asked can name these, too. */
  if (is_of_the_end (error) && !g_dbus_error_is_remote_error (error))
    return;
  queen_alarm_set (self->owner_alarm, self->settings->clock->get_monotonic () + OWNER_ASKED_AGAIN);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return;
  g_message ("who has the name %s does not answer; she takes it over", QUEEN_DBUS_NAME);
  call_for_name (self, REPLACE_EXISTING, on_name_taken_over);
}

static void
on_owner_told (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusPresence *self = data;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autofree char *full_name = NULL;
  const char *owner;

  /* Without an owner it is about to be hers; for the rest see is_of_the_end(). */
  if (!answer)
    return;
  g_variant_get (answer, "(&s)", &owner);
  /* Or it has become hers meanwhile. */
  if (g_strcmp0 (owner, g_dbus_connection_get_unique_name (self->connection)) == 0)
    return;
  full_name = queen_dbus_stream_dup_name (self->connection, owner);
  if (g_strcmp0 (full_name, self->former) == 0)
    {
      call_for_name (self, REPLACE_EXISTING, on_name_taken_over);
      return;
    }
  if (!self->is_owner_known)
    g_message ("the name %s on the %s bus is taken by another queen; HTTP is served without "
               "it until she has left",
               QUEEN_DBUS_NAME, get_bus_name (self));
  self->is_owner_known = TRUE;
  g_dbus_connection_call (self->connection, owner, "/", "org.freedesktop.DBus.Peer", "Ping", NULL,
                          NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, OWNER_PATIENCE, self->cancellable,
                          on_owner_answered, self);
}

static void
ask_for_owner (QueenDBusPresence *self)
{
  call_bus (self, "GetNameOwner", g_variant_new ("(s)", QUEEN_DBUS_NAME), "(s)", on_owner_told);
}

static void
on_owner_asked_again (gpointer data)
{
  ask_for_owner (data);
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
      if (!is_of_the_end (error))
        g_message ("the %s bus refuses her the name %s: %s; HTTP is served without it",
                   get_bus_name (self), QUEEN_DBUS_NAME, error->message);
      return;
    }
  g_variant_get (answer, "(u)", &reply);
  if (reply == REPLY_IN_QUEUE)
    ask_for_owner (self);
}

static void
stop_asking_owner (QueenDBusPresence *self)
{
  queen_alarm_set (self->owner_alarm, -1);
  self->is_owner_known = FALSE;
}

/* As long as nobody has it, she waits for it; but when it is taken from her because she is deaf and
 * dumb, it must not come back to her before those who live. */
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
  stop_asking_owner (self);
  call_for_name (self, DO_NOT_QUEUE, on_name_taken_over);
  if (self->settings->on_named)
    self->settings->on_named (TRUE, self->data);
}

/* She was only slow: from now on she waits for it again. */
static void
on_name_lost (GDBusConnection *connection,
              const char *sender,
              const char *path,
              const char *interface,
              const char *signal,
              GVariant *parameters,
              gpointer data)
{
  QueenDBusPresence *self = data;

  call_for_name (self, 0, on_name_requested);
  if (self->settings->on_named)
    self->settings->on_named (FALSE, self->data);
}

static guint
listen_for_name (QueenDBusPresence *self, const char *signal, GDBusSignalCallback callback)
{
  return g_dbus_connection_signal_subscribe (self->connection, QUEEN_DBUS_BUS_NAME,
                                             QUEEN_DBUS_BUS_NAME, signal, QUEEN_DBUS_BUS_PATH,
                                             QUEEN_DBUS_NAME, G_DBUS_SIGNAL_FLAGS_NONE, callback,
                                             self, NULL);
}

/* By hand: GLib's own function gives up when the bus takes 25 s to answer, and waits as long for it
 * when the name is given back. Nothing need be given back, as the bus takes the name of who goes.
 */
static void
request_name (QueenDBusPresence *self)
{
  self->acquired_id = listen_for_name (self, "NameAcquired", on_name_acquired);
  self->lost_id = listen_for_name (self, "NameLost", on_name_lost);
  self->cancellable = g_cancellable_new ();
  call_for_name (self, 0, on_name_requested);
}

/* Being on the bus */

static void
clear_presence (gpointer data)
{
  QueenDBusPresence *self = data;

  g_main_context_unref (self->context);
  g_free (self->former);
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
  stop_asking_owner (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_dbus_connection_signal_unsubscribe (self->connection, self->acquired_id);
  g_dbus_connection_signal_unsubscribe (self->connection, self->lost_id);
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

/* She does not want any as long as those that have come cannot be closed; see queen-dbus-stream.c.
 */
static void
look_at_descriptors (QueenDBusPresence *self)
{
  if (queen_closer_get_n_waiting () > 0)
    set_alarm_in (self, RETRY_FOR_DESCRIPTORS);
  else
    queen_dbus_presence_renew (self, "descriptors can be closed again");
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
  if (queen_dbus_stream_has_declined (connection))
    set_alarm_in (self, RETRY_FOR_DESCRIPTORS);
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
  /* GLib ends the process where it finds none for a cancellable that is waited for. */
  if (!queen_caps_are_some_left ())
    {
      give_up_on (self, "hardly any descriptor is free");
      return;
    }
  self->cancellable = g_cancellable_new ();
  set_alarm_in (self, self->timeout);
  queen_dbus_stream_open (address, self->settings->frames, self->cancellable, on_stream_opened,
                          self);
}

/* On a machine that has much to do, or under a tool, each attempt would be cut off in its turn; so
 * the next one has twice the time. One that has not even begun is cut off once more. */
static void
cut_off (QueenDBusPresence *self)
{
  if (!g_cancellable_is_cancelled (self->cancellable))
    self->timeout = MIN (2 * self->timeout, LAST_TIMEOUT);
  set_alarm_in (self, self->timeout);
  g_cancellable_cancel (self->cancellable);
  queen_threads_revive_tasks ();
}

static void
on_retry_due (gpointer data)
{
  QueenDBusPresence *self = data;

  if (self->connection)
    look_at_descriptors (self);
  else if (self->cancellable)
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
  self->owner_alarm = queen_alarm_new (settings->clock, "owner of the name", G_PRIORITY_DEFAULT,
                                       on_owner_asked_again, self);
  connect (self);
  return self;
}

void
queen_dbus_presence_renew (QueenDBusPresence *self, const char *reason)
{
  g_return_if_fail (self->connection);

  g_free (self->former);
  self->former = queen_dbus_stream_dup_name (self->connection,
                                             g_dbus_connection_get_unique_name (self->connection));
  self->is_renewing = TRUE;
  release_connection (self);
  self->is_renewing = FALSE;
  g_message ("the %s bus: %s; she comes back by another connection", get_bus_name (self), reason);
  connect (self);
}

gboolean
queen_dbus_presence_is_renewing (QueenDBusPresence *self)
{
  return self->is_renewing;
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
  queen_alarm_free (self->owner_alarm);
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
