/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenOrphans:
 *
 * Waits for those who have lost their parents, so that they do not stay as zombies: the first
 * process of a container has to.
 */
typedef struct _QueenOrphans QueenOrphans;

/** Returns: (transfer full) (nullable): %NULL where somebody else is the first process */
QueenOrphans *queen_orphans_new (void);

void queen_orphans_free (QueenOrphans *self);

/** Somebody has ended (SIGCHLD). */
void queen_orphans_look (QueenOrphans *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenOrphans, queen_orphans_free)

G_END_DECLS
