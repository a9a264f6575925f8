/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-component.h"

G_BEGIN_DECLS

/**
 * QueenctlComponentSet:
 *
 * Components of one kind, as they come part by part: of those with the same id it has the one that
 * was put into it last. It knows when there are more of them, or when they take longer to come,
 * than of any queen; for whoever answers may be none, and have no end.
 */
typedef struct _QueenctlComponentSet QueenctlComponentSet;

/**
 * queenctl_component_set_new:
 * @now: µs, monotonic
 *
 * Returns: (transfer full): an empty set
 */
QueenctlComponentSet *queenctl_component_set_new (gint64 now);
void queenctl_component_set_free (QueenctlComponentSet *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlComponentSet, queenctl_component_set_free)

/** queenctl_component_set_add: @component: (transfer full) */
void queenctl_component_set_add (QueenctlComponentSet *self, QueenctlComponent *component);

guint queenctl_component_set_get_size (const QueenctlComponentSet *self);

/**
 * queenctl_component_set_is_full:
 *
 * Returns: whether more has come than a queen can have: about 1 GiB of memory
 */
gboolean queenctl_component_set_is_full (const QueenctlComponentSet *self);

/**
 * queenctl_component_set_is_late:
 * @now: µs, monotonic
 *
 * Returns: whether two minutes are over, which is as long as a queen's last part may take on a slow
 *   line
 */
gboolean queenctl_component_set_is_late (const QueenctlComponentSet *self, gint64 now);

/** Moves all of @self to the end of @components, in no order. */
void queenctl_component_set_move (QueenctlComponentSet *self, GPtrArray *components);

G_END_DECLS
