/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-event-bus.h"

G_BEGIN_DECLS

#define QUEEN_MODELS_MAX_LISTED 10000            /* models in a list, */
#define QUEEN_MODELS_MAX_LISTED_IDS (512 * 1024) /* and bytes of their ids */

/**
 * QueenModel:
 * @n_workers: who serve it, and can be asked for it: at once, or when they are less busy
 * @n_available: of these, those who can be asked at once
 * @since: ns since 1970: when the first of them was first seen
 *
 * What can be asked for now.
 */
typedef struct
{
  guint n_workers;
  guint n_available;
  gint64 since;
} QueenModel;

/**
 * QueenModels:
 *
 * All models that can be asked for now, those counted which a worker serves besides its own. It is
 * kept with every event, so that nobody has to look at all workers.
 */
typedef struct _QueenModels QueenModels;

/**
 * queen_models_new:
 * @bus: what it listens to, before anybody is known; outlives it
 */
QueenModels *queen_models_new (QueenEventBus *bus);

void queen_models_free (QueenModels *self);

/** Returns: (nullable): the model of that @id, if it can be asked for */
const QueenModel *queen_models_lookup (const QueenModels *self, const char *id);

/** Returns: how many there are */
guint queen_models_get_n (const QueenModels *self);

/** Returns: what is another number whenever a model has come or gone, or its counts are others */
guint64 queen_models_get_revision (const QueenModels *self);

/**
 * queen_models_get_next:
 * @id: (nullable): any text
 *
 * Where there are more than a list may have, those are passed over of which somebody has brought
 * more than others, as #QueenModelBoard has it.
 *
 * Returns: (nullable) (transfer none): the id of the first model behind @id, or of all, in the
 * order of the letters; valid until the next event. Whoever goes on behind the last that it had may
 * do so in another turn: none is missed that was listed all the time
 */
const char *queen_models_get_next (const QueenModels *self, const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenModels, queen_models_free)

G_END_DECLS
