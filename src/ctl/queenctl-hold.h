/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-options.h"
#include "queenctl-queen.h"

G_BEGIN_DECLS

/**
 * queenctl_hold_describe_all:
 * @holds: the member `holds` of a worker or hive
 *
 * Returns: (transfer full): them for people, such as `by token:ops until 12:00: new driver`
 */
char *queenctl_hold_describe_all (JsonNode *holds);

/**
 * queenctl_hold_describe_own:
 *
 * Returns: (transfer full) (nullable): likewise those of @component that are not its hive's; %NULL
 *   when there is none
 */
char *queenctl_hold_describe_own (const QueenctlComponent *component);

/**
 * queenctl_hold_check:
 * @ttl: (out): seconds; 0 until it is released
 *
 * Returns: whether the options say all that a hold takes
 */
gboolean queenctl_hold_check (const QueenctlOptions *options, guint *ttl, GError **error);

/**
 * queenctl_hold_make:
 * @id: of whom no work is to be given to
 * @ttl: as queenctl_hold_check() gives it
 * @component: (out) (transfer full): how they are, from before that
 *
 * Returns: (transfer full) (nullable): the id of the new hold
 */
char *queenctl_hold_make (QueenctlQueen *queen,
                          const QueenctlOptions *options,
                          const char *id,
                          guint ttl,
                          QueenctlComponent **component,
                          GError **error);

/**
 * queenctl_hold_get_since:
 * @component: one that is held
 * @hold: the id of a hold
 *
 * Returns: (nullable) (transfer none): since when, as JSON has it; %NULL when that does not hold it
 */
const char *queenctl_hold_get_since (const QueenctlComponent *component, const char *hold);

G_END_DECLS
