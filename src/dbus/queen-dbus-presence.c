/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-presence.h"

#include "model/queen-clock.h"

#define CONNECT_TIMEOUT (5 * G_USEC_PER_SEC)
#define FIRST_DELAY (G_USEC_PER_SEC / 10) /* until the next attempt */
#define LAST_DELAY (4 * G_USEC_PER_SEC)

struct _QueenDBusPresence
{
  GBusType bus_type;
  QueenDBusPresenceFunc func;
  gpointer data;

  GDBusConnection *connection;
  guint name_id;
  gboolean is_failure_known; /* to the log */

  GCancellable *cancellable; /* of the attempt that is going on */
  QueenAlarm *alarm;         /* its deadline, or the time of the next one */
  gint64 delay;              /* µs */
};

static const char *
get_bus_name (QueenDBusPresence *self)
{
  return self->bus_type == G_BUS_TYPE_SESSION ? "session" : "system";
}

static void
try_again_later (QueenDBusPresence *self)
{
  queen_alarm_set (self->alarm, g_get_monotonic_time () + self->delay);
  self->delay = MIN (2 * self->delay, LAST_DELAY);
}

static void
fail (QueenDBusPresence *self, const char *reason)
{
  if (!self->is_failure_known)
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE",
                      "no %s bus: %s; HTTP is served without it", get_bus_name (self), reason);
  self->is_failure_known = TRUE;
  try_again_later (self);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer data)
{
  QueenDBusPresence *self = data;

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE", "on the %s bus as %s",
                    get_bus_name (self), name);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer data)
{
  QueenDBusPresence *self = data;

  if (connection && !g_dbus_connection_is_closed (connection))
    g_log_structured (
        G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE",
        "the name %s on the %s bus is taken by another queen, or refused by the bus's "
        "policy; HTTP is served without it",
        name, get_bus_name (self));
}

static void
leave (QueenDBusPresence *self)
{
  g_signal_handlers_disconnect_by_data (self->connection, self);
  g_clear_handle_id (&self->name_id, g_bus_unown_name);
  self->func (NULL, self->data);
  g_clear_object (&self->connection);
}

static void
on_closed (GDBusConnection *connection,
           gboolean is_remote,
           const GError *error,
           QueenDBusPresence *self)
{
  leave (self);
  fail (self, error ? error->message : "it has closed the connection");
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenDBusPresence *self = data;
  g_autoptr (GError) error = NULL;

  self->connection = g_dbus_connection_new_for_address_finish (result, &error);
  g_clear_object (&self->cancellable);
  queen_alarm_set (self->alarm, -1);
  if (!self->connection)
    {
      fail (self, error->message);
      return;
    }
  self->delay = FIRST_DELAY;
  self->is_failure_known = FALSE;
  g_signal_connect (self->connection, "closed", G_CALLBACK (on_closed), self);
  self->func (self->connection, self->data);
  self->name_id =
      g_bus_own_name_on_connection (self->connection, QUEEN_DBUS_NAME, G_BUS_NAME_OWNER_FLAGS_NONE,
                                    on_name_acquired, on_name_lost, self, NULL);
}

static char *
dup_address (QueenDBusPresence *self, GError **error)
{
  char *address;

  if (self->bus_type == G_BUS_TYPE_SYSTEM)
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
      fail (self, error->message);
      return;
    }
  self->cancellable = g_cancellable_new ();
  queen_alarm_set (self->alarm, g_get_monotonic_time () + CONNECT_TIMEOUT);
  g_dbus_connection_new_for_address (address,
                                     G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                         G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                     NULL, self->cancellable, on_connected, self);
}

static void
on_alarm (gpointer data)
{
  QueenDBusPresence *self = data;

  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  else
    connect (self);
}

QueenDBusPresence *
queen_dbus_presence_new (GBusType bus_type, QueenDBusPresenceFunc func, gpointer data)
{
  QueenDBusPresence *self = g_new0 (QueenDBusPresence, 1);

  self->bus_type = bus_type;
  self->func = func;
  self->data = data;
  self->delay = FIRST_DELAY;
  self->alarm = queen_alarm_new ("bus", G_PRIORITY_DEFAULT, on_alarm, self);
  connect (self);
  return self;
}

void
queen_dbus_presence_free (QueenDBusPresence *self)
{
  if (self->connection)
    leave (self);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  queen_alarm_free (self->alarm);
  g_free (self);
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
