/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-together.h"

#include "loop/queen-alarm.h"
#include "model/queen-faults.h"
#include "redis/queen-redis-sequencer.h"

#define FINDING G_USEC_PER_SEC /* what it takes to come to an engine, as redis has it */

struct _QueenTogether
{
  const QueenConfig *config;
  const QueenClock *clock;
  QueenRedisTarget *target;
  QueenRedisSequencer *sequencer; /* NULL before there is a cluster */
  QueenStream *stream;            /* NULL before there is one */
  QueenJobs *jobs;                /* likewise */
  QueenJobIndex *job_index;

  QueenDBusService *dbus; /* NULL when there is none, or not yet */
  QueenAlarm *settle_alarm;
  void (*on_settled) (gpointer data); /* NULL when she has */
  gpointer settled_data;
};

QueenTogether *
queen_together_new (const QueenConfig *config, const QueenClock *clock, GError **error)
{
  const QueenRedisTargetSettings settings = {
    .urls = (const char *const *) config->engines,
    .password_file = config->engine_password_file,
    .ca_file = config->engine_ca_file,
    .certificate_file = config->engine_certificate,
    .is_insecure = config->is_insecure,
  };
  QueenRedisTarget *target = queen_redis_target_new (&settings, error);
  QueenTogether *self;

  if (!target)
    return NULL;
  self = g_new0 (QueenTogether, 1);
  self->config = config;
  self->clock = clock;
  self->target = target;
  return self;
}

static gboolean
are_subscribers_behind (gpointer data)
{
  QueenTogether *self = data;

  return self->stream && queen_stream_is_behind (self->stream);
}

static guint
count_subscribers (gpointer data)
{
  QueenTogether *self = data;

  return self->stream ? queen_stream_get_n_subscribers (self->stream) : 0;
}

QueenSequencer *
queen_together_make_sequencer (QueenEventBus *bus, QueenLocalSequencer *local, gpointer together)
{
  QueenTogether *self = together;
  const QueenRedisSequencerSettings settings = {
    .target = self->target,
    .clock = self->clock,
    .timeout = self->config->engine_timeout,
    .capacity = (guint) self->config->capacity,
    .is_behind = are_subscribers_behind,
    .get_n_subscribers = count_subscribers,
    .data = self,
  };

  self->sequencer = queen_redis_sequencer_new (bus, local, &settings);
  return QUEEN_SEQUENCER (g_object_ref (self->sequencer));
}

static void
on_restart (QueenTogether *self, const char *epoch, guint64 next, gboolean is_lost)
{
  queen_stream_restart (self->stream, epoch, next, is_lost);
}

static void
on_recall (QueenTogether *self, QueenEvent *event)
{
  queen_stream_recall (self->stream, event);
}

static gboolean
is_engine_full (gpointer data)
{
  QueenTogether *self = data;

  return queen_redis_sequencer_is_full (self->sequencer);
}

static gboolean
ask_past (guint64 first, guint64 last, QueenStreamPastFunc func, gpointer func_data, gpointer data)
{
  QueenTogether *self = data;

  return queen_redis_sequencer_ask_past (self->sequencer, first, last, func, func_data);
}

void
queen_together_set_stream (QueenTogether *self, QueenStream *stream)
{
  self->stream = g_object_ref (stream);
  queen_stream_set_full_func (stream, is_engine_full, self);
  queen_stream_set_past_func (stream, ask_past, self);
  g_signal_connect_swapped (self->sequencer, "restart", G_CALLBACK (on_restart), self);
  g_signal_connect_swapped (self->sequencer, "recall", G_CALLBACK (on_recall), self);
}

static void
note_job (QueenTogether *self, QueenJob *job)
{
  const QueenJobEntry entry = {
    .id = queen_job_get_id (job),
    .model = queen_job_get_model (job),
    .worker_id = queen_job_get_worker (job),
    .state = queen_job_get_state (job),
    .party = queen_faults_identify (queen_job_get_submitter (job)),
  };

  queen_job_index_note_own (self->job_index, &entry);
}

static void
drop_job (QueenTogether *self, QueenJob *job)
{
  queen_job_index_drop_own (self->job_index, queen_job_get_id (job));
}

void
queen_together_set_jobs (QueenTogether *self, QueenJobs *jobs, QueenCluster *cluster)
{
  g_autoptr (GPtrArray) kept = queen_jobs_list (jobs);

  self->jobs = g_object_ref (jobs);
  self->job_index = g_object_ref (queen_cluster_get_job_index (cluster));
  for (guint i = 0; i < kept->len; i++)
    note_job (self, kept->pdata[i]);
  g_signal_connect_swapped (jobs, "job-added", G_CALLBACK (note_job), self);
  g_signal_connect_swapped (jobs, "job-changed", G_CALLBACK (note_job), self);
  g_signal_connect_swapped (jobs, "job-removed", G_CALLBACK (drop_job), self);
}

