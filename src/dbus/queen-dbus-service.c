/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-service.h"

#include "loop/queen-alarm.h"
#include "queen-dbus-backlog.h"
#include "queen-dbus-cluster.h"
#include "queen-dbus-exporter.h"
#include "queen-dbus-guard.h"
#include "queen-dbus-holds.h"
#include "queen-dbus-job-reporter.h"
#include "queen-dbus-mailbox.h"
#include "queen-dbus-methods.h"
#include "queen-dbus-pace.h"
#include "queen-dbus-placements.h"
#include "queen-dbus-presence.h"
#include "queen-dbus-small-answers.h"
#include "queen-dbus-submissions.h"
#include "queen-dbus-types.h"

#define CONNECT_TIMEOUT (5 * G_USEC_PER_SEC)
#define MAX_EVENTS 1024                        /* that wait for the bus, before some are dropped */
#define MAX_EVENT_BYTES (8 * 1024 * 1024)      /* likewise */
#define PATIENCE (10 * 1000)                   /* ms, with a bus that reads nothing */
#define ANNOUNCE_INTERVAL (G_USEC_PER_SEC / 5) /* so much apart are two changes of a property */

/* A quarter less than a system bus's 32 MiB, over which it throws her off. */
static const QueenDBusLimits limits = {
  .message = 24 * 1024 * 1024,
  .page = 1024 * 1024,
  .part = 32 * 1024,
};

static const char *const rich_methods[] = { "ReportWorker", "ReportHive", "Place", "SubmitJob",
                                            NULL };
static const char *const descriptor_methods[] = { "SubmitJob", NULL };

static const QueenDBusFramesLimits frames_limits = {
  .body = 128 * 1024,
  .values = 256,
  .depth = 16,
  .path = QUEEN_DBUS_PATH,
  .interface = QUEEN_DBUS_INTERFACE,
  .rich_methods = rich_methods,
  .descriptor_methods = descriptor_methods,
  .descriptors = 192,
  .waiting = 4 * 1024 * 1024,
  .age = 8192,
};

/* GDBus needs up to 70 times as many bytes for the values in them. */
static const QueenDBusGuardLimits guard_limits = {
  .calls = 4096,
  .bytes = 2 * 1024 * 1024,
};

/* A system bus stops to read from who has 127 MiB that others have not read, answers included
 * (queen-dbus-receipts.c). Until she looks the next time there may be that much more, and what is
 * sent at once. */
static const QueenDBusBacklogLimits backlog_limits = {
  .look_every = 2 * 1024 * 1024,
  .most = 88 * 1024 * 1024,
  .patience = PATIENCE,
};

struct _QueenDBusService
{
  GObject parent_instance;

  const QueenClock *clock;
  QueenCluster *known; /* of which the thread has a picture of its own */
  QueenRegistry *workers;
  QueenRegistry *hives;
  QueenPlacement *placement;
  QueenJobs *jobs;                /* NULL when there are none */
  QueenDBusJobReporter *reporter; /* likewise */
  QueenDBusMailbox *mailbox;      /* from the main thread to the other */
  gulong event_id;

  GMainContext *context;
  GMainLoop *loop;
  GThread *thread;
  QueenDBusPresenceSettings presence_settings;
  char **addresses;
  char **callers;    /* with whom a hold ends that was there before the thread */
  gint is_connected; /* atomic */

  /* What follows belongs to the D-Bus thread. */
  QueenDBusPresence *presence;
  QueenDBusMethods *methods;
  QueenDBusHolds *holds;
  QueenDBusPlacements *placements;
  QueenDBusSubmissions *submissions; /* NULL without jobs */
  QueenDBusCluster *cluster;
  QueenDBusJobs *shown_jobs;
  QueenDBusFigures figures;
  QueenDBusOutbox *outbox; /* NULL while there is no bus, and so are those that follow */
  QueenDBusBacklog *backlog;
  QueenDBusReceipts *receipts;
  QueenDBusSmallAnswers *small_answers;
  QueenDBusGuard *guard;
  QueenDBusExporter *exporter;
  gboolean is_named;        /* so that those hear her who listen to her name */
  gboolean is_waiting;      /* for the bus to read what it was told last */
  QueenDBusPace pace;       /* of what it is told */
  gint64 next_announcement; /* µs, monotonic */
  QueenAlarm *alarm;
};

G_DEFINE_FINAL_TYPE (QueenDBusService, queen_dbus_service, G_TYPE_OBJECT)

static void
emit_events (QueenDBusService *self, const QueenDBusNews *news)
{
  if (news->n_dropped > 0)
    queen_dbus_exporter_emit_lagged (self->exporter, news->n_dropped);
  for (guint i = 0; i < news->events->len; i++)
    queen_dbus_exporter_emit_event (self->exporter, news->events->pdata[i]);
}

