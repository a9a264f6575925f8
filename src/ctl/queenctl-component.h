/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

#include "queenctl-kind.h"

G_BEGIN_DECLS

/**
 * QueenctlComponent:
 *
 * One worker or hive, as it was when the queen was asked. It is what `GET /v1/workers/{id}`
 * answers, whichever way she was asked; members are named as there.
 */
typedef struct _QueenctlComponent QueenctlComponent;

/**
 * queenctl_component_new:
 * @node: (transfer full): what is known of it
 *
 * Returns: (transfer full) (nullable): a new component; %NULL when that is none
 */
QueenctlComponent *queenctl_component_new (QueenComponentKind kind, JsonNode *node);

void queenctl_component_free (QueenctlComponent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlComponent, queenctl_component_free)

/**
 * queenctl_component_array_new:
 *
 * Returns: (transfer full) (element-type QueenctlComponent): an empty array, which owns what is put
 *   into it
 */
GPtrArray *queenctl_component_array_new (void);

/**
 * queenctl_component_compare:
 *
 * A #GCompareFunc for arrays of components: workers before hives, `w-2` before `w-10`.
 */
int queenctl_component_compare (gconstpointer a, gconstpointer b);

QueenComponentKind queenctl_component_get_kind (const QueenctlComponent *self);

/**
 * queenctl_component_get_node:
 *
 * Returns: (transfer none): all that is known
 */
JsonNode *queenctl_component_get_node (const QueenctlComponent *self);

/**
 * queenctl_component_get_string:
 * @member: such as `model_id`
 *
 * Returns: its text; empty when there is none
 */
const char *queenctl_component_get_string (const QueenctlComponent *self, const char *member);

/**
 * queenctl_component_get_number:
 * @member: such as `port`
 *
 * Returns: the number; 0 when there is none
 */
guint64 queenctl_component_get_number (const QueenctlComponent *self, const char *member);

/**
 * queenctl_component_get_time:
 * @member: such as `last_seen`
 *
 * Returns: µs since 1970; 0 when it is not there
 */
gint64 queenctl_component_get_time (const QueenctlComponent *self, const char *member);

/**
 * queenctl_component_is:
 * @member: `online` or `available`
 *
 * Returns: whether it is
 */
gboolean queenctl_component_is (const QueenctlComponent *self, const char *member);

/**
 * queenctl_component_serves:
 * @model: an id of a model
 *
 * Returns: whether it is a worker that serves that, as its own model or as a further one
 */
gboolean queenctl_component_serves (const QueenctlComponent *self, const char *model);

/**
 * queenctl_component_get_health:
 *
 * Returns: `healthy`, `degraded` or `unhealthy`
 */
const char *queenctl_component_get_health (const QueenctlComponent *self);

/**
 * queenctl_component_get_health_reason:
 *
 * Returns: why it is not healthy; empty when it has not said
 */
const char *queenctl_component_get_health_reason (const QueenctlComponent *self);

/**
 * queenctl_component_is_ill:
 *
 * Returns: whether it says of itself that it is not healthy
 */
gboolean queenctl_component_is_ill (const QueenctlComponent *self);

/** Returns: whether no new work is given to it, as it or its hive is held */
gboolean queenctl_component_is_held (const QueenctlComponent *self);

/**
 * queenctl_component_is_in_state:
 * @state: a status in any case, `available`, or `online` and `offline`, which tell whether it was
 *   heard of in time and is not stopped
 *
 * Returns: whether it is
 */
gboolean queenctl_component_is_in_state (const QueenctlComponent *self, const char *state);

/**
 * queenctl_component_dup_address:
 * @hive: (nullable): whose host counts when @self has not said its own
 *
 * Returns: (transfer full): `HOST:PORT`, with `?` for a host that is not known; empty when neither
 * is
 */
char *queenctl_component_dup_address (const QueenctlComponent *self, const QueenctlComponent *hive);

G_END_DECLS
