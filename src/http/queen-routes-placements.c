/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>
#include <string.h>

#include "model/queen-component-json.h"
#include "model/queen-component-url.h"
#include "model/queen-heartbeat.h"
#include "queen-error.h"
#include "text/queen-json-writer.h"
#include "text/queen-json.h"
#include "text/queen-query.h"

#define ID_PART 2       /* of `/v1/placements/{reservation}` */
#define RETRY_AFTER "5" /* s */
#define MAX_AFFINITY (16 * 1024)

/* Somebody who asks for a worker. */
typedef struct
{
  QueenExchange *exchange;
  QueenPlacementWait *wait; /* NULL until it is known that it waits */
} Client;

/* What is asked */

static gboolean
refuse_placement (GError **error, const char *problem)
{
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNPROCESSABLE, problem);
  return FALSE;
}

/* @max: µs */
static gboolean
read_span (const QueenJsonValue *said, gint64 max, gint64 *span)
{
  double seconds = said->type == QUEEN_JSON_INTEGER  ? (double) said->integer
                   : said->type == QUEEN_JSON_DOUBLE ? said->number
                                                     : -1;

  if (!(seconds >= 0 && seconds * G_USEC_PER_SEC <= (double) max))
    return FALSE;
  *span = (gint64) (seconds * G_USEC_PER_SEC);
  return TRUE;
}

static gboolean
read_model (const QueenJsonValue *said, QueenPlacementRequest *request, GError **error)
{
  if (!said || said->type != QUEEN_JSON_STRING)
    return refuse_placement (error, "model must be a string: the id of the model");
  if (strlen (said->string) > QUEEN_HEARTBEAT_MAX_MODEL_ID)
    return refuse_placement (error, "no model has such a long id");
  request->model = said->string;
  return TRUE;
}

static gboolean
read_affinity (const QueenJsonValue *said, QueenPlacementRequest *request, GError **error)
{
  if (said->type != QUEEN_JSON_STRING || strlen (said->string) > MAX_AFFINITY)
    return refuse_placement (error, "affinity must be a string of 16384 bytes at the most");
  request->affinity = said->string;
  return TRUE;
}

/* What is null is as if it was not there. */
static const QueenJsonValue *
get_said (const QueenJsonValue *root, const char *name)
{
  const QueenJsonValue *said = queen_json_get_member (root, name);

  return said && said->type != QUEEN_JSON_NULL ? said : NULL;
}

static gboolean
read_placement (const QueenJsonValue *root, QueenPlacementRequest *request, GError **error)
{
  const QueenJsonValue *wait, *affinity, *reserve;

  if (root->type != QUEEN_JSON_OBJECT)
    return refuse_placement (error, "a placement must be a JSON object");
  wait = get_said (root, "wait");
  affinity = get_said (root, "affinity");
  reserve = get_said (root, "reserve");
  if (!read_model (get_said (root, "model"), request, error) ||
      (affinity && !read_affinity (affinity, request, error)))
    return FALSE;
  if (wait && !read_span (wait, QUEEN_PLACEMENT_MAX_PATIENCE, &request->patience))
    return refuse_placement (error, "wait must be a number of seconds from 0 to 60");
  if (reserve && !read_span (reserve, QUEEN_PLACEMENT_MAX_RESERVE, &request->reserve))
    return refuse_placement (error, "reserve must be a number of seconds from 0 to 30");
  return TRUE;
}

static gboolean
check_placement_body (QueenExchange *exchange, GError **error)
{
  const char *coding = queen_exchange_get_header (exchange, "Content-Encoding");
  const char *type = queen_exchange_get_header (exchange, "Content-Type");
  QueenText name = { type, type ? strcspn (type, ";") : 0 };

  if (!queen_exchange_get_request (exchange)->has_body)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_LENGTH_REQUIRED,
                         "a placement needs a body");
  else if (coding && g_ascii_strcasecmp (coding, "identity") != 0)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                         "a placement is not taken in a Content-Encoding, but as it is");
  else if (!queen_text_is (queen_text_trim (name), "application/json"))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
                         "a placement needs Content-Type: application/json");
  else
    return TRUE;
  return FALSE;
}

/* What is answered */

static void
append_considered (GString *json, const QueenPlacementResult *result)
{
  QueenConsidered considered[QUEEN_PLACEMENT_MAX_CONSIDERED];
  guint n = queen_placement_result_list_considered (result, considered);

  g_string_append (json, ",\"considered\":[");
  for (guint i = 0; i < n; i++)
    {
      g_string_append (json, i > 0 ? ",{\"id\":" : "{\"id\":");
      queen_json_append_string (json, considered[i].worker->id);
      queen_json_append_member (json, "verdict", queen_verdict_get_name (considered[i].verdict));
      queen_json_append_member (json, "detail", considered[i].detail);
      g_string_append_c (json, '}');
    }
  g_string_append_c (json, ']');
}

