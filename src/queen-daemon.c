/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-daemon.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "build-config.h"
#include "dbus/queen-dbus-service.h"
#include "http/queen-access.h"
#include "http/queen-answer.h"
#include "http/queen-forwarded.h"
#include "http/queen-gate.h"
#include "http/queen-routes.h"
#include "http/queen-server.h"
#include "loop/queen-turns.h"
#include "model/queen-event-bus.h"
#include "model/queen-headcount.h"
#include "model/queen-lister.h"
#include "model/queen-pool.h"
#include "model/queen-pulse.h"
#include "model/queen-registry.h"
#include "model/queen-transition-log.h"
#include "net/queen-caps.h"
#include "net/queen-listener.h"
#include "net/queen-tls.h"
#include "process/queen-heap.h"
#include "process/queen-notify.h"
#include "queen-error.h"
#include "queen-tally.h"
#include "stream/queen-stream.h"
#include "system/queen-memory.h"
#include "system/queen-watchdog.h"

#define MEMORY_DELAY (2 * G_USEC_PER_SEC)
#define MEMORY_INTERVAL (5 * G_USEC_PER_SEC)
#define HEAP_INTERVAL (10 * G_USEC_PER_SEC) /* short, so that there is little to do each time */
#define HEAP_LEFT_ALONE (32 << 20)          /* bytes: a queen with a few thousand workers */
#define FAREWELL (2 * G_USEC_PER_SEC)       /* what the last bytes get to go out */

struct _QueenDaemon
{
  GObject parent_instance;

  const QueenConfig *config;
  GMainLoop *loop;
  gint64 started_at; /* µs since 1970 */
  guint sigterm_id;
  guint sigint_id;
  guint sighup_id;

  QueenEventBus *bus;
  QueenTransitionLog *transition_log;
  QueenHeadcount *headcount;
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenPool *pool;
  QueenPulse *pulse;
  QueenLister *lister;
  QueenTurns *turns;
  QueenCaps caps;
  QueenTally tally;
  QueenBudgets *budgets;
  QueenAudience *audience;
  QueenStream *stream;
  QueenAccess *access;
  QueenProxies *proxies;
  QueenTls *tls; /* NULL when nothing is encrypted */
  QueenRouter *router;
  QueenServer *server;
  QueenGate *gate;
  QueenListener *listener;
  QueenWatchdog *watchdog; /* NULL when systemd has none for her */
  QueenDBusService *dbus;  /* NULL when no bus is wanted */
  QueenMemory *memory;     /* NULL when nothing is to be remembered */
  QueenHeap *heap;

  gboolean is_stopping;
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
  if (queen_stream_get_n_subscribers (self->stream) == 0 &&
      queen_gate_get_n_connections (self->gate) == 0)
    g_main_loop_quit (self->loop);
}

static void
stop (QueenDaemon *self)
{
  self->is_stopping = TRUE;
  queen_notify_tell ("STOPPING=1", "Saying goodbye");
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE", "stopping");

  g_clear_pointer (&self->watchdog, queen_watchdog_free);
  queen_listener_stop (self->listener);
  queen_stream_say_goodbye (self->stream);
  self->farewell_alarm = queen_alarm_new ("farewell", G_PRIORITY_DEFAULT, on_farewell_over, self);
  queen_alarm_set (self->farewell_alarm, g_get_monotonic_time () + FAREWELL);
  g_signal_connect_swapped (self->stream, "notify::subscribers", G_CALLBACK (quit_when_idle), self);
  g_signal_connect_swapped (self->gate, "notify::connections", G_CALLBACK (quit_when_idle), self);
  quit_when_idle (self);
}

/* @error is NULL when all went well. */
static void
log_reload (const char *what, const char *change, const GError *error)
{
  if (error)
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE", "the %s stay as they were: %s",
                      what, error->message);
  else
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE", "%s read again: %s", what,
                      change);
}

static gboolean
is_read_right_over (guint owner, gpointer data)
{
  return !queen_access_may_read_on (data, owner);
}

static void
reload_tokens (QueenDaemon *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *change = NULL;

  if (queen_access_reload (self->access, &change, &error))
    queen_audience_end_owned (self->audience, is_read_right_over, self->access);
  log_reload ("tokens", change, error);
}

