/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-operation.h"

#include <math.h>
#include <string.h>

#include "queen-error.h"
#include "text/queen-json.h"
#include "text/queen-legible.h"

#define MAX_PROMPT 32768 /* characters */
#define MAX_NAME 1024    /* bytes of a model's or a worker's id */
#define MAX_CHARACTER 4  /* bytes of one */
#define MAX_SHOWN 64     /* bytes of what is quoted in an error */
#define LOCALHOST "localhost"

/* What is read; the worker or hive reads the rest. */
static const char *const wanted[] = {
  "operation",       "model",
  "prompt",          "max_tokens",
  "temperature",     "top_p",
  "top_k",           "stream",
  "worker_id",       "hive_id",
  "alias",           "on_disconnect",
  "grace",           "affinity",
  "reservation",     "queue_timeout",
  "connect_timeout", "first_byte_timeout",
  "idle_timeout",    NULL,
};

static const struct
{
  const char *name;
  QueenJobOperationKind kind;
  const char *id;       /* the member that says whom it is about; NULL when none does */
  const char *usual_id; /* NULL when it has to be said */
} operations[] = {
  { "infer", QUEEN_JOB_INFER },
  { "status", QUEEN_JOB_REPORT },
  { "hive_list", QUEEN_JOB_REPORT },
  { "hive_get", QUEEN_JOB_REPORT, "alias", LOCALHOST },
  { "hive_status", QUEEN_JOB_REPORT, "alias", LOCALHOST },
  { "hive_refresh_capabilities", QUEEN_JOB_REPORT, "alias" },
  { "active_worker_list", QUEEN_JOB_REPORT },
  { "active_worker_get", QUEEN_JOB_REPORT, "worker_id" },
  { "active_worker_retire", QUEEN_JOB_RETIRE, "worker_id" },
  { "worker_spawn", QUEEN_JOB_OF_HIVE, "hive_id" },
  { "worker_process_list", QUEEN_JOB_OF_HIVE, "hive_id" },
  { "worker_process_get", QUEEN_JOB_OF_HIVE, "hive_id" },
  { "worker_process_delete", QUEEN_JOB_OF_HIVE, "hive_id" },
  { "model_download", QUEEN_JOB_OF_HIVE, "hive_id" },
  { "model_list", QUEEN_JOB_OF_HIVE, "hive_id" },
  { "model_get", QUEEN_JOB_OF_HIVE, "hive_id" },
  { "model_delete", QUEEN_JOB_OF_HIVE, "hive_id" },
};

/* Members; one that is null has not been said */

static const QueenJsonValue *
get_member (const QueenJobOperation *self, const char *name)
{
  const QueenJsonValue *value = queen_json_get_member (queen_json_get_root (self->json), name);

  return value && value->type != QUEEN_JSON_NULL ? value : NULL;
}

/* What is far too long is not counted to its end. */
static gboolean
is_longer (const char *text, gsize n_characters)
{
  gssize n_bytes = (gssize) (n_characters + 1) * MAX_CHARACTER;

  return (gsize) g_utf8_strlen (text, n_bytes) > n_characters;
}

static gboolean
read_text (
    const QueenJobOperation *self, const char *name, gsize max, const char **text, GError **error)
{
  const QueenJsonValue *value = get_member (self, name);

  if (!value)
    return TRUE;
  if (value->type != QUEEN_JSON_STRING || *value->string == '\0' || is_longer (value->string, max))
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                               "%s must be a text of 1 to %" G_GSIZE_FORMAT " characters", name,
                               max);
  *text = value->string;
  return TRUE;
}

static gboolean
is_number (const QueenJsonValue *value)
{
  return value->type == QUEEN_JSON_INTEGER || value->type == QUEEN_JSON_DOUBLE;
}

static double
get_number (const QueenJsonValue *value)
{
  return value->type == QUEEN_JSON_INTEGER ? (double) value->integer : value->number;
}

static gboolean
read_seconds (const QueenJobOperation *self, const char *name, gint64 *span, GError **error)
{
  const QueenJsonValue *value = get_member (self, name);
  double seconds;

  if (!value)
    return TRUE;
  seconds = is_number (value) ? get_number (value) : NAN;
  if (!(seconds >= 0 && seconds <= QUEEN_JOB_MAX_TIMEOUT / G_USEC_PER_SEC))
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "%s must be seconds from 0 to %d",
                               name, (int) (QUEEN_JOB_MAX_TIMEOUT / G_USEC_PER_SEC));
  *span = (gint64) (seconds * G_USEC_PER_SEC);
  return TRUE;
}

