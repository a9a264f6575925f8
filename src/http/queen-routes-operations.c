/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>

#include "build-config.h"
#include "queen-error.h"

typedef struct
{
  QueenAccess *access;
  void (*on_shutdown) (gpointer);
  gpointer data;
} Operations;

static void
on_health (QueenExchange *exchange, gpointer data)
{
  queen_exchange_answer_message (exchange, "The queen is well");
}

/* The time has a second name, as the seed's code calls it. */
static void
on_build_info (QueenExchange *exchange, gpointer data)
{
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK,
                              g_string_new ("{\"version\":\"" QUEEN_VERSION
                                            "\",\"features\":" QUEEN_FEATURES
                                            ",\"build_time\":\"" QUEEN_BUILD_TIME
                                            "\",\"build_timestamp\":\"" QUEEN_BUILD_TIME "\"}"));
}

/* EventSource cannot send an Authorization header, but it sends cookies. */
static void
on_session (QueenExchange *exchange, gpointer data)
{
  Operations *operations = data;
  g_autofree char *cookie = NULL;
  g_autoptr (GError) error = NULL;

  if (!queen_access_has_tokens (operations->access))
    {
      queen_exchange_answer_message (exchange, "There are no tokens, and so no session is needed");
      return;
    }
  cookie =
      queen_access_dup_session_cookie (operations->access, queen_exchange_get_visitor (exchange),
                                       queen_exchange_get_owner (exchange), &error);
  if (!cookie)
    {
      queen_exchange_answer_error (exchange, error);
      return;
    }
  queen_exchange_take_header (exchange, "Set-Cookie", g_steal_pointer (&cookie));
  queen_exchange_answer_message (exchange, "The session's cookie stands for the token for an hour");
}

/* So that a page need not offer what would be refused. Browsers send no Origin with this, but with
 * what the page would do then. */
static void
on_rights (QueenExchange *exchange, gpointer data)
{
  static const struct
  {
    const char *name;
    QueenAccessNeed need;
  } rights[] = {
    { "read", QUEEN_ACCESS_READ }, { "beat", QUEEN_ACCESS_BEAT },   { "jobs", QUEEN_ACCESS_JOBS },
    { "hold", QUEEN_ACCESS_HOLD }, { "hives", QUEEN_ACCESS_HIVES }, { "admin", QUEEN_ACCESS_ADMIN },
  };
  Operations *operations = data;
  QueenVisitor visitor = *queen_exchange_get_visitor (exchange);
  const char *scheme = visitor.is_encrypted ? "https" : "http";
  g_autofree char *own = visitor.host ? g_strdup_printf ("%s://%s", scheme, visitor.host) : NULL;
  GString *json = g_string_new ("{\"may\":[");
  gsize start = json->len;
  guint owner;

  visitor.origin = visitor.origin ? visitor.origin : own;
  for (gsize i = 0; i < G_N_ELEMENTS (rights); i++)
    if (queen_access_check_right (operations->access, rights[i].need, &visitor, &owner, NULL))
      g_string_append_printf (json, "%s\"%s\"", json->len > start ? "," : "", rights[i].name);
  g_string_append (json, "]}");
  queen_exchange_answer_json (exchange, SOUP_STATUS_OK, json);
}

/* Her own page is one, too, and whatever gets into that. */
static void
on_shutdown (QueenExchange *exchange, gpointer data)
{
  Operations *operations = data;
  g_autoptr (GError) error = NULL;

  if (queen_exchange_get_visitor (exchange)->origin)
    {
      g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                           "a web page may not shut the queen down");
      queen_exchange_answer_error (exchange, error);
      return;
    }
  queen_exchange_answer_message (exchange, "Shutting down");
  operations->on_shutdown (operations->data);
}

static void
free_operations (Operations *operations)
{
  g_object_unref (operations->access);
  g_free (operations);
}

void
queen_routes_add_operations (QueenRouter *router,
                             QueenAccess *access,
                             void (*on_shutdown_func) (gpointer),
                             gpointer data)
{
  static const QueenRoute routes[] = {
    { "/health", "GET", QUEEN_ACCESS_PUBLIC, on_health },
    { "/v1/build-info", "GET", QUEEN_ACCESS_READ, on_build_info },
    { "/v1/session", "GET", QUEEN_ACCESS_READ, on_rights },
    { "/v1/session", "POST", QUEEN_ACCESS_SESSION, on_session },
    { "/v1/shutdown", "POST", QUEEN_ACCESS_ADMIN, on_shutdown },
  };
  Operations *operations = g_new0 (Operations, 1);

  operations->access = g_object_ref (access);
  operations->on_shutdown = on_shutdown_func;
  operations->data = data;
  queen_router_add (router, routes, G_N_ELEMENTS (routes), operations,
                    (GDestroyNotify) free_operations);
}
