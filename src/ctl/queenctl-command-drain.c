/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "queenctl-hold.h"
#include "queenctl-matches.h"
#include "queenctl-output.h"
#include "queenctl-text.h"
#include "queenctl-vigil.h"
#include "text/queen-span.h"

#define USUAL_PATIENCE (600 * QUEEN_SECOND)
#define LONGEST_PATIENCE (30 * QUEEN_DAY)

typedef struct
{
  QueenctlQueen *queen;
  QueenComponentKind kind;
  const char *id;
  const char *hold;
  char *since;           /* when the hold began, as JSON has it; NULL before that is known */
  gboolean was_released; /* by somebody else: it would never be */
} Drain;

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
is_hive_empty (Drain *self, GError **error)
{
  QueenComponentKind kind = QUEEN_COMPONENT_WORKER;
  g_autoptr (GPtrArray) workers = queenctl_queen_list (self->queen, &kind, error);
  gboolean is_empty = workers != NULL;

  for (guint i = 0; is_empty && i < workers->len; i++)
    {
      const QueenctlComponent *worker = g_ptr_array_index (workers, i);

      is_empty = !g_str_equal (queenctl_component_get_string (worker, "hive_id"), self->id) ||
                 is_worker_empty (self, worker);
    }
  return is_empty;
}

/* It is over, too, when somebody else has released it. */
static gboolean
look_whether_empty (GHashTable *ids, gpointer data, GError **error)
{
  Drain *self = data;
  g_autoptr (QueenctlComponent) component = NULL;
  const char *since;

  if (!queenctl_queen_lookup (self->queen, self->kind, self->id, &component, error))
    return FALSE;
  since = component ? queenctl_hold_get_since (component, self->hold) : NULL;
  self->was_released = component && !since;
  if (!self->since)
    self->since = g_strdup (since);
  if (!component || self->was_released)
    return TRUE;
  return self->kind == QUEEN_COMPONENT_WORKER ? is_worker_empty (self, component)
                                              : is_hive_empty (self, error);
}

static gboolean
concerns_drain (const QueenctlEvent *event, gpointer data)
{
  Drain *self = data;

  return g_str_equal (event->id, self->id) ||
         (self->kind == QUEEN_COMPONENT_HIVE && g_str_equal (event->kind, "worker"));
}

static gboolean
wait_until_empty (Drain *self, GError **error)
{
  static const QueenctlVigilFuncs funcs = { concerns_drain, look_whether_empty };
  QueenctlVigilEnd end = queenctl_vigil_keep (self->queen, &funcs, self, error);

  if (end == QUEENCTL_VIGIL_LATE)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("“%s” is held, but something ran there still when the time was over"),
                 self->id);
  else if (self->was_released)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("“%s” was released before nothing ran there any more"), self->id);
  return end == QUEENCTL_VIGIL_SEEN && !self->was_released;
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
  Drain self = { .id = arguments[0] };
  g_autofree char *since = NULL;
  g_autoptr (QueenctlComponent) component = NULL;
  g_autoptr (QueenctlQueen) queen = NULL;
  g_autofree char *hold = NULL;
  gint64 patience;
  gboolean is_done;
  guint ttl;

  if (!queenctl_hold_check (options, &ttl, error) ||
      !parse_patience (options->timeout, &patience, error))
    return FALSE;
  if (options->is_waiting)
    queenctl_deadline_begin (patience);
  queen = queenctl_connect (options, error);
  if (!queen)
    return FALSE;
  self.hold = hold = queenctl_hold_make (queen, options, self.id, ttl, &component, error);
  if (!hold)
    return FALSE;
  self.kind = queenctl_component_get_kind (component);
  self.queen = queen;
  is_done = !options->is_waiting || wait_until_empty (&self, error);
  since = self.since;
  if (!is_done)
    return FALSE;
  print_drained (options, &self);
  return TRUE;
}
