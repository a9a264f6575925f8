/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-gpu.h"

G_BEGIN_DECLS

/**
 * QueenDrmClients:
 *
 * Who has GPUs open, and how long the GPUs worked for each of them, as the kernel tells it of every
 * open file (drm-usage-stats in the kernel's documentation).
 */
typedef struct _QueenDrmClients QueenDrmClients;

/**
 * queen_drm_clients_new:
 * @root: what stands before `/proc`; may be empty
 *
 * Returns: (transfer full): nobody yet
 */
QueenDrmClients *queen_drm_clients_new (const char *root);

/**
 * queen_drm_clients_read:
 * @now: µs, monotonic
 *
 * Reads what all have used until now. Processes of other users are seen by root only. All processes
 * are looked through four times a minute; in between only those that had a GPU open.
 */
void queen_drm_clients_read (QueenDrmClients *self, gint64 now);

/**
 * queen_drm_clients_apply:
 * @gpu: one with a PCI address
 *
 * Sets who works on @gpu. When all processes can be seen, what these use is what is used of it: so
 * that is set, too, unless it is known already, and how busy it was, once that has been read twice.
 */
void queen_drm_clients_apply (QueenDrmClients *self, QueenGpu *gpu);

void queen_drm_clients_free (QueenDrmClients *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDrmClients, queen_drm_clients_free)

G_END_DECLS
