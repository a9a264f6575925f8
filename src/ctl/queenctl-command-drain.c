/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-error.h"
#include "queenctl-hold.h"
#include "queenctl-matches.h"
#include "queenctl-output.h"
#include "queenctl-text.h"
#include "text/queen-span.h"

#define USUAL_PATIENCE (600 * QUEEN_SECOND)
#define LONGEST_PATIENCE (30 * QUEEN_DAY)

typedef struct
{
  QueenctlQueen *queen;
  QueenComponentKind kind;
  const char *id;
  const char *hold;
  char *since; /* when the hold began, as JSON has it; NULL before that is known */
  GMainLoop *loop;
  guint timeout_id; /* 0 when the time is over */
  guint question_id;
  gboolean is_drained;
  gboolean was_released; /* by somebody else: it would never be */
  GError *error;
} Drain;

static void
drain_clear (Drain *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_handle_id (&self->question_id, g_source_remove);
  if (self->queen)
    g_signal_handlers_disconnect_by_data (self->queen, self);
  g_clear_object (&self->queen);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_free (self->since);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Drain, drain_clear)

static gboolean
is_said (const QueenctlComponent *component, const char *member)
{
  JsonObject *object = json_node_get_object (queenctl_component_get_node (component));
  JsonNode *node = json_object_get_member (object, member);

  return node && JSON_NODE_HOLDS_VALUE (node);
}

/* What it said before it was held does not count: it may have been given something since then. */
static gboolean
is_worker_empty (Drain *self, const QueenctlComponent *worker)
{
  const char *status = queenctl_component_get_string (worker, "status");

  if (!queenctl_component_is (worker, "online"))
    return TRUE;
  if (!self->since ||
      strcmp (queenctl_component_get_string (worker, "last_seen"), self->since) <= 0)
    return FALSE;
  if (is_said (worker, "running") || is_said (worker, "waiting"))
    return queenctl_component_get_number (worker, "running") == 0 &&
           queenctl_component_get_number (worker, "waiting") == 0;
  return g_str_equal (status, "Ready") || g_str_equal (status, "Online");
}

static gboolean
is_hive_empty (Drain *self)
{
  QueenComponentKind kind = QUEEN_COMPONENT_WORKER;
  g_autoptr (GPtrArray) workers = queenctl_queen_list (self->queen, &kind, &self->error);
  gboolean is_empty = workers != NULL;

  for (guint i = 0; is_empty && i < workers->len; i++)
    {
      const QueenctlComponent *worker = g_ptr_array_index (workers, i);

      is_empty = !g_str_equal (queenctl_component_get_string (worker, "hive_id"), self->id) ||
                 is_worker_empty (self, worker);
    }
  return is_empty;
}

static void
look_whether_empty (Drain *self)
{
  g_autoptr (QueenctlComponent) component = NULL;
  const char *since;

  if (!queenctl_queen_lookup (self->queen, self->kind, self->id, &component, &self->error))
    return;
  since = component ? queenctl_hold_get_since (component, self->hold) : NULL;
  self->was_released = component && !since;
  if (!self->since)
    self->since = g_strdup (since);
  if (self->was_released)
    return;
  self->is_drained =
      !component || (self->kind == QUEEN_COMPONENT_WORKER ? is_worker_empty (self, component)
                                                          : is_hive_empty (self));
}

static gboolean
is_drain_over (Drain *self)
{
  return self->is_drained || self->was_released || self->error;
}

static gboolean
on_look_due (gpointer data)
{
  Drain *self = data;

  self->question_id = 0;
  look_whether_empty (self);
  /* If she has gone in this moment, she is waited for. */
  if (g_error_matches (self->error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN))
    g_clear_error (&self->error);
  if (is_drain_over (self))
    g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* However many events there are by then, one question is enough. */
static void
look_soon (Drain *self)
{
  if (self->question_id == 0)
    self->question_id = g_idle_add (on_look_due, self);
}

static void
on_event_while_draining (QueenctlQueen *queen, const QueenctlEvent *event, gpointer data)
{
  Drain *self = data;

  if (self->kind == QUEEN_COMPONENT_HIVE ? g_str_equal (event->kind, "worker")
                                         : g_str_equal (event->id, self->id))
    look_soon (self);
}

static void
on_back_while_draining (QueenctlQueen *queen, gpointer data)
{
  look_soon (data);
}

static void
on_lag_while_draining (QueenctlQueen *queen, gint64 dropped, gpointer data)
{
  look_soon (data);
}

static gboolean
on_patience_over (gpointer data)
{
  Drain *self = data;

  self->timeout_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* Listens first and asks then, so that nothing happens between. */
static gboolean
wait_until_empty (Drain *self, gint64 patience, GError **error)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  self->timeout_id = g_timeout_add ((guint) (patience / QUEEN_MSEC), on_patience_over, self);
  g_signal_connect (self->queen, "event", G_CALLBACK (on_event_while_draining), self);
  g_signal_connect (self->queen, "lagged", G_CALLBACK (on_lag_while_draining), self);
  g_signal_connect (self->queen, "back", G_CALLBACK (on_back_while_draining), self);
  if (!queenctl_queen_watch (self->queen, FALSE, error))
    return FALSE;
  look_whether_empty (self);
  if (!is_drain_over (self) && self->timeout_id != 0)
    g_main_loop_run (self->loop);
  if (self->error)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (self->was_released)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("“%s” was released before nothing ran there any more"), self->id);
  else if (!self->is_drained)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("“%s” is held, but something ran there still when the time was over"),
                 self->id);
  return self->is_drained;
}

static gboolean
parse_patience (const char *text, gint64 *patience, GError **error)
{
  *patience = USUAL_PATIENCE;
  if (!text ||
      (queen_span_parse (text, patience) && *patience >= 0 && *patience <= LONGEST_PATIENCE))
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("--timeout: “%s” is not a span of time such as 30s or 2h, up to 30d"), text);
  return FALSE;
}

static void
print_drained (const QueenctlOptions *options, const Drain *self)
{
  g_autofree char *safe = queenctl_text_dup_safe (self->id);
  const char *kind = queen_component_kind_get_name (self->kind);

  if (options->is_json)
    queenctl_output_print_ok (options->is_waiting ? "Drained %s %s" : "Draining %s %s", kind,
                              self->id);
  else
    printf (options->is_waiting ? _ ("Nothing runs on %s any more.\n")
                                : _ ("%s gets nothing new.\n"),
            safe);
}

gboolean
queenctl_command_run_drain (const QueenctlOptions *options, char **arguments, GError **error)
{
  g_auto (Drain) self = { .id = arguments[0] };
  g_autoptr (QueenctlComponent) component = NULL;
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autofree char *hold = NULL;
  gint64 patience;
  guint ttl;

  if (!queenctl_hold_check (options, &ttl, error) ||
      !parse_patience (options->timeout, &patience, error))
    return FALSE;
  queen = queenctl_connect (options, error);
  if (!queen)
    return FALSE;
  self.hold = hold = queenctl_hold_make (queen, options, self.id, ttl, &component, error);
  if (!hold)
    return FALSE;
  self.kind = queenctl_component_get_kind (component);
  self.queen = g_object_ref (queen);
  if (options->is_waiting && !wait_until_empty (&self, patience, error))
    return FALSE;
  print_drained (options, &self);
  return TRUE;
}
