/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "model/queen-component.h"

G_BEGIN_DECLS

/* A worker or hive as D-Bus shows it. The object itself is not there: what is read is taken from
 * the immutable component at that moment. */

/**
 * queen_dbus_component_get_interface:
 *
 * Returns: (transfer none): `dev.rbee.Queen1.Worker` or `dev.rbee.Queen1.Hive`
 */
GDBusInterfaceInfo *queen_dbus_component_get_interface (QueenComponentKind kind);

/**
 * queen_dbus_component_get_property:
 * @name: a property of its interface
 *
 * Returns: (transfer floating): its value
 */
GVariant *queen_dbus_component_get_property (const QueenComponent *component, const char *name);

/**
 * queen_dbus_component_get_properties:
 *
 * Returns: (transfer floating): all of them, `a{sv}`, but for those of how it is doing that it has
 * not said
 */
GVariant *queen_dbus_component_get_properties (const QueenComponent *component);

/**
 * queen_dbus_component_get_interfaces:
 *
 * Returns: (transfer floating): its interface and all properties, `a{sa{sv}}`
 */
GVariant *queen_dbus_component_get_interfaces (const QueenComponent *component);

/**
 * queen_dbus_component_measure_properties:
 * @offset: where they begin in a message's body
 *
 * Returns: where queen_dbus_component_get_properties() would end in it, found out at a fraction of
 *   the price
 */
gsize queen_dbus_component_measure_properties (const QueenComponent *component, gsize offset);

/**
 * queen_dbus_component_measure_interfaces:
 *
 * The same for queen_dbus_component_get_interfaces().
 */
gsize queen_dbus_component_measure_interfaces (const QueenComponent *component, gsize offset);

/**
 * queen_dbus_component_get_changes:
 * @with_holds: `Holds` are among them in any case
 *
 * Returns: (transfer floating) (nullable): `a{sv}`, those properties that announce their changes
 *   and are not in @component as they were in @before; %NULL when there are none
 */
GVariant *queen_dbus_component_get_changes (const QueenComponent *component,
                                            const QueenComponent *before,
                                            gboolean with_holds);

/**
 * queen_dbus_component_parse:
 * @kind: whose heartbeat this must be
 * @heartbeat: `a{sv}`, the members that a heartbeat over HTTP has, and `timestamp`
 * @error: as queen_heartbeat_parse() has it, and %QUEEN_ERROR_CONTENT_TOO_LARGE
 *
 * Reads a heartbeat by the same rules, and the same code, as one that comes over HTTP.
 *
 * Returns: (transfer full): the component that it tells of, or %NULL
 */
QueenComponent *
queen_dbus_component_parse (QueenComponentKind kind, GVariant *heartbeat, GError **error);

G_END_DECLS
