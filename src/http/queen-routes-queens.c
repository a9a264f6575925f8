/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>

#include "build-config.h"
#include "text/queen-json-writer.h"
#include "text/queen-query.h"
#include "text/queen-timestamp.h"

#define USUAL_JSON 512 /* bytes, of a few queens */

/* Who can be told of: herself, and the others by what she knows of the engine. */
typedef struct
{
  QueenStream *stream;
  char *address;
  gint64 started_at; /* µs since 1970 */
  void (*report_engine) (QueenEngineReport *report, gpointer data);
  gpointer data;
} Queens;

/* @time: µs since 1970; 0 for nobody knows */
static void
append_time (GString *json, const char *name, gint64 time)
{
  if (time <= 0)
    {
      queen_json_append_member (json, name, NULL);
      return;
    }
  g_string_append_printf (json, ",\"%s\":\"", name);
  queen_timestamp_append (json, time * QUEEN_NSEC_PER_USEC);
  g_string_append_c (json, '"');
}

/* What she knows of herself is newer than what she has said to the others. */
static void
append_self (GString *json, const Queens *queens, const QueenEngineReport *report)
{
  g_string_append (json, "{\"self\":true");
  queen_json_append_member (json, "id", report ? report->name : NULL);
  queen_json_append_member (json, "address", queens->address);
  queen_json_append_member (json, "version", QUEEN_VERSION);
  append_time (json, "started_at", queens->started_at);
  queen_json_append_figure (json, "subscribers", queen_stream_get_n_subscribers (queens->stream));
  queen_json_append_figure (json, "lag", report ? report->lag : 0);
  queen_json_append_member (json, "engine",
                            report ? queen_engine_state_get_name (report->state) : NULL);
  g_string_append_c (json, '}');
}

/* Whoever can say it in the engine is together with the others. */
static void
append_sibling (GString *json, const QueenSibling *sibling)
{
  g_string_append (json, ",{\"self\":false");
  queen_json_append_member (json, "id", sibling->name);
  queen_json_append_member (json, "address", sibling->address);
  queen_json_append_member (json, "version", sibling->version);
  append_time (json, "started_at", sibling->started_at);
  queen_json_append_figure (json, "subscribers", (guint64) sibling->subscribers);
  queen_json_append_figure (json, "lag", (guint64) sibling->lag);
  queen_json_append_member (json, "engine", queen_engine_state_get_name (QUEEN_ENGINE_TOGETHER));
  g_string_append_c (json, '}');
}

/* While she is alone nobody knows how the others are. */
static void
append_queens (GString *json, const Queens *queens, const QueenEngineReport *report)
{
  const GPtrArray *siblings = report ? report->siblings : NULL;

  g_string_append (json, "\"queens\":[");
  append_self (json, queens, report);
  if (report && report->state != QUEEN_ENGINE_TOGETHER)
    siblings = NULL;
  for (guint i = 0; siblings && i < siblings->len; i++)
    {
      const QueenSibling *sibling = siblings->pdata[i];

      if (!sibling->is_self)
        append_sibling (json, sibling);
    }
  g_string_append_c (json, ']');
}

/* Where the engine is and what it said may tell of a network that a reader should not know: that is
 * in the log. The reason is one of a few words. */
static void
append_engine (GString *json, const QueenEngineReport *report)
{
  if (!report)
    {
      g_string_append (json, ",\"engine\":null");
      return;
    }
  g_string_append (json, ",\"engine\":{\"state\":");
  queen_json_append_string (json, queen_engine_state_get_name (report->state));
  queen_json_append_member (json, "reason",
                            report->state == QUEEN_ENGINE_TOGETHER ? NULL : report->reason);
  append_time (json, "since", report->since);
  queen_json_append_member (json, "epoch", report->epoch);
  queen_json_append_figure (json, "in_flight", report->n_in_flight);
  queen_json_append_figure (json, "alone_so_far", report->n_alone);
  g_string_append_c (json, '}');
}

static void
on_queens (QueenExchange *exchange, gpointer data)
{
  const Queens *queens = data;
  g_autoptr (GError) error = NULL;
  QueenEngineReport report;
  GString *json;

  if (!queen_query_parse (queen_exchange_get_query (exchange), NULL, 0, NULL, &error))
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  if (queens->report_engine)
    queens->report_engine (&report, queens->data);
  json = g_string_sized_new (USUAL_JSON);
  g_string_append_c (json, '{');
  append_queens (json, queens, queens->report_engine ? &report : NULL);
  append_engine (json, queens->report_engine ? &report : NULL);
  g_string_append_c (json, '}');
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

static void
free_queens (gpointer data)
{
  Queens *queens = data;

  g_object_unref (queens->stream);
  g_free (queens->address);
  g_free (queens);
}

void
queen_routes_add_queens (QueenRouter *router,
                         const QueenMetricsSources *sources,
                         const char *address)
{
  static const QueenRoute routes[] = {
    { "/v1/queens", "GET", QUEEN_ACCESS_READ, on_queens },
  };
  Queens *queens = g_new (Queens, 1);

  *queens = (Queens){ g_object_ref (sources->stream), g_strdup (address), sources->started_at,
                      sources->report_engine, sources->data };
  queen_router_add (router, routes, G_N_ELEMENTS (routes), queens, free_queens);
}
