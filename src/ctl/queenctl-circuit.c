/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-circuit.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <string.h>

#include "queenctl-error.h"
#include "queenctl-http-stream.h"
#include "queenctl-interim.h"
#include "queenctl-interrupt.h"
#include "queenctl-json.h"

#define PATIENCE (3 * G_USEC_PER_SEC) /* µs that an event, or a stream, may take */
#define SLOW G_USEC_PER_SEC           /* µs: what takes as long is slow */
#define HEARTBEAT "/v1/worker-heartbeat"
#define N_ROUNDS 5 /* of which something is counted; one more goes ahead */

/* One queen. */
typedef struct
{
  QueenctlCircuit *circuit;
  QueenctlCheckup *checkup;
  QueenctlHttpStream *stream; /* NULL when it could not be opened */
  SoupSession *session;       /* for what she is told */
  gint64 opened_at;           /* µs, monotonic; likewise below */
  gint64 arrived_at;          /* the event of this round; 0 when it has not */
} Line;

struct _QueenctlCircuit
{
  GArray *lines; /* of Line */
  GArray **ways; /* for each from and to, of gint64: µs */
  char *id;      /* (nullable): of the worker of this round */
  Line *told;    /* who is told in this round */
  SoupMessage *message;
  GCancellable *cancellable; /* not owned: of that */
  gboolean is_answered;
  GError *error;    /* of that */
  gint64 deadline;  /* of what is waited for */
  guint timeout_id; /* wakes us then */
};

static Line *
get_line (QueenctlCircuit *self, guint i)
{
  return &g_array_index (self->lines, Line, i);
}

/* Waiting */

static gboolean
on_time_over (gpointer data)
{
  QueenctlCircuit *self = data;

  self->timeout_id = 0;
  return G_SOURCE_REMOVE;
}

static void
set_deadline (QueenctlCircuit *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  self->deadline = g_get_monotonic_time () + PATIENCE;
  self->timeout_id = g_timeout_add (PATIENCE / G_TIME_SPAN_MILLISECOND + 1, on_time_over, self);
}

static gboolean
is_over (QueenctlCircuit *self)
{
  return queenctl_interrupt_has_come () || g_get_monotonic_time () >= self->deadline;
}

/* The streams */

static void
on_line_event (const char *event, const char *data, gpointer user_data)
{
  Line *line = user_data;
  gint64 now = g_get_monotonic_time ();
  g_autoptr (JsonNode) node = NULL;

  if (line->checkup->first_event_time < 0)
    line->checkup->first_event_time = now - line->opened_at;
  if (line->arrived_at > 0 || !line->circuit->id || !strstr (data, line->circuit->id))
    return;
  node = queenctl_json_parse_object (data);
  if (node && g_strcmp0 (queenctl_json_get_string (json_node_get_object (node), "worker_id"),
                         line->circuit->id) == 0)
    line->arrived_at = now;
}

static gboolean
may_return_to_line (guint status, const GError *error, gpointer user_data)
{
  return FALSE;
}

static gboolean
is_line_unwanted (gpointer user_data)
{
  return is_over (((Line *) user_data)->circuit);
}

static void
open_line (Line *line, QueenctlDiagnosis *diagnosis)
{
  static const QueenctlHttpStreamFuncs funcs = {
    .on_event = on_line_event,
    .may_return = may_return_to_line,
    .is_unwanted = is_line_unwanted,
  };
  g_autoptr (GError) error = NULL;

  if (!line->checkup->is_readable || queenctl_interrupt_has_come ())
    return;
  set_deadline (line->circuit);
  line->opened_at = g_get_monotonic_time ();
  line->stream =
      queenctl_http_stream_new (line->checkup->http, "/v1/heartbeats/stream?types=queen,worker",
                                &funcs, line, &error);
  if (line->stream || queenctl_interrupt_has_come ())
    return;
  queenctl_diagnosis_add (
      diagnosis, line->checkup->url, "stream",
      _ ("Look at queen_refused_total in her metrics: she has no room, or a proxy keeps the "
         "stream back."),
      g_strdup (error->code == QUEENCTL_ERROR_CANCELLED ? _ ("Her stream does not open in time.")
                                                        : error->message));
}

static gboolean
have_all_begun (QueenctlCircuit *self)
{
  for (guint i = 0; i < self->lines->len; i++)
    if (get_line (self, i)->stream && get_line (self, i)->checkup->first_event_time < 0)
      return FALSE;
  return TRUE;
}

static void
judge_beginning (const QueenctlCheckup *checkup, QueenctlDiagnosis *diagnosis)
{
  const char *advice = _ ("If a proxy is before her, it must pass on what comes at once "
                          "(proxy_buffering off); else look at the load of her machine.");

  if (checkup->first_event_time < 0)
    queenctl_diagnosis_add (diagnosis, checkup->url, "stream", advice,
                            g_strdup (_ ("Her stream opens, but says nothing.")));
  else if (checkup->first_event_time > SLOW)
    queenctl_diagnosis_add (diagnosis, checkup->url, "stream", advice,
                            g_strdup_printf (_ ("Her stream took %.1f s to say something."),
                                             (double) checkup->first_event_time / G_USEC_PER_SEC));
}

