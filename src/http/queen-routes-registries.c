/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>

#include "model/queen-component-json.h"
#include "model/queen-listing.h"
#include "net/queen-shares.h"
#include "queen-error.h"
#include "queen-list-answer.h"
#include "text/queen-query.h"

#define MAX_LIMIT 10000 /* components on one page */
#define MAX_WAITING 8   /* lists that are made for one address at the same time */
#define ID_PART 2       /* of `/v1/workers/{id}` */

/* What the routes of one registry work with. */
typedef struct
{
  QueenCluster *cluster;
  QueenRegistry *registry; /* of the cluster */
  QueenLister *lister;     /* likewise */
  QueenShares *askers;     /* of lists that are not shared */
} Routes;

/* Somebody who waits for a list. */
typedef struct
{
  Routes *routes;
  QueenExchange *exchange;
  QueenOrder *order;
  QueenShare *share;
  gboolean wants_gzip;
} Asker;

/* Queries */

static gboolean
take_answer (const char *name, const char *value, guint *answers, GError **error)
{
  if (g_str_equal (value, "true"))
    *answers |= QUEEN_ANSWER_YES;
  else if (g_str_equal (value, "false"))
    *answers |= QUEEN_ANSWER_NO;
  else
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "%s must be true or false", name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
take_online (const char *name, const char *value, gpointer data, GError **error)
{
  return take_answer (name, value, &((QueenSelection *) data)->online, error);
}

static gboolean
take_available (const char *name, const char *value, gpointer data, GError **error)
{
  return take_answer (name, value, &((QueenSelection *) data)->available, error);
}

static gboolean
take_held (const char *name, const char *value, gpointer data, GError **error)
{
  return take_answer (name, value, &((QueenSelection *) data)->held, error);
}

static void
add_id (GPtrArray **ids, const char *id)
{
  if (!*ids)
    *ids = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (*ids, g_strdup (id));
}

static gboolean
take_model (const char *name, const char *value, gpointer data, GError **error)
{
  add_id (&((QueenSelection *) data)->model_ids, value);
  return TRUE;
}

static gboolean
take_hive (const char *name, const char *value, gpointer data, GError **error)
{
  add_id (&((QueenSelection *) data)->hive_ids, value);
  return TRUE;
}

static gboolean
take_limit (const char *name, const char *value, gpointer data, GError **error)
{
  return queen_listing_take_limit (name, value, MAX_LIMIT, &((QueenSelection *) data)->limit,
                                   error);
}

static gboolean
take_after (const char *name, const char *value, gpointer data, GError **error)
{
  return queen_listing_take_after (name, value, &((QueenSelection *) data)->after, error);
}

#define N_OF_WORKERS 2 /* the last ones: a hive serves no model, and belongs to no hive */

static const QueenParameter list_parameters[] = {
  { "online", take_online }, { "available", take_available }, { "held", take_held },
  { "limit", take_limit },   { "after", take_after },         { "model", take_model },
  { "hive_id", take_hive },
};

static gboolean
parse_selection (const char *query,
                 QueenComponentKind kind,
                 QueenSelection *selection,
                 GError **error)
{
  gsize n = G_N_ELEMENTS (list_parameters) - (kind == QUEEN_COMPONENT_HIVE ? N_OF_WORKERS : 0);

  return queen_query_parse (query, list_parameters, n, selection, error);
}

/* Lists */

static void
free_asker (Asker *asker)
{
  queen_shares_release (asker->routes->askers, asker->share);
  g_free (asker);
}

static void
answer_crowded (QueenExchange *exchange)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                           "too many lists are asked for at once, or this "
                           "one is too large: ask for it in pages (?limit=)");

  queen_exchange_answer_error (exchange, error);
}

static void
on_list_made (QueenList *list, gpointer data)
{
  Asker *asker = data;
  QueenExchange *exchange = asker->exchange;
  gboolean wants_gzip = asker->wants_gzip;

  free_asker (asker);
  if (list)
    queen_list_answer_give (exchange, list, wants_gzip);
  else
    answer_crowded (exchange);
  queen_exchange_finish (exchange);
}

static void
on_asker_gone (gpointer data)
{
  Asker *asker = data;

  queen_order_cancel (asker->order);
  free_asker (asker);
}

/* A list that all share is ordered by as many as like. */
static gboolean
may_order (Asker *asker, const QueenSelection *selection, GError **error)
{
  const QueenRequest *request = queen_exchange_get_request (asker->exchange);

  if (queen_selection_is_everybody (selection) ||
      queen_shares_acquire (asker->routes->askers, request->client, request->is_forwarded,
                            &asker->share))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
                       "too many lists are asked for at once from one address");
  return FALSE;
}

static gboolean
order_list (QueenExchange *exchange,
            Routes *routes,
            const QueenSelection *selection,
            GError **error)
{
  g_autofree char *name = queen_list_answer_dup_asker (exchange);
  Asker *asker = g_new0 (Asker, 1);

  asker->routes = routes;
  asker->exchange = exchange;
  asker->wants_gzip = selection->wants_gzip;
  if (may_order (asker, selection, error))
    asker->order = queen_lister_order (routes->lister, routes->registry, selection, name,
                                       on_list_made, asker, error);
  if (!asker->order)
    {
      free_asker (asker);
      return FALSE;
    }
  queen_exchange_answer_later (exchange, QUEEN_PATIENCE_SHORT, on_asker_gone, asker);
  return TRUE;
}

