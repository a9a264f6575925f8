/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-watchman.h"

#include <glib/gi18n.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "machine/queen-machine.h"
#include "process/queen-notify.h"
#include "queen-error.h"
#include "queen-orphans.h"
#include "queen-process-end.h"
#include "queen-signals.h"
#include "queen-supervisor.h"
#include "queen-worker-folder.h"
#include "text/queen-hash.h"
#include "text/queen-legible.h"
#include "text/queen-span.h"

#define TELL_MSEC 2000 /* that the queen has to hear of the end */
#define MAX_ID 128     /* bytes */
#define LOADING_SEC 5  /* how often the service manager is told that it takes longer */
#define EXTENSION "EXTEND_TIMEOUT_USEC=30000000"

typedef struct
{
  const QueenWatchmanSettings *settings;
  GMainLoop *loop;
  QueenAgent *agent;
  char *hostname;
  int exit_status;

  QueenSignals *signals;
  QueenOrphans *orphans;        /* NULL unless we are the first process */
  QueenSupervisor *supervisor;  /* NULL unless there is a program */
  QueenWorkerFolder *folder;    /* NULL unless there is a directory */
  QueenProspects *prospects;    /* NULL unless servers are looked for */
  QueenProspects *of_process;   /* NULL unless the address of a process is looked for */
  GHashTable *scanned;          /* ids of wards that were found so */
  QueenWard *ward;              /* of the address, the process or the program; NULL for none */
  QueenProcessEnd *process_end; /* NULL unless there is a process */
  gboolean is_ending;
  gboolean is_ready; /* the service manager knows */
  GArray *sources;
} Watchman;

/* Ids */

static char *
make_id (Watchman *self, const char *what)
{
  g_autofree char *id = g_strdup_printf ("%s-%s", self->hostname, what);

  return queen_legible_dup (id, MAX_ID);
}

/* Returns: (transfer full): what tells the one worker from others of this machine */
static char *
make_own_id (Watchman *self)
{
  const QueenWatchmanSettings *settings = self->settings;
  g_autoptr (GUri) uri =
      settings->worker.url ? g_uri_parse (settings->worker.url, G_URI_FLAGS_NONE, NULL) : NULL;
  g_autofree char *what = NULL;

  if (uri && g_uri_get_port (uri) > 0)
    what = g_strdup_printf ("%d", g_uri_get_port (uri));
  else if (settings->command)
    what = g_path_get_basename (settings->command[0]);
  else
    what = g_strdup (uri ? g_uri_get_host (uri) : settings->pid);
  return make_id (self, what);
}

/* The end */

static void
on_end_told (gpointer data)
{
  g_main_loop_quit (((Watchman *) data)->loop);
}

static void
end_watch (Watchman *self)
{
  if (self->is_ending)
    {
      g_main_loop_quit (self->loop);
      return;
    }
  self->is_ending = TRUE;
  queen_notify_tell ("STOPPING=1", NULL);
  queen_agent_finish (self->agent, TELL_MSEC, on_end_told, self);
}

static void
on_program_ended (int exit_status, gpointer data)
{
  Watchman *self = data;

  self->exit_status = exit_status;
  g_main_loop_quit (self->loop);
}

/* Signals */

static void
take_end_signal (Watchman *self, int signal_number)
{
  if (!self->supervisor)
    {
      end_watch (self);
      return;
    }
  queen_notify_tell ("STOPPING=1", NULL);
  queen_supervisor_end (self->supervisor, signal_number);
}

static void
on_signal_taken (int signal_number, gpointer data)
{
  Watchman *self = data;

  if (signal_number == SIGCHLD)
    {
      if (self->orphans)
        queen_orphans_look (self->orphans);
      return;
    }
  if (signal_number == SIGTERM || signal_number == SIGINT)
    {
      take_end_signal (self, signal_number);
      return;
    }
  if (signal_number == SIGHUP && self->folder)
    queen_worker_folder_load (self->folder, NULL);
  if (self->supervisor)
    queen_supervisor_signal (self->supervisor, signal_number);
}

