/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * StandIn:
 *
 * A worker without a model, in a process of its own: `stand-in-worker --help` says what it does,
 * and what it does wrong when it is asked to. It never outlives its test.
 */
typedef struct _StandIn StandIn;

/**
 * stand_in_start:
 * @option: (nullable): the first of its options, such as `--slots=1`, %NULL-terminated
 *
 * Returns: one that listens
 */
StandIn *stand_in_start (const char *option, ...) G_GNUC_NULL_TERMINATED;

guint16 stand_in_get_port (const StandIn *self);

/**
 * stand_in_order:
 * @json: a printf format of what is posted to `/control`, such as
 * `{"next":[{"fault":"reset-body"}]}`
 */
void stand_in_order (StandIn *self, const char *json, ...) G_GNUC_PRINTF (2, 3);

/**
 * stand_in_wait:
 * @counts: such as `gone=1&running=0`
 *
 * Waits until it has come so far; fails the test when it does not.
 */
void stand_in_wait (StandIn *self, const char *counts);

/** Returns: such as `begun`, `gone`, `running` */
gint64 stand_in_get_count (StandIn *self, const char *name);

/**
 * stand_in_get_time:
 * @name: `gone_at` or `first_at`
 *
 * Returns: µs, monotonic, of when that happened last; 0 when it has not
 */
gint64 stand_in_get_time (StandIn *self, const char *name);

/** Returns: (transfer full): what is known of the last request: method, path, headers, body, length
 */
JsonObject *stand_in_dup_last_request (StandIn *self);

/**
 * stand_in_beat:
 * @members: (nullable): more members of the worker, such as `"slots":2`
 *
 * Tells the queen at @port of it, as a worker with the id @id.
 */
void stand_in_beat (StandIn *self, guint16 port, const char *id, const char *members);

void stand_in_stop (StandIn *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StandIn, stand_in_stop)

G_END_DECLS
