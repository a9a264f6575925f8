/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-methods.h"

#include <string.h>

#include "loop/queen-fair-queue.h"
#include "model/queen-heartbeat.h"
#include "queen-dbus-calls.h"
#include "queen-dbus-cluster.h"
#include "queen-dbus-component.h"
#include "queen-dbus-job-view.h"
#include "queen-dbus-subscribers.h"
#include "queen-error.h"

/* A system bus lets anybody search. The main thread is given so many at once, and as many may wait
 * for that: users take turns, and who has most makes room. As it does all that it has been given in
 * one turn, nobody waits for long. */
#define MAX_SEARCHING 64

/* Calls that have come, with those of whom the bus is asked whose they are: it says so at once, and
 * so there is always room for others. */
#define MAX_SEARCHES 1024

#define TOO_MANY "too many calls at once; try again"

/* Less than what callers wait usually, so that they hear. */
#define PATIENCE (20 * G_USEC_PER_SEC)

struct _QueenDBusMethods
{
  GMainContext *context; /* the D-Bus thread's */
  QueenRegistry *registries[QUEEN_COMPONENT_N_KINDS];
  QueenPlacement *placement;
  QueenJobs *jobs; /* NULL when there are none */

  QueenDBusQueen *skeleton;
  QueenDBusSubscribers *subscribers;
  QueenDBusCalls *reports; /* and what else only those may call who may report */
  QueenDBusCalls *searches;
  QueenFairQueue *waiting; /* of Call: searches that the main thread is not given yet */
  guint n_searching;       /* those that it has */
};

/* One call on its way to the main thread and back. */
typedef struct _Call Call;

struct _Call
{
  QueenDBusCall *call; /* for the D-Bus thread only; NULL when there is nobody to be answered */
  QueenDBusMethods *methods; /* likewise; of a search that waits or is counted, NULL for others */
  QueenFairPlace place;      /* among those that wait */
  gboolean is_sent;          /* to the main thread */
  GMainContext *context;
  void (*run) (Call *call); /* in the main thread */
  QueenRegistry *registry;
  QueenPlacement *placement;
  QueenJobs *jobs;
  QueenComponent *component; /* what was reported, or has been found */
  char *text;
  char *by; /* who asks */
  GError *error;
};

static void
free_call (Call *call)
{
  g_main_context_unref (call->context);
  g_clear_object (&call->registry);
  g_clear_object (&call->placement);
  g_clear_object (&call->jobs);
  g_clear_pointer (&call->component, queen_component_unref);
  g_free (call->text);
  g_free (call->by);
  g_clear_error (&call->error);
  g_free (call);
}

static void
return_error (GDBusMethodInvocation *invocation, const GError *error)
{
  g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (error),
                                              error->message);
}

/* Refuses a call before it has got anywhere. */
static gboolean
refuse_call (GDBusMethodInvocation *invocation, QueenError code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, code, message);

  g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (error), message);
  return TRUE;
}

static void end_search (Call *call);

/* She leaves the bus, or it has taken too long. */
static void
on_caller_gone (gpointer data)
{
  Call *call = data;

  call->call = NULL;
  if (call->is_sent)
    {
      end_search (call); /* it may come back when there is nobody any more who counts */
      return;
    }
  queen_fair_queue_leave (&call->place);
  free_call (call);
}

