/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-daemon.h"

#include <signal.h>
#include <sys/resource.h>

#include "build-config.h"
#include "dbus/queen-dbus-service.h"
#include "http/queen-front.h"
#include "http/queen-routes.h"
#include "jobs/queen-call-check.h"
#include "jobs/queen-jobs.h"
#include "jobs/queen-upstream.h"
#include "loop/queen-alarm.h"
#include "loop/queen-turns.h"
#include "model/queen-cluster.h"
#include "model/queen-transition-log.h"
#include "net/queen-caps.h"
#include "process/queen-heap.h"
#include "process/queen-notify.h"
#include "process/queen-overtime.h"
#include "process/queen-signals.h"
#include "queen-error.h"
#include "queen-secrets.h"
#include "queen-tally.h"
#include "queen-together.h"
#include "stream/queen-stream.h"
#include "system/queen-memory.h"
#include "system/queen-reload.h"
#include "system/queen-watchdog.h"

#define MEMORY_DELAY (2 * G_USEC_PER_SEC)
#define MEMORY_INTERVAL (5 * G_USEC_PER_SEC)
#define DISK_PATIENCE 2000                  /* µs: a disk that is well takes a hundredth of it */
#define HEAP_INTERVAL (10 * G_USEC_PER_SEC) /* short, so that there is little to do each time */
#define HEAP_LEFT_ALONE (32 << 20)          /* bytes: a queen with a few thousand workers */
#define FAREWELL (2 * G_USEC_PER_SEC)       /* what the last bytes get to go out */

struct _QueenDaemon
{
  GObject parent_instance;

  const QueenConfig *config;
  const QueenClock *clock; /* the one place where the system's is chosen */
  GMainLoop *loop;
  gint64 started_at; /* µs since 1970 */
  guint signal_ids[3];
  QueenReload *reload;

  QueenTogether *together; /* NULL when she is the only queen */
  QueenCluster *cluster;
  QueenTransitionLog *transition_log;
  QueenTurns *turns;
  QueenCaps caps;
  QueenTally tally;
  QueenBudgets *budgets;
  QueenAudience *audience;
  QueenStream *stream;
  QueenUpstream *upstream;
  QueenCallCheck *call_check;
  QueenJobs *jobs;
  QueenFront *front;
  QueenSiblings *siblings; /* NULL when she is the only queen */
  QueenWatchdog *watchdog; /* NULL when systemd has none for her */
  QueenDBusService *dbus;  /* NULL when no bus is wanted */
  QueenMemory *memory;     /* NULL when nothing is to be remembered */
  QueenHeap *heap;

  gboolean is_stopping;
  gboolean is_draining; /* of jobs */
  QueenAlarm *farewell_alarm;
  char *status; /* what systemd was told last */
};

G_DEFINE_FINAL_TYPE (QueenDaemon, queen_daemon, G_TYPE_OBJECT)

/* Ending */

static void
on_farewell_over (gpointer data)
{
  QueenDaemon *self = data;

  g_main_loop_quit (self->loop);
}

static void
quit_when_idle (QueenDaemon *self)
{
  if (!self->is_draining && queen_audience_get_n_subscribers (self->audience) == 0 &&
      queen_gate_get_n_connections (queen_front_get_gate (self->front)) == 0)
    g_main_loop_quit (self->loop);
}

/* What the last bytes need begins when there will be no more of them. */
static void
on_jobs_stopped (gpointer data)
{
  QueenDaemon *self = data;

  self->is_draining = FALSE;
  queen_alarm_set (self->farewell_alarm, self->clock->get_monotonic () + FAREWELL);
  quit_when_idle (self);
}

static void
stop (QueenDaemon *self)
{
  self->is_stopping = TRUE;
  queen_overtime_begin (self->config->drain + FAREWELL, "Saying goodbye");
  g_message ("stopping");

  g_clear_pointer (&self->watchdog, queen_watchdog_free);
  queen_front_stop (self->front);
  queen_stream_say_goodbye (self->stream);
  queen_siblings_say_goodbye (self->siblings);
  self->farewell_alarm =
      queen_alarm_new (self->clock, "farewell", G_PRIORITY_DEFAULT, on_farewell_over, self);
  self->is_draining = TRUE;
  queen_jobs_stop (self->jobs, self->config->drain, on_jobs_stopped, self);
  g_signal_connect_swapped (self->jobs, "job-changed", G_CALLBACK (quit_when_idle), self);
  g_signal_connect_swapped (self->stream, "notify::subscribers", G_CALLBACK (quit_when_idle), self);
  g_signal_connect_swapped (queen_front_get_gate (self->front), "notify::connections",
                            G_CALLBACK (quit_when_idle), self);
  quit_when_idle (self);
}

