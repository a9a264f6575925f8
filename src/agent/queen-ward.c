/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-ward.h"

#include "queen-behind.h"
#include "queen-host.h"
#include "queen-liveness.h"
#include "queen-process-end.h"
#include "queen-watched.h"
#include "text/queen-legible.h"
#include "text/queen-span.h"

#define LOADING_SEC 300                   /* within which one that loads will be heard of again */
#define MAX_REQUESTS 1000000000           /* that a heartbeat may say */
#define MAX_PROGRESS 1e15                 /* up to here a heartbeat's number is exact */
#define MAX_ID 128                        /* bytes */
#define SEARCH_AGAIN (300 * QUEEN_SECOND) /* for a process that was not found */
#define LOCKED "it wants a key, and none is known"
#define LOCKED_KEY "it does not take its key"

struct _QueenWard
{
  char *id;
  char *url;
  guint16 local_port; /* of that, on this machine; 0 for none */
  char *model;
  char *device;
  char *advertise;
  char *key;
  guint slots;
  QueenFetcher *fetcher; /* not owned */
  const QueenWardEvents *events;
  gpointer data;

  QueenWatched *watched; /* NULL while there is no address */
  QueenLiveness liveness;
  QueenWardPhase phase;
  pid_t pid;
  gint64 searched_at;           /* µs, monotonic: when its process was looked for; 0 for never */
  QueenProcessEnd *process_end; /* NULL while that is not watched */
  gboolean is_closed;           /* it listens for this machine alone */
  int exit_status;
  char *end_reason;

  const char *status; /* static; NULL while nothing is known */
  QueenVerdict verdict;
  char *reason;
  gboolean has_been_ready;
  gint64 loaded_at; /* µs since 1970; 0 when nobody was there to see it */
  gboolean is_sensed_busy;
  const char *sensed_by; /* static; NULL when it says itself, or nobody knows */
  char *signature;       /* what was last told of as a change */
  char *turn;            /* what people have been told */
  QueenBehind *behind;
};

/* What it is */

static gboolean
is_busy (QueenWard *self, const QueenReading *reading)
{
  return reading->running > 0 || (reading->running < 0 && self->sensed_by && self->is_sensed_busy);
}

static void
set_state (QueenWard *self, const char *status, QueenVerdict verdict, const char *reason)
{
  char *copy = g_strdup (reason); /* it may be the one that is freed */

  self->status = status;
  self->verdict = verdict;
  g_free (self->reason);
  self->reason = copy;
}

static const char *
explain_stranger (QueenWard *self)
{
  if (!queen_watched_is_locked (self->watched))
    return "a server answers there, but none that is known";
  return self->key ? LOCKED_KEY : LOCKED;
}

static void
judge_answering (QueenWard *self, const QueenReading *reading)
{
  const char *reason = NULL;
  QueenVerdict verdict = queen_liveness_judge (&self->liveness, g_get_monotonic_time (), &reason);

  if (reading->is_loading)
    set_state (self, "starting", QUEEN_VERDICT_HEALTHY, NULL);
  else if (!queen_watched_get_adapter (self->watched))
    set_state (self, "starting", QUEEN_VERDICT_DEGRADED, explain_stranger (self));
  else if (queen_watched_is_locked (self->watched))
    set_state (self, is_busy (self, reading) ? "busy" : "ready",
               MAX (verdict, QUEEN_VERDICT_DEGRADED), self->key ? LOCKED_KEY : LOCKED);
  else if (reading->trouble)
    set_state (self, is_busy (self, reading) ? "busy" : "ready", QUEEN_VERDICT_UNHEALTHY,
               reading->trouble);
  else
    set_state (self, is_busy (self, reading) ? "busy" : "ready", verdict, reason);
}

/* One that does not answer in time has too much to do, as far as anybody knows. */
static void
judge_silent (QueenWard *self)
{
  const char *reason = NULL;
  QueenVerdict verdict = queen_liveness_judge (&self->liveness, g_get_monotonic_time (), &reason);

  set_state (self, self->has_been_ready ? "busy" : "starting", verdict, reason);
}