static void
reload_tls (QueenDaemon *self)
{
  g_autoptr (GError) error = NULL;
  gboolean has_changed = FALSE;

  queen_tls_reload (self->tls, &has_changed, &error);
  log_reload ("certificate and key", has_changed ? "they are new" : "unchanged", error);
}

static gboolean
on_reload (gpointer data)
{
  QueenDaemon *self = data;

  if (queen_access_has_tokens (self->access))
    reload_tokens (self);
  if (self->tls)
    reload_tls (self);
  if (!self->tls && !queen_access_has_tokens (self->access))
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE",
                      "nothing to read again: there are neither tokens nor a certificate, and "
                      "settings are read at start only");
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

static void
on_shutdown_request (gpointer data)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, on_idle_after_shutdown, g_object_ref (data), g_object_unref);
}

/* Telling systemd */

static void
on_event (QueenDaemon *self, QueenEvent *event)
{
  g_autofree char *status = NULL;

  if (event->kind != QUEEN_EVENT_QUEEN || self->is_stopping)
    return;
  status = g_strdup_printf (
      "Workers: %u online, %u available. Hives: %u online, %u available. Subscribers: %u.",
      queen_registry_get_n_online (self->workers), queen_registry_get_n_available (self->workers),
      queen_registry_get_n_online (self->hives), queen_registry_get_n_available (self->hives),
      queen_stream_get_n_subscribers (self->stream));
  if (g_strcmp0 (status, self->status) == 0)
    return;
  queen_notify_tell (NULL, status);
  g_free (self->status);
  self->status = g_steal_pointer (&status);
}

/* Starting */

static void
on_accept (int fd, const struct sockaddr_storage *peer, guint n_before, gpointer data)
{
  QueenDaemon *self = data;

  if (queen_watchdog_is_peer (self->watchdog, fd, peer))
    queen_gate_admit_probe (self->gate, fd, peer);
  else
    queen_gate_admit (self->gate, fd, peer, n_before);
}

/* systemd's sockets are in the place of all that the settings say of addresses and ports. */
static gboolean
adopt_sockets (QueenDaemon *self, int n_sockets, GError **error)
{
  for (int i = 0; i < n_sockets; i++)
    if (!queen_listener_adopt (self->listener, SD_LISTEN_FDS_START + i, error))
      return FALSE;
  return TRUE;
}

static gboolean
open_sockets (QueenDaemon *self, GError **error)
{
  const QueenConfig *config = self->config;
  const char *const *addresses = (const char *const *) config->bind;
  gboolean is_optional = !config->is_given.bind;
  g_autoptr (GError) ui_error = NULL;

  if (!queen_listener_listen (self->listener, addresses, (guint16) config->port, is_optional,
                              error))
    return FALSE;
  if (config->ui_port < 0 ||
      queen_listener_listen (self->listener, addresses, (guint16) config->ui_port, is_optional,
                             &ui_error))
    return TRUE;
  if (config->is_given.ui_port)
    {
      g_propagate_error (error, g_steal_pointer (&ui_error));
      return FALSE;
    }
  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE",
                    "no page on its usual port: %s (see --ui-port)", ui_error->message);
  return TRUE;
}

/* Nobody is accepted yet. */
static gboolean
listen_everywhere (QueenDaemon *self, GError **error)
{
  int n_sockets = sd_listen_fds (TRUE);

  if (n_sockets < 0)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("the sockets that systemd hands over cannot be had: %s"),
                   g_strerror (-n_sockets));
      return FALSE;
    }
  self->listener = queen_listener_new (self->tls ? "https" : "http", &self->tally,
                                       queen_answer_too_many, on_accept, self);
  return n_sockets > 0 ? adopt_sockets (self, n_sockets, error) : open_sockets (self, error);
}

/* Whoever still reads a list that is kept no longer holds it in memory. */
static void
on_list_kept (GBytes *list, gboolean is_kept, gpointer data)
{
  QueenDaemon *self = data;

  queen_budgets_set_kept (self->budgets, QUEEN_BUDGET_ANSWERS, list, is_kept);
}