static gboolean
on_reload (gpointer data)
{
  QueenDaemon *self = data;

  if (queen_reload_has_parts (self->reload))
    queen_reload_ask (self->reload);
  else
    g_message ("nothing to read again: there are neither tokens nor certificates, and settings are "
               "read at start only");
  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer data)
{
  QueenDaemon *self = data;

  /* Who asks twice does not want to wait. */
  if (self->is_stopping)
    g_main_loop_quit (self->loop);
  else
    stop (self);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_idle_after_shutdown (gpointer data)
{
  QueenDaemon *self = data;

  if (!self->is_stopping)
    stop (self);
  return G_SOURCE_REMOVE;
}

/* Without a reference: nobody would drop it if the loop ends before. */
static void
on_shutdown_request (gpointer data)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, on_idle_after_shutdown, data, NULL);
}

/* Telling systemd */

static void
on_event_for_status (QueenDaemon *self, QueenEvent *event)
{
  QueenRegistry *workers = queen_cluster_get_registry (self->cluster, QUEEN_COMPONENT_WORKER);
  QueenRegistry *hives = queen_cluster_get_registry (self->cluster, QUEEN_COMPONENT_HIVE);
  g_autofree char *status = NULL;

  if (self->is_stopping)
    return;
  status = g_strdup_printf (
      "Workers: %u online, %u available. Hives: %u online, %u available. Subscribers: %u.%s",
      queen_registry_get_n_online (workers), queen_registry_get_n_available (workers),
      queen_registry_get_n_online (hives), queen_registry_get_n_available (hives),
      queen_stream_get_n_subscribers (self->stream), queen_together_get_standing (self->together));
  if (g_strcmp0 (status, self->status) == 0)
    return;
  queen_notify_tell (NULL, status);
  g_free (self->status);
  self->status = g_steal_pointer (&status);
}

/* Starting */

/* Whoever still reads a list that is kept no longer holds it in memory. */
static void
on_list_kept (GBytes *list, gboolean is_kept, gpointer data)
{
  QueenDaemon *self = data;

  queen_budgets_set_kept (self->budgets, QUEEN_BUDGET_ANSWERS, list, is_kept);
}

