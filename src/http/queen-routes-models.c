/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Which models can be asked for, as OpenAI's API has it. */

#include "queen-routes.h"

#include <libsoup/soup.h>
#include <string.h>

#include "queen-error.h"
#include "queen-list-answer.h"

#define MODELS "/v1/models"

/* Somebody who waits for the list. */
typedef struct
{
  QueenExchange *exchange;
  QueenModelOrder *order;
  gboolean wants_gzip;
} Asker;

/* All of them */

static void
on_models_listed (QueenList *list, gpointer data)
{
  g_autofree Asker *asker = data;
  QueenExchange *exchange = asker->exchange;

  if (list)
    queen_list_answer_give (exchange, list, asker->wants_gzip);
  else
    queen_list_answer_refuse (exchange);
  queen_exchange_finish (exchange);
}

static void
on_asker_gone (gpointer data)
{
  g_autofree Asker *asker = data;

  queen_model_order_cancel (asker->order);
}

static gboolean
order_models (QueenExchange *exchange,
              QueenModelLister *lister,
              gboolean wants_gzip,
              GError **error)
{
  g_autofree char *name = queen_list_answer_dup_asker (exchange);
  g_autofree Asker *asker = g_new0 (Asker, 1);

  asker->exchange = exchange;
  asker->wants_gzip = wants_gzip;
  asker->order =
      queen_model_lister_order (lister, wants_gzip, name, on_models_listed, asker, error);
  if (!asker->order)
    return FALSE;
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_asker_gone,
                               g_steal_pointer (&asker));
  return TRUE;
}

static void
on_models (QueenExchange *exchange, gpointer data)
{
  QueenModelLister *lister = queen_cluster_get_model_lister (data);
  gboolean wants_gzip = queen_exchange_takes_gzip (exchange);
  g_autoptr (QueenList) list = queen_model_lister_list (lister, wants_gzip);
  g_autoptr (GError) error = NULL;

  if (list)
    queen_list_answer_give (exchange, list, wants_gzip);
  else if (!order_models (exchange, lister, wants_gzip, &error))
    queen_exchange_answer_error (exchange, error);
}

/* One of them */

/* Many have a slash in them, and not every client encodes that. */
static char *
dup_model_id (QueenExchange *exchange, GError **error)
{
  const char *rest = queen_exchange_get_path (exchange) + strlen (MODELS "/");
  g_autofree char *id = g_uri_unescape_string (rest, NULL);

  if (id && g_utf8_validate (id, -1, NULL))
    return g_steal_pointer (&id);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "the model in %s is no encoded UTF-8",
               queen_exchange_get_path (exchange));
  return NULL;
}

static void
on_model (QueenExchange *exchange, gpointer data)
{
  const QueenModels *models = queen_cluster_get_models (data);
  g_autoptr (GError) error = NULL;
  g_autofree char *id = dup_model_id (exchange, &error);
  const QueenModel *model = id ? queen_models_lookup (models, id) : NULL;
  GString *json;

  if (!model)
    {
      if (id)
        g_set_error (&error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "no worker serves “%s” now", id);
      queen_exchange_blame (exchange, "model", id ? "model_not_found" : NULL);
      queen_exchange_answer_error (exchange, error);
      return;
    }
  json = g_string_new (NULL);
  queen_model_lister_append (json, id, model);
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

void
queen_routes_add_models (QueenRouter *router, QueenCluster *cluster)
{
  static const QueenRoute routes[] = {
    { MODELS, "GET", QUEEN_ACCESS_READ, on_models, .speaks_openai = TRUE },
    { MODELS "/{path}", "GET", QUEEN_ACCESS_READ, on_model, .speaks_openai = TRUE },
  };

  queen_router_add (router, routes, G_N_ELEMENTS (routes), g_object_ref (cluster), g_object_unref);
}
