/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-http-queen.h"

#include <string.h>

#include "queenctl-component-set.h"
#include "queenctl-error.h"
#include "queenctl-http-stream.h"
#include "queenctl-json.h"
#include "queenctl-placing.h"
#include "text/queen-timestamp.h"

#define METRICS "text/plain"
#define LARGEST_EXACT ((double) (G_GUINT64_CONSTANT (1) << 53))
#define PAGE 5000 /* components asked for at once */

struct _QueenctlHttpQueen
{
  QueenctlQueen parent_instance;

  QueenctlHttp *http;
  QueenctlHttpStream *stream; /* NULL while nobody watches */
};

G_DEFINE_FINAL_TYPE (QueenctlHttpQueen, queenctl_http_queen, QUEENCTL_TYPE_QUEEN)

static gboolean
refuse_odd (QueenctlHttp *http, GError **error)
{
  queenctl_http_set_odd (http, error);
  return FALSE;
}

/* Status. Most of it is in the metrics, whose names do not change. */

/* Returns: a natural number, or seconds since 1970; 0 when there is none, nor one that a double
 * holds exactly */
static double
read_sample (const char *metrics, const char *name)
{
  g_autofree char *start = g_strconcat ("\n", name, " ", NULL);
  const char *sample = strstr (metrics, start);
  double number = sample ? g_ascii_strtod (sample + strlen (start), NULL) : 0;

  return number >= 0 && number <= LARGEST_EXACT ? number : 0; /* NaN is neither */
}

static void
set_count (JsonObject *status, const char *member, const char *metrics, const char *name)
{
  json_object_set_int_member (status, member, (gint64) read_sample (metrics, name));
}

static void
set_counts (JsonObject *status, const char *metrics)
{
  set_count (status, "workers_online", metrics, "queen_components_online{kind=\"worker\"}");
  set_count (status, "workers_available", metrics, "queen_components_available{kind=\"worker\"}");
  set_count (status, "hives_online", metrics, "queen_components_online{kind=\"hive\"}");
  set_count (status, "hives_available", metrics, "queen_components_available{kind=\"hive\"}");
}

static void
set_start (JsonObject *status, const char *metrics)
{
  double seconds = MIN (read_sample (metrics, "process_start_time_seconds"), 9e9);
  g_autoptr (GString) text = g_string_new (NULL);

  /* Told in microseconds, which a double does not hold exactly. */
  queen_timestamp_append (text, (gint64) (seconds * G_USEC_PER_SEC + 0.5) * QUEEN_NSEC_PER_USEC);
  json_object_set_string_member (status, "started_at", text->str);
}

static void
set_identity (QueenctlHttpQueen *self, JsonObject *status, JsonNode *build)
{
  JsonArray *addresses = json_array_new ();

  json_object_set_string_member (status, "version",
                                 queenctl_json_get_text (json_node_get_object (build), "version"));
  json_array_add_string_element (addresses, queenctl_http_get_url (self->http));
  json_object_set_array_member (status, "addresses", addresses);
}

/* Another service may tell its version there, too. */
static JsonNode *
ask_build (QueenctlHttp *http, GError **error)
{
  g_autoptr (JsonNode) build =
      queenctl_http_ask_json (http, "GET", "/v1/build-info", NULL, NULL, error);
  JsonObject *said = build ? json_node_get_object (build) : NULL;

  if (!build ||
      (queenctl_json_get_string (said, "version") && queenctl_json_get_string (said, "build_time")))
    return g_steal_pointer (&build);
  refuse_odd (http, error);
  return NULL;
}

static char *
ask_metrics (QueenctlHttp *http, GError **error)
{
  g_autofree char *metrics =
      queenctl_http_ask (http, "GET", "/metrics", NULL, METRICS, NULL, error);

  if (!metrics || strstr (metrics, "\nqueen_subscribers "))
    return g_steal_pointer (&metrics);
  refuse_odd (http, error);
  return NULL;
}

static JsonObject *
http_get_status (QueenctlQueen *queen, GError **error)
{
  QueenctlHttpQueen *self = QUEENCTL_HTTP_QUEEN (queen);
  g_autoptr (JsonNode) build = ask_build (self->http, error);
  g_autofree char *metrics = build ? ask_metrics (self->http, error) : NULL;
  JsonObject *status;

  if (!metrics)
    return NULL;
  status = json_object_new ();
  set_counts (status, metrics);
  set_identity (self, status, build);
  set_start (status, metrics);
  set_count (status, "subscribers", metrics, "queen_subscribers");
  set_count (status, "events_published", metrics, "queen_events_total");
  return status;
}

