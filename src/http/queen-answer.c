/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-answer.h"

#include <libsoup/soup.h>

#include "queen-error.h"
#include "text/queen-json-writer.h"

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

/* It changes once a second, and to write it takes longer than all the rest of an answer. */
static const char *
get_date (void)
{
  static char *date;
  static gint64 second;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GDateTime) time = NULL;

  if (date && now == second)
    return date;
  second = now;
  time = g_date_time_new_from_unix_utc (now);
  g_free (date);
  date = soup_date_time_to_string (time, SOUP_DATE_HTTP);
  return date;
}

void
queen_answer_append_header (GString *bytes, const char *name, const char *value)
{
  g_string_append (bytes, name);
  g_string_append (bytes, ": ");
  g_string_append (bytes, value);
  g_string_append (bytes, "\r\n");
}

GString *
queen_answer_begin (guint status, gboolean is_http_1_0)
{
  GString *bytes = g_string_sized_new (512);

  g_string_printf (bytes, "HTTP/1.%d %u %s\r\n", !is_http_1_0, status, get_phrase (status));
  queen_answer_append_header (bytes, "Server", "queen-rbee");
  queen_answer_append_header (bytes, "Date", get_date ());
  return bytes;
}

void
queen_answer_end (GString *bytes, const char *body, gsize length)
{
  g_string_append_printf (bytes, "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n", length);
  g_string_append_len (bytes, body, (gssize) length);
}

GBytes *
queen_answer_to_bytes (const GError *error)
{
  guint status = queen_error_http_status (error);
  g_autoptr (GString) json = queen_answer_make_json ("error", error->message);
  GString *bytes = queen_answer_begin (status, FALSE);

  g_string_append_c (json, '\n');
  queen_answer_append_header (bytes, "Content-Type", "application/json");
  queen_answer_append_header (bytes, "Cache-Control", "no-store");
  queen_answer_append_header (bytes, "Vary", "Origin");
  queen_answer_append_header (bytes, "Connection", "close");
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    queen_answer_append_header (bytes, "Retry-After", QUEEN_ANSWER_RETRY_AFTER);
  queen_answer_end (bytes, json->str, json->len);
  return g_string_free_to_bytes (bytes);
}

GBytes *
queen_answer_too_many (void)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "too many connections");

  return queen_answer_to_bytes (error);
}
