/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-holds.h"

#include <string.h>

#include "loop/queen-alarm.h"
#include "model/queen-heartbeat.h"
#include "model/queen-senders.h"
#include "queen-dbus-calls.h"
#include "queen-dbus-stream.h"
#include "queen-dbus-watch.h"
#include "queen-error.h"
#include "text/queen-hash.h"

#define BLIND_FOR (60 * (gint64) G_USEC_PER_SEC) /* at the most */
#define WHILE_THERE (-1)                         /* the ttl of a hold that ends with its caller */

struct _QueenDBusHolds
{
  const QueenClock *clock;
  QueenCluster *cluster; /* for the main thread */
  GMainContext *context; /* the D-Bus thread's */
  QueenDBusQueen *skeleton;
  QueenDBusCalls *calls;
  GQueue errands;              /* of Errand, those that are under way */
  GHashTable *callers;         /* as in QueenHold -> Caller */
  GDBusConnection *connection; /* NULL while she is not on the bus */
  QueenAlarm *alarm;           /* when she has not been there for too long */
};

/* One with whom a hold ends. */
typedef struct
{
  QueenDBusHolds *holds;
  char *name; /* the bus, a slash, and the unique name */
  QueenDBusWatch *watch;
} Caller;

/* One call on its way to the main thread and back. */
typedef struct
{
  QueenDBusHolds *holds; /* NULL when these are no more */
  GList link;            /* among those under way */
  QueenDBusCall *call;   /* NULL when there is nobody to be answered */
  GMainContext *context;
  gboolean is_sent;
  gboolean is_release;
  QueenCluster *cluster;
  QueenComponentKind kind;
  char *id;
  char *text; /* the reason, or which hold */
  gint64 ttl; /* seconds */
  char *caller;
  char *by;
  GVariant *answer;
  GError *error;
} Errand;

static void
free_errand (gpointer data)
{
  Errand *errand = data;

  g_main_context_unref (errand->context);
  g_object_unref (errand->cluster);
  g_free (errand->id);
  g_free (errand->text);
  g_free (errand->caller);
  g_free (errand->by);
  g_clear_pointer (&errand->answer, g_variant_unref);
  g_clear_error (&errand->error);
  g_free (errand);
}

/* Callers */

static void
free_caller (gpointer data)
{
  Caller *caller = data;

  g_clear_pointer (&caller->watch, queen_dbus_watch_free);
  g_free (caller->name);
  g_free (caller);
}

/* For the main thread; without a caller, all of them. */
typedef struct
{
  QueenHolds *holds;
  char *caller;
} Ending;

static void
free_ending (gpointer data)
{
  Ending *ending = data;

  g_object_unref (ending->holds);
  g_free (ending->caller);
  g_free (ending);
}

static gboolean
on_ending (gpointer data)
{
  Ending *ending = data;

  queen_holds_end_caller (ending->holds, ending->caller);
  return G_SOURCE_REMOVE;
}

static void
end_caller (QueenDBusHolds *self, const char *name)
{
  Ending *ending = g_new0 (Ending, 1);

  ending->holds = g_object_ref (queen_cluster_get_holds (self->cluster));
  ending->caller = g_strdup (name);
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, on_ending, ending, free_ending);
}

static void
on_holder_gone (gpointer data)
{
  Caller *caller = data;
  QueenDBusHolds *self = caller->holds;

  end_caller (self, caller->name);
  g_hash_table_remove (self->callers, caller->name);
}

static void
on_blind_for_long (gpointer data)
{
  QueenDBusHolds *self = data;

  end_caller (self, NULL);
  g_hash_table_remove_all (self->callers);
}

/* Returns: whether it is on the same bus as she, or was at least */
static gboolean
look_at_caller (QueenDBusHolds *self, Caller *caller)
{
  const char *slash = strrchr (caller->name, '/');
  const char *name = slash ? slash + 1 : ""; /* a state file may have anything there */
  g_autofree char *here = queen_dbus_stream_dup_name (self->connection, name);

  if (!g_str_equal (here, caller->name) || !g_dbus_is_unique_name (name))
    return FALSE;
  caller->watch = queen_dbus_watch_new (self->connection, name, on_holder_gone, caller);
  return TRUE;
}

