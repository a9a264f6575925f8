/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-component.h"

G_BEGIN_DECLS

/**
 * QueenctlCondition:
 * @status: as events have it, such as `Ready`
 * @health: `degraded` or `unhealthy` of a hive that is and is online; empty of all others
 * @reason: why, in its own words; empty when it has not said
 *
 * What somebody is like.
 */
typedef struct
{
  char *status;
  char *health;
  char *reason;
} QueenctlCondition;

/**
 * queenctl_condition_new:
 * @status: its status
 * @component: (nullable): what says its health; %NULL when that is no matter
 *
 * Returns: (transfer full): a condition
 */
QueenctlCondition *queenctl_condition_new (const char *status, const QueenctlComponent *component);

/** queenctl_condition_new_like: the same with another @status. @self: (nullable): of somebody new
 */
QueenctlCondition *queenctl_condition_new_like (const QueenctlCondition *self, const char *status);

void queenctl_condition_free (QueenctlCondition *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlCondition, queenctl_condition_free)

/** Returns: whether both are the same but for the reason, which is perhaps a number that changes */
gboolean queenctl_condition_equal (const QueenctlCondition *a, const QueenctlCondition *b);

G_END_DECLS
