/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "queen-event.h"

G_BEGIN_DECLS

#define QUEEN_TYPE_SEQUENCER (queen_sequencer_get_type ())
G_DECLARE_INTERFACE (QueenSequencer, queen_sequencer, QUEEN, SEQUENCER, GObject)

/**
 * QueenSequencer:
 *
 * What stands between those to whom something happens (the registries, the pulse) and the bus: it
 * decides in which order events are emitted, and which numbers they get. #QueenLocalSequencer does
 * so at once. Another one may ask elsewhere first, and emit in a later turn of the main loop.
 *
 * So nobody who publishes may rely on an event having been emitted when queen_sequencer_publish()
 * returns; but by then what it tells of has to be so. Events are emitted in the order of their
 * numbers. Those of one queen are emitted in the order in which they were published, those without
 * a number among them.
 *
 * Without `may_miss` a queen always may.
 */
struct _QueenSequencerInterface
{
  GTypeInterface parent;

  void (*publish) (QueenSequencer *self, QueenEvent *event);
  gboolean (*may_miss) (QueenSequencer *self, QueenComponent *component);
};

/**
 * queen_sequencer_publish:
 * @event: (transfer none): what has happened, without a number yet
 *
 * Has @event emitted on the bus once, now or later; its number is set before that if it is one of
 * %QUEEN_EVENT_NUMBERED_KINDS. Nobody may change it any longer.
 */
void queen_sequencer_publish (QueenSequencer *self, QueenEvent *event);

/**
 * queen_sequencer_may_miss:
 * @component: one who is online, and whose time is up
 *
 * Where there are several queens, it may have been heard elsewhere, and one of them alone is to say
 * that it is offline.
 *
 * Returns: whether the registry is to say so now; %FALSE when it is to hear of that by
 *   queen_registry_apply(), and to ask again after a while if it has not
 */
gboolean queen_sequencer_may_miss (QueenSequencer *self, QueenComponent *component);

G_END_DECLS
