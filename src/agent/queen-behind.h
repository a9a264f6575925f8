/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-reading.h"

G_BEGIN_DECLS

#define QUEEN_BEHIND_MAX 64 /* models, there or gone */

/**
 * QueenBehind:
 *
 * The servers behind one that starts and stops them: which are there, and which have gone a short
 * while ago. One that names others at each look does not become a thousand workers.
 */
typedef struct _QueenBehind QueenBehind;

/**
 * QueenBehindFunc:
 * @status: (nullable): static; %NULL when it has gone
 */
typedef void (*QueenBehindFunc) (const char *model, const char *status, gpointer data);

QueenBehind *queen_behind_new (void);

void queen_behind_free (QueenBehind *self);

/**
 * queen_behind_update:
 * @there: (nullable) (element-type QueenReadingBehind): who is there
 * @now: µs, monotonic
 *
 * Who is not there has gone, and is forgotten a minute later: one beat may be lost.
 */
void queen_behind_update (QueenBehind *self, const GPtrArray *there, gint64 now);

void queen_behind_foreach (QueenBehind *self, QueenBehindFunc func, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenBehind, queen_behind_free)

G_END_DECLS
