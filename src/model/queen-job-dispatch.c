/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-job-dispatch.h"

#include <string.h>

#include "queen-error.h"
#include "queen-faults.h"
#include "queen-heartbeat.h"
#include "text/queen-json-writer.h"
#include "text/queen-json.h"
#include "text/queen-legible.h"

#define JOB "job-"
#define MAX_ID 64 /* bytes */

/* A model that a client made up may be longer than any that there is: nobody needs its name. */
static gboolean
is_model (const char *model)
{
  return strlen (model) <= QUEEN_HEARTBEAT_MAX_MODEL_ID && queen_legible_check (model);
}

static void
write_job (GString *text, const QueenJobEntry *entry)
{
  queen_json_append_member (text, "state", queen_job_state_get_name (entry->state));
  if (entry->model && is_model (entry->model))
    queen_json_append_member (text, "model", entry->model);
  if (entry->worker_id)
    queen_json_append_member (text, "worker", entry->worker_id);
  if (entry->party != QUEEN_FAULTS_OF_NOBODY)
    queen_json_append_figure (text, "party", entry->party);
}

void
queen_job_dispatch_write (GString *text, const QueenJobIndexNews *news)
{
  g_string_append (text, news->job_id ? "{\"job\":" : "{\"worker\":");
  queen_json_append_string (text, news->job_id ? news->job_id : news->worker_id);
  if (!news->job_id)
    queen_json_append_figure (text, "in_flight", news->n);
  else if (news->entry)
    write_job (text, news->entry);
  g_string_append_c (text, '}');
}

static gboolean
is_job (const char *id)
{
  gsize length = strlen (id);

  return length <= MAX_ID && g_str_has_prefix (id, JOB) &&
         strspn (id, "-0123456789abcdefghijklmnopqrstuvwxyz") == length;
}

static gboolean
refuse_line (GError **error, const char *name)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, "%s is none", name);
  return FALSE;
}

/* @text: (out) (nullable): %NULL when it is not said
 *
 * Returns: whether it is not said, or is what it is to be */
static gboolean
read_said (const QueenJsonValue *root,
           const char *name,
           gboolean (*check) (const char *text),
           const char **text,
           GError **error)
{
  const QueenJsonValue *said = queen_json_get_member (root, name);

  *text = NULL;
  if (!said)
    return TRUE;
  if (said->type != QUEEN_JSON_STRING || !check (said->string))
    return refuse_line (error, name);
  *text = said->string;
  return TRUE;
}

static gboolean
is_state (const char *word)
{
  QueenJobState state;

  return queen_job_state_parse (word, &state);
}

static gboolean
apply_load (QueenJobIndex *index,
            const char *owner,
            const char *worker_id,
            const QueenJsonValue *root,
            GError **error)
{
  const QueenJsonValue *said = queen_json_get_member (root, "in_flight");

  if (!worker_id)
    return refuse_line (error, "worker");
  if (!said || said->type != QUEEN_JSON_INTEGER || said->integer < 0 ||
      said->integer > QUEEN_JOB_INDEX_MAX_IN_FLIGHT)
    return refuse_line (error, "in_flight");
  queen_job_index_set_load (index, owner, worker_id, (guint) said->integer);
  return TRUE;
}

/* A queen of before does not say it. */
static gboolean
read_party (const QueenJsonValue *root, guint *party, GError **error)
{
  const QueenJsonValue *said = queen_json_get_member (root, "party");

  if (!said)
    return TRUE;
  if (said->type != QUEEN_JSON_INTEGER || said->integer < 0 || said->integer > G_MAXUINT)
    return refuse_line (error, "party");
  *party = (guint) said->integer;
  return TRUE;
}

static gboolean
apply_line (QueenJobIndex *index, const char *owner, const QueenJsonValue *root, GError **error)
{
  QueenJobEntry entry = { .owner = owner };
  const char *state;

  if (root->type != QUEEN_JSON_OBJECT)
    return refuse_line (error, "the object");
  if (!read_said (root, "job", is_job, &entry.id, error) ||
      !read_said (root, "worker", queen_heartbeat_check_id, &entry.worker_id, error) ||
      !read_said (root, "model", is_model, &entry.model, error) ||
      !read_said (root, "state", is_state, &state, error) ||
      !read_party (root, &entry.party, error))
    return FALSE;
  if (!entry.id)
    return apply_load (index, owner, entry.worker_id, root, error);
  if (state && queen_job_state_parse (state, &entry.state))
    queen_job_index_set (index, &entry);
  else
    queen_job_index_drop (index, owner, entry.id);
  return TRUE;
}

gboolean
queen_job_dispatch_apply (
    QueenJobIndex *index, const char *owner, const char *text, gsize length, GError **error)
{
  g_autoptr (QueenJson) json = NULL;

  if (length > QUEEN_JOB_DISPATCH_MAX_LINE)
    return refuse_line (error, "the object");
  json = queen_json_new (text, length, NULL, error);
  return json && apply_line (index, owner, queen_json_get_root (json), error);
}
