/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-gpu.h"

G_BEGIN_DECLS

/**
 * QueenDrmCard:
 *
 * A GPU as the kernel shows it in `/sys/class/drm`.
 */
typedef struct _QueenDrmCard QueenDrmCard;

/**
 * queen_drm_card_new:
 * @root: what stands before `/sys`; may be empty
 * @name: such as `card0`
 *
 * Returns: (transfer full) (nullable): the card; %NULL when it is none that computes, or one that
 *   its vendor's own library tells of (NVIDIA)
 */
QueenDrmCard *queen_drm_card_new (const char *root, const char *name);

/**
 * queen_drm_card_read:
 * @now: µs, monotonic
 *
 * A card that sleeps is not woken.
 *
 * Returns: (transfer full): what it says now; power and use of some need a second reading
 */
QueenGpu *queen_drm_card_read (QueenDrmCard *self, gint64 now);

/**
 * queen_drm_card_apply_idle:
 * @gpu: what was just read, perhaps with more from elsewhere
 *
 * For a GPU of which nothing else says how busy it is: it was so for as long as it was not in its
 * sleeping state (i915, xe).
 */
void queen_drm_card_apply_idle (QueenDrmCard *self, QueenGpu *gpu);

void queen_drm_card_free (QueenDrmCard *self);

G_END_DECLS
