/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-submissions.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jobs/queen-job-operation.h"
#include "loop/queen-alone.h"
#include "loop/queen-fair-queue.h"
#include "loop/queen-slice.h"
#include "model/queen-senders.h"
#include "net/queen-caps.h"
#include "net/queen-closer.h"
#include "net/queen-socket.h"
#include "net/queen-user-address.h"
#include "queen-dbus-bodies.h"
#include "queen-dbus-calls.h"
#include "queen-dbus-frames.h"
#include "queen-dbus-job-view.h"
#include "queen-dbus-output.h"
#include "queen-dbus-receipts.h"
#include "queen-error.h"
#include "text/queen-hash.h"

/* Less than what callers wait usually, so that they hear. */
#define PATIENCE (20 * G_USEC_PER_SEC)

/* Calls that have come and are not answered. Those of whom it is not known yet whose they are must
 * leave room to others, however many connections somebody calls by: they are few at a time, as the
 * bus says it at once. */
#define MAX_CALLS 1024
#define MAX_OF_CALLER 32

/* Calls whose body is read or that are being submitted, and answers that may be unread: a system
 * bus reads nothing more from who has 64 descriptors in messages that are unread. */
#define MAX_PLACES 60
#define MAX_BYTES (64 * 1024 * 1024) /* of all their bodies */

typedef struct _Submission Submission;

struct _QueenDBusSubmissions
{
  GMainContext *context; /* the D-Bus thread's */
  QueenJobs *jobs;
  QueenCluster *cluster;
  QueenDBusQueen *skeleton;
  QueenDBusCalls *calls;
  QueenDBusBodies *bodies;
  GHashTable *n_of_user; /* submitter -> how many calls are open */
  guint n_counted;       /* of all of them */
  QueenFairQueue *turns; /* of Submission: those whose body is read; submitters take turns */
  Submission *asked;     /* the one that the main thread has; NULL for none */
  QueenDBusReceipts *receipts;
  GDBusConnection *connection; /* to which these belong; NULL while she is not on the bus */
  const QueenClock *clock;
};

/* A call on its way to the main thread and back, with a reference of the thread that has it. */
struct _Submission
{
  GMainContext *context;
  QueenJobs *jobs;
  QueenCluster *cluster;
  char *key;
  char *last_id;
  gboolean is_bare;
  char *submitter;
  guint64 user; /* G_MAXUINT64 when it is not known */
  GBytes *body;

  /* For the D-Bus thread only. */
  QueenDBusSubmissions *submissions; /* NULL once there is no call any more */
  QueenDBusSubmissions *asker;       /* NULL unless it is the one that the main thread has */
  QueenFairPlace turn;
  gboolean is_counted;
  QueenDBusCall *call;    /* NULL when there is nobody to be answered */
  int fd;                 /* where the body is, until it is read */
  QueenDBusBody *reading; /* it counts until there is no call any more */

  /* For the main thread only, until the call goes back. */
  char *path;
  int answer; /* the caller's end; -1 when there is none */
  GError *error;
};

static void
clear_submission (Submission *self)
{
  g_main_context_unref (self->context);
  g_object_unref (self->jobs);
  g_object_unref (self->cluster);
  g_free (self->key);
  g_free (self->last_id);
  g_free (self->submitter);
  g_clear_pointer (&self->body, g_bytes_unref);
  if (self->fd >= 0)
    queen_closer_close (self->fd);
  g_free (self->path);
  if (self->answer >= 0)
    close (self->answer);
  g_clear_error (&self->error);
}

static void
unref_submission (gpointer self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) clear_submission);
}

static void
send_submission (GMainContext *to, GSourceFunc func, Submission *self)
{
  g_main_context_invoke_full (to, G_PRIORITY_DEFAULT, func, g_atomic_rc_box_acquire (self),
                              unref_submission);
}

/* Back in the D-Bus thread */

static void
forget_call (Submission *self)
{
  GHashTable *counts = self->submissions->n_of_user;
  guint n = 0;

  /* Who has left at once is not known to be anybody's. */
  if (self->is_counted)
    n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, self->submitter));
  if (n > 1)
    g_hash_table_replace (counts, g_strdup (self->submitter), GUINT_TO_POINTER (n - 1));
  else if (n == 1)
    g_hash_table_remove (counts, self->submitter);
  g_clear_pointer (&self->reading, queen_dbus_body_let_go);
  self->submissions->n_counted -= self->is_counted;
  self->is_counted = FALSE;
  self->submissions = NULL;
}