/* @absence: (nullable): why nobody is there */
static void
judge_away (QueenWard *self, const char *absence)
{
  if (self->phase == QUEEN_WARD_RUNNING && !self->has_been_ready)
    set_state (self, "starting", QUEEN_VERDICT_HEALTHY, NULL);
  else
    set_state (self, "offline", QUEEN_VERDICT_UNHEALTHY, absence);
}

static void
judge_server (QueenWard *self)
{
  QueenReach reach = self->watched ? queen_watched_get_reach (self->watched) : QUEEN_REACH_UNKNOWN;

  if (reach == QUEEN_REACH_ANSWERING)
    judge_answering (self, queen_watched_get_reading (self->watched));
  else if (reach == QUEEN_REACH_SILENT)
    judge_silent (self);
  else if (reach == QUEEN_REACH_AWAY)
    judge_away (self, queen_watched_get_absence (self->watched));
  else if (self->phase == QUEEN_WARD_RUNNING)
    set_state (self, "starting", QUEEN_VERDICT_HEALTHY, NULL);
}

static void
judge_ward (QueenWard *self)
{
  if (self->phase == QUEEN_WARD_UNWATCHED)
    set_state (self, "offline", self->end_reason ? QUEEN_VERDICT_UNHEALTHY : QUEEN_VERDICT_HEALTHY,
               self->end_reason);
  else if (self->phase == QUEEN_WARD_STOPPED)
    set_state (self, "stopped", self->end_reason ? QUEEN_VERDICT_UNHEALTHY : QUEEN_VERDICT_HEALTHY,
               self->end_reason);
  else if (self->phase == QUEEN_WARD_STOPPING)
    set_state (self, "stopping", QUEEN_VERDICT_HEALTHY, NULL);
  else
    judge_server (self);
}

static gboolean
is_serving (const char *status)
{
  return g_strcmp0 (status, "ready") == 0 || g_strcmp0 (status, "busy") == 0;
}

static char *
make_signature (QueenWard *self)
{
  const QueenReading *reading = self->watched ? queen_watched_get_reading (self->watched) : NULL;
  GString *text = g_string_new (self->status);

  g_string_append_printf (text, "|%d|%s|%d", self->verdict, self->url ? self->url : "",
                          self->exit_status);
  if (!reading)
    return g_string_free (text, FALSE);
  g_string_append_printf (text,
                          "|%s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|%s",
                          reading->model ? reading->model : "", reading->slots, reading->running,
                          reading->waiting, reading->version ? reading->version : "");
  for (guint i = 0; reading->behind && i < reading->behind->len; i++)
    {
      const QueenReadingBehind *behind = g_ptr_array_index (reading->behind, i);

      g_string_append_printf (text, "|%s=%s", behind->model, behind->status);
    }
  return g_string_free (text, FALSE);
}

static void
update_state (QueenWard *self)
{
  const char *before = self->status;
  g_autofree char *signature = NULL;

  judge_ward (self);
  if (!self->status)
    return;
  if (is_serving (self->status) && !is_serving (before) && before)
    self->loaded_at = g_get_real_time ();
  if (is_serving (self->status))
    self->has_been_ready = TRUE;
  signature = make_signature (self);
  if (g_strcmp0 (signature, self->signature) == 0)
    return;
  g_free (self->signature);
  self->signature = g_steal_pointer (&signature);
  self->events->changed (self, self->data);
}

/* Looks */

static void
sense_work (QueenWard *self, const QueenReading *reading)
{
  self->sensed_by = NULL;
  if (reading->running < 0 && self->events->sense)
    self->sensed_by = self->events->sense (self, &self->is_sensed_busy, self->data);
}

