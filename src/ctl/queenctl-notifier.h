/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-component.h"

G_BEGIN_DECLS

/* Tells the desktop who goes offline and who comes back; what happens within a second is one
 * notification. */
typedef struct _QueenctlNotifier QueenctlNotifier;

/**
 * queenctl_notifier_new:
 *
 * Returns: (transfer full): a notifier that knows nobody. When the desktop cannot be told, stderr
 * is.
 */
QueenctlNotifier *queenctl_notifier_new (void);

void queenctl_notifier_free (QueenctlNotifier *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlNotifier, queenctl_notifier_free)

/**
 * queenctl_notifier_learn:
 * @components: (element-type QueenctlComponent): everybody, as things stand
 *
 * Takes over who is online, without a word.
 */
void queenctl_notifier_learn (QueenctlNotifier *self, GPtrArray *components);

/**
 * queenctl_notifier_take:
 * @status: what @id said, or `Offline`
 *
 * Takes an event. Somebody new is no news.
 */
void queenctl_notifier_take (QueenctlNotifier *self,
                             QueenComponentKind kind,
                             const char *id,
                             const char *status);

G_END_DECLS