QueenctlCircuit *
queenctl_circuit_new (GPtrArray *checkups, QueenctlDiagnosis *diagnosis)
{
  QueenctlCircuit *self = g_new0 (QueenctlCircuit, 1);

  self->lines = g_array_new (FALSE, TRUE, sizeof (Line));
  g_array_set_size (self->lines, checkups->len);
  self->ways = g_new (GArray *, checkups->len * checkups->len);
  for (guint i = 0; i < checkups->len * checkups->len; i++)
    self->ways[i] = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < checkups->len; i++)
    {
      *get_line (self, i) = (Line){ .circuit = self, .checkup = checkups->pdata[i] };
      open_line (get_line (self, i), diagnosis);
    }
  set_deadline (self);
  while (!have_all_begun (self) && !is_over (self))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < checkups->len; i++)
    if (get_line (self, i)->stream)
      judge_beginning (checkups->pdata[i], diagnosis);
  return self;
}

void
queenctl_circuit_free (QueenctlCircuit *self)
{
  guint n = self->lines->len;

  for (guint i = 0; i < n; i++)
    {
      g_clear_pointer (&get_line (self, i)->stream, queenctl_http_stream_free);
      g_clear_object (&get_line (self, i)->session);
    }
  for (guint i = 0; i < n * n; i++)
    g_array_unref (self->ways[i]);
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  g_array_unref (self->lines);
  g_clear_object (&self->message);
  g_clear_error (&self->error);
  g_free (self->ways);
  g_free (self->id);
  g_free (self);
}

/* One event */

static void
on_answer_read (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenctlCircuit *self = data;
  GOutputStream *answer = G_OUTPUT_STREAM (source);
  g_autofree char *text = NULL;

  self->is_answered = TRUE;
  if (g_output_stream_splice_finish (answer, result, &self->error) < 0 ||
      soup_message_get_status (self->message) == SOUP_STATUS_OK)
    return;
  text = queenctl_http_dup_answer (answer);
  queenctl_http_set_refusal (self->told->checkup->http, HEARTBEAT, self->message, text,
                             &self->error);
}

static void
on_beat_answered (GObject *source, GAsyncResult *result, gpointer data)
{
  QueenctlCircuit *self = data;
  g_autoptr (GInputStream) body =
      soup_session_send_finish (SOUP_SESSION (source), result, &self->error);
  g_autoptr (GOutputStream) answer = queenctl_http_new_answer ();

  if (body)
    g_output_stream_splice_async (answer, body,
                                  G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE |
                                      G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET,
                                  G_PRIORITY_DEFAULT, self->cancellable, on_answer_read, self);
  else
    self->is_answered = TRUE;
}

static void
send_beat (QueenctlCircuit *self, Line *line, GCancellable *cancellable)
{
  g_autofree char *text =
      g_strdup_printf ("{\"worker\":{\"id\":\"%s\",\"status\":\"stopped\"}}", self->id);
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  if (!line->session)
    line->session = queenctl_http_new_session (line->checkup->http, 0);
  g_clear_object (&self->message);
  self->told = line;
  self->message = queenctl_http_new_message (line->checkup->http, "POST", HEARTBEAT);
  soup_message_set_request_body_from_bytes (self->message, "application/json", body);
  self->is_answered = FALSE;
  g_clear_error (&self->error);
  self->cancellable = cancellable;
  queenctl_interim_limit (self->message, cancellable);
  soup_session_send_async (line->session, self->message, G_PRIORITY_DEFAULT, cancellable,
                           on_beat_answered, self);
}

/* Returns: whether who listens to @to is to hear of what @from is told */
static gboolean
is_expected (const Line *from, const Line *to)
{
  return to->stream && queenctl_checkup_is_one_with (from->checkup, to->checkup);
}

static gboolean
has_arrived (QueenctlCircuit *self, const Line *from)
{
  for (guint i = 0; i < self->lines->len; i++)
    if (is_expected (from, get_line (self, i)) && get_line (self, i)->arrived_at == 0)
      return FALSE;
  return TRUE;
}

static void
await_beat (QueenctlCircuit *self, const Line *from, GCancellable *cancellable)
{
  set_deadline (self);
  while (!(self->is_answered && (self->error || has_arrived (self, from))) && !is_over (self))
    g_main_context_iteration (NULL, TRUE);
  if (self->is_answered)
    return;
  g_cancellable_cancel (cancellable);
  while (!self->is_answered)
    g_main_context_iteration (NULL, TRUE);
  g_clear_error (&self->error);
  queenctl_http_set_late (from->checkup->http, &self->error);
}