static void
add_caller (QueenDBusHolds *self, const char *name)
{
  Caller *caller = g_hash_table_lookup (self->callers, name);

  if (caller)
    return;
  caller = g_new0 (Caller, 1);
  caller->holds = self;
  caller->name = g_strdup (name);
  g_hash_table_insert (self->callers, caller->name, caller);
  if (self->connection && !look_at_caller (self, caller))
    on_holder_gone (caller);
}

void
queen_dbus_holds_enter_bus (QueenDBusHolds *self, GDBusConnection *connection)
{
  g_autoptr (GList) callers = g_hash_table_get_values (self->callers);

  queen_alarm_set (self->alarm, -1);
  g_set_object (&self->connection, connection);
  for (GList *link = callers; link; link = link->next)
    if (!look_at_caller (self, link->data))
      on_holder_gone (link->data);
}

static void
await_bus (QueenDBusHolds *self)
{
  queen_alarm_set (self->alarm, self->clock->get_monotonic () + BLIND_FOR);
}

void
queen_dbus_holds_leave_bus (QueenDBusHolds *self)
{
  GHashTableIter iter;
  gpointer caller;

  g_hash_table_iter_init (&iter, self->callers);
  while (g_hash_table_iter_next (&iter, NULL, &caller))
    g_clear_pointer (&((Caller *) caller)->watch, queen_dbus_watch_free);
  if (self->connection)
    await_bus (self);
  g_clear_object (&self->connection);
}

/* Calls */

static void
on_errand_gone (gpointer data)
{
  Errand *errand = data;

  errand->call = NULL;
  if (errand->is_sent)
    return;
  g_queue_unlink (&errand->holds->errands, &errand->link);
  free_errand (errand);
}

static void
answer_errand (Errand *errand)
{
  GDBusMethodInvocation *invocation = queen_dbus_call_end (errand->call);

  if (errand->error)
    g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (errand->error),
                                                errand->error->message);
  else
    g_dbus_method_invocation_return_value (invocation, errand->answer);
}

/* Back in the D-Bus thread. Whoever has left meanwhile is looked for all the same: so their hold
 * ends. */
static gboolean
on_errand_done (gpointer data)
{
  Errand *errand = data;

  if (errand->holds)
    g_queue_unlink (&errand->holds->errands, &errand->link);
  if (errand->holds && errand->caller && !errand->error)
    add_caller (errand->holds, errand->caller);
  if (errand->call)
    answer_errand (errand);
  return G_SOURCE_REMOVE;
}

static void
run_hold (Errand *errand)
{
  const QueenHoldRequest request = { .kind = errand->kind,
                                     .id = errand->id,
                                     .reason = errand->text,
                                     .holder = errand->by,
                                     .caller = errand->caller,
                                     .ttl = MAX (errand->ttl, 0) * G_USEC_PER_SEC };
  QueenHold *hold = queen_cluster_hold (errand->cluster, &request, &errand->error);

  if (hold)
    errand->answer = g_variant_ref_sink (g_variant_new ("(s)", hold->id));
  else if (g_error_matches (errand->error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE))
    errand->error->code = QUEEN_ERROR_BAD_REQUEST; /* on the bus that one is about heartbeats */
}

static void
run_release (Errand *errand)
{
  guint n = queen_holds_release (queen_cluster_get_holds (errand->cluster), errand->kind,
                                 errand->id, errand->text, errand->by, &errand->error);

  if (n > 0)
    errand->answer = g_variant_ref_sink (g_variant_new ("(u)", n));
}

static gboolean
run_errand (gpointer data)
{
  Errand *errand = data;

  if (errand->is_release)
    run_release (errand);
  else
    run_hold (errand);
  g_main_context_invoke_full (errand->context, G_PRIORITY_DEFAULT, on_errand_done, errand,
                              free_errand);
  return G_SOURCE_REMOVE;
}

static void
on_user_of_errand (const char *user, const char *caller, gpointer data)
{
  Errand *errand = data;

  errand->by = g_strconcat (QUEEN_SENDER_USER, user, NULL);
  errand->is_sent = TRUE;
  g_main_context_invoke_full (NULL, G_PRIORITY_DEFAULT, run_errand, errand, NULL);
}

static gboolean
refuse_errand (GDBusMethodInvocation *invocation, QueenError code, const char *message)
{
  g_autoptr (GError) error = g_error_new_literal (QUEEN_ERROR, code, message);

  g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (error), message);
  return TRUE;
}