static void
make_model (QueenDaemon *self)
{
  const QueenRegistrySettings settings = {
    .clock = &queen_clock_system,
    .timeout = self->config->timeout,
    .forget_after = self->config->forget_after,
    .max_components = (guint) self->config->max_components,
  };

  self->bus = queen_event_bus_new ();
  self->headcount = queen_headcount_new (self->bus);
  self->workers = queen_registry_new (QUEEN_COMPONENT_WORKER, self->bus, &settings);
  self->hives = queen_registry_new (QUEEN_COMPONENT_HIVE, self->bus, &settings);
  self->pool = queen_pool_new (self->bus, self->workers);
  self->pulse = queen_pulse_new (self->bus, self->workers, self->hives, &queen_clock_system,
                                 self->config->heartbeat_interval);
  self->lister = queen_lister_new (&queen_clock_system);
  queen_lister_set_kept_func (self->lister, on_list_kept, self);
  g_signal_connect_object (self->bus, "event", G_CALLBACK (on_event), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
}

/* Returns: (transfer full): one that other machines can reach; NULL when there is none */
static char *
dup_exposed_address (QueenDaemon *self)
{
  GPtrArray *addresses = queen_listener_get_addresses (self->listener);

  for (guint i = 0; i < addresses->len; i++)
    {
      GInetAddress *address = g_inet_socket_address_get_address (addresses->pdata[i]);

      if (!g_inet_address_get_is_loopback (address))
        return g_inet_address_to_string (address);
    }
  return NULL;
}

/* What other machines can reach is closed until somebody says that it is to be open. */
static gboolean
check_exposure (QueenDaemon *self, GError **error)
{
  g_autofree char *exposed = dup_exposed_address (self);

  if (!exposed || self->config->is_insecure)
    return TRUE;
  if (!queen_access_has_tokens (self->access))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("other machines can reach %s, and could all send heartbeats: give "
                      "--token-file, or --insecure if that is what you want"),
                   exposed);
      return FALSE;
    }
  if (!self->tls)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("other machines can reach %s, and tokens could be read on the way: give "
                      "--tls-certificate and --tls-key, or --insecure if that is what you want"),
                   exposed);
      return FALSE;
    }
  return TRUE;
}

/* By the addresses that she listens at she may be called, too. */
static char **
list_hosts (QueenDaemon *self)
{
  g_autoptr (GStrvBuilder) hosts = g_strv_builder_new ();
  GPtrArray *addresses = queen_listener_get_addresses (self->listener);

  if (self->config->allowed_hosts)
    g_strv_builder_addv (hosts, (const char **) self->config->allowed_hosts);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autofree char *text =
          g_inet_address_to_string (g_inet_socket_address_get_address (addresses->pdata[i]));

      g_strv_builder_add (hosts, text);
    }
  return g_strv_builder_end (hosts);
}

static gboolean
make_access (QueenDaemon *self, GError **error)
{
  g_auto (GStrv) hosts = list_hosts (self);
  const QueenAccessSettings settings = {
    .hosts = (const char *const *) hosts,
    .origins = (const char *const *) self->config->cors_origins,
    .token_file = self->config->token_file,
    .are_reads_protected = self->config->are_reads_protected,
    .admin = self->config->admin,
  };

  self->access = queen_access_new (&settings, error);
  return self->access != NULL;
}

static gboolean
make_tls (QueenDaemon *self, GError **error)
{
  const char *certificate = self->config->tls_certificate;
  const char *key = self->config->tls_key;

  if (!certificate && !key)
    return TRUE;
  if (!certificate || !key)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                           _ ("--tls-certificate and --tls-key go together"));
      return FALSE;
    }
  self->tls = queen_tls_new (certificate, key, &queen_clock_system, error);
  return self->tls != NULL;
}

/* The kernel doubles the table of descriptors whenever it is full; and in a process with threads it
 * waits each time, for 10 to 30 ms, until no processor looks at the old one. When a crowd comes at
 * once, that is long enough for the backlog to overflow; so the table gets its size now. */
static void
grow_descriptor_table (const QueenCaps *caps)
{
  int fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  int last_fd = fcntl (fd, F_DUPFD_CLOEXEC, (int) (caps->subscribers + caps->connections));

  if (last_fd >= 0)
    close (last_fd);
  if (fd >= 0)
    close (fd);
}

static void
choose_caps (QueenDaemon *self)
{
  const QueenConfig *config = self->config;
  struct rlimit limit = { 0 };

  getrlimit (RLIMIT_NOFILE, &limit);
  if (!queen_caps_choose (&self->caps, limit.rlim_cur, (guint) config->max_subscribers,
                          (guint) config->max_connections, (guint) config->max_per_peer))
    g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE",
                      "max-subscribers is %u and max-connections %u: the limit of open files has "
                      "no room for more (see LimitNOFILE=)",
                      self->caps.subscribers, self->caps.connections);
  grow_descriptor_table (&self->caps);
}