static JsonNode *
http_list_queens (QueenctlQueen *queen, GError **error)
{
  QueenctlHttp *http = QUEENCTL_HTTP_QUEEN (queen)->http;
  g_autoptr (JsonNode) answer =
      queenctl_http_ask_json (http, "GET", "/v1/queens", NULL, NULL, error);

  if (!answer || queenctl_json_get_objects (json_node_get_object (answer), "queens"))
    return g_steal_pointer (&answer);
  refuse_odd (http, error);
  return NULL;
}

/* Lists */

static gboolean
add_page (QueenctlHttp *http,
          QueenComponentKind kind,
          JsonObject *page,
          QueenctlComponentSet *components,
          GError **error)
{
  JsonNode *member = json_object_get_member (page, queen_component_kind_get_plural (kind));
  JsonArray *array = member && JSON_NODE_HOLDS_ARRAY (member) ? json_node_get_array (member) : NULL;

  if (!array)
    return refuse_odd (http, error);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      QueenctlComponent *component =
          queenctl_component_new (kind, json_node_ref (json_array_get_element (array, i)));

      if (!component)
        return refuse_odd (http, error);
      queenctl_component_set_add (components, component);
    }
  return TRUE;
}

/* Returns: (transfer full) (nullable): where the next page begins */
static char *
dup_next (JsonObject *page)
{
  const char *next = queenctl_json_get_string (page, "next");

  return next ? g_uri_escape_string (next, NULL, FALSE) : NULL;
}

/* A list goes on as long as each page brings somebody new, within the limits of any list.
 *
 * @before: how many there were before the last page */
static gboolean
may_go_on (QueenctlHttp *http, const QueenctlComponentSet *components, guint before, GError **error)
{
  if (queenctl_component_set_get_size (components) == before ||
      queenctl_component_set_is_full (components))
    return refuse_odd (http, error);
  if (!queenctl_component_set_is_late (components, g_get_monotonic_time ()))
    return TRUE;
  queenctl_http_set_late (http, error);
  return FALSE;
}

/* @query: (nullable): what is asked for, such as `&model=m` */
static gboolean
add_pages (QueenctlHttp *http,
           QueenComponentKind kind,
           const char *query,
           QueenctlComponentSet *components,
           GError **error)
{
  g_autofree char *next = NULL;

  do
    {
      g_autofree char *path =
          g_strdup_printf ("/v1/%s?limit=%d%s%s%s", queen_component_kind_get_plural (kind), PAGE,
                           query ? query : "", next ? "&after=" : "", next ? next : "");
      g_autoptr (JsonNode) page = queenctl_http_ask_json (http, "GET", path, NULL, NULL, error);
      guint before = queenctl_component_set_get_size (components);

      if (!page || !add_page (http, kind, json_node_get_object (page), components, error))
        return FALSE;
      g_free (next);
      next = dup_next (json_node_get_object (page));
      if (next && !may_go_on (http, components, before, error))
        return FALSE;
    }
  while (next);
  return TRUE;
}

static gboolean
add_components (QueenctlHttp *http,
                QueenComponentKind kind,
                const char *query,
                GPtrArray *components,
                GError **error)
{
  g_autoptr (QueenctlComponentSet) known = queenctl_component_set_new (g_get_monotonic_time ());

  if (!add_pages (http, kind, query, known, error))
    return FALSE;
  queenctl_component_set_move (known, components);
  return TRUE;
}

static gboolean
http_list (QueenctlQueen *queen, QueenComponentKind kind, GPtrArray *components, GError **error)
{
  return add_components (QUEENCTL_HTTP_QUEEN (queen)->http, kind, NULL, components, error);
}

/* There is no turn to take over HTTP, so chance spreads the calls over all who have the model. */
static QueenctlComponent *
http_find (QueenctlQueen *queen, const char *model, GError **error)
{
  g_autoptr (GPtrArray) workers = queenctl_component_array_new ();
  g_autofree char *escaped = g_uri_escape_string (model, NULL, FALSE);
  g_autofree char *query = g_strconcat ("&available=true&model=", escaped, NULL);

  if (!add_components (QUEENCTL_HTTP_QUEEN (queen)->http, QUEEN_COMPONENT_WORKER, query, workers,
                       error))
    return NULL;
  if (workers->len == 0)
    {
      queenctl_error_no_worker (model, error);
      return NULL;
    }
  return g_ptr_array_steal_index_fast (workers,
                                       (guint) g_random_int_range (0, (gint32) workers->len));
}