/* A clock that stood still from the beginning would be none. */
static gboolean
read_clock (const QueenJobOperation *self, const char *name, gint64 *span, GError **error)
{
  if (!read_seconds (self, name, span, error))
    return FALSE;
  return *span > 0 || queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                                          "%s must be more than 0 seconds", name);
}

static gboolean
read_on_disconnect (QueenJobOperation *self, GError **error)
{
  const char *word = NULL;

  if (!read_text (self, "on_disconnect", MAX_NAME, &word, error))
    return FALSE;
  if (word && !g_str_equal (word, "keep") && !g_str_equal (word, "cancel"))
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                               "on_disconnect must be keep or cancel");
  self->says_on_disconnect = word != NULL;
  self->request.on_disconnect =
      word && g_str_equal (word, "cancel") ? QUEEN_JOB_CANCEL : QUEEN_JOB_KEEP;
  return TRUE;
}

static gboolean
read_patience (QueenJobOperation *self, GError **error)
{
  QueenJobRequest *request = &self->request;

  return read_on_disconnect (self, error) && read_seconds (self, "grace", &request->grace, error) &&
         read_seconds (self, "queue_timeout", &request->queue_timeout, error) &&
         read_clock (self, "connect_timeout", &request->connect_timeout, error) &&
         read_clock (self, "first_byte_timeout", &request->first_byte_timeout, error) &&
         read_clock (self, "idle_timeout", &request->idle_timeout, error);
}

static gboolean
check_numbers (QueenJobOperation *self, GError **error)
{
  static const char *const names[] = { "max_tokens", "temperature", "top_p", "top_k" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const QueenJsonValue *value = get_member (self, names[i]);

      if (value && (!is_number (value) || !isfinite (get_number (value)) || get_number (value) < 0))
        return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                                   "%s must be a number that is not negative", names[i]);
    }
  return TRUE;
}

/* hive_id and device say nothing here: the seed's keeper always sends “localhost”. */
static gboolean
read_infer (QueenJobOperation *self, GError **error)
{
  const char *prompt = NULL;

  if (!read_text (self, "model", MAX_NAME, &self->request.model, error) ||
      !read_text (self, "prompt", MAX_PROMPT, &prompt, error) ||
      !read_text (self, "worker_id", MAX_NAME, &self->request.wish, error) ||
      !read_text (self, "affinity", MAX_NAME, &self->request.affinity, error) ||
      !read_text (self, "reservation", MAX_NAME, &self->request.reservation, error) ||
      !check_numbers (self, error))
    return FALSE;
  if (!self->request.model || !prompt)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "%s is missing",
                               self->request.model ? "prompt" : "model");
  return TRUE;
}

static gboolean
read_id (QueenJobOperation *self, const char *name, const char *usual, GError **error)
{
  self->id = usual;
  if (!name)
    return TRUE;
  if (!read_text (self, name, MAX_NAME, &self->id, error))
    return FALSE;
  return self->id || queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "%s is missing", name);
}

static gboolean
read_operation (QueenJobOperation *self, GError **error)
{
  const char *name = NULL;
  g_autofree char *shown = NULL;

  if (!read_text (self, "operation", MAX_NAME, &name, error))
    return FALSE;
  if (!name)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "operation is missing");
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      if (!g_str_equal (name, operations[i].name))
        continue;
      self->kind = operations[i].kind;
      self->request.operation = operations[i].name;
      return read_id (self, operations[i].id, operations[i].usual_id, error);
    }
  shown = queen_legible_dup (name, MAX_SHOWN);
  return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "there is no operation “%s”", shown);
}

static gboolean
read_all_members (QueenJobOperation *self, GError **error)
{
  if (queen_json_get_root (self->json)->type != QUEEN_JSON_OBJECT)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "a job must be a JSON object");
  if (!read_operation (self, error) || !read_patience (self, error))
    return FALSE;
  if (self->kind == QUEEN_JOB_INFER)
    return read_infer (self, error);
  if (self->kind == QUEEN_JOB_OF_HIVE)
    {
      self->request.face = QUEEN_FACE_HIVE;
      self->request.hive_id = self->id;
    }
  return TRUE;
}

QueenJobOperation *
queen_job_operation_new (GBytes *body, GError **error)
{
  g_autoptr (QueenJobOperation) self = g_new0 (QueenJobOperation, 1);
  gsize size;
  const char *text = g_bytes_get_data (body, &size);

  queen_job_request_init (&self->request);
  self->body = self->request.body = g_bytes_ref (body);
  self->json = queen_json_new_ended (text, size, wanted, error);
  return self->json && read_all_members (self, error) ? g_steal_pointer (&self) : NULL;
}

void
queen_job_operation_free (QueenJobOperation *self)
{
  g_clear_pointer (&self->json, queen_json_free);
  g_bytes_unref (self->body);
  g_free (self);
}