static gboolean
make_stream (QueenDaemon *self, GError **error)
{
  const QueenAudienceSettings audience = {
    .clock = &queen_clock_system,
    .caps = self->caps,
    .stall_timeout = self->config->stall_timeout,
    .tally = &self->tally,
  };
  QueenStreamSettings stream = {
    .clock = &queen_clock_system,
    .capacity = (guint) self->config->capacity,
    .flush_interval = self->config->flush_interval,
    .tally = &self->tally,
  };

  self->audience = stream.audience = queen_audience_new (&audience, error);
  if (self->audience)
    self->stream = queen_stream_new (self->bus, self->pulse, &stream);
  return self->stream != NULL;
}

static gboolean
is_on_bus (gpointer data)
{
  QueenDaemon *self = data;

  return self->dbus && queen_dbus_service_is_connected (self->dbus);
}

static void
add_routes (QueenDaemon *self)
{
  const QueenMetricsSources sources = {
    .workers = self->workers,
    .hives = self->hives,
    .stream = self->stream,
    .gate = self->gate,
    .lister = self->lister,
    .turns = self->turns,
    .caps = self->caps,
    .budgets = self->budgets,
    .tally = &self->tally,
    .headcount = self->headcount,
    .started_at = self->started_at,
    .is_on_bus = self->config->bus == G_BUS_TYPE_NONE ? NULL : is_on_bus,
    .data = self,
  };

  queen_routes_add_heartbeats (self->router, self->workers, self->hives, self->stream);
  queen_routes_add_registries (self->router, self->workers, self->hives, self->lister);
  queen_routes_add_operations (self->router, self->access, on_shutdown_request, self);
  queen_routes_add_metrics (self->router, &sources);
#ifdef QUEEN_HAS_PAGE
  queen_routes_add_pages (self->router);
#endif
}

static gboolean
make_proxies (QueenDaemon *self, GError **error)
{
  self->proxies = queen_proxies_new ((const char *const *) self->config->trusted_proxies,
                                     self->config->proxy_header, error);
  return self->proxies != NULL;
}

static gboolean
make_gate (QueenDaemon *self, GError **error)
{
  const QueenGateSettings settings = {
    .rules = { self->access, queen_router_get_max_body, self->router },
    .tls = self->tls,
    .proxies = self->proxies,
    .caps = self->caps,
    .clock = &queen_clock_system,
    .budgets = self->budgets,
    .tally = &self->tally,
    .on_request = queen_server_answer,
    .data = self->server,
  };

  self->gate = queen_gate_new (&settings, error);
  return self->gate != NULL;
}

static gboolean
make_http (QueenDaemon *self, GError **error)
{
  choose_caps (self);
  if (!make_stream (self, error))
    return FALSE;
  if (!make_tls (self, error) || !listen_everywhere (self, error) || !make_access (self, error) ||
      !check_exposure (self, error))
    return FALSE;
  self->router = queen_router_new (self->access, &self->tally);
  self->server = queen_server_new (self->router, &self->tally);
  if (!make_proxies (self, error) || !make_gate (self, error))
    return FALSE;
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
  self->dbus = queen_dbus_service_new (self->bus, self->workers, self->hives, self->pool);
  g_signal_connect_object (self->stream, "notify::subscribers", G_CALLBACK (on_subscribers_changed),
                           self, G_CONNECT_SWAPPED);
}

static void
start_dbus (QueenDaemon *self)
{
  if (self->dbus)
    queen_dbus_service_start (self->dbus, self->config->bus,
                              queen_listener_get_urls (self->listener), self->started_at);
}

/* From one life to the next */