/* Takes @errand over. */
static gboolean
begin_errand (QueenDBusHolds *self,
              GDBusMethodInvocation *invocation,
              const char *kind,
              const char *id,
              const char *text,
              Errand *errand)
{
  errand->holds = self;
  errand->context = g_main_context_ref (self->context);
  errand->cluster = g_object_ref (self->cluster);
  errand->id = g_strdup (id);
  errand->text = g_strdup (text);
  if (!queen_component_kind_parse (kind, &errand->kind))
    refuse_errand (invocation, QUEEN_ERROR_BAD_REQUEST, "the kind must be worker or hive");
  else if (!queen_heartbeat_check_id (id))
    refuse_errand (invocation, QUEEN_ERROR_BAD_REQUEST,
                   "the id must be 1 to 128 bytes without control or invisible characters");
  else if (!queen_dbus_calls_has_room (self->calls,
                                       g_dbus_method_invocation_get_sender (invocation)))
    refuse_errand (invocation, QUEEN_ERROR_UNAVAILABLE, "too many calls at once; try again");
  else
    {
      errand->link.data = errand;
      g_queue_push_tail_link (&self->errands, &errand->link);
      errand->call = queen_dbus_calls_begin (self->calls, invocation, on_errand_gone, errand);
      queen_dbus_call_answer_later (errand->call, on_user_of_errand);
      return TRUE;
    }
  free_errand (errand);
  return TRUE;
}

static gboolean
on_hold_call (QueenDBusQueen *skeleton,
              GDBusMethodInvocation *invocation,
              const char *kind,
              const char *id,
              const char *reason,
              gint64 ttl,
              gpointer data)
{
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  Errand *errand;

  if (ttl < WHILE_THERE || ttl > QUEEN_HOLDS_MAX_TTL)
    return refuse_errand (invocation, QUEEN_ERROR_BAD_REQUEST,
                          "ttl must be seconds, from 0 (until released) to 31536000, or -1 (while "
                          "the caller is on the bus)");
  errand = g_new0 (Errand, 1);
  errand->ttl = ttl;
  if (ttl == WHILE_THERE && sender)
    errand->caller = queen_dbus_stream_dup_name (connection, sender);
  return begin_errand (data, invocation, kind, id, reason, errand);
}

static gboolean
on_release_call (QueenDBusQueen *skeleton,
                 GDBusMethodInvocation *invocation,
                 const char *kind,
                 const char *id,
                 const char *hold,
                 gpointer data)
{
  Errand *errand = g_new0 (Errand, 1);

  errand->is_release = TRUE;
  return begin_errand (data, invocation, kind, id, hold, errand);
}

/* The object */

QueenDBusHolds *
queen_dbus_holds_new (QueenCluster *cluster,
                      QueenDBusQueen *skeleton,
                      const char *const *callers,
                      const QueenClock *clock)
{
  const QueenDBusCallsSettings calls = {
    .clock = clock,
    .calls = 128,
    .calls_per_caller = 64,
    .leaves_room = TRUE,
    .patience = BLIND_FOR,
  };
  QueenDBusHolds *self = g_new0 (QueenDBusHolds, 1);

  self->clock = clock;
  self->cluster = g_object_ref (cluster);
  self->context = g_main_context_ref_thread_default ();
  self->skeleton = skeleton;
  self->calls = queen_dbus_calls_new (&calls);
  self->callers = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_caller);
  self->alarm =
      queen_alarm_new (clock, "no bus for holds", G_PRIORITY_DEFAULT, on_blind_for_long, self);
  for (; *callers; callers++)
    add_caller (self, *callers);
  await_bus (self);
  g_object_connect (skeleton, "signal::handle-hold", G_CALLBACK (on_hold_call), self,
                    "signal::handle-release", G_CALLBACK (on_release_call), self, NULL);
  return self;
}

void
queen_dbus_holds_free (QueenDBusHolds *self)
{
  GList *link;

  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  g_hash_table_unref (self->callers);
  queen_dbus_calls_free (self->calls);
  while ((link = g_queue_pop_head_link (&self->errands)))
    ((Errand *) link->data)->holds = NULL;
  queen_alarm_free (self->alarm);
  g_clear_object (&self->connection);
  g_main_context_unref (self->context);
  g_object_unref (self->cluster);
  g_free (self);
}
