/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-job.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "queen-error.h"
#include "queenctl-answer.h"
#include "queenctl-error.h"
#include "queenctl-http-stream.h"
#include "queenctl-interrupt.h"
#include "queenctl-json.h"
#include "queenctl-output.h"

#define PATIENCE (300 * (gint64) G_USEC_PER_SEC) /* as long as the queen keeps what has ended */
#define STAY (10 * (gint64) G_USEC_PER_SEC)      /* µs: whoever stays as long is back */
#define MAX_ID 128                               /* bytes of a job's */

typedef struct
{
  QueenctlHttp *http;
  const char *id;
  gboolean is_ours;
  QueenctlAnswer *answer;
  GMainLoop *loop;
  gint64 gone_since;  /* µs, monotonic; 0 while it is listened to */
  gint64 back_since;  /* likewise, that it came back; perhaps for a moment */
  gboolean is_unread; /* nobody takes what is printed */
  guint sources[2];
  GError *error;
} Reading;

QueenctlHttp *
queenctl_job_connect (const QueenctlOptions *options, GError **error)
{
  if (g_str_equal (options->bus, "auto"))
    return queenctl_http_new (options->url, options->token_file, options->ca_file, error);
  g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_USAGE,
                       _ ("Jobs are asked for over HTTP: take --url in the place of --bus"));
  return NULL;
}

/* It is printed, and becomes part of a path. */
static gboolean
is_id (const char *text)
{
  gsize length = 0;

  while (g_ascii_isalnum (text[length]) || text[length] == '-' || text[length] == '_')
    length++;
  return length > 0 && length <= MAX_ID && text[length] == '\0';
}

/* @cause: (transfer full) (nullable) */
static void
refuse_submission (GError *cause, GError **error)
{
  if (queenctl_interrupt_has_come ())
    {
      g_clear_error (&cause);
      g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_CANCELLED, _ ("Cancelled."));
    }
  else
    g_propagate_error (error, cause);
}

char *
queenctl_job_submit (QueenctlHttp *http, const char *request, GError **error)
{
  g_autofree char *key = g_uuid_string_random ();
  g_autoptr (GError) cause = NULL;
  g_autoptr (JsonNode) answer = NULL;
  const char *id;

  for (guint i = 0; i < 2 && !answer && !queenctl_interrupt_has_come (); i++)
    {
      g_clear_error (&cause);
      answer = queenctl_http_submit (http, "/v1/jobs", request, key, &cause);
      if (!g_error_matches (cause, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN))
        break;
    }
  if (!answer)
    {
      refuse_submission (g_steal_pointer (&cause), error);
      return NULL;
    }
  id = queenctl_json_get_string (json_node_get_object (answer), "job_id");
  if (id && is_id (id))
    return g_strdup (id);
  queenctl_http_set_odd (http, error);
  return NULL;
}

static char *
dup_path (const char *id, const char *rest)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);

  return g_strdup_printf ("/v1/jobs/%s%s", escaped, rest);
}

gboolean
queenctl_job_cancel (QueenctlHttp *http, const char *id, GError **error)
{
  g_autofree char *path = dup_path (id, "");
  g_autoptr (JsonNode) answer = queenctl_http_ask_json (http, "DELETE", path, NULL, NULL, error);

  return answer != NULL;
}

/* What the stream tells */

static void
on_job_event (const char *event, const char *data, gpointer user_data)
{
  Reading *self = user_data;

  self->gone_since = 0;
  if (!queenctl_answer_take (self->answer, event, data))
    self->is_unread = TRUE;
  if (self->is_unread || queenctl_answer_is_whole (self->answer))
    g_main_loop_quit (self->loop);
}

static void
on_job_gone (const char *message, gpointer user_data)
{
  Reading *self = user_data;

  queenctl_answer_say (self->answer, message);
}

static void
on_job_back (gpointer user_data)
{
  Reading *self = user_data;

  self->back_since = g_get_monotonic_time ();
  queenctl_answer_say (self->answer, _ ("The queen is back."));
}

/* She says no for good when she does not know of it any longer, or of us, and what cannot be read
 * will be the same again; all else may pass. Who comes and goes at once has not been back. */
