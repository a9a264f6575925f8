/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-dbus-cluster.h"
#include "queen-dbus-wire.h"

G_BEGIN_DECLS

/**
 * QueenDBusRoster:
 *
 * What a registry says of itself, as it is at one moment. Its lists of ids grow with the cluster,
 * so another thread can make the answer of it.
 */
typedef struct _QueenDBusRoster QueenDBusRoster;

/** Returns: whether the property of that name is a list of ids */
gboolean queen_dbus_roster_is_list (const char *property);

/**
 * queen_dbus_roster_new:
 * @counts: of the registry
 * @wanted: (nullable): the only property that is asked for; %NULL for all; static
 * @most: bytes that a message may have
 */
QueenDBusRoster *
queen_dbus_roster_new (const QueenDBusCounts *counts, const char *wanted, gsize most);

/** Each component has to be added where lists are asked for, in the registry's order. */
void queen_dbus_roster_add (QueenDBusRoster *self, QueenComponent *component);

/** Returns: where all properties end in a message in which they begin at @offset */
gsize queen_dbus_roster_measure_properties (const QueenDBusRoster *self, gsize offset);

/** Returns: (transfer floating): all properties, as `a{sv}` */
GVariant *queen_dbus_roster_get_properties (const QueenDBusRoster *self);

/**
 * queen_dbus_roster_answer:
 * @error: %QUEEN_ERROR_CONTENT_TOO_LARGE when it would be more than a message may have
 *
 * May be called in any thread.
 *
 * Returns: (transfer floating) (nullable): what Get returns, or GetAll
 */
GVariant *queen_dbus_roster_answer (const QueenDBusRoster *self, GError **error);

/** In any thread. */
void queen_dbus_roster_free (QueenDBusRoster *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusRoster, queen_dbus_roster_free)

G_END_DECLS