static gboolean
make_cluster (QueenDaemon *self, GError **error)
{
  QueenClusterSettings settings = {
    .registry = {
      .clock = self->clock,
      .timeout = self->config->timeout,
      .forget_after = self->config->forget_after,
      .max_components = (guint) self->config->max_components,
    },
    .heartbeat_interval = self->config->heartbeat_interval,
  };

  if (self->config->engines)
    {
      self->together = settings.data = queen_together_new (self->config, self->clock, error);
      settings.make_sequencer = queen_together_make_sequencer;
      if (!self->together)
        return FALSE;
    }
  self->cluster = queen_cluster_new (&settings);
  queen_lister_set_kept_func (queen_cluster_get_lister (self->cluster), on_list_kept, self);
  g_signal_connect_object (queen_cluster_get_bus (self->cluster), "event::pulse",
                           G_CALLBACK (on_event_for_status), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return TRUE;
}

static void
choose_caps (QueenDaemon *self)
{
  const QueenConfig *config = self->config;
  struct rlimit limit = { 0 };

  getrlimit (RLIMIT_NOFILE, &limit);
  if (!queen_caps_choose (&self->caps, limit.rlim_cur, (guint) config->max_subscribers,
                          (guint) config->max_connections, (guint) config->max_per_peer))
    g_warning ("max-subscribers is %u and max-connections %u: the limit of open files has "
               "no room for more (see LimitNOFILE=)",
               self->caps.subscribers, self->caps.connections);
  queen_caps_make_room (&self->caps);
}

static gboolean
make_stream (QueenDaemon *self, GError **error)
{
  const QueenAudienceSettings audience = {
    .clock = self->clock,
    .caps = self->caps,
    .stall_timeout = self->config->stall_timeout,
    .tally = &self->tally,
  };
  QueenStreamSettings stream = {
    .clock = self->clock,
    .epoch = queen_local_sequencer_get_epoch (queen_cluster_get_sequencer (self->cluster)),
    .capacity = (guint) self->config->capacity,
    .flush_interval = self->config->flush_interval,
    .tally = &self->tally,
  };

  self->audience = stream.audience = queen_audience_new (&audience, error);
  if (self->audience)
    self->stream = queen_stream_new (queen_cluster_get_bus (self->cluster),
                                     queen_cluster_get_pulse (self->cluster), &stream);
  if (self->stream && self->together)
    queen_together_set_stream (self->together, self->stream);
  return self->stream != NULL;
}

static gboolean
is_on_bus (gpointer data)
{
  QueenDaemon *self = data;

  return self->dbus && queen_dbus_service_is_connected (self->dbus);
}

static void
report_engine (QueenEngineReport *report, gpointer data)
{
  queen_together_report (((QueenDaemon *) data)->together, report);
}

static void
add_routes (QueenDaemon *self)
{
  QueenRouter *router = queen_front_get_router (self->front);
  const QueenMetricsSources sources = {
    .clock = self->clock,
    .cluster = self->cluster,
    .audience = self->audience,
    .stream = self->stream,
    .jobs = self->jobs,
    .upstream = self->upstream,
    .gate = queen_front_get_gate (self->front),
    .turns = self->turns,
    .caps = self->caps,
    .budgets = self->budgets,
    .tally = &self->tally,
    .started_at = self->started_at,
    .siblings = self->siblings,
    .report_engine = self->together ? report_engine : NULL,
    .is_on_bus = self->config->bus == G_BUS_TYPE_NONE ? NULL : is_on_bus,
    .data = self,
  };

  queen_routes_add_heartbeats (router, self->cluster, self->stream);
  queen_routes_add_registries (router, self->cluster);
  queen_routes_add_jobs (router, self->cluster, self->jobs, self->siblings);
  queen_routes_add_job_lists (router, self->jobs);
  queen_routes_add_models (router, self->cluster);
  queen_routes_add_openai (router, self->jobs);
  queen_routes_add_holds (router, self->cluster);
  queen_routes_add_placements (router, self->cluster);
  queen_routes_add_operations (router, queen_front_get_access (self->front), on_shutdown_request,
                               self);
  queen_routes_add_metrics (router, &sources);
  queen_routes_add_queens (router, &sources, queen_front_get_address (self->front));
#ifdef QUEEN_HAS_PAGE
  queen_routes_add_pages (router);
#endif
}

static gboolean
is_probe (int fd, const struct sockaddr_storage *address, gpointer data)
{
  return queen_watchdog_is_own (((QueenDaemon *) data)->watchdog, fd, address);
}

static gboolean
make_front (QueenDaemon *self, GError **error)
{
  const QueenConfig *config = self->config;
  const QueenFrontSettings settings = {
    .bind = (const char *const *) config->bind,
    .advertise = config->advertise,
    .rights = { (mode_t) config->socket_mode, config->socket_owner },
    .is_bind_given = config->is_given.bind,
    .port = (guint16) config->port,
    .ui_port = config->ui_port,
    .is_ui_port_given = config->is_given.ui_port,
    .is_insecure = config->is_insecure,
    .tls_certificate = config->tls_certificate,
    .tls_key = config->tls_key,
    .direct = config->direct,
    .access = { (const char *const *) config->allowed_hosts,
                (const char *const *) config->cors_origins, config->token_file,
                config->queen_token_file, config->are_reads_protected, config->admin },
    .trusted_proxies = (const char *const *) config->trusted_proxies,
    .proxy_header = config->proxy_header,
    .caps = self->caps,
    .clock = self->clock,
    .budgets = self->budgets,
    .tally = &self->tally,
    .audience = self->audience,
    .stream = self->stream,
    .is_probe = is_probe,
    .data = self,
  };

  self->front = queen_front_new (&settings, error);
  return self->front != NULL;
}

static gboolean
make_jobs (QueenDaemon *self, GError **error)
{
  const QueenUpstreamSettings upstream = { (const char *const *) self->config->worker_networks,
                                           self->config->worker_token_file,
                                           self->config->worker_ca_file, self->caps.calls };
  QueenJobsSettings jobs = {
    .clock = self->clock,
    .cluster = self->cluster,
    .audience = self->audience,
    .flush_interval = self->config->flush_interval,
    .tally = &self->tally,
    .state_directory = self->config->state_directory,
    .disk_patience = DISK_PATIENCE,
  };

  self->upstream = jobs.upstream = queen_upstream_new (&upstream, error);
  if (!self->upstream)
    return FALSE;
  self->jobs = queen_jobs_new (&jobs);
  if (self->together)
    queen_together_set_jobs (self->together, self->jobs, self->cluster);
  self->call_check = queen_call_check_new (upstream.networks, self->clock);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    queen_registry_set_call_check (queen_cluster_get_registry (self->cluster,
                                                               (QueenComponentKind) kind),
                                   queen_call_check_explain, self->call_check);
  return self->jobs != NULL;
}

static gboolean
make_http (QueenDaemon *self, GError **error)
{
  choose_caps (self);
  if (!make_stream (self, error) || !make_jobs (self, error) || !make_front (self, error))
    return FALSE;
  self->siblings = queen_together_make_siblings (self->together, self->cluster, self->front,
                                                 self->upstream, self->audience);
  add_routes (self);
  return TRUE;
}

static void
on_subscribers_changed (QueenDaemon *self)
{
  queen_dbus_service_set_n_subscribers (self->dbus, queen_stream_get_n_subscribers (self->stream));
}

static void
make_dbus (QueenDaemon *self)
{
  if (self->config->bus == G_BUS_TYPE_NONE)
    return;
  self->dbus = queen_dbus_service_new (self->cluster, self->clock);
  queen_dbus_service_show_jobs (self->dbus, self->jobs);
  g_signal_connect_object (self->stream, "notify::subscribers", G_CALLBACK (on_subscribers_changed),
                           self, G_CONNECT_SWAPPED);
}

/* Where there is no bus, nobody is on it. */
static void
start_dbus (QueenDaemon *self)
{
  if (self->dbus)
    queen_dbus_service_start (self->dbus, self->config->bus, queen_front_get_urls (self->front),
                              self->started_at);
  else
    queen_holds_end_caller (queen_cluster_get_holds (self->cluster), NULL);
  queen_together_show_on (self->together, self->dbus);
}

/* From one epoch to the next */

/* When all that listens to the bus is there, and nothing has happened yet. */
static void
start_memory (QueenDaemon *self)
{
  const QueenMemorySettings settings = {
    .clock = self->clock,
    .directory = self->config->state_directory,
    .cluster = self->cluster,
    .timeout = self->config->timeout,
    .delay = MEMORY_DELAY,
    .refresh = self->config->timeout / 3, /* as often as anybody beats */
    .interval = MEMORY_INTERVAL,
  };
  QueenLocalSequencer *sequencer = queen_cluster_get_sequencer (self->cluster);
  g_autoptr (QueenState) state = NULL;

  if (!settings.directory)
    return;
  self->memory = queen_memory_new (&settings);
  state = queen_memory_load (self->memory);
  /* Numbers that others give out go on by themselves. */
  if (state && state->is_whole && !self->together)
    {
      queen_local_sequencer_continue (sequencer, state->epoch, state->next);
      queen_stream_continue (self->stream, state->epoch, state->next);
    }
  if (state)
    queen_memory_restore (self->memory, state);
  queen_memory_start (self->memory, queen_local_sequencer_get_epoch (sequencer));
}

/* When nothing can happen any longer, so that no number is given out twice. */
static void
end_memory (QueenDaemon *self)
{
  if (self->memory)
    queen_memory_end (self->memory,
                      queen_local_sequencer_get_next (queen_cluster_get_sequencer (self->cluster)));
}

/* Until now whoever has come waits in the backlog. */
static void
begin_serving (gpointer data)
{
  QueenDaemon *self = data;
  g_autofree char *urls = g_strjoinv (" ", (char **) queen_front_get_urls (self->front));
  g_autofree char *status = g_strconcat ("Ready on ", urls, NULL);

  if (self->is_stopping)
    return;
  queen_front_start (self->front);
  self->watchdog = queen_watchdog_new (queen_front_get_addresses (self->front), self->clock);
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "QUEEN_URLS", urls, "MESSAGE", "ready on %s",
                    urls);
  queen_notify_tell ("READY=1", status);
}

