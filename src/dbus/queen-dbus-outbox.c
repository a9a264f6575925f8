/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-outbox.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "queen-dbus-bus.h"
#include "queen-dbus-output.h"

#define MAX_ASKED 6       /* times, while the bus reads on, but does not come to the question */
#define LEAST (16 * 1024) /* bytes that it reads then between two of them */

typedef struct
{
  QueenDBusOutbox *outbox;
  void (*on_read) (gpointer data);
  gpointer data;
  gboolean is_asked_again;
  guint n_asked;
  gint64 n_read; /* bytes, more or less, when it was asked */
} Wait;

struct _QueenDBusOutbox
{
  GDBusConnection *connection;
  int patience;
  void (*on_stuck) (gpointer data);
  gpointer data;

  GPtrArray *waits;          /* of Wait */
  GCancellable *cancellable; /* of all of them */
};

static void ask_bus (Wait *wait);

/* Less than it was by no more than what the kernel needs for what is in the socket; so it becomes
 * more when the bus reads, and only then. */
static gint64
estimate_read (QueenDBusOutbox *self)
{
  QueenDBusOutput *output = queen_dbus_output_find (self->connection);
  int n_bytes = 0;

  if (!output ||
      ioctl (g_unix_output_stream_get_fd (G_UNIX_OUTPUT_STREAM (output)), SIOCOUTQ, &n_bytes) != 0)
    return 0;
  return (gint64) queen_dbus_output_get_n_written (output) - n_bytes;
}

/* The first time it may be she who has come to nothing, as after a machine's sleep: then the answer
 * to another question is there at once. And a bus that has much to do for others may come to her
 * questions late, but it reads. */
static void
lose_patience (QueenDBusOutbox *self, Wait *wait)
{
  gboolean is_reading = estimate_read (self) >= wait->n_read + LEAST;

  if (wait->n_asked >= MAX_ASKED || (wait->is_asked_again && !is_reading))
    {
      g_ptr_array_remove_fast (self->waits, wait);
      self->on_stuck (self->data);
      return;
    }
  wait->is_asked_again = !is_reading;
  ask_bus (wait);
}

static void
on_ping_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  Wait wait;

  /* The outbox has gone, and the wait with it, or the connection is about to go. */
  if (!answer && (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
                  g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED)))
    return;
  wait = *(Wait *) data;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      lose_patience (wait.outbox, data);
      return;
    }
  g_ptr_array_remove_fast (wait.outbox->waits, data);
  wait.on_read (wait.data);
}

/* A bus reads in order: when it answers what it is asked last, it has read everything before. What
 * GDBus calls flushed may still be in the socket, where a bus leaves it that has had enough. */
static void
ask_bus (Wait *wait)
{
  QueenDBusOutbox *self = wait->outbox;

  wait->n_asked++;
  wait->n_read = estimate_read (self);
  g_dbus_connection_call (self->connection, QUEEN_DBUS_BUS_NAME, QUEEN_DBUS_BUS_PATH,
                          QUEEN_DBUS_BUS_NAME, "GetId", NULL, NULL, G_DBUS_CALL_FLAGS_NONE,
                          self->patience / 2, self->cancellable, on_ping_answered, wait);
}

QueenDBusOutbox *
queen_dbus_outbox_new (GDBusConnection *connection,
                       int patience,
                       void (*on_stuck) (gpointer data),
                       gpointer data)
{
  QueenDBusOutbox *self = g_new0 (QueenDBusOutbox, 1);

  self->connection = connection;
  self->patience = patience;
  self->on_stuck = on_stuck;
  self->data = data;
  self->waits = g_ptr_array_new_with_free_func (g_free);
  self->cancellable = g_cancellable_new ();
  return self;
}

void
queen_dbus_outbox_await (QueenDBusOutbox *self, void (*on_read) (gpointer data), gpointer data)
{
  Wait *wait = g_new0 (Wait, 1);

  wait->outbox = self;
  wait->on_read = on_read;
  wait->data = data;
  g_ptr_array_add (self->waits, wait);
  ask_bus (wait);
}

GDBusConnection *
queen_dbus_outbox_get_connection (QueenDBusOutbox *self)
{
  return self->connection;
}

void
queen_dbus_outbox_free (QueenDBusOutbox *self)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_ptr_array_unref (self->waits);
  g_free (self);
}
