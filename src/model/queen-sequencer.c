/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-sequencer.h"

G_DEFINE_INTERFACE (QueenSequencer, queen_sequencer, G_TYPE_OBJECT)

static void
queen_sequencer_default_init (QueenSequencerInterface *iface)
{
}

void
queen_sequencer_publish (QueenSequencer *self, QueenEvent *event)
{
  g_return_if_fail (QUEEN_IS_SEQUENCER (self));

  QUEEN_SEQUENCER_GET_IFACE (self)->publish (self, event);
}

gboolean
queen_sequencer_may_miss (QueenSequencer *self, QueenComponent *component)
{
  QueenSequencerInterface *iface = QUEEN_SEQUENCER_GET_IFACE (self);

  return !iface->may_miss || iface->may_miss (self, component);
}
