/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "queenctl-filter.h"
#include "queenctl-matches.h"
#include "queenctl-output.h"
#include "queenctl-text.h"
#include "queenctl-vigil.h"
#include "text/queen-span.h"

#define USUAL_TIMEOUT (30 * QUEEN_SECOND)
#define LONGEST_TIMEOUT (30 * QUEEN_DAY)
#define USUAL_STATE "available"

typedef struct
{
  const QueenctlOptions *options;
  const char *id;    /* NULL for any with the model */
  const char *state; /* that is waited for */
  QueenctlQueen *queen;
  QueenctlComponent *found;
  gboolean is_forgotten; /* the only one who is waited for: it is more than offline */
  gboolean has_looked;
} Wait;

static gboolean
take_if_wanted (Wait *self, GPtrArray *components, guint i)
{
  QueenctlComponent *component = g_ptr_array_index (components, i);
  const char *model = queenctl_options_get (self->options, "model");

  if (!queenctl_component_is_in_state (component, self->state) ||
      (model && !queenctl_component_serves (component, model)))
    return FALSE;
  self->found = g_ptr_array_steal_index (components, i);
  return TRUE;
}

static void
take_wanted (Wait *self, GPtrArray *components)
{
  for (guint i = 0; i < components->len; i++)
    if (take_if_wanted (self, components, i))
      return;
}

static gboolean
look_for_id (Wait *self, const char *id, GError **error)
{
  g_autoptr (GPtrArray) components =
      queenctl_matches_lookup (self->queen, id, self->id ? self->options->kind : "worker", error);

  if (components)
    take_wanted (self, components);
  self->is_forgotten = self->id && components && components->len == 0 && !self->found;
  return components != NULL;
}

/* Asks how things stand with everybody who may be waited for. */
static gboolean
look_for_all (Wait *self, GError **error)
{
  QueenComponentKind worker = QUEEN_COMPONENT_WORKER;
  g_autoptr (GPtrArray) components = NULL;

  if (self->id)
    return look_for_id (self, self->id, error);
  components = queenctl_queen_list (self->queen, &worker, error);
  if (components)
    take_wanted (self, components);
  return components != NULL;
}

static gboolean
is_over (Wait *self)
{
  return self->found || (self->is_forgotten && g_ascii_strcasecmp (self->state, "offline") == 0);
}

/* Whoever takes long to answer may have named thousands. */
static gboolean
look_for_those (Wait *self, GHashTable *ids, GError **error)
{
  gboolean is_answered = TRUE;
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, ids);
  while (is_answered && !is_over (self) && queenctl_deadline_get_patience () > 0 &&
         g_hash_table_iter_next (&iter, &id, NULL))
    is_answered = look_for_id (self, id, error);
  return is_answered;
}

/* One that nobody has known yet is not offline: it may be a slip of the hand. */
static gboolean
look_for_wanted (GHashTable *ids, gpointer data, GError **error)
{
  Wait *self = data;
  gboolean is_first = !self->has_looked;

  self->has_looked = TRUE;
  if (!(ids ? look_for_those (self, ids, error) : look_for_all (self, error)))
    return FALSE;
  if (!is_first || !self->is_forgotten || !is_over (self))
    return is_over (self);
  queenctl_matches_set_absent (self->id, self->options->kind, error);
  return FALSE;
}

/* An event tells the status alone; the other words have more conditions. */
static gboolean
concerns_wait (const QueenctlEvent *event, gpointer data)
{
  static const char *const others[] = { "available", "online", "offline", "held", NULL };
  Wait *self = data;
  g_autofree char *state = g_ascii_strdown (self->state, -1);

  if (!g_str_equal (event->kind, "worker") && (!self->id || !g_str_equal (event->kind, "hive")))
    return FALSE;
  return (!self->id || g_str_equal (event->id, self->id)) &&
         (g_strv_contains (others, state) || g_ascii_strcasecmp (event->status, state) == 0);
}

static void
set_late (Wait *self, GError **error)
{
  g_autofree char *state = queenctl_text_dup_status (self->state);

  if (self->id)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED, _ ("“%s” was not %s in time"),
                 self->id, state);
  else
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_REFUSED,
                 _ ("No worker with the model “%s” was %s in time"),
                 queenctl_options_get (self->options, "model"), state);
}

static gboolean
wait_until_found (Wait *self, GError **error)
{
  static const QueenctlVigilFuncs funcs = { concerns_wait, look_for_wanted };
  QueenctlVigilEnd end = queenctl_vigil_keep (self->queen, &funcs, self, error);

  if (end == QUEENCTL_VIGIL_LATE)
    set_late (self, error);
  return end == QUEENCTL_VIGIL_SEEN;
}

static gboolean
parse_timeout (const char *text, gint64 *timeout, GError **error)
{
  *timeout = USUAL_TIMEOUT;
  if (text && (!queen_span_parse (text, timeout) || *timeout < 0))
    {
      g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                   _ ("--timeout: “%s” is not a span of time such as 250ms, 2.5s or 1h"), text);
      return FALSE;
    }
  if (*timeout <= LONGEST_TIMEOUT)
    return TRUE;
  g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
               _ ("--timeout: “%s” is more than 30 days"), text);
  return FALSE;
}

static gboolean
check_target (const QueenctlOptions *options, const char *id, GError **error)
{
  const char *model = queenctl_options_get (options, "model");

  if ((id != NULL) != (model != NULL))
    return queenctl_matches_check_kind (options->kind, error) &&
           queenctl_options_check_text ("--model", model, error);
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                       _ ("Say either an id or --model"));
  return FALSE;
}

static void
print_found (const QueenctlOptions *options, const QueenctlComponent *component)
{
  g_autofree char *id = queenctl_text_dup_safe (queenctl_component_get_string (component, "id"));
  g_autofree char *state = queenctl_output_dup_state (component);

  if (options->is_json)
    queenctl_output_print_component (component);
  else
    printf ("%s  %s%s%s\n", id, queenctl_output_begin_style (queenctl_output_get_style (component)),
            state, queenctl_output_end_style (queenctl_output_get_style (component)));
}

/* Nothing is known of it any more but that. */
static void
print_forgotten (const QueenctlOptions *options, const char *id)
{
  g_autofree char *safe = queenctl_text_dup_safe (id);
  g_autofree char *state = queenctl_text_dup_status ("offline");

  if (options->is_json)
    queenctl_output_print_ok ("Forgot %s", id);
  else
    printf ("%s  %s\n", safe, state);
}

gboolean
queenctl_command_run_wait (const QueenctlOptions *options, char **arguments, GError **error)
{
  Wait self = { .options = options, .id = arguments[0] };
  g_autoptr (QueenctlComponent) found = NULL;
  g_autoptr (QueenctlQueen) queen = NULL;
  gboolean is_found;
  gint64 timeout;

  self.state = options->wanted_state ? options->wanted_state : USUAL_STATE;
  if (!check_target (options, self.id, error) ||
      !queenctl_filter_check_state ("--for", self.state, error) ||
      !parse_timeout (options->timeout, &timeout, error))
    return FALSE;
  queenctl_deadline_begin (timeout);
  self.queen = queen = queenctl_connect (options, error);
  if (!queen)
    return FALSE;
  is_found = wait_until_found (&self, error);
  found = self.found;
  if (!is_found)
    return FALSE;
  if (found)
    print_found (options, found);
  else
    print_forgotten (options, self.id);
  return TRUE;
}
