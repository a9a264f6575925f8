/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-supervisor.h"

#include "queen-child.h"
#include "queen-prospects.h"
#include "text/queen-span.h"

#define TELL_MSEC 2000 /* that the queen has to hear of a step; then it is done */
#define DRAIN_POLL_MSEC 200

struct _QueenSupervisor
{
  QueenAgent *agent; /* not owned */
  QueenWard *ward;   /* the agent's */
  QueenChild *child;
  QueenProspects *prospects; /* NULL unless its address is looked for */
  guint found_source;
  gint64 drain;
  int end_signal; /* 0 unless it is to end */
  gint64 drain_end;
  guint drain_timer;
  int exit_status;
  void (*func) (int exit_status, gpointer data);
  gpointer data;
};

/* Its address */

static gboolean
on_prospects_done (gpointer data)
{
  QueenSupervisor *self = data;

  self->found_source = 0;
  g_clear_pointer (&self->prospects, queen_prospects_free);
  return G_SOURCE_REMOVE;
}

static void
on_address_found (const char *url, const QueenAdapter *adapter, guint16 port, gpointer data)
{
  QueenSupervisor *self = data;

  if (queen_ward_get_url (self->ward))
    return;
  queen_ward_set_url (self->ward, url);
  self->found_source = g_idle_add (on_prospects_done, self);
}

/* Its end */

static void
on_end_told (gpointer data)
{
  QueenSupervisor *self = data;

  self->func (self->exit_status, self->data);
}

static void
on_child_ended (int exit_status, const char *reason, gpointer data)
{
  QueenSupervisor *self = data;

  /* One that was told to end, and did, is not ill. */
  queen_ward_set_phase (self->ward, QUEEN_WARD_STOPPED, exit_status,
                        self->end_signal == 0 ? reason : NULL);
  self->exit_status = exit_status;
  g_clear_handle_id (&self->drain_timer, g_source_remove);
  g_clear_pointer (&self->prospects, queen_prospects_free);
  g_clear_handle_id (&self->found_source, g_source_remove);
  queen_agent_finish (self->agent, TELL_MSEC, on_end_told, self);
}

static gboolean
on_drain_due (gpointer data)
{
  QueenSupervisor *self = data;

  if (!queen_ward_is_idle (self->ward) && g_get_monotonic_time () < self->drain_end)
    return G_SOURCE_CONTINUE;
  self->drain_timer = 0;
  queen_child_signal (self->child, self->end_signal);
  return G_SOURCE_REMOVE;
}

/* The queen knows, so nothing new comes; what is still there is waited for. */
static void
on_stopping_told (gpointer data)
{
  QueenSupervisor *self = data;

  if (self->drain_timer == 0)
    self->drain_timer = g_timeout_add (DRAIN_POLL_MSEC, on_drain_due, self);
  queen_ward_look_soon (self->ward);
}

void
queen_supervisor_end (QueenSupervisor *self, int signal_number)
{
  if (self->end_signal != 0)
    {
      g_clear_handle_id (&self->drain_timer, g_source_remove);
      self->drain_end = 0;
      queen_child_signal (self->child, signal_number);
      return;
    }
  self->end_signal = signal_number;
  self->drain_end = g_get_monotonic_time () + self->drain;
  if (queen_ward_get_phase (self->ward) != QUEEN_WARD_RUNNING)
    return;
  queen_ward_set_phase (self->ward, QUEEN_WARD_STOPPING, -1, NULL);
  queen_agent_flush (self->agent, TELL_MSEC, on_stopping_told, self);
}

void
queen_supervisor_signal (QueenSupervisor *self, int signal_number)
{
  queen_child_signal (self->child, signal_number);
}

QueenWard *
queen_supervisor_get_ward (QueenSupervisor *self)
{
  return self->ward;
}

QueenSupervisor *
queen_supervisor_new (QueenAgent *agent,
                      const QueenWardSettings *settings,
                      char **command,
                      gint64 drain,
                      void (*func) (int exit_status, gpointer data),
                      gpointer data,
                      int *exit_status,
                      GError **error)
{
  g_autoptr (QueenSupervisor) self = g_new0 (QueenSupervisor, 1);

  self->agent = agent;
  self->drain = drain;
  self->func = func;
  self->data = data;
  self->ward = queen_agent_add (agent, settings, error);
  if (!self->ward)
    return NULL;
  self->child = queen_child_spawn (command, on_child_ended, self, exit_status, error);
  if (!self->child)
    return NULL;
  queen_ward_set_pid (self->ward, queen_child_get_pid (self->child));
  queen_ward_set_phase (self->ward, QUEEN_WARD_RUNNING, -1, NULL);
  if (!settings->url)
    self->prospects =
        queen_prospects_new (queen_agent_get_fetcher (agent), QUEEN_SCOPE_PROCESS,
                             queen_child_get_pid (self->child), on_address_found, self);
  return g_steal_pointer (&self);
}

void
queen_supervisor_free (QueenSupervisor *self)
{
  g_clear_pointer (&self->child, queen_child_free);
  g_clear_pointer (&self->prospects, queen_prospects_free);
  g_clear_handle_id (&self->found_source, g_source_remove);
  g_clear_handle_id (&self->drain_timer, g_source_remove);
  g_free (self);
}
