/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queenctl-component.h"

G_BEGIN_DECLS

/**
 * QueenctlEvent:
 * @kind: `worker`, `hive` or `queen`
 * @id: whose event it is; empty for the queen's own. Events with one of over 1 KiB, or such a
 * status, are no queen's, and not told
 * @status: what it said, or `Offline`; empty for the queen's own
 * @node: all of the event, the object that `GET /v1/heartbeats/stream` sends
 */
typedef struct
{
  const char *kind;
  const char *id;
  const char *status;
  JsonNode *node;
} QueenctlEvent;

/**
 * QueenctlWatch:
 * @QUEENCTL_WATCH_PULSES: the queen's own heartbeats matter, which may be large; without that they
 *   may come all the same
 * @QUEENCTL_WATCH_HOLDS: it is to be told who is held, and who is not any longer
 *
 * What is wanted besides the heartbeats of workers and hives.
 */
typedef enum
{
  QUEENCTL_WATCH_PULSES = 1 << 0,
  QUEENCTL_WATCH_HOLDS = 1 << 1,
} QueenctlWatch;

/**
 * QueenctlPlacing:
 * @model: what a worker is wanted for
 * @affinity: (nullable): a text that others may have, too
 * @wait: µs for which it may take until there is one
 * @reserve: µs for which a place there is kept; 0 for not at all
 *
 * A request for a worker.
 */
typedef struct
{
  const char *model;
  const char *affinity;
  gint64 wait;
  gint64 reserve;
} QueenctlPlacing;

#define QUEENCTL_TYPE_QUEEN (queenctl_queen_get_type ())
G_DECLARE_DERIVABLE_TYPE (QueenctlQueen, queenctl_queen, QUEENCTL, QUEEN, GObject)

/**
 * QueenctlQueenClass:
 *
 * A queen, as the commands see her: whether she is asked over D-Bus or HTTP is not theirs to know.
 * Every function may take up to %QUEENCTL_DEADLINE_MSEC, less where queenctl_deadline_begin() has
 * said so, and fails with an error that people understand: %QUEENCTL_ERROR_NO_QUEEN or
 * %QUEENCTL_ERROR_REFUSED.
 *
 * After queenctl_queen_watch() these signals tell what happens, in the main loop of whoever called:
 *
 * - `event` (const QueenctlEvent *)
 * - `held` (const QueenctlEvent *): a `worker` or `hive` is held by others than before; it has no
 *   status and no node
 * - `lagged` (gint64 dropped): events were lost on the way; -1 when nobody knows how many
 * - `gone` (const char *message): she, or the way to her, is away; she is waited for
 * - `back`: she is there again; what happened meanwhile is not told
 */
struct _QueenctlQueenClass
{
  GObjectClass parent_class;

  JsonObject *(*get_status) (QueenctlQueen *self, GError **error);
  gboolean (*list) (QueenctlQueen *self,
                    QueenComponentKind kind,
                    GPtrArray *components,
                    GError **error);
  JsonNode *(*list_queens) (QueenctlQueen *self, GError **error);
  gboolean (*lookup) (QueenctlQueen *self,
                      QueenComponentKind kind,
                      const char *id,
                      QueenctlComponent **component,
                      GError **error);
  QueenctlComponent *(*find) (QueenctlQueen *self, const char *model, GError **error);
  JsonNode *(*place) (QueenctlQueen *self, const QueenctlPlacing *request, GError **error);
  gboolean (*report) (QueenctlQueen *self,
                      QueenComponentKind kind,
                      JsonNode *heartbeat,
                      GError **error);
  gboolean (*forget) (QueenctlQueen *self, QueenComponentKind kind, const char *id, GError **error);
  char *(*hold) (QueenctlQueen *self,
                 QueenComponentKind kind,
                 const char *id,
                 const char *reason,
                 guint ttl,
                 GError **error);
  gboolean (*release) (QueenctlQueen *self,
                       QueenComponentKind kind,
                       const char *id,
                       const char *hold,
                       GError **error);
  gboolean (*watch) (QueenctlQueen *self, QueenctlWatch wanted, GError **error);
};