static void
on_looked (gpointer source, gpointer data)
{
  QueenWard *self = data;
  const QueenReading *reading = queen_watched_get_reading (self->watched);
  gint64 asked_at = queen_watched_get_look_time (self->watched);

  switch (queen_watched_get_reach (self->watched))
    {
    case QUEEN_REACH_ANSWERING:
      queen_liveness_take_answer (&self->liveness, g_get_monotonic_time (), reading->running,
                                  reading->progress);
      sense_work (self, reading);
      break;
    case QUEEN_REACH_SILENT:
      queen_liveness_take_silence (&self->liveness, asked_at);
      break;
    case QUEEN_REACH_AWAY:
    case QUEEN_REACH_UNKNOWN:
      queen_liveness_reset (&self->liveness);
      break;
    }
  update_state (self);
  self->events->looked (self, self->data);
}

/* Beats */

/* What is of this machine alone is not told to a queen who is elsewhere: she would take it for
 * hers. */
static void
add_address (QueenWard *self, const QueenBeatContext *context, QueenBeat *beat)
{
  const char *url = self->advertise ? self->advertise : self->url;
  g_autoptr (GUri) uri = url ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;
  int port = uri ? g_uri_get_port (uri) : -1;

  if (!uri)
    return;
  if (self->advertise || context->is_queen_here || !queen_host_is_loopback (g_uri_get_host (uri)))
    queen_beat_add_text (beat, "url", url);
  /* The address is where the beat comes from, but nobody could reach it there. */
  if (!self->advertise && !context->is_queen_here && self->is_closed)
    return;
  if (port < 0)
    port = g_str_equal (g_uri_get_scheme (uri), "https") ? 443 : 80;
  queen_beat_add_integer (beat, "port", port);
}

static void
add_requests (QueenBeat *beat, const char *name, gint64 count)
{
  queen_beat_add_integer (beat, name, MIN (count, MAX_REQUESTS));
}

static void
add_work (QueenWard *self, const QueenReading *reading, QueenBeat *beat)
{
  gint64 running = reading->running;

  /* One that has one request at a time and works has that one. */
  if (running < 0 && self->sensed_by && reading->slots == 1)
    running = self->is_sensed_busy;
  add_requests (beat, "slots", self->slots > 0 ? self->slots : reading->slots);
  add_requests (beat, "running", running);
  add_requests (beat, "waiting", reading->waiting);
  queen_beat_add_number (beat, "kv_usage", reading->kv_usage);
  queen_beat_add_number (beat, "tokens_per_second",
                         queen_watched_get_tokens_per_second (self->watched));
  queen_beat_add_integer (beat, "progress",
                          (gint64) MIN (queen_watched_get_progress (self->watched), MAX_PROGRESS));
  queen_beat_add_text (beat, "busy_source",
                       reading->busy_source ? reading->busy_source : self->sensed_by);
}

static void
add_server (QueenWard *self, QueenBeat *beat)
{
  const QueenReading *reading = queen_watched_get_reading (self->watched);
  const QueenAdapter *adapter = queen_watched_get_last_adapter (self->watched);

  queen_beat_add_text (beat, "model_id", self->model ? self->model : reading->model);
  queen_beat_add_texts (beat, "models", reading->models, reading->model);
  queen_beat_add_text (beat, "version", reading->version);
  if (adapter)
    {
      queen_beat_add_text (beat, "implementation", adapter->name);
      queen_beat_add_text (beat, "api", adapter->api);
    }
  add_work (self, reading, beat);
}

static void
add_own_beat (QueenWard *self, const QueenBeatContext *context, GPtrArray *beats)
{
  QueenBeat *beat = queen_beat_new (FALSE, self->id, self->status);

  queen_beat_add_text (beat, "hive_id", context->hive_id);
  queen_beat_add_text (beat, "device", self->device);
  queen_beat_add_health (beat, queen_verdict_get_name (self->verdict), self->reason);
  add_address (self, context, beat);
  if (self->watched)
    add_server (self, beat);
  else
    queen_beat_add_text (beat, "model_id", self->model);
  queen_beat_add_time (beat, "loaded_at", is_serving (self->status) ? self->loaded_at : 0);
  if (g_str_equal (self->status, "starting"))
    queen_beat_add_integer (beat, "next_beat_within", LOADING_SEC);
  if (self->phase == QUEEN_WARD_STOPPED)
    queen_beat_add_integer (beat, "exit_status", self->exit_status);
  g_ptr_array_add (beats, beat);
}