static void
add_source (Watchman *self, guint source)
{
  if (source != 0)
    g_array_append_val (self->sources, source);
}

/* The service manager */

/* A program is ready when its server is: whatever waits for the unit waits for the model. */
static void
tell_ready (Watchman *self)
{
  if (self->is_ready || (self->supervisor && !queen_ward_has_been_ready (self->ward)))
    return;
  self->is_ready = TRUE;
  queen_notify_tell ("READY=1", NULL);
}

static gboolean
on_still_loading (gpointer data)
{
  Watchman *self = data;

  if (!self->is_ready && !self->is_ending)
    queen_notify_tell (EXTENSION, _ ("loading"));
  return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog (gpointer data)
{
  queen_notify_feed_watchdog ();
  return G_SOURCE_CONTINUE;
}

static void
serve_manager (Watchman *self)
{
  const char *usec = g_getenv ("WATCHDOG_USEC");
  const char *pid = g_getenv ("WATCHDOG_PID");
  guint64 interval = usec ? g_ascii_strtoull (usec, NULL, 10) / 2000 : 0;

  if (interval > 0 && interval < G_MAXUINT &&
      (!pid || g_ascii_strtoll (pid, NULL, 10) == (gint64) getpid ()))
    add_source (self, g_timeout_add ((guint) interval, on_watchdog, self));
  add_source (self, g_timeout_add_seconds (LOADING_SEC, on_still_loading, self));
}

/* Servers that are found */

static void
on_ward_looked (QueenWard *ward, gpointer data)
{
  Watchman *self = data;
  const char *id = queen_ward_get_id (ward);
  g_autofree char *reason = NULL;

  if (ward == self->ward)
    tell_ready (self);
  if (!g_hash_table_contains (self->scanned, id) ||
      !g_str_equal (queen_ward_get_status (ward), "offline"))
    return;
  reason = g_strdup (queen_ward_get_reason (ward));
  queen_prospects_forget (self->prospects, queen_ward_get_local_port (ward));
  g_hash_table_remove (self->scanned, id);
  queen_agent_dismiss (self->agent, ward, reason);
}

static gboolean
is_watched_already (Watchman *self, guint16 port)
{
  return (self->ward && queen_ward_get_local_port (self->ward) == port) ||
         (self->folder && queen_worker_folder_has_port (self->folder, port));
}

static void
on_server_found (const char *url, const QueenAdapter *adapter, guint16 port, gpointer data)
{
  Watchman *self = data;
  g_autofree char *what = g_strdup_printf ("%s-%u", adapter->name, port);
  g_autofree char *id = make_id (self, what);
  const QueenWardSettings settings = { .id = id, .url = url };

  if (is_watched_already (self, port) || !queen_agent_add (self->agent, &settings, NULL))
    return;
  g_hash_table_add (self->scanned, g_steal_pointer (&id));
}

/* A process */

static void
on_process_ended (gpointer data)
{
  Watchman *self = data;

  queen_ward_set_phase (self->ward, QUEEN_WARD_STOPPED, -1, "its process has ended");
  end_watch (self);
}

static void
on_process_address (const char *url, const QueenAdapter *adapter, guint16 port, gpointer data)
{
  Watchman *self = data;

  if (!queen_ward_get_url (self->ward))
    queen_ward_set_url (self->ward, url);
}

static gboolean
watch_process (Watchman *self, GError **error)
{
  gint64 number = g_ascii_strtoll (self->settings->pid, NULL, 10);
  pid_t pid = (pid_t) CLAMP (number, 0, G_MAXINT);

  self->process_end = queen_process_end_new (pid, on_process_ended, self, NULL);
  if (!self->process_end)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_USAGE, _ ("--pid: there is no process “%s”"),
                   self->settings->pid);
      return FALSE;
    }
  queen_ward_set_pid (self->ward, pid);
  queen_ward_set_phase (self->ward, QUEEN_WARD_RUNNING, -1, NULL);
  if (!self->settings->worker.url)
    self->of_process = queen_prospects_new (queen_agent_get_fetcher (self->agent),
                                            QUEEN_SCOPE_PROCESS, pid, on_process_address, self);
  return TRUE;
}

