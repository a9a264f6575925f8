/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Which jobs there are. */

#include "queen-routes.h"

#include <libsoup/soup.h>

#include "jobs/queen-job-lister.h"
#include "model/queen-listing.h"
#include "queen-error.h"
#include "queen-list-answer.h"
#include "text/queen-query.h"

#define MAX_NAMES 32 /* models and workers in a question */

typedef struct
{
  QueenJobs *jobs;
  QueenAccess *access;
} Routes;

/* What a query asks for. */
typedef struct
{
  QueenJobSelection selection;
  guint n_names; /* that were given, of models and workers */
} Question;

/* Somebody who waits for a list. */
typedef struct
{
  QueenExchange *exchange;
  QueenJobOrder *order;
} Asker;

/* Queries */

static gboolean
take_limit (const char *name, const char *value, gpointer data, GError **error)
{
  return queen_listing_take_limit (name, value, QUEEN_JOB_LISTER_MAX_PAGE,
                                   &((Question *) data)->selection.limit, error);
}

static gboolean
take_after (const char *name, const char *value, gpointer data, GError **error)
{
  return queen_listing_take_after (name, value, &((Question *) data)->selection.after, error);
}

/* Those of several add up. */
static gboolean
take_status (const char *name, const char *value, gpointer data, GError **error)
{
  QueenJobState state;

  if (queen_job_state_parse (value, &state))
    {
      ((Question *) data)->selection.states |= 1u << state;
      return TRUE;
    }
  return queen_error_refuse (error, QUEEN_ERROR_BAD_REQUEST,
                             "%s must be one of queued, running, done, failed, cancelled, lost",
                             name);
}

static gboolean
add_name (Question *question, GHashTable *names, const char *value, GError **error)
{
  if (question->n_names == MAX_NAMES)
    return queen_error_refuse (error, QUEEN_ERROR_BAD_REQUEST,
                               "models and workers can be given %d times in all", MAX_NAMES);
  question->n_names++;
  g_hash_table_add (names, g_strdup (value));
  return TRUE;
}

static gboolean
take_model (const char *name, const char *value, gpointer data, GError **error)
{
  return add_name (data, ((Question *) data)->selection.models, value, error);
}

static gboolean
take_worker (const char *name, const char *value, gpointer data, GError **error)
{
  return add_name (data, ((Question *) data)->selection.workers, value, error);
}

static gboolean
read_question (QueenExchange *exchange, Question *question, GError **error)
{
  static const QueenParameter parameters[] = { { "limit", take_limit },
                                               { "after", take_after },
                                               { "status", take_status },
                                               { "model", take_model },
                                               { "worker_id", take_worker } };

  return queen_query_parse (queen_exchange_get_query (exchange), parameters,
                            G_N_ELEMENTS (parameters), question, error);
}

/* Whose they are: an administrator's are all.
 *
 * Returns: (transfer full) (nullable) */
static char *
dup_owner (Routes *routes, QueenExchange *exchange)
{
  guint owner;

  if (queen_access_check_right (routes->access, QUEEN_ACCESS_ADMIN,
                                queen_exchange_get_visitor (exchange), &owner, NULL))
    return NULL;
  return queen_exchange_dup_submitter (exchange);
}

/* Lists */

static void
on_list_made (GString *json, gpointer data)
{
  g_autofree Asker *asker = data;

  if (json)
    queen_exchange_answer_json (asker->exchange, SOUP_STATUS_OK, json);
  else
    queen_list_answer_refuse (asker->exchange);
  queen_exchange_finish (asker->exchange);
}

static void
on_asker_gone (gpointer data)
{
  g_autofree Asker *asker = data;

  queen_job_order_cancel (asker->order);
}

static gboolean
order_list (QueenExchange *exchange, Routes *routes, Question *question, GError **error)
{
  g_autofree char *name = queen_list_answer_dup_asker (exchange);
  g_autofree Asker *asker = g_new0 (Asker, 1);

  asker->exchange = exchange;
  asker->order = queen_job_lister_order (queen_jobs_get_lister (routes->jobs), &question->selection,
                                         name, on_list_made, asker, error);
  if (!asker->order)
    return FALSE;
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_asker_gone,
                               g_steal_pointer (&asker));
  return TRUE;
}

static void
answer_question (QueenExchange *exchange, Routes *routes, Question *question)
{
  g_autoptr (GError) error = NULL;
  GString *json;

  if (!read_question (exchange, question, &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  question->selection.submitter = dup_owner (routes, exchange);
  json = queen_job_lister_list (queen_jobs_get_lister (routes->jobs), &question->selection);
  if (json)
    queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
  else if (!order_list (exchange, routes, question, &error))
    queen_exchange_answer_error (exchange, error);
}

static void
on_list_jobs (QueenExchange *exchange, gpointer data)
{
  Question question = { .n_names = 0 };

  queen_job_selection_init (&question.selection);
  answer_question (exchange, data, &question);
  queen_job_selection_clear (&question.selection);
}

static void
free_routes (Routes *routes)
{
  g_object_unref (routes->access);
  g_object_unref (routes->jobs);
  g_free (routes);
}

void
queen_routes_add_job_lists (QueenRouter *router, QueenJobs *jobs)
{
  static const QueenRoute routes[] = {
    { "/v1/jobs", "GET", QUEEN_ACCESS_SEE_JOBS, on_list_jobs },
  };
  Routes *data = g_new0 (Routes, 1);

  data->jobs = g_object_ref (jobs);
  data->access = g_object_ref (queen_router_get_access (router));
  queen_router_add (router, routes, G_N_ELEMENTS (routes), data, (GDestroyNotify) free_routes);
}
