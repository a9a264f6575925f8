/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-event-bus.h"

struct _QueenEventBus
{
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (QueenEventBus, queen_event_bus, G_TYPE_OBJECT)

static guint event_signal;

static void
queen_event_bus_class_init (QueenEventBusClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

  /* Static scope: the event outlives the emission, so nobody needs a copy of it. */
  event_signal =
      g_signal_new ("event", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, g_cclosure_marshal_VOID__BOXED,
                    G_TYPE_NONE, 1, QUEEN_TYPE_EVENT | G_SIGNAL_TYPE_STATIC_SCOPE);
  g_signal_set_va_marshaller (event_signal, type, g_cclosure_marshal_VOID__BOXEDv);
}

static void
queen_event_bus_init (QueenEventBus *self)
{
}

QueenEventBus *
queen_event_bus_new (void)
{
  return g_object_new (QUEEN_TYPE_EVENT_BUS, NULL);
}

void
queen_event_bus_emit (QueenEventBus *self, QueenEvent *event)
{
  g_return_if_fail (QUEEN_IS_EVENT_BUS (self));

  g_signal_emit (self, event_signal, 0, event);
}