/* Returns: whether there is something to announce, and may be now; else it is known when */
static gboolean
is_announcement_due (QueenDBusService *self)
{
  if (!queen_dbus_exporter_is_behind (self->exporter) ||
      queen_dbus_exporter_is_drafting (self->exporter))
    return FALSE;
  if (self->clock->get_monotonic () >= self->next_announcement)
    return TRUE;
  queen_alarm_set (self->alarm, self->next_announcement);
  return FALSE;
}

static void
announce_changes (QueenDBusService *self)
{
  if (!queen_dbus_exporter_announce (self->exporter, queen_dbus_pace_get_portion (&self->pace)))
    self->next_announcement = self->clock->get_monotonic () + ANNOUNCE_INTERVAL;
}

static QueenDBusNews *
take_news (QueenDBusService *self, guint max_events)
{
  QueenDBusNews *news = queen_dbus_mailbox_take (self->mailbox, max_events);

  queen_dbus_cluster_take_changes (self->cluster, news->changes);
  queen_dbus_jobs_take (self->shown_jobs, news->jobs);
  self->figures.jobs = news->job_counts;
  self->figures.n_events = news->n_events;
  if (news->engine)
    {
      g_clear_pointer (&self->figures.engine, queen_dbus_engine_unref);
      self->figures.engine = g_steal_pointer (&news->engine);
    }
  self->figures.n_subscribers = news->n_subscribers;
  return news;
}

static void on_outbox_read (gpointer data);

/* The bus has read all that was sent before. */
static void
on_turn_of_news (gpointer data)
{
  QueenDBusService *self = data;

  queen_dbus_pace_begin (&self->pace, self->clock->get_monotonic ());
}

/* Returns: whether anything more can be said only later; what happens until then is not worth a
 * wake-up each. */
static gboolean
say_news (QueenDBusService *self, const QueenDBusNews *news)
{
  gboolean is_due = is_announcement_due (self);

  if (!is_due && news->events->len == 0)
    return queen_dbus_exporter_is_behind (self->exporter);
  queen_dbus_outbox_await (self->outbox, on_turn_of_news, self);
  emit_events (self, news);
  if (is_due)
    announce_changes (self);
  self->is_waiting = TRUE;
  queen_dbus_outbox_await (self->outbox, on_outbox_read, self);
  return TRUE;
}

/* Nothing more is sent until the bus has read what was sent before; meanwhile changes fall into
 * one. While all objects are listed for somebody, events are told but no changes. */
static void
speak (QueenDBusService *self)
{
  gboolean can_send = self->exporter && self->is_named && !self->is_waiting;
  g_autoptr (QueenDBusNews) news =
      take_news (self, can_send ? queen_dbus_pace_get_portion (&self->pace) : 0);

  queen_dbus_mailbox_defer (self->mailbox, !can_send || say_news (self, news));
}

/* What the bus has of hers is for those who do not read, and they have had their part: of another
 * connection's they get no more than fits beside it. */
static void
on_backlog_known (gboolean is_full, gpointer data)
{
  QueenDBusService *self = data;

  if (is_full)
    {
      queen_dbus_presence_renew (self->presence,
                                 "somebody there reads nothing of what it listens to");
      return;
    }
  self->is_waiting = FALSE;
  speak (self);
}

static void
on_outbox_read (gpointer data)
{
  QueenDBusService *self = data;

  queen_dbus_pace_end (&self->pace, self->clock->get_monotonic ());
  if (queen_dbus_backlog_look (self->backlog, on_backlog_known, self))
    return;
  self->is_waiting = FALSE;
  speak (self);
}

static gboolean
on_news (gpointer data)
{
  speak (data);
  return G_SOURCE_CONTINUE;
}

static void
on_announcement_due (gpointer data)
{
  speak (data);
}

static void
release_bus (QueenDBusService *self)
{
  g_clear_pointer (&self->exporter, queen_dbus_exporter_free);
  g_clear_pointer (&self->guard, queen_dbus_guard_free);
  g_clear_pointer (&self->small_answers, queen_dbus_small_answers_free);
  g_clear_pointer (&self->receipts, queen_dbus_receipts_free);
  g_clear_pointer (&self->backlog, queen_dbus_backlog_free);
  g_clear_pointer (&self->outbox, queen_dbus_outbox_free);
  self->is_waiting = self->is_named = FALSE;
  queen_dbus_holds_leave_bus (self->holds);
  if (self->submissions)
    queen_dbus_submissions_leave_bus (self->submissions);
  if (queen_dbus_presence_is_renewing (self->presence))
    queen_dbus_methods_leave_subscribers (self->methods);
  else
    queen_dbus_methods_drop_subscribers (self->methods);
}