/* When all that listens to the bus is there, and nothing has happened yet. */
static void
start_memory (QueenDaemon *self)
{
  const QueenMemorySettings settings = {
    .directory = self->config->state_directory,
    .bus = self->bus,
    .workers = self->workers,
    .hives = self->hives,
    .timeout = self->config->timeout,
    .delay = MEMORY_DELAY,
    .refresh = self->config->timeout / 3, /* as often as anybody beats */
    .interval = MEMORY_INTERVAL,
  };
  g_autoptr (QueenState) state = NULL;

  if (!settings.directory)
    return;
  self->memory = queen_memory_new (&settings);
  state = queen_memory_take (self->memory);
  if (state && state->is_whole)
    queen_stream_continue (self->stream, state->life, state->next);
  if (state)
    queen_memory_restore (self->memory, state);
  queen_memory_start (self->memory, queen_stream_get_epoch (self->stream));
}

/* When nothing can happen any longer, so that no number is given out twice. */
static void
end_memory (QueenDaemon *self)
{
  if (self->memory)
    queen_memory_end (self->memory, queen_stream_get_next (self->stream));
}

static void
announce (QueenDaemon *self)
{
  g_autofree char *urls = g_strjoinv (" ", (char **) queen_listener_get_urls (self->listener));
  g_autofree char *status = g_strconcat ("Ready on ", urls, NULL);

  g_log_structured (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "QUEEN_URLS", urls, "MESSAGE", "ready on %s",
                    urls);
  queen_notify_tell ("READY=1", status);
}

static void
queen_daemon_dispose (GObject *object)
{
  QueenDaemon *self = QUEEN_DAEMON (object);

  g_clear_handle_id (&self->sigterm_id, g_source_remove);
  g_clear_handle_id (&self->sigint_id, g_source_remove);
  g_clear_handle_id (&self->sighup_id, g_source_remove);
  g_clear_pointer (&self->farewell_alarm, queen_alarm_free);
  if (self->is_stopping)
    {
      g_signal_handlers_disconnect_by_func (self->stream, quit_when_idle, self);
      g_signal_handlers_disconnect_by_func (self->gate, quit_when_idle, self);
      self->is_stopping = FALSE;
    }
  /* From the outside to the inside, so that nobody is called by one who has gone. */
  if (self->dbus)
    g_signal_handlers_disconnect_by_func (self->stream, on_subscribers_changed, self);
  g_clear_object (&self->dbus);
  g_clear_pointer (&self->memory, queen_memory_free);
  g_clear_pointer (&self->watchdog, queen_watchdog_free);
  g_clear_object (&self->listener);
  g_clear_object (&self->gate);
  g_clear_object (&self->server);
  g_clear_object (&self->router);
  g_clear_object (&self->access);
  g_clear_object (&self->tls);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->audience, queen_audience_free);
  g_clear_pointer (&self->turns, queen_turns_free);
  g_clear_pointer (&self->lister, queen_lister_free);
  g_clear_object (&self->pulse);
  g_clear_object (&self->pool);
  g_clear_pointer (&self->transition_log, queen_transition_log_free);
  g_clear_pointer (&self->headcount, queen_headcount_free);
  g_clear_object (&self->workers);
  g_clear_object (&self->hives);
  g_clear_object (&self->bus);
  g_clear_pointer (&self->heap, queen_heap_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_pointer (&self->status, g_free);
  g_clear_pointer (&self->budgets, queen_budgets_free);
  g_clear_pointer (&self->proxies, queen_proxies_free);

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
  self->loop = g_main_loop_new (NULL, FALSE);
  self->started_at = g_get_real_time ();
  self->budgets = queen_budgets_new ();
  self->turns = queen_turns_new (g_main_context_default (), &queen_clock_system);
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
  self->sighup_id = g_unix_signal_add (SIGHUP, on_reload, self);
  make_model (self);
  if (!make_http (self, error))
    return FALSE;
  make_dbus (self);
  self->transition_log = queen_transition_log_new (self->bus);

  /* From here on she ends in order, and so what she takes she leaves again. Until now these signals
   * just ended her, as she had nothing yet that could be lost. */
  self->sigterm_id = g_unix_signal_add (SIGTERM, on_signal, self);
  self->sigint_id = g_unix_signal_add (SIGINT, on_signal, self);
  start_memory (self);
  start_dbus (self);
  queen_pulse_start (self->pulse);
  queen_listener_start (self->listener);
  self->watchdog = queen_watchdog_new (queen_listener_get_addresses (self->listener));
  self->heap = queen_heap_new (HEAP_INTERVAL, HEAP_LEFT_ALONE);
  announce (self);
  g_main_loop_run (self->loop);
  end_memory (self);
  return TRUE;
}
