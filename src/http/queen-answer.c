/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-answer.h"

#include "queen-error.h"
#include "text/queen-json.h"

#define RETRY_AFTER "30" /* s: as long as a sender waits between two heartbeats */

static GString *
make_json (const char *status, const char *text)
{
  GString *json = g_string_new ("{\"status\":\"");

  g_string_append (json, status);
  g_string_append (json, "\",\"message\":");
  queen_json_append_string (json, text);
  g_string_append_c (json, '}');
  return json;
}

static void
answer (SoupServerMessage *message, guint status, const char *type, GString *body)
{
  gsize length = body->len;

  soup_server_message_set_status (message, status, NULL);
  soup_server_message_set_response (message, type, SOUP_MEMORY_TAKE, g_string_free (body, FALSE),
                                    length);
}

void
queen_answer_json (SoupServerMessage *message, guint status, GString *json)
{
  g_string_append_c (json, '\n'); /* or a shell's prompt sticks to it */
  answer (message, status, "application/json", json);
}

void
queen_answer_text (SoupServerMessage *message, const char *type, GString *text)
{
  answer (message, SOUP_STATUS_OK, type, text);
}

void
queen_answer_message (SoupServerMessage *message, const char *text)
{
  queen_answer_json (message, SOUP_STATUS_OK, make_json ("ok", text));
}

void
queen_answer_error (SoupServerMessage *message, const GError *error)
{
  guint status = queen_error_http_status (error);

  if (status == SOUP_STATUS_UNAUTHORIZED) /* RFC 6750 § 3 */
    soup_message_headers_replace (soup_server_message_get_response_headers (message),
                                  "WWW-Authenticate", "Bearer realm=\"queen-rbee\"");
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Retry-After",
                                  RETRY_AFTER);
  queen_answer_json (message, status, make_json ("error", error->message));
}

gboolean
queen_answer_is_known (SoupServerMessage *message, const char *tag)
{
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);
  const char *header = soup_message_headers_get_list (request, "If-None-Match");
  GSList *tags;
  gboolean found = FALSE;

  if (!header)
    return FALSE;
  tags = soup_header_parse_list (header);
  for (GSList *l = tags; l && !found; l = l->next)
    {
      const char *known = l->data;

      found = g_str_equal (known, "*") ||
              g_str_equal (g_str_has_prefix (known, "W/") ? known + 2 : known, tag);
    }
  soup_header_free_list (tags);
  return found;
}

/* libsoup does not know those that are younger than itself: RFC 9110 § 15.5.20, RFC 6585 § 5. */
static const char *
get_phrase (guint status)
{
  switch (status)
    {
    case 421:
      return "Misdirected Request";
    case 431:
      return "Request Header Fields Too Large";
    default:
      return soup_status_get_phrase (status);
    }
}

GBytes *
queen_answer_to_bytes (const GError *error)
{
  guint status = queen_error_http_status (error);
  GString *json = make_json ("error", error->message);
  GString *bytes = g_string_new (NULL);
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *date = soup_date_time_to_string (now, SOUP_DATE_HTTP);

  g_string_append_c (json, '\n');
  g_string_printf (bytes,
                   "HTTP/1.1 %u %s\r\n"
                   "Date: %s\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: %" G_GSIZE_FORMAT "\r\n"
                   "Cache-Control: no-store\r\n"
                   "Vary: Origin\r\n"
                   "Connection: close\r\n",
                   status, get_phrase (status), date, json->len);
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    g_string_append (bytes, "Retry-After: " RETRY_AFTER "\r\n");
  g_string_append (bytes, "\r\n");
  g_string_append_len (bytes, json->str, (gssize) json->len);
  g_string_free (json, TRUE);
  return g_string_free_to_bytes (bytes);
}

GBytes *
queen_answer_too_many (void)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "too many connections");

  return queen_answer_to_bytes (error);
}
