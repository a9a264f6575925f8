/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-backlog.h"

#include "queen-dbus-bus.h"
#include "queen-dbus-output.h"

#define STATS "org.freedesktop.DBus.Debug.Stats"

struct _QueenDBusBacklog
{
  GDBusConnection *connection;
  const QueenDBusBacklogLimits *limits;
  gboolean is_told;  /* what the bus has */
  gsize n_looked_at; /* bytes that had been written when it was asked last */
  QueenDBusBacklogFunc func;
  gpointer data;
  GCancellable *cancellable;
};

static gboolean
is_full (QueenDBusBacklog *self, GVariant *answer)
{
  g_autoptr (GVariant) stats = g_variant_get_child_value (answer, 0);
  guint32 n_bytes;

  if (!g_variant_lookup (stats, "IncomingBytes", "u", &n_bytes) || n_bytes < self->limits->most)
    return FALSE;
  g_message ("the bus has %u MiB of hers that nobody reads", n_bytes / (1024 * 1024));
  return TRUE;
}

static void
on_stats_told (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  QueenDBusBacklog *self = data;

  /* The backlog has gone, or the connection is about to go. */
  if (!answer && (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                  g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)))
    return;
  /* A bus that answers nothing is others' business. */
  if (!answer && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      self->is_told = FALSE;
      g_debug ("the bus does not say what it has of hers: %s", error->message);
    }
  self->func (answer && is_full (self, answer), self->data);
}

QueenDBusBacklog *
queen_dbus_backlog_new (GDBusConnection *connection, const QueenDBusBacklogLimits *limits)
{
  QueenDBusBacklog *self = g_new0 (QueenDBusBacklog, 1);

  self->connection = connection;
  self->limits = limits;
  self->is_told = TRUE;
  self->cancellable = g_cancellable_new ();
  return self;
}

/* With another stream than hers nobody counts. */
static gsize
get_n_written (QueenDBusBacklog *self)
{
  QueenDBusOutput *output = queen_dbus_output_find (self->connection);

  return output ? queen_dbus_output_get_n_written (output) : 0;
}

gboolean
queen_dbus_backlog_look (QueenDBusBacklog *self, QueenDBusBacklogFunc func, gpointer data)
{
  gsize n_written = get_n_written (self);

  if (!self->is_told || n_written - self->n_looked_at < self->limits->look_every)
    return FALSE;
  self->n_looked_at = n_written;
  self->func = func;
  self->data = data;
  g_dbus_connection_call (self->connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH, STATS,
                          "GetConnectionStats",
                          g_variant_new ("(s)",
                                         g_dbus_connection_get_unique_name (self->connection)),
                          G_VARIANT_TYPE ("(a{sv})"), G_DBUS_CALL_FLAGS_NONE,
                          self->limits->patience, self->cancellable, on_stats_told, self);
  return TRUE;
}

void
queen_dbus_backlog_free (QueenDBusBacklog *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_free (self);
}