static gboolean
may_read_on (guint status, const GError *error, gpointer user_data)
{
  Reading *self = user_data;
  gboolean is_final = status == SOUP_STATUS_NOT_FOUND || status == SOUP_STATUS_UNAUTHORIZED ||
                      status == SOUP_STATUS_FORBIDDEN;
  gboolean is_garbled = error && error->domain == QUEEN_ERROR;
  gint64 now = g_get_monotonic_time ();

  if (self->gone_since == 0 ||
      (self->back_since > self->gone_since && now - self->back_since > STAY))
    self->gone_since = now;
  if (queenctl_answer_is_whole (self->answer) || self->is_unread)
    return FALSE;
  if (!is_final && !is_garbled && now - self->gone_since < PATIENCE)
    return TRUE;
  if (is_garbled)
    queenctl_http_set_garbled (self->http, error, &self->error);
  else if (is_final && error && error->domain == QUEENCTL_ERROR)
    self->error = g_error_copy (error);
  else
    queenctl_http_set_late (self->http, &self->error);
  g_main_loop_quit (self->loop);
  return FALSE;
}

/* What else ends it */

static gboolean
is_over (gpointer user_data)
{
  const Reading *self = user_data;

  return self->is_unread || (self->is_ours && queenctl_interrupt_has_come ());
}

static gboolean
on_interrupted (int fd, GIOCondition condition, gpointer user_data)
{
  Reading *self = user_data;

  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_answer_unread (int fd, GIOCondition condition, gpointer user_data)
{
  Reading *self = user_data;

  self->is_unread = TRUE;
  g_main_loop_quit (self->loop);
  return G_SOURCE_CONTINUE;
}

static void
watch_for_end (Reading *self)
{
  if (self->is_ours && queenctl_interrupt_get_fd () >= 0)
    self->sources[0] = g_unix_fd_add (queenctl_interrupt_get_fd (), G_IO_IN, on_interrupted, self);
  self->sources[1] =
      g_unix_fd_add (STDOUT_FILENO, G_IO_ERR | G_IO_HUP | G_IO_NVAL, on_answer_unread, self);
}

static void
ignore_end (Reading *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->sources); i++)
    g_clear_handle_id (&self->sources[i], g_source_remove);
}

static void
reading_clear (Reading *self)
{
  ignore_end (self);
  g_clear_pointer (&self->answer, queenctl_answer_free);
  g_clear_pointer (&self->loop, g_main_loop_unref);
  g_clear_error (&self->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

/* Returns: whether it has ended as one wants it to */
static gboolean
settle_reading (Reading *self, GError **error)
{
  g_autoptr (GError) problem = NULL;
  gboolean is_whole = queenctl_answer_is_whole (self->answer);

  queenctl_answer_end (self->answer);
  ignore_end (self);
  if (!is_whole && !self->error && self->is_ours &&
      !queenctl_job_cancel (self->http, self->id, &problem))
    queenctl_output_complain (problem);
  if (self->error)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (is_whole)
    return queenctl_answer_check (self->answer, error);
  else if (self->is_ours && queenctl_interrupt_has_come ())
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_CANCELLED, _ ("Cancelled."));
  else if (self->is_ours)
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_CANCELLED,
                         _ ("Cancelled, as nobody reads the answer any more."));
  else
    return TRUE; /* why nothing can be written, whoever checks the output at exit says */
  return FALSE;
}

gboolean
queenctl_job_read (
    QueenctlHttp *http, const char *id, gboolean is_json, gboolean is_ours, GError **error)
{
  static const QueenctlHttpStreamFuncs funcs = {
    .on_event = on_job_event,
    .on_gone = on_job_gone,
    .on_back = on_job_back,
    .may_return = may_read_on,
    .is_unwanted = is_over,
  };
  g_auto (Reading) self = { .http = http, .id = id, .is_ours = is_ours };
  g_autoptr (QueenctlHttpStream) stream = NULL;
  g_autofree char *path = dup_path (id, "/stream");

  self.answer = queenctl_answer_new (is_json);
  self.loop = g_main_loop_new (NULL, FALSE);
  watch_for_end (&self);
  stream = queenctl_http_stream_new (http, path, &funcs, &self, error);
  if (!stream)
    {
      if (is_ours)
        queenctl_job_cancel (http, id, NULL);
      return FALSE;
    }
  if (!is_over (&self) && !queenctl_answer_is_whole (self.answer))
    g_main_loop_run (self.loop);
  return settle_reading (&self, error);
}
