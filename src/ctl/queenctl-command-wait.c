/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <glib/gi18n.h>
#include <stdio.h>

#include "queenctl-command.h"
#include "queenctl-connect.h"
#include "queenctl-error.h"
#include "queenctl-filter.h"
#include "queenctl-matches.h"
#include "queenctl-output.h"
#include "queenctl-text.h"
#include "text/queen-hash.h"
#include "text/queen-span.h"

#define USUAL_TIMEOUT (30 * QUEEN_SECOND)
#define LONGEST_TIMEOUT (30 * QUEEN_DAY)
#define USUAL_STATE "available"
#define MOST_QUESTIONS 100 /* of one each; beyond that a list is faster */

typedef struct
{
  const QueenctlOptions *options;
  const char *id;    /* NULL for any with the model */
  const char *state; /* that is waited for */
  QueenctlQueen *queen;
  GMainLoop *loop;
  gint64 deadline;  /* µs, monotonic */
  guint timeout_id; /* 0 when the time is over */
  guint question_id;
  gboolean must_ask_for_all; /* something was missed */
  GHashTable *ids;           /* whom to ask for otherwise */
  QueenctlComponent *found;
  gboolean is_forgotten; /* the only one who is waited for: it is more than offline */
  GError *error;
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

static void
look_for_id (Wait *self, const char *id)
{
  g_autoptr (GPtrArray) components =
      queenctl_matches_lookup (self->queen, id, self->id ? self->options->kind : "worker",
                               &self->error);

  if (components)
    take_wanted (self, components);
  self->is_forgotten = self->id && components && components->len == 0 && !self->found;
}

static gboolean
is_over (Wait *self)
{
  return self->found || self->error ||
         (self->is_forgotten && g_ascii_strcasecmp (self->state, "offline") == 0);
}

/* Asks how things stand with everybody who may be waited for. */
static void
look_for_all (Wait *self)
{
  QueenComponentKind worker = QUEEN_COMPONENT_WORKER;
  g_autoptr (GPtrArray) components = NULL;

  if (self->id)
    {
      look_for_id (self, self->id);
      return;
    }
  components = queenctl_queen_list (self->queen, &worker, &self->error);
  if (components)
    take_wanted (self, components);
}

/* The loop does not turn meanwhile, and whoever takes long to answer may have named thousands. */
static void
look_for_those (Wait *self)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->ids);
  while (!is_over (self) && g_get_monotonic_time () < self->deadline &&
         g_hash_table_iter_next (&iter, &id, NULL))
    look_for_id (self, id);
}

static gboolean
on_question_due (gpointer data)
{
  Wait *self = data;

  self->question_id = 0;
  if (self->must_ask_for_all)
    look_for_all (self);
  else
    look_for_those (self);
  self->must_ask_for_all = FALSE;
  g_hash_table_remove_all (self->ids);

  /* If she has gone in this moment, she is waited for. */
  if (g_error_matches (self->error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN))
    g_clear_error (&self->error);
  if (is_over (self))
    g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* However many events there are by then, one question for each of them is enough. */
static void
ask_soon (Wait *self)
{
  if (self->question_id == 0)
    self->question_id = g_idle_add (on_question_due, self);
}

/* An event tells the status alone; the other words have more conditions. */
static gboolean
may_be_wanted (Wait *self, const QueenctlEvent *event)
{
  static const char *const others[] = { "available", "online", "offline", NULL };
  g_autofree char *state = g_ascii_strdown (self->state, -1);

  if (!g_str_equal (event->kind, "worker") && (!self->id || !g_str_equal (event->kind, "hive")))
    return FALSE;
  return (!self->id || g_str_equal (event->id, self->id)) &&
         (g_strv_contains (others, state) || g_ascii_strcasecmp (event->status, state) == 0);
}

static void
on_waited_event (QueenctlQueen *queen, const QueenctlEvent *event, gpointer data)
{
  Wait *self = data;

  if (!may_be_wanted (self, event))
    return;
  if (g_hash_table_size (self->ids) < MOST_QUESTIONS)
    g_hash_table_add (self->ids, g_strdup (event->id));
  else
    self->must_ask_for_all = TRUE;
  ask_soon (self);
}

/* What was missed meanwhile may be what is waited for. */
static void
on_queen_back (QueenctlQueen *queen, gpointer data)
{
  Wait *self = data;

  self->must_ask_for_all = TRUE;
  ask_soon (self);
}

static void
on_waited_lag (QueenctlQueen *queen, gint64 dropped, gpointer data)
{
  on_queen_back (queen, data);
}

static gboolean
on_timeout (gpointer data)
{
  Wait *self = data;

  self->timeout_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
wait_clear (Wait *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_handle_id (&self->question_id, g_source_remove);
  if (self->queen)
    g_signal_handlers_disconnect_by_data (self->queen, self);
  g_clear_object (&self->queen);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->ids, g_hash_table_unref);
  g_clear_pointer (&self->found, queenctl_component_free);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wait, wait_clear)

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

/* Listens first and asks then, so that nothing happens between. @error is not %NULL. */
static gboolean
wait_until_found (Wait *self, gint64 timeout, GError **error)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  self->ids = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->deadline = g_get_monotonic_time () + timeout;
  self->timeout_id = g_timeout_add ((guint) (timeout / QUEEN_MSEC), on_timeout, self);
  g_signal_connect (self->queen, "event", G_CALLBACK (on_waited_event), self);
  g_signal_connect (self->queen, "lagged", G_CALLBACK (on_waited_lag), self);
  g_signal_connect (self->queen, "back", G_CALLBACK (on_queen_back), self);
  if (!queenctl_queen_watch (self->queen, FALSE, error))
    return FALSE;
  look_for_all (self);
  /* One that nobody has known yet is not offline: it may be a slip of the hand. */
  if (is_over (self) && self->is_forgotten && !self->error)
    queenctl_matches_set_absent (self->id, self->options->kind, &self->error);
  /* The time may have been over before she answered. */
  if (!is_over (self) && self->timeout_id != 0)
    g_main_loop_run (self->loop);
  if (self->error)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (!is_over (self))
    set_late (self, error);
  return *error == NULL;
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
  g_auto (Wait) self = { .options = options, .id = arguments[0] };
  gint64 timeout;

  self.state = options->wanted_state ? options->wanted_state : USUAL_STATE;
  if (!check_target (options, self.id, error) ||
      !queenctl_filter_check_state ("--for", self.state, error) ||
      !parse_timeout (options->timeout, &timeout, error))
    return FALSE;
  self.queen = queenctl_connect (options, error);
  if (!self.queen || !wait_until_found (&self, timeout, error))
    return FALSE;
  if (self.found)
    print_found (options, self.found);
  else
    print_forgotten (options, self.id);
  return TRUE;
}