static gboolean
answer_known (QueenExchange *exchange, Routes *routes, const QueenSelection *selection)
{
  g_autofree char *version = NULL;

  if (!queen_selection_is_everybody (selection))
    return FALSE;
  version = queen_lister_dup_version (routes->lister, routes->registry);
  return queen_list_answer_unchanged (exchange, version, selection->wants_gzip);
}

static void
on_list (QueenExchange *exchange, gpointer data)
{
  Routes *routes = data;
  QueenComponentKind kind = queen_registry_get_kind (routes->registry);
  g_auto (QueenSelection) selection = { 0 };
  g_autoptr (QueenList) list = NULL;
  g_autoptr (GError) error = NULL;

  if (!parse_selection (queen_exchange_get_query (exchange), kind, &selection, &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  selection.wants_gzip = queen_exchange_takes_gzip (exchange);
  if (answer_known (exchange, routes, &selection))
    return;
  list = queen_lister_list (routes->lister, routes->registry, &selection);
  if (list)
    queen_list_answer_give (exchange, list, selection.wants_gzip);
  else if (!order_list (exchange, routes, &selection, &error))
    queen_exchange_answer_error (exchange, error);
}

/* One of them */

/* Returns: (transfer full): the id that the path names; no parameter can change that */
static char *
dup_id (QueenExchange *exchange, GError **error)
{
  if (!queen_query_parse (queen_exchange_get_query (exchange), NULL, 0, NULL, error))
    return NULL;
  return queen_exchange_dup_part (exchange, ID_PART, error);
}

static gboolean
answer_component (QueenExchange *exchange, QueenRegistry *registry, GError **error)
{
  g_autofree char *id = dup_id (exchange, error);
  QueenComponent *component;
  GString *json;

  if (!id)
    return FALSE;
  component = queen_registry_lookup (registry, id);
  if (!component)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_NOT_FOUND, "there is no %s “%s”",
                   queen_component_kind_get_name (queen_registry_get_kind (registry)), id);
      return FALSE;
    }
  json = g_string_sized_new (QUEEN_COMPONENT_USUAL_JSON);
  queen_component_append_json (component, json);
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
  return TRUE;
}

static void
on_component (QueenExchange *exchange, gpointer data)
{
  Routes *routes = data;
  g_autoptr (GError) error = NULL;

  if (!answer_component (exchange, routes->registry, &error))
    queen_exchange_answer_error (exchange, error);
}

static void
on_forget (QueenExchange *exchange, gpointer data)
{
  QueenRegistry *registry = ((Routes *) data)->registry;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = dup_id (exchange, &error);
  g_autofree char *sender = queen_exchange_dup_sender (exchange);
  g_autofree char *text = NULL;

  if (!id || !queen_registry_forget (registry, id, sender ? sender : "this machine", &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  text = g_strdup_printf ("Forgot %s %s",
                          queen_component_kind_get_name (queen_registry_get_kind (registry)), id);
  queen_exchange_answer_message (exchange, text);
}

/* Adding the routes */

static void
free_routes (gpointer data)
{
  Routes *routes = data;

  queen_shares_free (routes->askers);
  g_object_unref (routes->cluster);
  g_free (routes);
}

static void
add_routes (QueenRouter *router,
            const QueenRoute *table,
            gsize n_routes,
            QueenCluster *cluster,
            QueenComponentKind kind)
{
  Routes *routes = g_new0 (Routes, 1);

  routes->cluster = g_object_ref (cluster);
  routes->registry = queen_cluster_get_registry (cluster, kind);
  routes->lister = queen_cluster_get_lister (cluster);
  routes->askers = queen_shares_new (MAX_WAITING, 2 * MAX_WAITING, TRUE);
  queen_router_add (router, table, n_routes, routes, free_routes);
}

void
queen_routes_add_registries (QueenRouter *router, QueenCluster *cluster)
{
  static const QueenRoute workers[] = {
    { "/v1/workers", "GET", QUEEN_ACCESS_READ, on_list, .is_direct = TRUE },
    { "/v1/workers/{id}", "GET", QUEEN_ACCESS_READ, on_component },
    { "/v1/workers/{id}", "DELETE", QUEEN_ACCESS_ADMIN, on_forget },
  };
  static const QueenRoute hives[] = {
    { "/v1/hives", "GET", QUEEN_ACCESS_READ, on_list, .is_direct = TRUE },
    { "/v1/hives/{id}", "GET", QUEEN_ACCESS_READ, on_component },
    { "/v1/hives/{id}", "DELETE", QUEEN_ACCESS_ADMIN, on_forget },
  };

  add_routes (router, workers, G_N_ELEMENTS (workers), cluster, QUEEN_COMPONENT_WORKER);
  add_routes (router, hives, G_N_ELEMENTS (hives), cluster, QUEEN_COMPONENT_HIVE);
}
