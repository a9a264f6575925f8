/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-beat.h"

G_BEGIN_DECLS

#define QUEEN_DESTINATION_DEADLINE_MSEC 10000 /* of each delivery */
#define QUEEN_DESTINATION_MAX_REST_SEC 60     /* as nobody is to be silenced for ever */
#define QUEEN_DESTINATION_MAX_WORDS 256 /* bytes of each thing a queen says: for memory and log */

#define QUEEN_TYPE_DESTINATION (queen_destination_get_type ())
G_DECLARE_INTERFACE (QueenDestination, queen_destination, QUEEN, DESTINATION, GObject)

/**
 * QueenDestinationInterface:
 * @deliver_async: as queen_destination_deliver_async()
 * @deliver_finish: as queen_destination_deliver_finish()
 * @get_name: as queen_destination_get_name()
 * @is_here: as queen_destination_is_here()
 * @get_rest: (nullable): as queen_destination_get_rest()
 *
 * Where beats go: a queen, by one of the ways to her.
 */
struct _QueenDestinationInterface
{
  GTypeInterface parent_interface;

  void (*deliver_async) (QueenDestination *self,
                         GPtrArray *beats,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer data);
  gboolean (*deliver_finish) (QueenDestination *self,
                              GAsyncResult *result,
                              GPtrArray *refusals,
                              GError **error);
  const char *(*get_name) (QueenDestination *self);
  gboolean (*is_here) (QueenDestination *self);
  gint64 (*get_rest) (QueenDestination *self);
};

/**
 * QueenBeatRefusal:
 * @id: whose beat it was
 * @message: why the queen does not take it
 */
typedef struct
{
  char *id;
  char *message;
} QueenBeatRefusal;

QueenBeatRefusal *queen_beat_refusal_new (const char *id, const char *message);
void queen_beat_refusal_free (QueenBeatRefusal *self);

/**
 * queen_destination_deliver_async:
 * @beats: (element-type QueenBeat): not too many for one delivery
 *
 * Delivers @beats together, within %QUEEN_DESTINATION_DEADLINE_MSEC.
 */
void queen_destination_deliver_async (QueenDestination *self,
                                      GPtrArray *beats,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer data);

/**
 * queen_destination_deliver_finish:
 * @refusals: (element-type QueenBeatRefusal): where to add those of beats that were not taken
 * @error: why nobody has them, in words for people; %QUEEN_ERROR_UNAVAILABLE when the queen says
 * that she has no room now
 *
 * Returns: whether the queen has judged them
 */
gboolean queen_destination_deliver_finish (QueenDestination *self,
                                           GAsyncResult *result,
                                           GPtrArray *refusals,
                                           GError **error);

/** Returns: what people call it, such as `https://queen.example.org:8500` */
const char *queen_destination_get_name (QueenDestination *self);

/** Returns: whether that queen is on this machine */
gboolean queen_destination_is_here (QueenDestination *self);

/** Returns: µs for which that queen, when she refused the last delivery, asked to be left alone; 0
 *   when she has not */
gint64 queen_destination_get_rest (QueenDestination *self);

G_END_DECLS