static void
note_missing (QueenctlCircuit *self, const Line *from, QueenctlDiagnosis *diagnosis)
{
  for (guint i = 0; i < self->lines->len; i++)
    {
      const Line *to = get_line (self, i);

      if (is_expected (from, to) && to->arrived_at == 0)
        queenctl_diagnosis_add (
            diagnosis, to->checkup->url, "way",
            _ ("Look at the load of her machine, of Redis, and of the network; and ask again."),
            g_strdup_printf (_ ("Who listens to her has not heard in %d s what %s was told."),
                             (int) (PATIENCE / G_USEC_PER_SEC), from->checkup->url));
    }
}

/* Returns: whether the next one may set out */
static gboolean
run_round (QueenctlCircuit *self, guint from, gboolean is_counted, QueenctlDiagnosis *diagnosis)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Line *line = get_line (self, from);
  gint64 start = g_get_monotonic_time ();

  for (guint i = 0; i < self->lines->len; i++)
    get_line (self, i)->arrived_at = 0;
  send_beat (self, line, cancellable);
  await_beat (self, line, cancellable);
  if (queenctl_interrupt_has_come ())
    return FALSE;
  if (self->error)
    queenctl_diagnosis_add (diagnosis, line->checkup->url, "way", NULL,
                            g_strdup_printf (_ ("She has not taken a heartbeat: %s"),
                                             self->error->message));
  else
    note_missing (self, line, diagnosis);
  if (self->error || !has_arrived (self, line))
    return FALSE;
  for (guint i = 0; i < self->lines->len && is_counted; i++)
    {
      gint64 took = get_line (self, i)->arrived_at - start;

      if (is_expected (line, get_line (self, i)))
        g_array_append_val (self->ways[from * self->lines->len + i], took);
    }
  return TRUE;
}

/* Whoever has the queen told of a worker has her forget it. */
static void
forget_worker (QueenctlCircuit *self, const Line *line, QueenctlDiagnosis *diagnosis)
{
  g_autofree char *path = g_strconcat ("/v1/workers/", self->id, NULL);
  gboolean is_missing = FALSE;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = queenctl_http_ask (line->checkup->http, "DELETE", path, NULL,
                                             "application/json", &is_missing, &error);
  g_autofree char *note = NULL;

  if (text || is_missing)
    return;
  note = g_strdup_printf (_ ("She has not forgotten the worker %s, which is there no longer: %s"),
                          self->id, error->message);
  queenctl_diagnosis_add_note (diagnosis, line->checkup->url, note);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 first = *(const gint64 *) a, second = *(const gint64 *) b;

  return (first > second) - (first < second);
}

guint
queenctl_circuit_get_way (QueenctlCircuit *self, guint from, guint to, gint64 *median, gint64 *most)
{
  GArray *times = self->ways[from * self->lines->len + to];

  if (times->len == 0)
    return 0;
  g_array_sort (times, compare_times);
  *median = g_array_index (times, gint64, (times->len - 1) / 2);
  *most = g_array_index (times, gint64, times->len - 1);
  return times->len;
}

static void
judge_ways (QueenctlCircuit *self, guint from, QueenctlDiagnosis *diagnosis)
{
  gint64 median, most;

  for (guint to = 0; to < self->lines->len; to++)
    if (queenctl_circuit_get_way (self, from, to, &median, &most) > 0 && median > SLOW)
      queenctl_diagnosis_add (
          diagnosis, get_line (self, to)->checkup->url, "way",
          _ ("Look at the load of her machine, of Redis, and of the network."),
          g_strdup_printf (_ ("What %s is told takes %.1f s to those who listen to her."),
                           get_line (self, from)->checkup->url, (double) median / G_USEC_PER_SEC));
}

static void
measure_from (QueenctlCircuit *self, guint from, QueenctlDiagnosis *diagnosis)
{
  Line *line = get_line (self, from);
  gboolean may_go_on = TRUE;

  if (!line->checkup->may_measure || !line->stream)
    return;
  g_free (self->id);
  self->id = g_strdup_printf ("queenctl-doctor-%08x%08x", g_random_int (), g_random_int ());
  /* The first one is not counted: it has a connection to make. */
  for (guint i = 0; i <= N_ROUNDS && may_go_on; i++)
    may_go_on = run_round (self, from, i > 0, diagnosis);
  forget_worker (self, line, diagnosis);
  judge_ways (self, from, diagnosis);
}

static gboolean
on_told_to_end (int fd, GIOCondition condition, gpointer data)
{
  return G_SOURCE_REMOVE;
}

gboolean
queenctl_circuit_measure (QueenctlCircuit *self,
                          gint64 deadline,
                          QueenctlDiagnosis *diagnosis,
                          GError **error)
{
  int fd = queenctl_interrupt_get_fd ();
  guint id = fd >= 0 ? g_unix_fd_add (fd, G_IO_IN, on_told_to_end, self) : 0;

  for (guint i = 0; i < self->lines->len && !queenctl_interrupt_has_come (); i++)
    if (g_get_monotonic_time () < deadline)
      measure_from (self, i, diagnosis);
  if (queenctl_interrupt_has_come ())
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_CANCELLED, _ ("Cancelled."));
  else
    g_clear_handle_id (&id, g_source_remove);
  return !queenctl_interrupt_has_come ();
}