/* Back in the D-Bus thread, as a message may have to wait until another one has been written. */
static gboolean
on_call_done (gpointer data)
{
  Call *call = data;
  GDBusMethodInvocation *invocation;

  end_search (call);
  if (!call->call)
    return G_SOURCE_REMOVE;
  invocation = queen_dbus_call_end (call->call);
  if (call->error)
    return_error (invocation, call->error);
  else if (call->placement)
    {
      g_autofree char *path = queen_dbus_cluster_dup_path (call->component);

      g_dbus_method_invocation_return_value (
          invocation,
          g_variant_new ("(o@a{sv})", path, queen_dbus_component_get_properties (call->component)));
    }
  else
    g_dbus_method_invocation_return_value (invocation, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
on_call (gpointer data)
{
  Call *call = data;

  call->run (call);
  g_main_context_invoke_full (call->context, G_PRIORITY_DEFAULT, on_call_done, call,
                              (GDestroyNotify) free_call);
  return G_SOURCE_REMOVE;
}

/* Returns: (nullable): a call to be filled in; %NULL when it has been refused. */
static Call *
begin_call (QueenDBusMethods *self,
            QueenDBusCalls *calls,
            GDBusMethodInvocation *invocation,
            void (*run) (Call *call))
{
  Call *call;

  if (!queen_dbus_calls_has_room (calls, g_dbus_method_invocation_get_sender (invocation)))
    {
      refuse_call (invocation, QUEEN_ERROR_UNAVAILABLE, TOO_MANY);
      return NULL;
    }
  call = g_new0 (Call, 1);
  call->call = queen_dbus_calls_begin (calls, invocation, on_caller_gone, call);
  call->context = g_main_context_ref (self->context);
  call->run = run;
  return call;
}

static void
send_call (Call *call)
{
  call->is_sent = TRUE;
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, on_call, call, NULL);
}

/* Heartbeats */

static void
run_report (Call *call)
{
  queen_source_init_here (&call->component->source);
  /* Not counted: the bus lets only those in who could forget everybody, too. */
  queen_registry_update (call->registry, g_steal_pointer (&call->component), NULL, &call->error);
}

static gboolean
report (QueenDBusMethods *self,
        GDBusMethodInvocation *invocation,
        QueenComponentKind kind,
        GVariant *heartbeat)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (QueenComponent) component = queen_dbus_component_parse (kind, heartbeat, &error);
  Call *call;

  if (!component)
    return refuse_call (invocation, (QueenError) error->code, error->message);
  call = begin_call (self, self->reports, invocation, run_report);
  if (!call)
    return TRUE;
  call->registry = g_object_ref (self->registries[kind]);
  call->component = g_steal_pointer (&component);
  send_call (call);
  return TRUE;
}

static gboolean
on_report_worker (QueenDBusQueen *skeleton,
                  GDBusMethodInvocation *invocation,
                  GVariant *heartbeat,
                  gpointer data)
{
  return report (data, invocation, QUEEN_COMPONENT_WORKER, heartbeat);
}

static gboolean
on_report_hive (QueenDBusQueen *skeleton,
                GDBusMethodInvocation *invocation,
                GVariant *heartbeat,
                gpointer data)
{
  return report (data, invocation, QUEEN_COMPONENT_HIVE, heartbeat);
}

/* dbus-send(1) and those like it cannot write a dictionary of variants. */
static gboolean
on_report (QueenDBusQueen *skeleton,
           GDBusMethodInvocation *invocation,
           const char *kind_name,
           const char *id,
           const char *status,
           gpointer data)
{
  g_auto (GVariantDict) members = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) heartbeat = NULL;
  QueenComponentKind kind;

  if (!queen_component_kind_parse (kind_name, &kind))
    return refuse_call (invocation, QUEEN_ERROR_BAD_REQUEST, "the kind must be worker or hive");
  g_variant_dict_insert (&members, "id", "s", id);
  g_variant_dict_insert (&members, "status", "s", status);
  heartbeat = g_variant_ref_sink (g_variant_dict_end (&members));
  return report (data, invocation, kind, heartbeat);
}

/* Finding */

static void
run_find (Call *call)
{
  QueenComponent *worker = queen_placement_find (call->placement, call->text, &call->error);

  if (worker)
    call->component = queen_component_ref (worker);
}

static void
begin_search (Call *call)
{
  call->methods->n_searching++;
  send_call (call);
}

/* @call: any that the main thread has had; a search gives its place to the next one */
static void
end_search (Call *call)
{
  QueenDBusMethods *self = g_steal_pointer (&call->methods);
  Call *next = self ? queen_fair_queue_take (self->waiting) : NULL;

  if (self)
    self->n_searching--;
  if (next)
    begin_search (next);
}

static void
refuse_search (Call *call)
{
  GDBusMethodInvocation *invocation = queen_dbus_call_end (call->call);

  queen_fair_queue_leave (&call->place);
  free_call (call);
  refuse_call (invocation, QUEEN_ERROR_UNAVAILABLE, TOO_MANY);
}