static char *
make_placing (const QueenctlPlacing *request)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) node = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "model");
  json_builder_add_string_value (builder, request->model);
  json_builder_set_member_name (builder, "affinity");
  json_builder_add_string_value (builder, request->affinity);
  json_builder_set_member_name (builder, "wait");
  json_builder_add_double_value (builder, (double) request->wait / G_USEC_PER_SEC);
  json_builder_set_member_name (builder, "reserve");
  json_builder_add_double_value (builder, (double) request->reserve / G_USEC_PER_SEC);
  json_builder_end_object (builder);
  node = json_builder_get_root (builder);
  return json_to_string (node, FALSE);
}

static void
set_not_placed (QueenctlHttp *http, GError **error)
{
  guint status;
  const char *refusal = queenctl_http_get_refusal (http, &status);

  if (!refusal || status != SOUP_STATUS_SERVICE_UNAVAILABLE)
    return;
  g_clear_error (error);
  queenctl_error_not_placed (refusal, error);
}

static JsonNode *
http_place (QueenctlQueen *queen, const QueenctlPlacing *request, GError **error)
{
  QueenctlHttp *http = QUEENCTL_HTTP_QUEEN (queen)->http;
  g_autofree char *body = make_placing (request);
  gboolean is_unknown = FALSE;
  g_autoptr (JsonNode) placement = NULL;
  g_autoptr (QueenctlComponent) worker = NULL;

  queenctl_http_set_patience (http, request->wait);
  placement = queenctl_http_ask_json (http, "POST", "/v1/placements", body, &is_unknown, error);
  if (is_unknown)
    queenctl_error_no_worker (request->model, error);
  else if (!placement)
    set_not_placed (http, error);
  if (!placement)
    return NULL;
  if (json_object_has_member (json_node_get_object (placement), "worker"))
    worker = queenctl_placing_dup_worker (placement);
  if (worker)
    return g_steal_pointer (&placement);
  refuse_odd (http, error);
  return NULL;
}

/* One of them */

static char *
dup_path (QueenComponentKind kind, const char *id)
{
  g_autofree char *escaped = g_uri_escape_string (id, NULL, FALSE);

  return g_strdup_printf ("/v1/%s/%s", queen_component_kind_get_plural (kind), escaped);
}

static gboolean
http_lookup (QueenctlQueen *queen,
             QueenComponentKind kind,
             const char *id,
             QueenctlComponent **component,
             GError **error)
{
  QueenctlHttp *http = QUEENCTL_HTTP_QUEEN (queen)->http;
  g_autofree char *path = dup_path (kind, id);
  gboolean is_missing = FALSE;
  JsonNode *node = queenctl_http_ask_json (http, "GET", path, NULL, &is_missing, error);
  g_autoptr (QueenctlComponent) told = node ? queenctl_component_new (kind, node) : NULL;

  if (!node)
    return is_missing;
  if (!told || !g_str_equal (queenctl_component_get_string (told, "id"), id))
    return refuse_odd (http, error);
  *component = g_steal_pointer (&told);
  return TRUE;
}

static gboolean
http_forget (QueenctlQueen *queen, QueenComponentKind kind, const char *id, GError **error)
{
  g_autofree char *path = dup_path (kind, id);

  return queenctl_http_tell (QUEENCTL_HTTP_QUEEN (queen)->http, "DELETE", path, NULL, error);
}

static char *
http_hold (QueenctlQueen *queen,
           QueenComponentKind kind,
           const char *id,
           const char *reason,
           guint ttl,
           GError **error)
{
  QueenctlHttp *http = QUEENCTL_HTTP_QUEEN (queen)->http;
  g_autofree char *component = dup_path (kind, id);
  g_autofree char *path = g_strconcat (component, "/hold", NULL);
  g_autoptr (JsonNode) members = json_node_init_object (json_node_alloc (), json_object_new ());
  g_autofree char *body = NULL;
  g_autoptr (JsonNode) hold = NULL;
  const char *hold_id;

  json_object_set_string_member (json_node_get_object (members), "reason", reason);
  json_object_set_int_member (json_node_get_object (members), "ttl", ttl);
  body = json_to_string (members, FALSE);
  hold = queenctl_http_ask_json (http, "POST", path, body, NULL, error);
  if (!hold)
    return NULL;
  hold_id = queenctl_json_get_string (json_node_get_object (hold), "id");
  if (!hold_id)
    refuse_odd (http, error);
  return g_strdup (hold_id);
}

static gboolean
http_release (
    QueenctlQueen *queen, QueenComponentKind kind, const char *id, const char *hold, GError **error)
{
  g_autofree char *component = dup_path (kind, id);
  g_autofree char *escaped = g_uri_escape_string (hold ? hold : "", NULL, FALSE);
  g_autofree char *path = g_strconcat (component, hold ? "/hold/" : "/hold", escaped, NULL);

  return queenctl_http_tell (QUEENCTL_HTTP_QUEEN (queen)->http, "DELETE", path, NULL, error);
}

