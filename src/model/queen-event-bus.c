/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-event-bus.h"

typedef struct
{
  QueenEventFunc func;
  gpointer data;
} Listener;

struct _QueenEventBus
{
  GObject parent_instance;

  GArray *listeners; /* of Listener */
};

G_DEFINE_FINAL_TYPE (QueenEventBus, queen_event_bus, G_TYPE_OBJECT)

static guint event_signal;
static GQuark change_detail, pulse_detail;

static void
queen_event_bus_finalize (GObject *object)
{
  g_array_unref (QUEEN_EVENT_BUS (object)->listeners);

  G_OBJECT_CLASS (queen_event_bus_parent_class)->finalize (object);
}

static void
queen_event_bus_class_init (QueenEventBusClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = queen_event_bus_finalize;

  /* Static scope: the event outlives the emission, so nobody needs a copy of it. */
  event_signal = g_signal_new ("event", type, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0, NULL, NULL,
                               g_cclosure_marshal_VOID__BOXED, G_TYPE_NONE, 1,
                               QUEEN_TYPE_EVENT | G_SIGNAL_TYPE_STATIC_SCOPE);
  g_signal_set_va_marshaller (event_signal, type, g_cclosure_marshal_VOID__BOXEDv);
  change_detail = g_quark_from_static_string ("change");
  pulse_detail = g_quark_from_static_string ("pulse");
}

static void
queen_event_bus_init (QueenEventBus *self)
{
  self->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
}

QueenEventBus *
queen_event_bus_new (void)
{
  return g_object_new (QUEEN_TYPE_EVENT_BUS, NULL);
}

static GQuark
get_detail (const QueenEvent *event)
{
  if (event->kind == QUEEN_EVENT_QUEEN)
    return pulse_detail;
  return queen_event_is_change (event) ? change_detail : 0;
}

void
queen_event_bus_listen (QueenEventBus *self, QueenEventFunc func, gpointer data, gboolean is_first)
{
  const Listener listener = { func, data };

  g_array_insert_val (self->listeners, is_first ? 0 : self->listeners->len, listener);
}

void
queen_event_bus_leave (QueenEventBus *self, QueenEventFunc func, gpointer data)
{
  for (guint i = 0; i < self->listeners->len; i++)
    {
      const Listener *listener = &g_array_index (self->listeners, Listener, i);

      if (listener->func != func || listener->data != data)
        continue;
      g_array_remove_index (self->listeners, i);
      return;
    }
}

/* Of a heartbeat that says nothing new hardly anybody hears by the signal. */
static gboolean
is_heard_by_signal (QueenEventBus *self, GQuark detail)
{
  return detail != 0 || g_signal_has_handler_pending (self, event_signal, 0, TRUE);
}

void
queen_event_bus_emit (QueenEventBus *self, QueenEvent *event)
{
  GQuark detail = get_detail (event);

  for (guint i = 0; i < self->listeners->len; i++)
    {
      const Listener *listener = &g_array_index (self->listeners, Listener, i);

      listener->func (event, listener->data);
    }
  if (is_heard_by_signal (self, detail))
    g_signal_emit (self, event_signal, detail, event);
}
