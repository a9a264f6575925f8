/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  QUEENCTL_KIND_WORKER,
  QUEENCTL_KIND_HIVE,
} QueenctlKind;

#define QUEENCTL_N_KINDS 2

/**
 * queenctl_kind_parse:
 * @text: (nullable): `worker` or `hive`, as on the wire and on the command line
 *
 * Returns: whether it is one of them
 */
gboolean queenctl_kind_parse (const char *text, QueenctlKind *kind);

/**
 * queenctl_kind_parse_plural:
 * @text: `workers` or `hives`
 *
 * Returns: whether it is one of them
 */
gboolean queenctl_kind_parse_plural (const char *text, QueenctlKind *kind);

/**
 * queenctl_kind_get_nick:
 *
 * Returns: `worker` or `hive`
 */
const char *queenctl_kind_get_nick (QueenctlKind kind);

/**
 * queenctl_kind_get_plural:
 *
 * Returns: `workers` or `hives`
 */
const char *queenctl_kind_get_plural (QueenctlKind kind);

/**
 * queenctl_kind_get_label:
 *
 * Returns: the kind for people, in their language
 */
const char *queenctl_kind_get_label (QueenctlKind kind);

/**
 * queenctl_kind_get_interface:
 *
 * Returns: (transfer none): the D-Bus interface, with its properties in the order of the XML
 */
GDBusInterfaceInfo *queenctl_kind_get_interface (QueenctlKind kind);

/**
 * queenctl_kind_dup_registry_path:
 *
 * Returns: (transfer full): where all of that kind are on the bus
 */
char *queenctl_kind_dup_registry_path (QueenctlKind kind);

/**
 * queenctl_kind_dup_path:
 *
 * Returns: (transfer full): where the component @id is on the bus
 */
char *queenctl_kind_dup_path (QueenctlKind kind, const char *id);

/* One worker or hive, as it was when the queen was asked. */
typedef struct _QueenctlComponent QueenctlComponent;

/**
 * queenctl_component_new:
 * @properties: its properties, `a{sv}`
 *
 * Returns: (transfer full): a new component
 */
QueenctlComponent *queenctl_component_new (QueenctlKind kind, GVariant *properties);

void queenctl_component_free (QueenctlComponent *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlComponent, queenctl_component_free)

/**
 * queenctl_component_compare:
 *
 * A #GCompareFunc for arrays of components: workers before hives, `w-2` before `w-10`.
 */
int queenctl_component_compare (gconstpointer a, gconstpointer b);

QueenctlKind queenctl_component_get_kind (const QueenctlComponent *self);

/**
 * queenctl_component_get_properties:
 *
 * Returns: (transfer none): all that is known, `a{sv}`
 */
GVariant *queenctl_component_get_properties (const QueenctlComponent *self);

/**
 * queenctl_component_get_string:
 * @property: such as `ModelId`
 *
 * Returns: its text; empty when it is not there
 */
const char *queenctl_component_get_string (const QueenctlComponent *self, const char *property);

/**
 * queenctl_component_get_number:
 * @property: such as `Port`
 *
 * Returns: the number; 0 when it is not there
 */
guint64 queenctl_component_get_number (const QueenctlComponent *self, const char *property);

/**
 * queenctl_component_is:
 * @property: `Online` or `Available`
 *
 * Returns: whether it is
 */
gboolean queenctl_component_is (const QueenctlComponent *self, const char *property);

/**
 * queenctl_component_is_ill:
 *
 * Returns: whether it is a hive that says of itself that it is not healthy
 */
gboolean queenctl_component_is_ill (const QueenctlComponent *self);

/**
 * queenctl_component_dup_address:
 * @hive: (nullable): whose host counts when @self has not said its own
 *
 * Returns: (transfer full): `HOST:PORT`, with `?` for a host that is not known; empty when neither
 * is
 */
char *queenctl_component_dup_address (const QueenctlComponent *self, const QueenctlComponent *hive);

/**
 * queenctl_properties_get_number:
 * @properties: `a{sv}`
 *
 * Returns: the number @name of any width; 0 when it is not there
 */
guint64 queenctl_properties_get_number (GVariant *properties, const char *name);

G_END_DECLS
