/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib-object.h>

#include "queen-hold.h"
#include "queen-source.h"
#include "queen-status.h"
#include "queen-vitals.h"

G_BEGIN_DECLS

/**
 * QueenComponentKind:
 * @QUEEN_COMPONENT_WORKER: one loaded model
 * @QUEEN_COMPONENT_HIVE: one machine
 *
 * Of one byte, as there is one in each of tens of thousands.
 */
typedef enum __attribute__ ((packed))
{
  QUEEN_COMPONENT_WORKER,
  QUEEN_COMPONENT_HIVE,
} QueenComponentKind;

#define QUEEN_COMPONENT_N_KINDS 2

/**
 * QueenHealth:
 *
 * How a worker or hive says that it is; who says nothing is healthy. Of one byte, as the kind is.
 */
typedef enum __attribute__ ((packed))
{
  QUEEN_HEALTH_HEALTHY,
  QUEEN_HEALTH_DEGRADED,
  QUEEN_HEALTH_UNHEALTHY,
} QueenHealth;

#define QUEEN_N_HEALTHS (QUEEN_HEALTH_UNHEALTHY + 1)

#define QUEEN_TYPE_COMPONENT (queen_component_get_type ())

/**
 * QueenComponent:
 * @ref_count: its own, as each of tens of thousands has one, and GLib's boxes take 32 bytes for
 * that
 * @port: 0 when it has not said
 * @n_room: bytes behind it, for texts that it keeps; such ones are not freed by themselves
 * @n_texts: how many of these are taken
 * @source: where its last heartbeat came from; set by who takes it in, before the registry has it
 * @has_said_at: the sender said when it spoke
 * @vitals: (nullable): %NULL when it has said nothing of what is there
 * @sender: (nullable): a #GRefString: who brought it, as queen_registry_update() takes it, which
 *   sets it; all that one has brought share it. %NULL for one who is not counted
 * @holds: (nullable): by what no work is to be given to it
 * @hive_holds: (nullable): by what none is to be given to the hive of a worker
 * @not_called: (nullable): why the queen does not call it for jobs, as far as that is known
 * @said_at: µs since 1970, by the sender's clock: when that was
 * @since: ns since 1970: when it came to be in the status and health that it is in
 * @first_seen: ns since 1970, of the first heartbeat that arrived
 * @last_seen: ns since 1970, of this heartbeat
 * @heartbeats: how many arrived so far, this one counted
 * @sequence: orders all of a registry by when they were first seen; no two have the same
 * @deadline: µs, monotonic: until when this holds; an offline one is forgotten then
 *
 * One worker or hive as its last heartbeat told. It is immutable once a registry has taken it, so
 * references may be handed to anybody and to any thread; the next heartbeat makes a new one.
 * Strings that were not said are %NULL.
 *
 * A new member of a heartbeat is one here or in #QueenVitals, and a row in
 * `queen-component-fields.c`; whoever lists members by hand (the interfaces' XML, the README, a
 * test of the JSON) is reminded by the tests.
 */
typedef struct
{
  QueenStatus status;
  guint16 port;
  QueenComponentKind kind;
  QueenHealth health;
  guint8 n_room;
  guint8 n_texts;
  QueenSource source;
  guint has_said_at : 1;
  gatomicrefcount ref_count;
  char *id;
  char *model_id;
  char *device;
  char *implementation;
  char *version;
  char *hostname;
  char *hive_id;
  char *health_reason;
  QueenVitals *vitals;

  char *sender;
  QueenHoldList *holds;
  QueenHoldList *hive_holds;
  char *not_called;
  gint64 said_at;
  gint64 since;
  gint64 first_seen;
  gint64 last_seen;
  guint64 heartbeats;
  guint64 sequence;
  gint64 deadline;
} QueenComponent;

GType queen_component_get_type (void);

/**
 * queen_component_new:
 *
 * Returns: (transfer full): a component without anything but its kind, to be filled in
 */
QueenComponent *queen_component_new (QueenComponentKind kind);

