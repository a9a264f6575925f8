/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-local-sequencer.h"

struct _QueenLocalSequencer
{
  GObject parent_instance;

  QueenEventBus *bus;
  char *epoch;
  guint64 next; /* the number that the next event gets */
};

static void
queen_local_sequencer_publish (QueenSequencer *sequencer, QueenEvent *event)
{
  QueenLocalSequencer *self = QUEEN_LOCAL_SEQUENCER (sequencer);

  if (event->kind & QUEEN_EVENT_NUMBERED_KINDS)
    event->number = self->next++;
  queen_event_bus_emit (self->bus, event);
}

static void
queen_local_sequencer_init_sequencer (QueenSequencerInterface *iface)
{
  iface->publish = queen_local_sequencer_publish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenLocalSequencer,
                               queen_local_sequencer,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (QUEEN_TYPE_SEQUENCER,
                                                      queen_local_sequencer_init_sequencer))

static void
queen_local_sequencer_finalize (GObject *object)
{
  QueenLocalSequencer *self = QUEEN_LOCAL_SEQUENCER (object);

  g_object_unref (self->bus);
  g_free (self->epoch);

  G_OBJECT_CLASS (queen_local_sequencer_parent_class)->finalize (object);
}

static void
queen_local_sequencer_class_init (QueenLocalSequencerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_local_sequencer_finalize;
}

static void
queen_local_sequencer_init (QueenLocalSequencer *self)
{
  self->next = 1;
}

QueenLocalSequencer *
queen_local_sequencer_new (QueenEventBus *bus, const QueenClock *clock)
{
  QueenLocalSequencer *self = g_object_new (QUEEN_TYPE_LOCAL_SEQUENCER, NULL);

  self->bus = g_object_ref (bus);
  self->epoch = g_strdup_printf ("%" G_GINT64_MODIFIER "x", clock->get_wall () / 1000000);
  return self;
}

void
queen_local_sequencer_continue (QueenLocalSequencer *self, const char *epoch, guint64 next)
{
  g_return_if_fail (self->next == 1 && next >= 1);

  g_free (self->epoch);
  self->epoch = g_strdup (epoch);
  self->next = next;
}

void
queen_local_sequencer_begin (QueenLocalSequencer *self, const char *epoch)
{
  g_free (self->epoch);
  self->epoch = g_strdup (epoch);
  self->next = 1;
}

const char *
queen_local_sequencer_get_epoch (QueenLocalSequencer *self)
{
  return self->epoch;
}

guint64
queen_local_sequencer_get_next (QueenLocalSequencer *self)
{
  return self->next;
}