/* Each descriptor is counted as the least that is. */
static void
note_unread (QueenDBusSubmissions *submissions,
             GDBusMethodInvocation *invocation,
             const char *submitter)
{
  const char *caller = g_dbus_method_invocation_get_sender (invocation);
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);

  if (caller && connection == submissions->connection)
    queen_dbus_receipts_add (submissions->receipts, connection, caller, submitter,
                             QUEEN_DBUS_RECEIPTS_LEAST);
}

static void
return_answer (QueenDBusSubmissions *submissions,
               GDBusMethodInvocation *invocation,
               Submission *self)
{
  GDBusMessage *call = g_dbus_method_invocation_get_message (invocation);
  GDBusConnection *connection = g_dbus_method_invocation_get_connection (invocation);
  g_autoptr (GDBusMessage) answer = NULL;

  /* Who wants no answer has no use for a descriptor. */
  if ((g_dbus_message_get_flags (call) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0)
    {
      answer = g_dbus_message_new_method_reply (call);
      g_dbus_message_set_body (answer, g_variant_new ("(oh)", self->path, 0));
      queen_dbus_output_enclose (queen_dbus_output_find (connection), answer, self->answer);
      self->answer = -1;
      g_dbus_connection_send_message (connection, answer, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL,
                                      NULL);
      note_unread (submissions, invocation, self->submitter);
    }
  g_object_unref (invocation);
}

/* Returns its call.
 *
 * @error: (nullable) */
static void
end_submission (Submission *self, const GError *error)
{
  GDBusMethodInvocation *invocation = queen_dbus_call_end (g_steal_pointer (&self->call));
  QueenDBusSubmissions *submissions = self->submissions;

  forget_call (self);
  if (error)
    g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (error),
                                                error->message);
  else
    return_answer (submissions, invocation, self);
  unref_submission (self); /* the call's */
}

static gboolean on_submission_asked (gpointer data);

/* What the queen answers by herself takes her some ms, and dozens of bodies may end in one moment.
 * The main thread does in one turn all that it has been given before: so it is given one at a time,
 * and what may take as long as all that is done over HTTP in a turn has one for itself.
 */
static void
ask_next (QueenDBusSubmissions *self)
{
  if (self->asked)
    return;
  self->asked = queen_fair_queue_take (self->turns);
  if (!self->asked)
    return;
  self->asked->asker = self;
  if (g_bytes_get_size (self->asked->body) >= QUEEN_SLICE_DEAR)
    queen_alone_invoke (NULL, on_submission_asked, g_atomic_rc_box_acquire (self->asked),
                        unref_submission);
  else
    send_submission (NULL, on_submission_asked, self->asked);
}

static gboolean
on_submitted (gpointer data)
{
  Submission *self = data;
  QueenDBusSubmissions *asker = g_steal_pointer (&self->asker);

  if (self->call)
    end_submission (self, self->error);
  if (!asker)
    return G_SOURCE_REMOVE;
  asker->asked = NULL;
  ask_next (asker);
  return G_SOURCE_REMOVE;
}

/* In the main thread */

static gboolean
open_answer (int ends[2], GError **error)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0 &&
      !queen_caps_is_own (MAX (ends[0], ends[1])) && fcntl (ends[0], F_SETFL, O_NONBLOCK) == 0)
    {
      queen_socket_refuse_descriptors (ends[0]);
      return TRUE;
    }
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "no descriptor is free; try again later");
  return FALSE;
}

/* By the body alone it would go on, as over HTTP; but there one can come back to it. */
static QueenJob *
submit_body (Submission *self)
{
  g_autoptr (QueenJobOperation) operation = queen_job_operation_new (self->body, &self->error);

  if (!operation)
    return NULL;
  operation->request.submitter = self->submitter;
  operation->request.idempotency_key = self->key;
  if (!operation->says_on_disconnect)
    operation->request.on_disconnect = QUEEN_JOB_CANCEL;
  return queen_job_operation_submit (operation, self->jobs, self->cluster, &self->error);
}

/* Whatever user is local: so each is counted as if somebody handed them on. */
static void
subscribe_caller (Submission *self, QueenJob *job, int end)
{
  QueenSocket socket = { .fd = end, .is_unix = TRUE };
  struct sockaddr_storage client;
  const QueenStreamRequest request = {
    .kinds = self->is_bare ? QUEEN_JOB_EVENT_DATA : QUEEN_JOB_EVENT_ALL,
    .last_id = self->last_id,
    .client = self->user < G_MAXUINT32 ? &client : NULL,
    .is_forwarded = TRUE,
    .encoding = self->is_bare ? QUEEN_ENCODING_BARE_PLAIN : QUEEN_ENCODING_PLAIN,
  };

  queen_user_address_init (&client, (uid_t) self->user);
  queen_job_subscribe (job, socket, g_bytes_new_static ("", 0), &request);
}