static void
on_searcher_known (const char *user, const char *caller, gpointer data)
{
  Call *call = data;
  QueenDBusMethods *self = call->methods;
  gpointer refused;

  if (self->n_searching < MAX_SEARCHING)
    begin_search (call);
  else if (!queen_fair_queue_find_place (self->waiting, user, &refused))
    refuse_search (call);
  else
    {
      if (refused)
        refuse_search (refused);
      queen_fair_queue_enter (self->waiting, &call->place, user, call);
    }
}

static gboolean
on_find_worker (QueenDBusQueen *skeleton,
                GDBusMethodInvocation *invocation,
                const char *model,
                gpointer data)
{
  QueenDBusMethods *self = data;
  Call *call;

  if (strlen (model) > QUEEN_HEARTBEAT_MAX_MODEL_ID)
    return refuse_call (invocation, QUEEN_ERROR_BAD_REQUEST, "no model has such a long name");
  call = begin_call (self, self->searches, invocation, run_find);
  if (!call)
    return TRUE;
  call->methods = self;
  call->placement = g_object_ref (self->placement);
  call->text = g_strdup (model);
  if (self->n_searching < MAX_SEARCHING)
    begin_search (call);
  else
    queen_dbus_call_answer_later (call->call, on_searcher_known);
  return TRUE;
}

/* Forgetting */

static void
run_forget (Call *call)
{
  queen_registry_forget (call->registry, call->text, call->by, &call->error);
}

static gboolean
on_forget_call (QueenDBusQueen *skeleton,
                GDBusMethodInvocation *invocation,
                const char *kind_name,
                const char *id,
                gpointer data)
{
  QueenDBusMethods *self = data;
  QueenComponentKind kind;
  Call *call;

  if (!queen_component_kind_parse (kind_name, &kind))
    return refuse_call (invocation, QUEEN_ERROR_BAD_REQUEST, "the kind must be worker or hive");
  if (!queen_heartbeat_check_id (id))
    return refuse_call (invocation, QUEEN_ERROR_BAD_REQUEST,
                        "the id must be 1 to 128 bytes without control or invisible characters");
  call = begin_call (self, self->reports, invocation, run_forget);
  if (!call)
    return TRUE;
  call->registry = g_object_ref (self->registries[kind]);
  call->text = g_strdup (id);
  call->by = g_strconcat ("bus:", g_dbus_method_invocation_get_sender (invocation), NULL);
  send_call (call);
  return TRUE;
}

/* Jobs */

static void
run_cancel (Call *call)
{
  QueenJob *job = queen_jobs_lookup (call->jobs, call->text, NULL, &call->error);

  if (job)
    queen_job_cancel (job, NULL, call->by, &call->error);
}

/* Of anybody: a bus lets only those in who could forget everybody, too. */
static gboolean
on_cancel_job (QueenDBusQueen *skeleton,
               GDBusMethodInvocation *invocation,
               const char *path,
               gpointer data)
{
  QueenDBusMethods *self = data;
  g_autofree char *id = queen_dbus_job_view_dup_id (path);
  Call *call;

  if (!id || !self->jobs)
    return refuse_call (invocation, QUEEN_ERROR_NOT_FOUND, "there is no such job, or not any more");
  call = begin_call (self, self->reports, invocation, run_cancel);
  if (!call)
    return TRUE;
  call->jobs = g_object_ref (self->jobs);
  call->text = g_steal_pointer (&id);
  call->by = g_strdup ("cancelled over D-Bus");
  send_call (call);
  return TRUE;
}

/* Subscribers */

static gboolean
on_subscribe (QueenDBusQueen *skeleton, GDBusMethodInvocation *invocation, gpointer data)
{
  QueenDBusMethods *self = data;

  if (!queen_dbus_subscribers_add (self->subscribers,
                                   g_dbus_method_invocation_get_connection (invocation),
                                   g_dbus_method_invocation_get_sender (invocation)))
    return refuse_call (invocation, QUEEN_ERROR_UNAVAILABLE, "too many have subscribed already");
  queen_dbus_queen_complete_subscribe (skeleton, invocation);
  return TRUE;
}

