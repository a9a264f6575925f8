/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queenctl-component.h"
#include "queenctl-options.h"

G_BEGIN_DECLS

/* Who is wanted, and in which order. */
typedef struct _QueenctlFilter QueenctlFilter;

/**
 * queenctl_filter_new:
 * @options: outlives the filter
 * @kind: (nullable): `workers`, `hive` and the like; %NULL for both kinds
 *
 * Returns: (transfer full): what --model, --hive, --state, --health and --sort say together, or
 *   %NULL with %QUEENCTL_ERROR_USAGE
 */
QueenctlFilter *
queenctl_filter_new (const QueenctlOptions *options, const char *kind, GError **error);

void queenctl_filter_free (QueenctlFilter *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlFilter, queenctl_filter_free)

/**
 * queenctl_filter_get_kind:
 *
 * Returns: (transfer none) (nullable): the only kind that can match, by what is asked for; %NULL
 *   for both
 */
const QueenComponentKind *queenctl_filter_get_kind (const QueenctlFilter *self);

/** Returns: whether @component is wanted */
gboolean queenctl_filter_matches (const QueenctlFilter *self, const QueenctlComponent *component);

/**
 * queenctl_filter_apply:
 * @components: (element-type QueenctlComponent): by id; it keeps who is wanted, in the order that
 * is wanted, workers before hives
 */
void queenctl_filter_apply (const QueenctlFilter *self, GPtrArray *components);

/**
 * queenctl_filter_check_state:
 * @option: such as `--for`, for the error
 *
 * Returns: whether @word is something that queenctl_component_is_in_state() knows
 */
gboolean queenctl_filter_check_state (const char *option, const char *word, GError **error);

G_END_DECLS
