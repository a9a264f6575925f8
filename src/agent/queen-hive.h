/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "machine/queen-gpu-reader.h"
#include "queen-beat.h"

G_BEGIN_DECLS

/**
 * QueenHive:
 *
 * The machine itself, which beats as a hive: what its processors, its memory and its GPUs do.
 */
typedef struct _QueenHive QueenHive;

/**
 * queen_hive_new:
 * @places: where its GPUs are looked for
 * @changed: called when there are other GPUs than before: at first that is when the driver has
 *   told of them, which may take seconds
 *
 * Returns: (transfer full): a hive of that @id
 */
QueenHive *queen_hive_new (const char *id,
                           const QueenGpuPlaces *places,
                           void (*changed) (gpointer data),
                           gpointer data);

void queen_hive_free (QueenHive *self);

/** Returns: (transfer none): who reads its GPUs */
QueenGpuReader *queen_hive_get_gpus (QueenHive *self);

/** It is not looked after any more. */
void queen_hive_leave (QueenHive *self);

/** Adds its beat. */
void queen_hive_add_beat (QueenHive *self, GPtrArray *beats);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenHive, queen_hive_free)

G_END_DECLS