/**
 * queen_component_new_with_room:
 * @n_room: bytes that its texts may take, the NUL of each counted; it has room for less if they are
 *   many
 *
 * Returns: (transfer full): the same, of which one piece of memory may hold all
 */
QueenComponent *queen_component_new_with_room (QueenComponentKind kind, gsize n_room);

/**
 * queen_component_keep_text:
 * @component: (nullable): one that is being made; %NULL for no other than g_strndup() does
 * @length: bytes of @text
 *
 * Returns: @text as a member of @component that ends with it, and is not to be changed; it is
 * behind
 *   @component as long as there is room
 */
char *queen_component_keep_text (QueenComponent *component, const char *text, gsize length);

/**
 * queen_component_copy_offline:
 * @since: ns since 1970: when that was
 * @deadline: µs, monotonic: when it is to be forgotten
 *
 * Returns: (transfer full): the same component, gone silent
 */
QueenComponent *
queen_component_copy_offline (const QueenComponent *component, gint64 since, gint64 deadline);

/**
 * queen_component_copy_held:
 * @holds: (nullable) (transfer none)
 * @hive_holds: (nullable) (transfer none)
 *
 * Returns: (transfer full): the same component, held by those
 */
QueenComponent *queen_component_copy_held (const QueenComponent *component,
                                           QueenHoldList *holds,
                                           QueenHoldList *hive_holds);

/**
 * queen_component_says_same:
 *
 * Returns: whether both say the same of what they are, and are held by the same: all but times,
 *   counts, and what passes with every heartbeat
 */
gboolean queen_component_says_same (const QueenComponent *a, const QueenComponent *b);

/** Returns: whether the same one has brought both */
gboolean queen_component_has_same_sender (const QueenComponent *a, const QueenComponent *b);

/** Returns: whether both have come from the same place, and say that they are called at the same */
gboolean queen_component_is_at_same_place (const QueenComponent *a, const QueenComponent *b);

QueenComponent *queen_component_ref (QueenComponent *component);
void queen_component_unref (QueenComponent *component);

/**
 * queen_component_get_size:
 *
 * Returns: bytes that it takes in memory, its texts counted and what the allocator adds left out
 */
gsize queen_component_get_size (const QueenComponent *component);

gboolean queen_component_is_online (const QueenComponent *component);

/** Returns: whether no new work is to be given to it, as somebody holds it or its hive */
gboolean queen_component_is_held (const QueenComponent *component);

/**
 * queen_component_is_available:
 *
 * Returns: whether work can be given to it: online and ready, but only while it is neither
 * unhealthy nor held; a hive also when busy, and a worker when it is busy and has said that it has
 * a slot left
 */
gboolean queen_component_is_available (const QueenComponent *component);

/**
 * queen_component_get_clock_skew:
 *
 * Returns: µs by which the sender's clock is ahead of the queen's, and the way of the heartbeat
 *   less; only for one that has said when it spoke
 */
gint64 queen_component_get_clock_skew (const QueenComponent *component);

/**
 * queen_component_kind_get_name:
 *
 * Returns: `worker` or `hive`
 */
const char *queen_component_kind_get_name (QueenComponentKind kind);

/**
 * queen_component_kind_get_plural:
 *
 * Returns: what several of them are called: `workers` or `hives`
 */
const char *queen_component_kind_get_plural (QueenComponentKind kind);

/**
 * queen_component_kind_parse:
 * @text: exactly `worker` or `hive`
 * @kind: (out): where to put it
 *
 * Returns: %FALSE when @text is none of them
 */
gboolean queen_component_kind_parse (const char *text, QueenComponentKind *kind);

/**
 * queen_health_parse:
 * @text: exactly `healthy`, `degraded` or `unhealthy`
 * @health: (out): where to put it
 *
 * Returns: %FALSE when @text is none of them
 */
gboolean queen_health_parse (const char *text, QueenHealth *health);

/**
 * queen_health_get_name:
 *
 * Returns: `healthy`, `degraded` or `unhealthy`
 */
const char *queen_health_get_name (QueenHealth health);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenComponent, queen_component_unref)

G_END_DECLS
