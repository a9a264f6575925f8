/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

/**
 * QueenEventKind:
 * @QUEEN_EVENT_FORGOTTEN: no heartbeat: a component is not listed any longer
 * @QUEEN_EVENT_RESTORED: no heartbeat: a component is known from before the queen was started
 * @QUEEN_EVENT_HELD: no heartbeat: a component, or its hive, is held by others than before, or by
 *   nobody any more
 * @QUEEN_EVENT_JOB: no heartbeat: of a model's jobs others wait or run than before
 * @QUEEN_EVENT_PLACEMENT: no heartbeat: of a model's workers others can take something than before,
 *   or others wait for them
 *
 * Whose heartbeat an event is. The values are bits, so that a set of kinds is one number.
 */
typedef enum
{
  QUEEN_EVENT_QUEEN = 1 << 0,
  QUEEN_EVENT_WORKER = 1 << 1,
  QUEEN_EVENT_HIVE = 1 << 2,
  QUEEN_EVENT_FORGOTTEN = 1 << 3,
  QUEEN_EVENT_RESTORED = 1 << 4,
  QUEEN_EVENT_HELD = 1 << 5,
  QUEEN_EVENT_JOB = 1 << 6,
  QUEEN_EVENT_PLACEMENT = 1 << 7,
} QueenEventKind;

/** The heartbeats: what everybody gets who does not say what is wanted. */
#define QUEEN_EVENT_ALL_KINDS (QUEEN_EVENT_QUEEN | QUEEN_EVENT_WORKER | QUEEN_EVENT_HIVE)

/** What goes out beside them to those who name it: each says how something stands. */
#define QUEEN_EVENT_ASIDE_KINDS (QUEEN_EVENT_HELD | QUEEN_EVENT_JOB | QUEEN_EVENT_PLACEMENT)

/** Bytes that may be written before and behind the JSON of the queen's own heartbeat. */
#define QUEEN_EVENT_MARGIN 128

/** Those that are numbered. The queen's own heartbeat is not: it says how things stand. */
#define QUEEN_EVENT_NUMBERED_KINDS (QUEEN_EVENT_ALL_KINDS & ~QUEEN_EVENT_QUEEN)

#define QUEEN_TYPE_EVENT (queen_event_get_type ())

/**
 * QueenEvent:
 * @ref_count: its own, as there is one for each heartbeat
 * @number: its place among all that are numbered, from 1 upward; 0 for one of another kind. The
 *   sequencer sets it before anybody hears of the event
 * @component: (nullable): the worker or hive as it is now; %NULL when the queen herself beats
 * @before: (nullable): the same as it was until now; %NULL when it is new
 * @by: (nullable): who has had it forgotten; %NULL when nobody asked for that
 * @json: (nullable): the event as the wire contract writes it, without a line break; one that is no
 *   heartbeat has none. With %QUEEN_EVENT_MARGIN bytes on both sides of it where the queen herself
 *   beats: that JSON may be megabytes, and whoever sends it, who is one, may write there what goes
 *   around it. Fresh memory for another copy would take longer than all the rest. So no NUL ends it
 * @json_length: bytes
 * @memory: (nullable): what @json is a part of; %NULL also when that stands behind the event itself
 *
 * One thing that happened in the cluster. Immutable but for those margins; its JSON is made once,
 * for all who listen.
 */
typedef struct
{
  QueenEventKind kind;
  gatomicrefcount ref_count;
  guint64 number;
  QueenComponent *component;
  QueenComponent *before;
  char *by;
  char *json;
  gsize json_length;
  char *memory;
} QueenEvent;

/**
 * QueenCensus:
 * @ids: the ids of those online, as a JSON array; it may be megabytes
 * @ids_length: of that, in bytes
 *
 * What the queen's heartbeat says of one registry.
 */
typedef struct
{
  guint online;
  guint available;
  const char *ids;
  gsize ids_length;
} QueenCensus;

GType queen_event_get_type (void);

/**
 * queen_event_new_component:
 * @time: ns since 1970
 *
 * Returns: (transfer full): the event that @component is now as it is
 */
QueenEvent *queen_event_new_component (QueenComponent *component, gint64 time);

/**
 * queen_event_new_heartbeat:
 *
 * Returns: (transfer full): the event that @component says what it is, at the time when that
 *   arrived: by one clock all events are in order
 */
QueenEvent *queen_event_new_heartbeat (QueenComponent *component);

/**
 * queen_event_new_forgotten:
 *
 * Returns: (transfer full): the event that @component, offline, is not listed any longer
 */
QueenEvent *queen_event_new_forgotten (QueenComponent *component);

/**
 * queen_event_new_restored:
 *
 * Returns: (transfer full): the event that @component is listed as an earlier epoch of the queen
 * knew it
 */
QueenEvent *queen_event_new_restored (QueenComponent *component);

/**
 * queen_event_new_held:
 * @time: ns since 1970
 *
 * Returns: (transfer full): the event that other holds are on @component than before
 */
QueenEvent *queen_event_new_held (QueenComponent *component, gint64 time);

/**
 * QueenEventCount:
 * @name: of a member
 *
 * A number that an event says.
 */
typedef struct
{
  const char *name;
  guint64 number;
} QueenEventCount;

/**
 * queen_event_new_counts:
 * @kind: %QUEEN_EVENT_JOB or %QUEEN_EVENT_PLACEMENT
 * @model: (nullable): of which; %NULL for what is of none
 * @state: in a word
 * @counts: (array length=n): how many of what
 * @time: ns since 1970
 *
 * Returns: (transfer full): the event that it stands so with a model: nothing is said of who asks
 */
QueenEvent *queen_event_new_counts (QueenEventKind kind,
                                    const char *model,
                                    const char *state,
                                    const QueenEventCount *counts,
                                    guint n,
                                    gint64 time);

/**
 * queen_event_new_queen:
 * @time: ns since 1970
 *
 * Returns: (transfer full): a heartbeat of the queen
 */
QueenEvent *
queen_event_new_queen (const QueenCensus *workers, const QueenCensus *hives, gint64 time);

/**
 * queen_event_is_change:
 *
 * Returns: whether a component came or went, has another status, health, model or sender, is held
 *   by others, or says how it is doing. A heartbeat that says none of this is no change, nor is the
 * queen's own
 */
gboolean queen_event_is_change (const QueenEvent *event);

QueenEvent *queen_event_ref (QueenEvent *event);
void queen_event_unref (QueenEvent *event);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenEvent, queen_event_unref)

G_END_DECLS