static gboolean
on_unsubscribe (QueenDBusQueen *skeleton, GDBusMethodInvocation *invocation, gpointer data)
{
  QueenDBusMethods *self = data;

  if (!queen_dbus_subscribers_remove (self->subscribers,
                                      g_dbus_method_invocation_get_sender (invocation)))
    return refuse_call (invocation, QUEEN_ERROR_NOT_SUBSCRIBED, "you have not subscribed");
  queen_dbus_queen_complete_unsubscribe (skeleton, invocation);
  return TRUE;
}

QueenDBusMethods *
queen_dbus_methods_new (QueenRegistry *workers,
                        QueenRegistry *hives,
                        QueenPlacement *placement,
                        QueenJobs *jobs,
                        QueenDBusMailbox *mailbox,
                        const QueenClock *clock)
{
  /* Of those that the main thread has not done yet. What it does is done at once, so nobody is kept
   * waiting for longer than it turns. A system bus lets only root and her own group do these: so
   * turns by user are not needed, as long as searches are apart. */
  const QueenDBusCallsSettings reports = {
    .clock = clock,
    .calls = 128,
    .calls_per_caller = 64,
  };
  const QueenDBusCallsSettings searches = {
    .clock = clock,
    .calls = MAX_SEARCHES,
    .calls_per_caller = 64,
    .patience = PATIENCE,
  };
  QueenDBusMethods *self = g_new0 (QueenDBusMethods, 1);

  self->context = g_main_context_ref_thread_default ();
  self->registries[QUEEN_COMPONENT_WORKER] = g_object_ref (workers);
  self->registries[QUEEN_COMPONENT_HIVE] = g_object_ref (hives);
  self->placement = g_object_ref (placement);
  self->jobs = jobs ? g_object_ref (jobs) : NULL;
  self->reports = queen_dbus_calls_new (&reports);
  self->searches = queen_dbus_calls_new (&searches);
  self->waiting = queen_fair_queue_new (MAX_SEARCHING);
  self->subscribers = queen_dbus_subscribers_new (mailbox);
  self->skeleton = queen_dbus_queen_skeleton_new ();
  g_object_connect (self->skeleton,                                                      //
                    "signal::handle-report", G_CALLBACK (on_report), self,               //
                    "signal::handle-report-worker", G_CALLBACK (on_report_worker), self, //
                    "signal::handle-report-hive", G_CALLBACK (on_report_hive), self,     //
                    "signal::handle-find-worker", G_CALLBACK (on_find_worker), self,     //
                    "signal::handle-forget", G_CALLBACK (on_forget_call), self,          //
                    "signal::handle-cancel-job", G_CALLBACK (on_cancel_job), self,       //
                    "signal::handle-subscribe", G_CALLBACK (on_subscribe), self,         //
                    "signal::handle-unsubscribe", G_CALLBACK (on_unsubscribe), self, NULL);
  return self;
}

QueenDBusQueen *
queen_dbus_methods_get_skeleton (QueenDBusMethods *self)
{
  return self->skeleton;
}

void
queen_dbus_methods_leave_subscribers (QueenDBusMethods *self)
{
  queen_dbus_subscribers_leave (self->subscribers);
}

void
queen_dbus_methods_come_back_to_subscribers (QueenDBusMethods *self, GDBusConnection *connection)
{
  queen_dbus_subscribers_come_back (self->subscribers, connection);
}

void
queen_dbus_methods_drop_subscribers (QueenDBusMethods *self)
{
  queen_dbus_subscribers_drop_all (self->subscribers);
}

void
queen_dbus_methods_free (QueenDBusMethods *self)
{
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_object_unref (self->skeleton);
  queen_dbus_calls_free (self->reports);
  queen_dbus_calls_free (self->searches);
  queen_fair_queue_free (self->waiting);
  queen_dbus_subscribers_free (self->subscribers);
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    g_object_unref (self->registries[kind]);
  g_object_unref (self->placement);
  g_clear_object (&self->jobs);
  g_main_context_unref (self->context);
  g_free (self);
}
