/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-together.h"

#include "redis/queen-redis-sequencer.h"

struct _QueenTogether
{
  const QueenConfig *config;
  const QueenClock *clock;
  QueenRedisTarget *target;
  QueenRedisSequencer *sequencer; /* NULL before there is a cluster */
  QueenStream *stream;            /* NULL before there is one */
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

void
queen_together_start (QueenTogether *self, QueenCluster *cluster, const char *address)
{
  if (self)
    queen_redis_sequencer_start (self->sequencer, cluster, address);
}

void
queen_together_stop (QueenTogether *self)
{
  if (!self || !self->sequencer)
    return;
  queen_redis_sequencer_stop (self->sequencer);
  g_signal_handlers_disconnect_by_data (self->sequencer, self);
  if (self->stream)
    {
      queen_stream_set_full_func (self->stream, NULL, NULL);
      queen_stream_set_past_func (self->stream, NULL, NULL);
    }
  g_clear_object (&self->stream);
}

void
queen_together_reload (QueenTogether *self)
{
  g_autoptr (GError) error = NULL;

  if (self && !queen_redis_target_reload (self->target, &error))
    g_warning ("how to come to the engine stays as it was: %s", error->message);
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
  g_clear_object (&self->sequencer);
  queen_redis_target_unref (self->target);
  g_free (self);
}