static gboolean
on_submission_asked (gpointer data)
{
  Submission *self = data;
  int ends[2] = { -1, -1 };
  QueenJob *job = open_answer (ends, &self->error) ? submit_body (self) : NULL;

  /* What that is called on the bus is for heartbeats. */
  if (g_error_matches (self->error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE))
    self->error->code = QUEEN_ERROR_BAD_REQUEST;
  g_clear_pointer (&self->body, g_bytes_unref); /* it may be megabytes, and the job has it */
  if (job)
    {
      self->path = queen_dbus_job_view_dup_path (queen_job_get_id (job));
      subscribe_caller (self, job, ends[0]);
    }
  else if (ends[0] >= 0)
    {
      close (ends[0]);
      close (ends[1]);
    }
  self->answer = job ? ends[1] : -1;
  send_submission (self->context, on_submitted, self);
  return G_SOURCE_REMOVE;
}

/* In the D-Bus thread */

static void
on_submitter_left (gpointer data)
{
  Submission *self = data;

  self->call = NULL;
  queen_fair_queue_leave (&self->turn);
  forget_call (self);
  unref_submission (self); /* the call's */
}

static void
on_body_read (GBytes *bytes, const GError *error, gpointer data)
{
  Submission *self = data;

  if (error)
    {
      end_submission (self, error);
      return;
    }
  self->body = g_bytes_ref (bytes);
  queen_fair_queue_enter (self->submissions->turns, &self->turn, self->submitter, self);
  ask_next (self->submissions);
}

static guint
count_unread (QueenDBusSubmissions *self, const char *submitter)
{
  return (guint) (queen_dbus_receipts_get_n_bytes (self->receipts, submitter) /
                  QUEEN_DBUS_RECEIPTS_LEAST);
}

/* However many connections a user has, it has no more places than are left for others. */
static gboolean
count_call (QueenDBusSubmissions *submissions, Submission *self, GError **error)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (submissions->n_of_user, self->submitter));
  guint n_unread = count_unread (submissions, self->submitter);
  guint n_taken = submissions->n_counted + count_unread (submissions, NULL);

  if (n + n_unread + n_taken >= MAX_PLACES)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           n_unread > n ? "too many answers have not been read; try again later"
                                        : "too many calls at once; try again");
      return FALSE;
    }
  submissions->n_counted++;
  g_hash_table_replace (submissions->n_of_user, g_strdup (self->submitter),
                        GUINT_TO_POINTER (n + 1));
  self->is_counted = TRUE;
  return TRUE;
}

static void
on_submitter_known (const char *user, const char *caller, gpointer data)
{
  Submission *self = data;
  QueenDBusSubmissions *submissions = self->submissions;
  g_autoptr (GError) error = NULL;

  self->submitter = g_strconcat (QUEEN_SENDER_USER, user, NULL);
  if (!g_ascii_string_to_unsigned (user, 10, 0, G_MAXUINT32 - 1, &self->user, NULL))
    self->user = G_MAXUINT64;
  if (count_call (submissions, self, &error))
    {
      queen_dbus_call_watch_caller (self->call);
      self->reading = queen_dbus_bodies_read (submissions->bodies, self->submitter, self->fd,
                                              on_body_read, self, &error);
      self->fd = -1;
    }
  if (error)
    end_submission (self, error);
}

