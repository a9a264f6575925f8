/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-answer.h"

#include <libsoup/soup.h>

#include "queen-error.h"
#include "text/queen-json.h"

GString *
queen_answer_make_json (const char *status, const char *text)
{
  GString *json = g_string_new ("{\"status\":\"");

  g_string_append (json, status);
  g_string_append (json, "\",\"message\":");
  queen_json_append_string (json, text);
  g_string_append_c (json, '}');
  return json;
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
  GString *json = queen_answer_make_json ("error", error->message);
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
    g_string_append (bytes, "Retry-After: " QUEEN_ANSWER_RETRY_AFTER "\r\n");
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