static void
add_behind_beat (QueenWard *self,
                 const QueenBeatContext *context,
                 const char *model,
                 const char *status,
                 GPtrArray *beats)
{
  const QueenAdapter *adapter = queen_watched_get_last_adapter (self->watched);
  g_autofree char *whole = g_strdup_printf ("%s/%s", self->id, model);
  g_autofree char *id = queen_legible_dup (whole, MAX_ID);
  QueenBeat *beat = queen_beat_new (FALSE, id, status);

  queen_beat_add_text (beat, "model_id", model);
  queen_beat_add_text (beat, "hive_id", context->hive_id);
  queen_beat_add_text (beat, "device", self->device);
  add_address (self, context, beat);
  if (adapter)
    {
      queen_beat_add_text (beat, "implementation", adapter->name);
      queen_beat_add_text (beat, "api", adapter->api);
    }
  g_ptr_array_add (beats, beat);
}

/* What is told of all of those behind it. */
typedef struct
{
  QueenWard *ward;
  const QueenBeatContext *context;
  GPtrArray *beats;
} Round;

static void
tell_behind (const char *model, const char *status, gpointer data)
{
  Round *round = data;

  if (status && round->ward->phase >= QUEEN_WARD_STOPPING)
    status = round->ward->status;
  add_behind_beat (round->ward, round->context, model, status ? status : "stopped", round->beats);
}

static void
add_beats_behind (QueenWard *self, const QueenBeatContext *context, GPtrArray *beats)
{
  const QueenReading *reading = queen_watched_get_reading (self->watched);
  Round round = { self, context, beats };

  queen_behind_update (self->behind, reading->behind, g_get_monotonic_time ());
  queen_behind_foreach (self->behind, tell_behind, &round);
}

void
queen_ward_add_beats (QueenWard *self, const QueenBeatContext *context, GPtrArray *beats)
{
  if (!self->status)
    return;
  /* Time passes without a look, too. */
  judge_ward (self);
  add_own_beat (self, context, beats);
  if (self->watched)
    add_beats_behind (self, context, beats);
}

/* The object */

QueenWard *
queen_ward_new (const QueenWardSettings *settings,
                QueenFetcher *fetcher,
                const QueenWardEvents *events,
                gpointer data)
{
  QueenWard *self = g_new0 (QueenWard, 1);

  self->id = g_strdup (settings->id);
  self->model = g_strdup (settings->model);
  self->device = g_strdup (settings->device);
  self->advertise = g_strdup (settings->advertise);
  self->key = g_strdup (settings->key);
  self->slots = settings->slots;
  self->fetcher = fetcher;
  self->events = events;
  self->data = data;
  self->exit_status = -1;
  self->behind = queen_behind_new ();
  queen_ward_set_url (self, settings->url);
  return self;
}

void
queen_ward_free (QueenWard *self)
{
  g_clear_pointer (&self->process_end, queen_process_end_free);
  g_clear_pointer (&self->watched, queen_watched_free);
  queen_behind_free (self->behind);
  g_free (self->id);
  g_free (self->url);
  g_free (self->model);
  g_free (self->device);
  g_free (self->advertise);
  g_free (self->key);
  g_free (self->end_reason);
  g_free (self->reason);
  g_free (self->signature);
  g_free (self->turn);
  g_free (self);
}

const char *
queen_ward_get_id (QueenWard *self)
{
  return self->id;
}

const char *
queen_ward_get_url (QueenWard *self)
{
  return self->url;
}

guint16
queen_ward_get_local_port (QueenWard *self)
{
  return self->local_port;
}