static void
append_counts (GString *json, const QueenPlacementResult *result)
{
  guint counts[QUEEN_N_VERDICTS];

  queen_placement_result_count (result, counts);
  g_string_append (json, ",\"counts\":{");
  for (int i = 0; i < QUEEN_N_VERDICTS; i++)
    g_string_append_printf (json, "%s\"%s\":%u", i > 0 ? "," : "",
                            queen_verdict_get_name ((QueenVerdict) i), counts[i]);
  g_string_append_c (json, '}');
}

static void
append_rest (GString *json, const QueenPlacementResult *result)
{
  queen_json_append_member (json, "reason", queen_placement_reason_get_name (result->reason));
  g_string_append (json, ",\"waited\":");
  queen_json_append_real (json, (double) result->waited / G_USEC_PER_SEC);
  append_considered (json, result);
  append_counts (json, result);
  g_string_append_c (json, '}');
}

static void
answer_placed (QueenExchange *exchange, const QueenPlacementResult *result)
{
  g_autofree char *url = queen_component_dup_url (result->worker);
  GString *json = g_string_new ("{\"worker\":");

  queen_component_append_json (result->worker, json);
  queen_json_append_member (json, "url", url);
  queen_json_append_member (json, "reservation", result->reservation);
  append_rest (json, result);
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

static void
answer_none (QueenExchange *exchange, const QueenPlacementResult *result)
{
  g_autofree char *message = queen_placement_result_dup_message (result);
  GString *json = g_string_new ("{\"status\":\"error\"");

  queen_json_append_member (json, "message", message);
  append_rest (json, result);
  queen_exchange_add_header (exchange, "Retry-After", RETRY_AFTER);
  queen_exchange_answer_json (exchange, SOUP_STATUS_SERVICE_UNAVAILABLE, json);
  queen_exchange_set_refusal (exchange, QUEEN_REFUSAL_BUSY);
}

/* Also before it is known whether it has to wait. */
static void
on_client_placed (const QueenPlacementResult *result, gpointer data)
{
  Client *client = data;
  QueenExchange *exchange = client->exchange;

  if (result->worker)
    answer_placed (exchange, result);
  else
    answer_none (exchange, result);
  if (client->wait)
    queen_exchange_finish (exchange);
  g_free (client);
}

static void
on_client_gone (gpointer data)
{
  Client *client = data;

  queen_placement_wait_cancel (client->wait);
  g_free (client);
}

static gboolean
place_client (QueenExchange *exchange,
              QueenPlacement *placement,
              const QueenPlacementRequest *request,
              GError **error)
{
  static const QueenPlacementFuncs funcs = { on_client_placed, NULL };
  Client *client = g_new0 (Client, 1);
  QueenPlacementWait *wait;
  GError *problem = NULL;

  client->exchange = exchange;
  wait = queen_placement_request (placement, request, &funcs, client, &problem);
  if (problem)
    {
      g_free (client);
      g_propagate_error (error, problem);
      return FALSE;
    }
  if (wait)
    {
      client->wait = wait;
      queen_exchange_answer_later (exchange, QUEEN_PATIENCE_UNTIL_GONE, on_client_gone, client);
    }
  return TRUE;
}

static gboolean
take_placement (QueenExchange *exchange, QueenPlacement *placement, GError **error)
{
  static const char *const wanted[] = { "model", "wait", "affinity", "reserve", NULL };
  const QueenRequest *asked = queen_exchange_get_request (exchange);
  g_autofree char *submitter = queen_exchange_dup_submitter (exchange);
  QueenPlacementRequest request = { .submitter = submitter,
                                    .reserve = QUEEN_PLACEMENT_USUAL_RESERVE };
  g_autoptr (QueenJson) json = NULL;

  if (!queen_query_parse (queen_exchange_get_query (exchange), NULL, 0, NULL, error) ||
      !check_placement_body (exchange, error))
    return FALSE;
  json = queen_json_new (asked->body, asked->body_length, wanted, error);
  return json && read_placement (queen_json_get_root (json), &request, error) &&
         place_client (exchange, placement, &request, error);
}

static void
on_place (QueenExchange *exchange, gpointer placement)
{
  g_autoptr (GError) error = NULL;

  if (!take_placement (exchange, placement, &error))
    queen_exchange_answer_error (exchange, error);
}

static void
on_give_back (QueenExchange *exchange, gpointer placement)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *submitter = queen_exchange_dup_submitter (exchange);
  g_autofree char *id = NULL;

  if (queen_query_parse (queen_exchange_get_query (exchange), NULL, 0, NULL, &error))
    id = queen_exchange_dup_part (exchange, ID_PART, &error);
  if (id && queen_placement_release (placement, id, submitter, &error))
    queen_exchange_answer_message (exchange, "The reservation is given back");
  else
    queen_exchange_answer_error (exchange, error);
}

void
queen_routes_add_placements (QueenRouter *router, QueenCluster *cluster)
{
  static const QueenRoute routes[] = {
    { "/v1/placements", "POST", QUEEN_ACCESS_JOBS, on_place },
    { "/v1/placements/{reservation}", "DELETE", QUEEN_ACCESS_JOBS, on_give_back },
  };

  queen_router_add (router, routes, G_N_ELEMENTS (routes),
                    g_object_ref (queen_cluster_get_placement (cluster)), g_object_unref);
}