static void
on_stuck (gpointer data)
{
  QueenDBusService *self = data;

  queen_dbus_presence_renew (self->presence, "it reads nothing any more");
}

static void
enter_bus (QueenDBusService *self, GDBusConnection *connection)
{
  QueenDBusExporterSettings settings = {
    .cluster = self->cluster,
    .figures = &self->figures,
    .jobs = self->shown_jobs,
    .queen = queen_dbus_methods_get_skeleton (self->methods),
    .limits = &limits,
    .clock = self->clock,
    .on_drafted = on_announcement_due,
    .data = self,
  };
  g_autoptr (GError) error = NULL;

  self->outbox = queen_dbus_outbox_new (connection, PATIENCE, on_stuck, self);
  self->backlog = queen_dbus_backlog_new (connection, &backlog_limits);
  self->receipts = queen_dbus_receipts_new (self->clock);
  settings.receipts = self->receipts;
  /* First, so that the guard does not count what is not let in. */
  self->small_answers = queen_dbus_small_answers_new (connection, self->receipts);
  self->guard = queen_dbus_guard_new (connection, self->outbox, &guard_limits);
  self->exporter = queen_dbus_exporter_new (connection, self->outbox, &settings, &error);
  if (!self->exporter)
    g_warning ("nothing can be shown on the bus: %s", error->message);
  queen_dbus_methods_come_back_to_subscribers (self->methods, connection);
  queen_dbus_holds_enter_bus (self->holds, connection);
  if (self->submissions)
    queen_dbus_submissions_enter_bus (self->submissions, connection);
}

static void
on_presence_changed (GDBusConnection *connection, gpointer data)
{
  QueenDBusService *self = data;

  g_atomic_int_set (&self->is_connected, connection != NULL);
  if (connection)
    enter_bus (self, connection);
  else
    release_bus (self);
  speak (self);
}

static void
on_named (gboolean is_named, gpointer data)
{
  QueenDBusService *self = data;

  self->is_named = is_named;
  speak (self);
}

static gpointer
run_thread (gpointer data)
{
  QueenDBusService *self = data;
  g_autoptr (GSource) news = queen_dbus_mailbox_create_source (self->mailbox);

  g_main_context_push_thread_default (self->context);
  self->cluster = queen_dbus_cluster_new ();
  self->shown_jobs = queen_dbus_jobs_new ();
  self->methods = queen_dbus_methods_new (self->workers, self->hives, self->placement, self->jobs,
                                          self->mailbox, self->clock);
  self->holds = queen_dbus_holds_new (self->known, queen_dbus_methods_get_skeleton (self->methods),
                                      (const char *const *) self->callers, self->clock);
  self->placements =
      queen_dbus_placements_new (self->placement, queen_dbus_methods_get_skeleton (self->methods),
                                 self->clock);
  if (self->jobs)
    self->submissions =
        queen_dbus_submissions_new (self->jobs, self->known,
                                    queen_dbus_methods_get_skeleton (self->methods), self->clock);
  self->alarm =
      queen_alarm_new (self->clock, "announcement", G_PRIORITY_DEFAULT, on_announcement_due, self);
  /* Before all else in a turn of the loop: who asks, sees what had happened before. */
  g_source_set_priority (news, G_PRIORITY_HIGH);
  g_source_set_callback (news, on_news, self, NULL);
  g_source_attach (news, self->context);
  self->presence = queen_dbus_presence_new (&self->presence_settings, on_presence_changed, self);

  g_main_loop_run (self->loop);

  queen_dbus_presence_leave (self->presence);
  g_source_destroy (news);
  g_clear_pointer (&self->alarm, queen_alarm_free);
  g_clear_pointer (&self->holds, queen_dbus_holds_free);
  g_clear_pointer (&self->placements, queen_dbus_placements_free);
  g_clear_pointer (&self->submissions, queen_dbus_submissions_free);
  g_clear_pointer (&self->methods, queen_dbus_methods_free);
  g_clear_pointer (&self->presence, queen_dbus_presence_free);
  g_clear_pointer (&self->shown_jobs, queen_dbus_jobs_free);
  g_clear_pointer (&self->cluster, queen_dbus_cluster_free);
  g_main_context_pop_thread_default (self->context);
  return NULL;
}

static void
on_event_for_bus (QueenDBusService *self, QueenEvent *event)
{
  queen_dbus_mailbox_put (self->mailbox, event);
}

