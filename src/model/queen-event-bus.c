/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-event-bus.h"

struct _QueenEventBus
{
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (QueenEventBus, queen_event_bus, G_TYPE_OBJECT)

static guint event_signal;
static GQuark change_detail, pulse_detail;

static void
queen_event_bus_class_init (QueenEventBusClass *klass)
{
  GType type = G_TYPE_FROM_CLASS (klass);

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
queen_event_bus_emit (QueenEventBus *self, QueenEvent *event)
{
  g_return_if_fail (QUEEN_IS_EVENT_BUS (self));

  g_signal_emit (self, event_signal, get_detail (event), event);
}