static void
queen_daemon_dispose (GObject *object)
{
  QueenDaemon *self = QUEEN_DAEMON (object);

  for (gsize i = 0; i < G_N_ELEMENTS (self->signal_ids); i++)
    g_clear_handle_id (&self->signal_ids[i], g_source_remove);
  g_clear_pointer (&self->reload, queen_reload_free);
  g_clear_pointer (&self->farewell_alarm, queen_alarm_free);
  if (self->is_stopping)
    {
      g_signal_handlers_disconnect_by_func (self->stream, quit_when_idle, self);
      g_signal_handlers_disconnect_by_func (self->jobs, quit_when_idle, self);
      g_signal_handlers_disconnect_by_func (queen_front_get_gate (self->front), quit_when_idle,
                                            self);
      self->is_stopping = FALSE;
    }
  /* From the outside to the inside, so that nobody is called by one who has gone. */
  if (self->dbus)
    g_signal_handlers_disconnect_by_func (self->stream, on_subscribers_changed, self);
  queen_together_show_on (self->together, NULL);
  g_clear_object (&self->dbus);
  g_clear_pointer (&self->memory, queen_memory_free);
  g_clear_pointer (&self->watchdog, queen_watchdog_free);
  g_clear_pointer (&self->front, queen_front_free);
  g_clear_pointer (&self->siblings, queen_siblings_free);
  queen_together_stop (self->together);
  g_clear_object (&self->stream);
  queen_jobs_close (self->jobs);
  g_clear_object (&self->jobs);
  g_clear_pointer (&self->upstream, queen_upstream_free);
  g_clear_pointer (&self->audience, queen_audience_free);
  g_clear_pointer (&self->turns, queen_turns_free);
  g_clear_pointer (&self->transition_log, queen_transition_log_free);
  g_clear_object (&self->cluster);
  g_clear_pointer (&self->together, queen_together_free);
  g_clear_pointer (&self->call_check, queen_call_check_free);
  g_clear_pointer (&self->heap, queen_heap_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->status, g_free);
  g_clear_pointer (&self->budgets, queen_budgets_free);

  G_OBJECT_CLASS (queen_daemon_parent_class)->dispose (object);
}