static gboolean
on_stop (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

static void
queen_dbus_service_dispose (GObject *object)
{
  QueenDBusService *self = QUEEN_DBUS_SERVICE (object);

  if (self->thread)
    {
      g_main_context_invoke_full (self->context, G_PRIORITY_HIGH, on_stop, self->loop, NULL);
      g_thread_join (g_steal_pointer (&self->thread));
    }
  if (self->known)
    g_clear_signal_handler (&self->event_id, queen_cluster_get_bus (self->known));
  g_clear_object (&self->known);
  g_clear_object (&self->workers);
  g_clear_object (&self->hives);
  g_clear_object (&self->placement);
  g_clear_pointer (&self->reporter, queen_dbus_job_reporter_free);
  g_clear_object (&self->jobs);

  G_OBJECT_CLASS (queen_dbus_service_parent_class)->dispose (object);
}

static void
queen_dbus_service_finalize (GObject *object)
{
  QueenDBusService *self = QUEEN_DBUS_SERVICE (object);

  queen_dbus_mailbox_free (self->mailbox);
  g_clear_pointer (&self->figures.engine, queen_dbus_engine_unref);
  g_main_loop_unref (self->loop);
  g_main_context_unref (self->context);
  g_strfreev (self->addresses);
  g_strfreev (self->callers);

  G_OBJECT_CLASS (queen_dbus_service_parent_class)->finalize (object);
}

static void
queen_dbus_service_class_init (QueenDBusServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = queen_dbus_service_dispose;
  object_class->finalize = queen_dbus_service_finalize;
}

static void
queen_dbus_service_init (QueenDBusService *self)
{
  self->context = g_main_context_new ();
  self->loop = g_main_loop_new (self->context, FALSE);
  queen_dbus_pace_init (&self->pace);
  self->mailbox = queen_dbus_mailbox_new (self->context, MAX_EVENTS, MAX_EVENT_BYTES);
}

QueenDBusService *
queen_dbus_service_new (QueenCluster *cluster, const QueenClock *clock)
{
  QueenDBusService *self = g_object_new (QUEEN_TYPE_DBUS_SERVICE, NULL);

  queen_dbus_types_meet ();
  self->clock = clock;
  self->known = g_object_ref (cluster);
  self->workers = g_object_ref (queen_cluster_get_registry (cluster, QUEEN_COMPONENT_WORKER));
  self->hives = g_object_ref (queen_cluster_get_registry (cluster, QUEEN_COMPONENT_HIVE));
  self->placement = g_object_ref (queen_cluster_get_placement (cluster));
  self->event_id = g_signal_connect_data (queen_cluster_get_bus (cluster), "event",
                                          G_CALLBACK (on_event_for_bus), self, NULL,
                                          G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  return self;
}

void
queen_dbus_service_show_jobs (QueenDBusService *self, QueenJobs *jobs)
{
  g_return_if_fail (!self->thread);

  self->jobs = g_object_ref (jobs);
  self->reporter = queen_dbus_job_reporter_new (jobs, self->mailbox);
}

gboolean
queen_dbus_service_is_connected (QueenDBusService *self)
{
  return g_atomic_int_get (&self->is_connected);
}

static GBusType
choose_bus (GBusType bus_type)
{
  g_autofree char *session = NULL;

  if (bus_type != G_BUS_TYPE_STARTER)
    return bus_type;
  session = queen_dbus_presence_dup_session_address ();
  return session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
}

void
queen_dbus_service_start (QueenDBusService *self,
                          GBusType bus_type,
                          const char *const *addresses,
                          gint64 started_at)
{
  g_return_if_fail (!self->thread);

  self->presence_settings.clock = self->clock;
  self->presence_settings.bus_type = choose_bus (bus_type);
  self->presence_settings.connect_timeout = CONNECT_TIMEOUT;
  self->presence_settings.frames = &frames_limits;
  self->presence_settings.on_named = on_named;
  self->addresses = g_strdupv ((char **) addresses);
  self->callers = queen_holds_list_callers (queen_cluster_get_holds (self->known));
  self->figures.addresses = (const char *const *) self->addresses;
  self->figures.started_at = started_at;
  self->thread = g_thread_new ("dbus", run_thread, self);
}

void
queen_dbus_service_set_n_subscribers (QueenDBusService *self, guint n_subscribers)
{
  queen_dbus_mailbox_set_n_subscribers (self->mailbox, n_subscribers);
}

void
queen_dbus_service_set_engine (QueenDBusService *self, const QueenEngineReport *report)
{
  g_autoptr (QueenDBusEngine) engine =
      queen_dbus_engine_new (report, self->figures.addresses[0], self->figures.started_at);

  queen_dbus_mailbox_put_engine (self->mailbox, engine);
}