static void
report_to_siblings (QueenEngineReport *report, gpointer data)
{
  queen_together_report (data, report);
}

QueenSiblings *
queen_together_make_siblings (QueenTogether *self,
                              QueenCluster *cluster,
                              QueenFront *front,
                              QueenUpstream *upstream,
                              QueenAudience *audience)
{
  const QueenSiblingsSettings settings = {
    .clock = self ? self->clock : NULL,
    .access = queen_front_get_access (front),
    .index = queen_cluster_get_job_index (cluster),
    .upstream = upstream,
    .audience = audience,
    .report_engine = report_to_siblings,
    .data = self,
    .is_insecure = self && self->config->is_insecure,
  };

  if (!self)
    return NULL;
  queen_access_set_address (settings.access, queen_front_get_address (front));
  return queen_siblings_new (&settings);
}

static void
tell_settled (gpointer data)
{
  QueenTogether *self = data;
  void (*on_settled) (gpointer data) = g_steal_pointer (&self->on_settled);

  queen_alarm_set (self->settle_alarm, -1);
  if (on_settled)
    on_settled (self->settled_data);
}

/* Who has just joined may have yet to read what was told while she did: of the ids of that she
 * would know nothing. The first that she hears of the others says how far they are. */
static void
settle_if_clear (QueenTogether *self)
{
  QueenEngineReport report;
  gboolean is_current, is_alone;

  if (!self->on_settled)
    return;
  queen_together_report (self, &report);
  is_current = report.state == QUEEN_ENGINE_TOGETHER && report.siblings->len > 0 && report.lag == 0;
  is_alone = report.state == QUEEN_ENGINE_ALONE && g_strcmp0 (report.reason, "starting") != 0;
  if (is_current || is_alone)
    tell_settled (self);
}

static void
on_standing_changed (QueenTogether *self)
{
  QueenEngineReport report;

  settle_if_clear (self);
  if (!self->dbus)
    return;
  queen_together_report (self, &report);
  queen_dbus_service_set_engine (self->dbus, &report);
}

void
queen_together_show_on (QueenTogether *self, QueenDBusService *dbus)
{
  if (!self)
    return;
  g_set_object (&self->dbus, dbus);
  on_standing_changed (self);
}

void
queen_together_start (QueenTogether *self,
                      QueenCluster *cluster,
                      const char *address,
                      gint64 started_at,
                      void (*on_settled) (gpointer data),
                      gpointer data)
{
  if (!self)
    {
      on_settled (data);
      return;
    }
  self->on_settled = on_settled;
  self->settled_data = data;
  self->settle_alarm =
      queen_alarm_new (self->clock, "serve alone", G_PRIORITY_DEFAULT, tell_settled, self);
  queen_alarm_set (self->settle_alarm,
                   self->clock->get_monotonic () + self->config->engine_timeout + FINDING);
  g_signal_connect_swapped (self->sequencer, "changed", G_CALLBACK (on_standing_changed), self);
  queen_redis_sequencer_start (self->sequencer, cluster, address, started_at);
}

void
queen_together_stop (QueenTogether *self)
{
  if (!self || !self->sequencer)
    return;
  self->on_settled = NULL;
  g_clear_pointer (&self->settle_alarm, queen_alarm_free);
  queen_redis_sequencer_stop (self->sequencer);
  g_signal_handlers_disconnect_by_data (self->sequencer, self);
  if (self->stream)
    {
      queen_stream_set_full_func (self->stream, NULL, NULL);
      queen_stream_set_past_func (self->stream, NULL, NULL);
    }
  g_clear_object (&self->stream);
  if (self->jobs)
    g_signal_handlers_disconnect_by_data (self->jobs, self);
  g_clear_object (&self->jobs);
  g_clear_object (&self->job_index);
}

QueenRedisTarget *
queen_together_get_target (QueenTogether *self)
{
  return self ? self->target : NULL;
}

const char *
queen_together_get_standing (QueenTogether *self)
{
  static const char *const standings[QUEEN_ENGINE_N_STATES] = {
    [QUEEN_ENGINE_ALONE] = " Alone: the engine is away.",
    [QUEEN_ENGINE_JOINING] = " Joining other queens.",
    [QUEEN_ENGINE_TOGETHER] = " Together with other queens.",
  };
  QueenEngineReport report;

  if (!self)
    return "";
  queen_together_report (self, &report);
  return standings[report.state];
}

void
queen_together_report (QueenTogether *self, QueenEngineReport *report)
{
  queen_redis_sequencer_report (self->sequencer, report);
}

void
queen_together_free (QueenTogether *self)
{
  queen_together_stop (self);
  g_clear_object (&self->dbus);
  g_clear_object (&self->sequencer);
  queen_redis_target_unref (self->target);
  g_free (self);
}