static void
queen_daemon_class_init (QueenDaemonClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = queen_daemon_dispose;
}

static void
queen_daemon_init (QueenDaemon *self)
{
  self->clock = &queen_clock_system;
  self->loop = g_main_loop_new (NULL, FALSE);
  self->started_at = self->clock->get_wall () / 1000;
  self->budgets = queen_budgets_new ();
  self->turns = queen_turns_new (g_main_context_default (), self->clock);
}

QueenDaemon *
queen_daemon_new (const QueenConfig *config)
{
  QueenDaemon *self = g_object_new (QUEEN_TYPE_DAEMON, NULL);

  self->config = config;
  return self;
}

gboolean
queen_daemon_run (QueenDaemon *self, GError **error)
{
  /* Before anything is read: what changes while she starts is read again as soon as she serves. */
  self->reload = queen_secrets_new (self->config, self->clock);
  self->signal_ids[0] = queen_signals_take (SIGHUP, on_reload, self);
  if (!make_cluster (self, error) || !make_http (self, error))
    return FALSE;
  queen_secrets_add_parts (self->reload, self->front, self->upstream,
                           queen_together_get_target (self->together));
  make_dbus (self);
  self->transition_log = queen_transition_log_new (queen_cluster_get_bus (self->cluster));

  /* From here on she ends in order, and so what she takes she leaves again. Until now these signals
   * just ended her, as she had nothing yet that could be lost. */
  self->signal_ids[1] = queen_signals_take (SIGTERM, on_signal, self);
  self->signal_ids[2] = queen_signals_take (SIGINT, on_signal, self);
  start_memory (self);
  start_dbus (self);
  queen_pulse_start (queen_cluster_get_pulse (self->cluster));
  self->heap = queen_heap_new (self->clock, HEAP_INTERVAL, HEAP_LEFT_ALONE);
  queen_together_start (self->together, self->cluster, queen_front_get_address (self->front),
                        self->started_at, begin_serving, self);
  g_main_loop_run (self->loop);
  queen_together_stop (self->together);
  end_memory (self);
  return TRUE;
}
