/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "model/queen-engine-report.h"

G_BEGIN_DECLS

#define QUEEN_DBUS_QUEENS_PATH "/dev/rbee/Queen1/queens"

/**
 * QueenDBusSiblingView:
 * @path: its object path
 * @state: how she stands with the others
 *
 * The rest is as #QueenSibling has it, with empty texts for what she has not said.
 */
typedef struct
{
  char *path;
  char *name;
  char *address;
  char *version;
  gint64 started_at;
  guint subscribers;
  guint64 behind;
  QueenEngineState state;
  gboolean is_self;
} QueenDBusSiblingView;

/**
 * QueenDBusEngine:
 * @state: how this queen stands with the others
 * @reason: why she is not together with them; empty when she is
 * @epoch: what ids begin with now
 * @since: µs since 1970
 * @siblings: (element-type QueenDBusSiblingView): this queen, and then those whom she knows of
 *
 * What the bus may know of an engine and of who shares it at one moment. It is immutable, and goes
 * from the main thread to that of D-Bus.
 */
typedef struct
{
  QueenEngineState state;
  char *reason;
  char *epoch;
  gint64 since;
  GPtrArray *siblings;
} QueenDBusEngine;

/**
 * queen_dbus_engine_new:
 * @address: where this queen serves
 * @started_at: µs since 1970: when she was started
 *
 * In the main thread.
 */
QueenDBusEngine *
queen_dbus_engine_new (const QueenEngineReport *report, const char *address, gint64 started_at);

QueenDBusEngine *queen_dbus_engine_ref (QueenDBusEngine *self);
void queen_dbus_engine_unref (QueenDBusEngine *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusEngine, queen_dbus_engine_unref)

/** Returns: (transfer none) (nullable): the one at @path; none of %NULL */
const QueenDBusSiblingView *queen_dbus_engine_lookup (const QueenDBusEngine *self,
                                                      const char *path);

/** Returns: (transfer floating): the property `Engine`; empty for %NULL */
GVariant *queen_dbus_engine_get_standing (const QueenDBusEngine *self);

/** Returns: (transfer floating): the property `Queens`; empty for %NULL */
GVariant *queen_dbus_engine_list_paths (const QueenDBusEngine *self);

/** Returns: whether the property `Engine` is the same of both */
gboolean queen_dbus_engine_stands_as (const QueenDBusEngine *self, const QueenDBusEngine *other);

/** Returns: whether the property `Queens` is the same of both */
gboolean queen_dbus_engine_has_same (const QueenDBusEngine *self, const QueenDBusEngine *other);

/**
 * queen_dbus_sibling_view_get_property:
 * @n_own: how many listen to this queen now
 *
 * Returns: (transfer floating): a property of her object
 */
GVariant *queen_dbus_sibling_view_get_property (const QueenDBusSiblingView *self,
                                                const char *name,
                                                guint n_own);

/** Returns: (transfer floating): her object's interfaces with all properties, `a{sa{sv}}` */
GVariant *queen_dbus_sibling_view_get_interfaces (const QueenDBusSiblingView *self, guint n_own);

/**
 * queen_dbus_sibling_view_get_changes:
 * @sent: the same queen as the bus was told last, with @n_sent
 *
 * Returns: (transfer full) (nullable): what is another now, of what is announced
 */
GVariant *queen_dbus_sibling_view_get_changes (const QueenDBusSiblingView *self,
                                               guint n_own,
                                               const QueenDBusSiblingView *sent,
                                               guint n_sent);

G_END_DECLS
