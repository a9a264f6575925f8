/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>
#include <string.h>

#include "queen-error.h"
#include "text/queen-json.h"
#include "text/queen-query.h"

#define ID_PART 2 /* of `/v1/workers/{id}/hold/{hold}` */
#define HOLD_PART 4

/* What the routes of one registry work with. */
typedef struct
{
  QueenCluster *cluster;
  QueenComponentKind kind;
} Holder;

static gboolean
refuse_member (GError **error, const char *problem)
{
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, problem);
  return FALSE;
}

static gboolean
read_ttl (const QueenJsonValue *said, QueenHoldRequest *request, GError **error)
{
  gint64 seconds = said->type == QUEEN_JSON_INTEGER ? said->integer : -1;

  /* As JavaScript may write it. */
  if (said->type == QUEEN_JSON_DOUBLE && said->number >= 0 &&
      said->number <= (double) QUEEN_HOLDS_MAX_TTL)
    seconds = said->number == (double) (gint64) said->number ? (gint64) said->number : -1;
  if (seconds < 0 || seconds > QUEEN_HOLDS_MAX_TTL)
    return refuse_member (error, "ttl must be whole seconds, from 0 (until released) to 31536000");
  request->ttl = seconds * G_USEC_PER_SEC;
  return TRUE;
}

/* What is not known here might be what somebody relies on. */
static gboolean
read_request (const QueenJsonValue *root, QueenHoldRequest *request, GError **error)
{
  if (root->type != QUEEN_JSON_OBJECT)
    return refuse_member (error, "a hold must be a JSON object");
  for (const QueenJsonValue *said = queen_json_get_first (root); said < queen_json_get_end (root);
       said = queen_json_get_end (said))
    if (g_str_equal (said->name, "reason"))
      {
        if (said->type != QUEEN_JSON_STRING)
          return refuse_member (error, "reason must be a string");
        request->reason = said->string;
      }
    else if (g_str_equal (said->name, "ttl"))
      {
        if (!read_ttl (said, request, error))
          return FALSE;
      }
    else
      return refuse_member (error, "a hold has the members reason and ttl, and no others");
  return request->reason || refuse_member (error, "reason must say why");
}

static gboolean
check_hold_body (QueenExchange *exchange, GError **error)
{
  const char *coding = queen_exchange_get_header (exchange, "Content-Encoding");

  if (!queen_exchange_get_request (exchange)->has_body)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_LENGTH_REQUIRED, "a hold needs a body");
  else if (coding && g_ascii_strcasecmp (coding, "identity") != 0)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                         "a hold is not taken in a Content-Encoding, but as it is");
  else if (!queen_exchange_has_type (exchange, "application/json"))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                         "a hold needs Content-Type: application/json");
  else
    return TRUE;
  return FALSE;
}

/* Returns: (transfer full): who asks, as holds name their holder */
static char *
dup_holder (QueenExchange *exchange)
{
  g_autofree char *submitter = queen_exchange_dup_submitter (exchange);

  return *submitter ? g_steal_pointer (&submitter) : g_strdup (QUEEN_HOLDS_HERE);
}

static char *
dup_id_of_held (QueenExchange *exchange, GError **error)
{
  if (!queen_query_parse (queen_exchange_get_query (exchange), NULL, 0, NULL, error))
    return NULL;
  return queen_exchange_dup_part (exchange, ID_PART, error);
}

static QueenHold *
make_hold (Holder *routes, QueenExchange *exchange, GError **error)
{
  const QueenRequest *request = queen_exchange_get_request (exchange);
  g_autofree char *id = dup_id_of_held (exchange, error);
  g_autofree char *holder = dup_holder (exchange);
  QueenHoldRequest hold = {
    .kind = routes->kind, .id = id, .holder = holder, .ttl = QUEEN_HOLDS_USUAL_TTL * G_USEC_PER_SEC
  };
  g_autoptr (QueenJson) json = NULL;

  if (!id || !check_hold_body (exchange, error))
    return NULL;
  json = queen_json_new (request->body, request->body_length, NULL, error);
  if (!json || !read_request (queen_json_get_root (json), &hold, error))
    return NULL;
  return queen_cluster_hold (routes->cluster, &hold, error);
}

static void
on_hold (QueenExchange *exchange, gpointer data)
{
  g_autoptr (GError) error = NULL;
  QueenHold *hold = make_hold (data, exchange, &error);
  GString *json;

  if (!hold)
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  json = g_string_new (NULL);
  queen_hold_append_json (hold, NULL, json);
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

/* @part: where the path has the id of a hold; 0 for one without */
static guint
end_holds (Holder *routes, QueenExchange *exchange, guint part, GError **error)
{
  QueenHolds *holds = queen_cluster_get_holds (routes->cluster);
  g_autofree char *id = dup_id_of_held (exchange, error);
  g_autofree char *hold = id && part > 0 ? queen_exchange_dup_part (exchange, part, error) : NULL;
  g_autofree char *holder = dup_holder (exchange);

  if (!id || (part > 0 && !hold))
    return 0;
  return queen_holds_release (holds, routes->kind, id, hold, holder, error);
}

static void
release_and_answer (Holder *routes, QueenExchange *exchange, guint part)
{
  g_autoptr (GError) error = NULL;
  guint n = end_holds (routes, exchange, part, &error);
  g_autofree char *text = g_strdup_printf (n == 1 ? "Released %u hold" : "Released %u holds", n);

  if (error)
    queen_exchange_answer_error (exchange, error);
  else
    queen_exchange_answer_message (exchange, text);
}

static void
on_release (QueenExchange *exchange, gpointer data)
{
  release_and_answer (data, exchange, HOLD_PART);
}

static void
on_release_own (QueenExchange *exchange, gpointer data)
{
  release_and_answer (data, exchange, 0);
}

static void
free_holder (gpointer data)
{
  g_object_unref (((Holder *) data)->cluster);
  g_free (data);
}

static void
add_hold_routes (QueenRouter *router,
                 const QueenRoute *table,
                 gsize n_routes,
                 QueenCluster *cluster,
                 QueenComponentKind kind)
{
  Holder *routes = g_new0 (Holder, 1);

  routes->cluster = g_object_ref (cluster);
  routes->kind = kind;
  queen_router_add (router, table, n_routes, routes, free_holder);
}

void
queen_routes_add_holds (QueenRouter *router, QueenCluster *cluster)
{
  static const QueenRoute workers[] = {
    { "/v1/workers/{id}/hold", "POST", QUEEN_ACCESS_HOLD, on_hold },
    { "/v1/workers/{id}/hold", "DELETE", QUEEN_ACCESS_HOLD, on_release_own },
    { "/v1/workers/{id}/hold/{hold}", "DELETE", QUEEN_ACCESS_HOLD, on_release },
  };
  static const QueenRoute hives[] = {
    { "/v1/hives/{id}/hold", "POST", QUEEN_ACCESS_HOLD, on_hold },
    { "/v1/hives/{id}/hold", "DELETE", QUEEN_ACCESS_HOLD, on_release_own },
    { "/v1/hives/{id}/hold/{hold}", "DELETE", QUEEN_ACCESS_HOLD, on_release },
  };

  add_hold_routes (router, workers, G_N_ELEMENTS (workers), cluster, QUEEN_COMPONENT_WORKER);
  add_hold_routes (router, hives, G_N_ELEMENTS (hives), cluster, QUEEN_COMPONENT_HIVE);
}