pid_t
queen_ward_get_pid (QueenWard *self)
{
  return self->pid;
}

static guint16
find_local_port (const char *url)
{
  g_autoptr (GUri) uri = url ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;

  return uri && queen_host_is_loopback (g_uri_get_host (uri))
             ? (guint16) MAX (g_uri_get_port (uri), 0)
             : 0;
}

void
queen_ward_set_url (QueenWard *self, const char *url)
{
  if (g_strcmp0 (url, self->url) == 0)
    return;
  g_clear_pointer (&self->watched, queen_watched_free);
  queen_liveness_reset (&self->liveness);
  g_free (self->url);
  self->url = g_strdup (url);
  self->local_port = find_local_port (url);
  if (url)
    self->watched = queen_watched_new (self->fetcher, url, self->key, on_looked, self);
}

void
queen_ward_set_open (QueenWard *self, gboolean is_open)
{
  self->is_closed = !is_open;
}

void
queen_ward_set_pid (QueenWard *self, pid_t pid)
{
  self->pid = pid;
}

gboolean
queen_ward_wants_process (QueenWard *self, gint64 now)
{
  return self->local_port != 0 && self->pid == 0 && self->watched &&
         queen_watched_get_reach (self->watched) == QUEEN_REACH_ANSWERING &&
         (self->searched_at == 0 || now - self->searched_at > SEARCH_AGAIN);
}

static void
on_process_ended (gpointer data)
{
  QueenWard *self = data;

  g_clear_pointer (&self->process_end, queen_process_end_free);
  self->pid = 0;
  self->searched_at = 0;
  queen_ward_look_soon (self);
}

void
queen_ward_watch_process (QueenWard *self, pid_t pid)
{
  self->searched_at = g_get_monotonic_time ();
  g_clear_pointer (&self->process_end, queen_process_end_free);
  if (pid > 0)
    self->process_end = queen_process_end_new (pid, on_process_ended, self, NULL);
  if (self->process_end)
    self->pid = pid;
}

void
queen_ward_set_phase (QueenWard *self, QueenWardPhase phase, int exit_status, const char *reason)
{
  self->phase = phase;
  self->exit_status = exit_status;
  g_free (self->end_reason);
  self->end_reason = g_strdup (reason);
  update_state (self);
}

QueenWardPhase
queen_ward_get_phase (QueenWard *self)
{
  return self->phase;
}

const char *
queen_ward_get_status (QueenWard *self)
{
  return self->status ? self->status : "starting";
}

const char *
queen_ward_get_reason (QueenWard *self)
{
  return self->reason;
}

gboolean
queen_ward_has_turned (QueenWard *self)
{
  const char *status = is_serving (self->status) ? "serving" : self->status;
  char *turn = g_strdup_printf ("%s %d %s", status, self->verdict, self->url ? self->url : "");
  gboolean has_turned = g_strcmp0 (turn, self->turn) != 0;

  g_free (self->turn);
  self->turn = turn;
  return has_turned;
}

gboolean
queen_ward_has_been_ready (QueenWard *self)
{
  return self->has_been_ready;
}

gboolean
queen_ward_is_idle (QueenWard *self)
{
  const QueenReading *reading = self->watched ? queen_watched_get_reading (self->watched) : NULL;
  QueenReach reach = self->watched ? queen_watched_get_reach (self->watched) : QUEEN_REACH_AWAY;

  return reach == QUEEN_REACH_AWAY || reach == QUEEN_REACH_UNKNOWN ||
         (reach == QUEEN_REACH_ANSWERING && !is_busy (self, reading) && reading->waiting <= 0);
}

guint
queen_ward_count_connections (QueenWard *self)
{
  return self->watched ? queen_watched_count_connections (self->watched) : 0;
}

gboolean
queen_ward_is_looking (QueenWard *self)
{
  return self->watched && queen_watched_is_looking (self->watched);
}

void
queen_ward_look_soon (QueenWard *self)
{
  if (self->watched)
    queen_watched_look_soon (self->watched);
}