static void
pass_text (const char *text, gpointer data)
{
  const QueenAgentSettings *settings = &((Watchman *) data)->settings->agent;

  settings->say (text, settings->data);
}

/* The begin */

static gboolean
watch_one (Watchman *self, GError **error)
{
  const QueenWatchmanSettings *settings = self->settings;
  g_autofree char *id = NULL;
  QueenWardSettings worker = settings->worker;

  if (!worker.url && !settings->pid && !settings->command)
    return TRUE;
  id = worker.id ? g_strdup (worker.id) : make_own_id (self);
  worker.id = id;
  if (settings->command)
    {
      self->supervisor =
          queen_supervisor_new (self->agent, &worker, settings->command, settings->drain,
                                on_program_ended, self, &self->exit_status, error);
      self->ward = self->supervisor ? queen_supervisor_get_ward (self->supervisor) : NULL;
      return self->supervisor != NULL;
    }
  self->ward = queen_agent_add (self->agent, &worker, error);
  return self->ward && (!settings->pid || watch_process (self, error));
}

static gboolean
begin_watch (Watchman *self, GError **error)
{
  const QueenWatchmanSettings *settings = self->settings;

  if (settings->directory)
    {
      self->folder = queen_worker_folder_new (self->agent, settings->directory, settings->agent.say,
                                              settings->agent.data);
      if (!queen_worker_folder_load (self->folder, error))
        return FALSE;
    }
  if (!watch_one (self, error))
    return FALSE;
  if (settings->is_scanning)
    self->prospects = queen_prospects_new (queen_agent_get_fetcher (self->agent), settings->scope,
                                           0, on_server_found, self);
  serve_manager (self);
  self->orphans = queen_orphans_new ();
  tell_ready (self);
  return TRUE;
}

static void
end_all (Watchman *self)
{
  for (guint i = 0; i < self->sources->len; i++)
    {
      GSource *source =
          g_main_context_find_source_by_id (NULL, g_array_index (self->sources, guint, i));

      if (source)
        g_source_destroy (source);
    }
  g_clear_pointer (&self->prospects, queen_prospects_free);
  g_clear_pointer (&self->of_process, queen_prospects_free);
  g_clear_pointer (&self->supervisor, queen_supervisor_free);
  g_clear_pointer (&self->folder, queen_worker_folder_free);
  g_clear_pointer (&self->agent, queen_agent_free);
  g_clear_pointer (&self->orphans, queen_orphans_free);
  g_clear_pointer (&self->signals, queen_signals_free);
  g_hash_table_unref (self->scanned);
  g_array_unref (self->sources);
  g_main_loop_unref (self->loop);
  g_clear_pointer (&self->process_end, queen_process_end_free);
  g_free (self->hostname);
}

int
queen_watchman_run (const QueenWatchmanSettings *settings, GError **error)
{
  Watchman self = { .settings = settings };
  QueenAgentSettings agent = settings->agent;

  agent.looked = on_ward_looked;
  agent.say = pass_text;
  agent.data = &self;
  /* Before there are threads, and before there is a program that might be told something. */
  self.signals = queen_signals_new (settings->command != NULL, on_signal_taken, &self);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.sources = g_array_new (FALSE, FALSE, sizeof (guint));
  self.scanned = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self.hostname = queen_machine_dup_hostname (NULL);
  if (!self.hostname)
    self.hostname = g_strdup (g_get_host_name ());
  self.agent = queen_agent_new (&agent);
  if (begin_watch (&self, error))
    g_main_loop_run (self.loop);
  /* A driver that hangs hangs in what its library does at the end of the process, too. */
  if (queen_agent_is_at_driver (self.agent))
    _exit (self.exit_status);
  end_all (&self);
  return self.exit_status;
}
