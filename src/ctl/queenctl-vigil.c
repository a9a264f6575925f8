/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-vigil.h"

#include "queenctl-deadline.h"
#include "queenctl-error.h"
#include "text/queen-hash.h"

#define MOST_IDS 100 /* of which each is asked for; beyond that a list is faster */
#define AGAIN_MSEC 1000

typedef struct
{
  QueenctlQueen *queen;
  const QueenctlVigilFuncs *funcs;
  gpointer data;
  GMainLoop *loop;
  guint timeout_id; /* 0 when the time is over */
  guint look_id;
  gboolean must_ask_for_all; /* something was missed */
  GHashTable *ids;           /* whom to ask for otherwise */
  gboolean is_seen;
  GError *error;
} Vigil;

static void
vigil_clear (Vigil *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_clear_handle_id (&self->look_id, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->queen, self);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->ids, g_hash_table_unref);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Vigil, vigil_clear)

static void
look_now (Vigil *self)
{
  self->is_seen =
      self->funcs->look (self->must_ask_for_all ? NULL : self->ids, self->data, &self->error);
  self->must_ask_for_all = FALSE;
  g_hash_table_remove_all (self->ids);
}

static gboolean
on_look_due (gpointer data)
{
  Vigil *self = data;

  self->look_id = 0;
  look_now (self);
  /* If she has gone in this moment, she is waited for; but events may come from her all the time,
   * and of what this one was to find out there need not be another. */
  if (g_error_matches (self->error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN))
    {
      g_clear_error (&self->error);
      self->must_ask_for_all = TRUE;
      self->look_id = g_timeout_add (AGAIN_MSEC, on_look_due, self);
    }
  if (self->is_seen || self->error)
    g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

/* However much happens by then, one question is enough. */
static void
look_soon (Vigil *self)
{
  if (self->look_id == 0)
    self->look_id = g_idle_add (on_look_due, self);
}

static void
on_vigil_event (QueenctlQueen *queen, const QueenctlEvent *event, gpointer data)
{
  Vigil *self = data;

  if (!self->funcs->concerns (event, self->data))
    return;
  if (g_hash_table_size (self->ids) < MOST_IDS)
    g_hash_table_add (self->ids, g_strdup (event->id));
  else
    self->must_ask_for_all = TRUE;
  look_soon (self);
}

/* What was missed meanwhile may be what is waited for. */
static void
on_vigil_back (QueenctlQueen *queen, gpointer data)
{
  Vigil *self = data;

  self->must_ask_for_all = TRUE;
  look_soon (self);
}

static void
on_vigil_lag (QueenctlQueen *queen, gint64 dropped, gpointer data)
{
  on_vigil_back (queen, data);
}

static gboolean
on_vigil_late (gpointer data)
{
  Vigil *self = data;

  self->timeout_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static gboolean
begin_vigil (Vigil *self, GError **error)
{
  self->loop = g_main_loop_new (NULL, FALSE);
  self->ids = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->timeout_id = g_timeout_add (queenctl_deadline_get_patience (), on_vigil_late, self);
  g_signal_connect (self->queen, "event", G_CALLBACK (on_vigil_event), self);
  g_signal_connect (self->queen, "held", G_CALLBACK (on_vigil_event), self);
  g_signal_connect (self->queen, "lagged", G_CALLBACK (on_vigil_lag), self);
  g_signal_connect (self->queen, "back", G_CALLBACK (on_vigil_back), self);
  return queenctl_queen_watch (self->queen, QUEENCTL_WATCH_HOLDS, error);
}

QueenctlVigilEnd
queenctl_vigil_keep (QueenctlQueen *queen,
                     const QueenctlVigilFuncs *funcs,
                     gpointer data,
                     GError **error)
{
  g_auto (Vigil) self = { .queen = queen, .funcs = funcs, .data = data, .must_ask_for_all = TRUE };

  if (!begin_vigil (&self, error))
    return QUEENCTL_VIGIL_FAILED;
  look_now (&self);
  /* The time may have been over before she answered. */
  if (!self.is_seen && !self.error && self.timeout_id != 0)
    g_main_loop_run (self.loop);
  if (self.error)
    {
      g_propagate_error (error, g_steal_pointer (&self.error));
      return QUEENCTL_VIGIL_FAILED;
    }
  return self.is_seen ? QUEENCTL_VIGIL_SEEN : QUEENCTL_VIGIL_LATE;
}
