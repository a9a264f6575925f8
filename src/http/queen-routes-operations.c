/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include "build-config.h"
#include "queen-answer.h"
#include "queen-error.h"

typedef struct
{
  QueenAccess *access;
  void (*on_shutdown) (gpointer);
  gpointer data;
} Operations;

static void
on_health (SoupServerMessage *message, const char *query, gpointer data)
{
  queen_answer_message (message, "The queen is well");
}

/* The time has a second name, as the seed's code calls it. */
static void
on_build_info (SoupServerMessage *message, const char *query, gpointer data)
{
  queen_answer_json (message, SOUP_STATUS_OK,
                     g_string_new ("{\"version\":\"" QUEEN_VERSION "\",\"features\":" QUEEN_FEATURES
                                   ",\"build_time\":\"" QUEEN_BUILD_TIME
                                   "\",\"build_timestamp\":\"" QUEEN_BUILD_TIME "\"}"));
}

/* EventSource cannot send an Authorization header, but it sends cookies. */
static void
on_session (SoupServerMessage *message, const char *query, gpointer data)
{
  Operations *operations = data;
  g_autofree char *cookie = NULL;
  g_autoptr (GError) error = NULL;

  if (!queen_access_has_tokens (operations->access))
    {
      queen_answer_message (message, "There are no tokens, and so no session is needed");
      return;
    }
  cookie = queen_access_dup_session_cookie (operations->access, queen_server_get_visitor (message),
                                            queen_server_get_owner (message), &error);
  if (!cookie)
    {
      queen_answer_error (message, error);
      return;
    }
  soup_message_headers_append (soup_server_message_get_response_headers (message), "Set-Cookie",
                               cookie);
  queen_answer_message (message, "The session's cookie stands for the token for an hour");
}

/* So that a page need not offer what would be refused. */
static void
on_rights (SoupServerMessage *message, const char *query, gpointer data)
{
  static const struct
  {
    const char *name;
    QueenAccessNeed need;
  } rights[] = {
    { "read", QUEEN_ACCESS_READ },
    { "beat", QUEEN_ACCESS_BEAT },
    { "admin", QUEEN_ACCESS_ADMIN },
  };
  Operations *operations = data;
  const QueenVisitor *visitor = queen_server_get_visitor (message);
  GString *json = g_string_new ("{\"may\":[");
  guint owner;

  for (gsize i = 0; i < G_N_ELEMENTS (rights); i++)
    if (queen_access_check_right (operations->access, rights[i].need, visitor, &owner, NULL))
      g_string_append_printf (json, "%s\"%s\"", i > 0 ? "," : "", rights[i].name);
  g_string_append (json, "]}");
  queen_answer_json (message, SOUP_STATUS_OK, json);
}

/* Her own page is one, too, and whatever gets into that. */
static void
on_shutdown (SoupServerMessage *message, const char *query, gpointer data)
{
  Operations *operations = data;
  g_autoptr (GError) error = NULL;

  if (queen_server_get_visitor (message)->origin)
    {
      g_set_error_literal (&error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                           "a web page may not shut the queen down");
      queen_answer_error (message, error);
      return;
    }
  queen_answer_message (message, "Shutting down");
  operations->on_shutdown (operations->data);
}

static void
free_operations (Operations *operations)
{
  g_object_unref (operations->access);
  g_free (operations);
}

void
queen_routes_add_operations (QueenServer *server,
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
  queen_server_add_routes (server, routes, G_N_ELEMENTS (routes), operations,
                           (GDestroyNotify) free_operations);
}