/**
 * queenctl_queen_get_status:
 *
 * Returns: (transfer full): what she says of herself: `workers_online`, `workers_available`,
 *   `hives_online`, `hives_available`, `version`, `addresses`, `started_at`, `subscribers`,
 *   `events_published`
 */
JsonObject *queenctl_queen_get_status (QueenctlQueen *self, GError **error);

/**
 * queenctl_queen_list:
 * @only: (nullable): the kind that is wanted; %NULL for both
 *
 * Returns: (transfer full) (element-type QueenctlComponent): workers, then hives, each by id
 */
GPtrArray *
queenctl_queen_list (QueenctlQueen *self, const QueenComponentKind *only, GError **error);

/**
 * queenctl_queen_list_queens:
 *
 * Returns: (transfer full): what `GET /v1/queens` answers: `queens`, objects, she first, and
 *   `engine`, an object or null
 */
JsonNode *queenctl_queen_list_queens (QueenctlQueen *self, GError **error);

/**
 * queenctl_queen_lookup:
 * @component: (out) (nullable): what she knows of it; %NULL when that is nothing
 *
 * Returns: whether she could be asked
 */
gboolean queenctl_queen_lookup (QueenctlQueen *self,
                                QueenComponentKind kind,
                                const char *id,
                                QueenctlComponent **component,
                                GError **error);

/**
 * queenctl_queen_find:
 *
 * Returns: (transfer full): an available worker that has @model loaded
 */
QueenctlComponent *queenctl_queen_find (QueenctlQueen *self, const char *model, GError **error);

/**
 * queenctl_queen_place:
 *
 * It may take as long as @request says on top of the usual.
 *
 * Returns: (transfer full): an object as `POST /v1/placements` answers it, with a `worker` that
 *   queenctl_component_new() takes; or %NULL with %QUEENCTL_ERROR_REFUSED when nobody takes it
 */
JsonNode *
queenctl_queen_place (QueenctlQueen *self, const QueenctlPlacing *request, GError **error);

/**
 * queenctl_queen_report:
 * @heartbeat: the members of `worker` or `hive` of a heartbeat
 *
 * Sends a heartbeat.
 */
gboolean queenctl_queen_report (QueenctlQueen *self,
                                QueenComponentKind kind,
                                JsonNode *heartbeat,
                                GError **error);

/** queenctl_queen_forget: takes @id off the list. */
gboolean queenctl_queen_forget (QueenctlQueen *self,
                                QueenComponentKind kind,
                                const char *id,
                                GError **error);

/**
 * queenctl_queen_hold:
 * @ttl: seconds; 0 until it is released
 *
 * Has no new work given to @id.
 *
 * Returns: (transfer full) (nullable): the id of the hold
 */
char *queenctl_queen_hold (QueenctlQueen *self,
                           QueenComponentKind kind,
                           const char *id,
                           const char *reason,
                           guint ttl,
                           GError **error);

/**
 * queenctl_queen_release:
 * @hold: (nullable): the id of a hold; %NULL for all that are one's own
 *
 * Ends holds of @id.
 */
gboolean queenctl_queen_release (
    QueenctlQueen *self, QueenComponentKind kind, const char *id, const char *hold, GError **error);

/**
 * queenctl_queen_watch:
 * @wanted: 0 for heartbeats of workers and hives alone
 *
 * Begins to tell what happens, once for all: when she goes, she is waited for.
 *
 * Returns: whether she is listened to; from then on nothing is missed
 */
gboolean queenctl_queen_watch (QueenctlQueen *self, QueenctlWatch wanted, GError **error);

/* For those who implement it: the signals. */
void queenctl_queen_emit_event (QueenctlQueen *self, const QueenctlEvent *event);
void queenctl_queen_emit_held (QueenctlQueen *self, const char *kind, const char *id);
void queenctl_queen_emit_lagged (QueenctlQueen *self, gint64 dropped);
void queenctl_queen_emit_gone (QueenctlQueen *self, const char *message);
void queenctl_queen_emit_back (QueenctlQueen *self);

G_END_DECLS
