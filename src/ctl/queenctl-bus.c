/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-bus.h"

#include <glib/gi18n.h>

#include "queenctl-deadline.h"
#include "queenctl-error.h"

static gboolean
has_session (void)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "bus", NULL);

  return g_getenv ("DBUS_SESSION_BUS_ADDRESS") || g_file_test (path, G_FILE_TEST_EXISTS);
}

/* A thread ends it, as the main loop cannot: a connection that is made in a loop of its own would
 * tell there what happens to it. */
typedef struct
{
  gint64 end; /* µs, monotonic */
  GCancellable *cancellable;
  GMutex mutex;
  GCond cond;
  gboolean is_over; /* it is there, or is not */
} Attempt;

static gpointer
cancel_when_late (gpointer data)
{
  Attempt *attempt = data;
  gboolean is_in_time = TRUE;

  g_mutex_lock (&attempt->mutex);
  while (!attempt->is_over && is_in_time)
    is_in_time = g_cond_wait_until (&attempt->cond, &attempt->mutex, attempt->end);
  g_mutex_unlock (&attempt->mutex);
  if (!is_in_time)
    g_cancellable_cancel (attempt->cancellable);
  return NULL;
}

static void
end_attempt (Attempt *attempt)
{
  g_mutex_lock (&attempt->mutex);
  attempt->is_over = TRUE;
  g_cond_signal (&attempt->cond);
  g_mutex_unlock (&attempt->mutex);
}

gpointer
queenctl_bus_try (QueenctlBusStep step, gpointer data, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Attempt attempt = {
    .end = g_get_monotonic_time () +
           queenctl_deadline_limit (QUEENCTL_DEADLINE_MSEC) * G_TIME_SPAN_MILLISECOND,
    .cancellable = cancellable,
  };
  GThread *thread;
  gpointer result;

  g_mutex_init (&attempt.mutex);
  g_cond_init (&attempt.cond);
  thread = g_thread_new ("deadline", cancel_when_late, &attempt);
  result = step (data, cancellable, error);
  end_attempt (&attempt);
  g_thread_join (thread);
  g_mutex_clear (&attempt.mutex);
  g_cond_clear (&attempt.cond);
  return result;
}

static gpointer
open_bus (gpointer address, GCancellable *cancellable, GError **error)
{
  return g_dbus_connection_new_for_address_sync (address,
                                                 G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                     G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                                 NULL, cancellable, error);
}

void
queenctl_bus_set_none (gboolean is_session, const GError *cause, GError **error)
{
  const char *why = g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                        ? _ ("no answer in time")
                        : cause->message;

  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
               is_session ? _ ("the session bus: %s") : _ ("the system bus: %s"), why);
}

char *
queenctl_bus_dup_address (gboolean is_session, GError **error)
{
  g_autoptr (GError) cause = NULL;
  char *address;

  /* GLib would start a bus where there is none, and nobody else would be on it. */
  if (is_session && !has_session ())
    {
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN,
                           _ ("the session bus: there is none"));
      return NULL;
    }
  address = g_dbus_address_get_for_bus_sync (is_session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM,
                                             NULL, &cause);
  if (!address)
    queenctl_bus_set_none (is_session, cause, error);
  return address;
}

GDBusConnection *
queenctl_bus_connect (const char *bus_name, GError **error)
{
  gboolean is_session = g_str_equal (bus_name, "session");
  g_autofree char *address = queenctl_bus_dup_address (is_session, error);
  GDBusConnection *connection;
  g_autoptr (GError) cause = NULL;

  if (!address)
    return NULL;
  connection = queenctl_bus_try (open_bus, address, &cause);
  if (!connection)
    {
      queenctl_bus_set_none (is_session, cause, error);
      return NULL;
    }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  return connection;
}

/* What GDBus, and other implementations, say. */
gboolean
queenctl_bus_is_absent (const GError *cause)
{
  return g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE) ||
         g_error_matches (cause, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
}
