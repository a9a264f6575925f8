/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>

#include "queen-error.h"
#include "text/queen-json-writer.h"

#define MAX_MODELS 10000 /* that are listed */
#define MODELS "/v1/models"

typedef struct
{
  QueenCluster *cluster;
} OpenAI;

/* Models */

static void
append_model (GString *json, const char *id, const QueenModel *model)
{
  g_string_append (json, "{\"id\":");
  queen_json_append_string (json, id);
  g_string_append_printf (json,
                          ",\"object\":\"model\",\"created\":%" G_GINT64_FORMAT
                          ",\"owned_by\":\"queen-rbee\",\"workers\":%u,\"available\":%u}",
                          model->since / G_GINT64_CONSTANT (1000000000), model->n_workers,
                          model->n_available);
}

static void
on_models (QueenExchange *exchange, gpointer data)
{
  const QueenModels *models = queen_cluster_get_models (((OpenAI *) data)->cluster);
  g_autoptr (GPtrArray) ids = queen_models_list (models, MAX_MODELS);
  GString *json = g_string_new ("{\"object\":\"list\",\"data\":[");

  for (guint i = 0; i < ids->len; i++)
    {
      if (i > 0)
        g_string_append_c (json, ',');
      append_model (json, ids->pdata[i], queen_models_lookup (models, ids->pdata[i]));
    }
  g_string_append (json, "]}");
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

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
  const QueenModels *models = queen_cluster_get_models (((OpenAI *) data)->cluster);
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
  append_model (json, id, model);
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

/* Adding the routes */

static void
free_openai (gpointer data)
{
  OpenAI *openai = data;

  g_object_unref (openai->cluster);
  g_free (openai);
}

void
queen_routes_add_openai (QueenRouter *router, QueenCluster *cluster)
{
  static const QueenRoute routes[] = {
    { MODELS, "GET", QUEEN_ACCESS_READ, on_models, .speaks_openai = TRUE },
    { MODELS "/{path}", "GET", QUEEN_ACCESS_READ, on_model, .speaks_openai = TRUE },
  };
  OpenAI *openai = g_new0 (OpenAI, 1);

  openai->cluster = g_object_ref (cluster);
  queen_router_add (router, routes, G_N_ELEMENTS (routes), openai, free_openai);
}
