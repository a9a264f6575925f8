/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-destination.h"

G_DEFINE_INTERFACE (QueenDestination, queen_destination, G_TYPE_OBJECT)

static void
queen_destination_default_init (QueenDestinationInterface *interface)
{
}

QueenBeatRefusal *
queen_beat_refusal_new (const char *id, const char *message)
{
  QueenBeatRefusal *self = g_new0 (QueenBeatRefusal, 1);

  self->id = g_strdup (id);
  self->message = g_strdup (message);
  return self;
}

void
queen_beat_refusal_free (QueenBeatRefusal *self)
{
  g_free (self->id);
  g_free (self->message);
  g_free (self);
}

void
queen_destination_deliver_async (QueenDestination *self,
                                 GPtrArray *beats,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer data)
{
  QUEEN_DESTINATION_GET_IFACE (self)->deliver_async (self, beats, cancellable, callback, data);
}

gboolean
queen_destination_deliver_finish (QueenDestination *self,
                                  GAsyncResult *result,
                                  GPtrArray *refusals,
                                  GError **error)
{
  return QUEEN_DESTINATION_GET_IFACE (self)->deliver_finish (self, result, refusals, error);
}

const char *
queen_destination_get_name (QueenDestination *self)
{
  return QUEEN_DESTINATION_GET_IFACE (self)->get_name (self);
}

gboolean
queen_destination_is_here (QueenDestination *self)
{
  return QUEEN_DESTINATION_GET_IFACE (self)->is_here (self);
}

gint64
queen_destination_get_rest (QueenDestination *self)
{
  QueenDestinationInterface *interface = QUEEN_DESTINATION_GET_IFACE (self);

  return interface->get_rest ? interface->get_rest (self) : 0;
}