static gboolean
http_report (QueenctlQueen *queen, QueenComponentKind kind, JsonNode *heartbeat, GError **error)
{
  g_autofree char *path =
      g_strdup_printf ("/v1/%s-heartbeat", queen_component_kind_get_name (kind));
  g_autofree char *members = json_to_string (heartbeat, FALSE);
  g_autofree char *body =
      g_strdup_printf ("{\"%s\":%s}", queen_component_kind_get_name (kind), members);

  return queenctl_http_tell (QUEENCTL_HTTP_QUEEN (queen)->http, "POST", path, body, error);
}

/* What the stream says */

static void
emit_event (QueenctlQueen *queen, const char *json)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (json);
  g_autofree char *id_member = NULL;
  JsonObject *event;
  const char *kind;

  if (!node)
    return;
  event = json_node_get_object (node);
  kind = queenctl_json_get_text (event, "type");
  id_member = g_strconcat (kind, "_id", NULL);
  queenctl_queen_emit_event (queen,
                             &(QueenctlEvent){ kind, queenctl_json_get_text (event, id_member),
                                               queenctl_json_get_text (event, "status"), node });
}

static void
emit_lagged (QueenctlQueen *queen, const char *json)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (json);
  JsonNode *dropped = node ? json_object_get_member (json_node_get_object (node), "dropped") : NULL;

  queenctl_queen_emit_lagged (queen, dropped && json_node_get_value_type (dropped) == G_TYPE_INT64
                                         ? json_node_get_int (dropped)
                                         : -1);
}

static void
emit_held (QueenctlQueen *queen, const char *json)
{
  g_autoptr (JsonNode) node = queenctl_json_parse_object (json);
  JsonObject *event = node ? json_node_get_object (node) : NULL;

  if (event)
    queenctl_queen_emit_held (queen, queenctl_json_get_text (event, "kind"),
                              queenctl_json_get_text (event, "id"));
}

static void
on_stream_event (const char *event, const char *data, gpointer user_data)
{
  if (g_str_equal (event, "heartbeat"))
    emit_event (user_data, data);
  else if (g_str_equal (event, "hold"))
    emit_held (user_data, data);
  else if (g_str_equal (event, "lagged"))
    emit_lagged (user_data, data);
}

static void
on_stream_gone (const char *message, gpointer user_data)
{
  queenctl_queen_emit_gone (user_data, message);
}

static void
on_stream_back (gpointer user_data)
{
  queenctl_queen_emit_back (user_data);
}

static gboolean
http_watch (QueenctlQueen *queen, QueenctlWatch wanted, GError **error)
{
  static const QueenctlHttpStreamFuncs funcs = {
    .on_event = on_stream_event,
    .on_gone = on_stream_gone,
    .on_back = on_stream_back,
  };
  QueenctlHttpQueen *self = QUEENCTL_HTTP_QUEEN (queen);
  g_autofree char *path = g_strconcat ("/v1/heartbeats/stream?types=worker,hive",
                                       wanted & QUEENCTL_WATCH_PULSES ? ",queen" : "",
                                       wanted & QUEENCTL_WATCH_HOLDS ? ",hold" : "", NULL);

  self->stream = queenctl_http_stream_new (self->http, path, &funcs, queen, error);
  return self->stream != NULL;
}

/* The object */

static void
queenctl_http_queen_finalize (GObject *object)
{
  QueenctlHttpQueen *self = QUEENCTL_HTTP_QUEEN (object);

  g_clear_pointer (&self->stream, queenctl_http_stream_free);
  queenctl_http_free (self->http);
  G_OBJECT_CLASS (queenctl_http_queen_parent_class)->finalize (object);
}

static void
queenctl_http_queen_class_init (QueenctlHttpQueenClass *class)
{
  QueenctlQueenClass *queen_class = QUEENCTL_QUEEN_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = queenctl_http_queen_finalize;
  queen_class->get_status = http_get_status;
  queen_class->list = http_list;
  queen_class->list_queens = http_list_queens;
  queen_class->lookup = http_lookup;
  queen_class->find = http_find;
  queen_class->place = http_place;
  queen_class->report = http_report;
  queen_class->forget = http_forget;
  queen_class->hold = http_hold;
  queen_class->release = http_release;
  queen_class->watch = http_watch;
}

static void
queenctl_http_queen_init (QueenctlHttpQueen *self)
{
}

QueenctlQueen *
queenctl_http_queen_new (QueenctlHttp *http)
{
  QueenctlHttpQueen *self = g_object_new (QUEENCTL_TYPE_HTTP_QUEEN, NULL);

  self->http = http;
  return QUEENCTL_QUEEN (self);
}