/* Returns: (nullable): what is wrong with them; static */
static const char *
read_options (GVariant *options, Submission *self)
{
  static const struct
  {
    const char *name;
    const GVariantType *type;
    const char *problem;
  } known[] = {
    { "idempotency_key", G_VARIANT_TYPE_STRING, "idempotency_key must be a string" },
    { "last_event_id", G_VARIANT_TYPE_STRING, "last_event_id must be a string" },
    { "data_only", G_VARIANT_TYPE_BOOLEAN, "data_only must be a boolean" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr (GVariant) said = g_variant_lookup_value (options, known[i].name, NULL);

      if (said && !g_variant_is_of_type (said, known[i].type))
        return known[i].problem;
    }
  g_variant_lookup (options, "idempotency_key", "s", &self->key);
  g_variant_lookup (options, "last_event_id", "s", &self->last_id);
  g_variant_lookup (options, "data_only", "b", &self->is_bare);
  return NULL;
}

static gboolean
passes_descriptors (GDBusMethodInvocation *invocation)
{
  QueenDBusOutput *output =
      queen_dbus_output_find (g_dbus_method_invocation_get_connection (invocation));

  return output && queen_dbus_output_passes_descriptors (output);
}

/* @self: gets the descriptor
 *
 * Returns: whether the call can be taken */
static gboolean
take_call (QueenDBusSubmissions *submissions,
           GDBusMethodInvocation *invocation,
           GVariant *options,
           Submission *self,
           GError **error)
{
  const QueenDBusArrival arrival =
      queen_dbus_frames_take_out (g_dbus_method_invocation_get_message (invocation));
  const char *problem = read_options (options, self);

  self->fd = arrival.fd;
  if (problem)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, problem);
  else if (!passes_descriptors (invocation))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                         "this bus passes no descriptors");
  else if (arrival.n != 1)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST,
                         "a call must have one descriptor, the body");
  else if (arrival.fd < 0 ||
           !queen_dbus_calls_has_room (submissions->calls,
                                       g_dbus_method_invocation_get_sender (invocation)))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                         "too many calls at once; try again");
  else
    return TRUE;
  return FALSE;
}

static gboolean
on_submit_call (QueenDBusQueen *skeleton,
                GDBusMethodInvocation *invocation,
                GVariant *options,
                GVariant *handle, /* there is only one, whatever it says */
                gpointer data)
{
  QueenDBusSubmissions *submissions = data;
  Submission *self = g_atomic_rc_box_new0 (Submission);
  g_autoptr (GError) error = NULL;

  self->context = g_main_context_ref (submissions->context);
  self->jobs = g_object_ref (submissions->jobs);
  self->cluster = g_object_ref (submissions->cluster);
  self->answer = -1;
  if (take_call (submissions, invocation, options, self, &error))
    {
      self->submissions = submissions;
      self->call = queen_dbus_calls_begin (submissions->calls, invocation, on_submitter_left,
                                           g_atomic_rc_box_acquire (self));
      queen_dbus_call_answer_later (self->call, on_submitter_known);
    }
  else
    g_dbus_method_invocation_return_dbus_error (invocation, queen_error_dbus_name (error),
                                                error->message);
  unref_submission (self);
  return TRUE;
}

QueenDBusSubmissions *
queen_dbus_submissions_new (QueenJobs *jobs,
                            QueenCluster *cluster,
                            QueenDBusQueen *skeleton,
                            const QueenClock *clock)
{
  const QueenDBusCallsSettings calls = {
    .clock = clock,
    .calls = MAX_CALLS,
    .calls_per_caller = MAX_OF_CALLER,
    .patience = PATIENCE,
  };
  QueenDBusSubmissions *self = g_new0 (QueenDBusSubmissions, 1);

  self->context = g_main_context_ref_thread_default ();
  self->jobs = g_object_ref (jobs);
  self->cluster = g_object_ref (cluster);
  self->skeleton = g_object_ref (skeleton);
  self->calls = queen_dbus_calls_new (&calls);
  self->bodies = queen_dbus_bodies_new (QUEEN_JOB_MAX_BODY, MAX_BYTES);
  self->clock = clock;
  self->receipts = queen_dbus_receipts_new (clock);
  self->n_of_user = g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
  self->turns = queen_fair_queue_new (MAX_PLACES);
  g_signal_connect (skeleton, "handle-submit-job", G_CALLBACK (on_submit_call), self);
  return self;
}

void
queen_dbus_submissions_enter_bus (QueenDBusSubmissions *self, GDBusConnection *connection)
{
  g_set_object (&self->connection, connection);
}

void
queen_dbus_submissions_leave_bus (QueenDBusSubmissions *self)
{
  g_clear_object (&self->connection);
  queen_dbus_receipts_free (self->receipts);
  self->receipts = queen_dbus_receipts_new (self->clock);
}

void
queen_dbus_submissions_free (QueenDBusSubmissions *self)
{
  g_signal_handlers_disconnect_by_data (self->skeleton, self);
  queen_dbus_calls_free (self->calls);
  queen_fair_queue_free (self->turns);
  if (self->asked)
    self->asked->asker = NULL; /* it goes back to a thread that is no more */
  queen_dbus_bodies_free (self->bodies);
  queen_dbus_receipts_free (self->receipts);
  g_clear_object (&self->connection);
  g_hash_table_unref (self->n_of_user);
  g_object_unref (self->skeleton);
  g_object_unref (self->cluster);
  g_object_unref (self->jobs);
  g_main_context_unref (self->context);
  g_free (self);
}
