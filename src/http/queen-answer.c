/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-answer.h"

#include <libsoup/soup.h>
#include <string.h>
#include <time.h>

#include "queen-error.h"
#include "text/queen-json-writer.h"

#define USUAL_HEAD 512 /* bytes, so that it need not grow, nor for a body that is short */

/* By hand, as the next few are, too: there is one for each heartbeat. */
GString *
queen_answer_make_json (const char *status, const char *text)
{
  static const char parts[] =
      "{\"status\":\"\",\"message\":}\n"; /* and a line end, for who adds it */
  GString *json =
      g_string_sized_new (sizeof parts + strlen (status) + QUEEN_JSON_STRING_ROOM (strlen (text)));
  char *end = stpcpy (json->str, "{\"status\":\"");

  end = stpcpy (end, status);
  end = stpcpy (end, "\",\"message\":");
  end = queen_json_write_string (end, text);
  end = stpcpy (end, "}");
  json->len = (gsize) (end - json->str);
  return json;
}

GString *
queen_answer_make_openai_error (guint status,
                                const char *message,
                                const char *param,
                                const char *code)
{
  GString *json = g_string_new ("{\"error\":{\"message\":");

  if (!code && status == SOUP_STATUS_UNAUTHORIZED)
    code = "invalid_api_key";
  queen_json_append_string (json, message);
  queen_json_append_member (json, "type",
                            status >= SOUP_STATUS_INTERNAL_SERVER_ERROR ? "server_error"
                                                                        : "invalid_request_error");
  queen_json_append_member (json, "param", param);
  queen_json_append_member (json, "code", code);
  g_string_append (json, "}}");
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

/* Returns: where to write @size bytes more, and a NUL */
static char *
make_place (GString *bytes, gsize size)
{
  gsize start = bytes->len;

  if (bytes->allocated_len <= start + size)
    g_string_set_size (bytes, start + size);
  bytes->len = start + size;
  return bytes->str + start;
}

/* In one piece: each answer has half a dozen of them. */
void
queen_answer_append_header (GString *bytes, const char *name, const char *value)
{
  gsize n_name = strlen (name), n_value = strlen (value);
  char *place = make_place (bytes, n_name + strlen (": ") + n_value + strlen ("\r\n"));

  place = mempcpy (place, name, n_name);
  place = mempcpy (place, ": ", strlen (": "));
  place = mempcpy (place, value, n_value);
  memcpy (place, "\r\n", sizeof "\r\n");
}

static void
write_beginning (GString *bytes, guint status, gboolean is_http_1_0, gint64 second)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (second);
  g_autofree char *date = soup_date_time_to_string (time, SOUP_DATE_HTTP);

  g_string_printf (bytes, "HTTP/1.%d %u %s\r\n", !is_http_1_0, status, get_phrase (status));
  queen_answer_append_header (bytes, "Server", "queen-rbee");
  queen_answer_append_header (bytes, "Date", date);
}

/* It changes once a second, and to write it takes longer than all the rest of an answer; so the
 * last one is kept. */
GString *
queen_answer_begin (guint status, gboolean is_http_1_0)
{
  static struct
  {
    guint status;
    gboolean is_http_1_0;
    gint64 second;
    GString *bytes;
  } last;
  gint64 second = time (NULL);
  GString *bytes = g_string_sized_new (USUAL_HEAD);

  if (!last.bytes)
    last.bytes = g_string_new (NULL);
  if (last.status != status || last.is_http_1_0 != is_http_1_0 || last.second != second)
    {
      write_beginning (last.bytes, status, is_http_1_0, second);
      last.status = status;
      last.is_http_1_0 = is_http_1_0;
      last.second = second;
    }
  memcpy (make_place (bytes, last.bytes->len), last.bytes->str, last.bytes->len + 1);
  return bytes;
}

void
queen_answer_end (GString *bytes, gsize length)
{
  char line[sizeof "Content-Length: \r\n\r\n" + QUEEN_JSON_NUMBER_ROOM], *end = line;

  end = stpcpy (end, "Content-Length: ");
  end = queen_json_write_number (end, length);
  end = stpcpy (end, "\r\n\r\n");
  memcpy (make_place (bytes, (gsize) (end - line)), line, (gsize) (end - line) + 1);
}

void
queen_answer_append_body (GString *bytes, const char *body, gsize length)
{
  if (length > 0)
    *(char *) mempcpy (make_place (bytes, length), body, length) = '\0';
}

GBytes *
queen_answer_to_bytes (const GError *error, gboolean speaks_openai)
{
  guint status = queen_error_http_status (error);
  g_autoptr (GString) json =
      speaks_openai ? queen_answer_make_openai_error (status, error->message, NULL, NULL)
                    : queen_answer_make_json ("error", error->message);
  GString *bytes = queen_answer_begin (status, FALSE);

  g_string_append_c (json, '\n');
  queen_answer_append_header (bytes, "Content-Type", "application/json");
  queen_answer_append_header (bytes, "Cache-Control", "no-store");
  queen_answer_append_header (bytes, "Vary", "Origin");
  queen_answer_append_header (bytes, "Connection", "close");
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    queen_answer_append_header (bytes, "Retry-After", QUEEN_ANSWER_RETRY_AFTER);
  queen_answer_end (bytes, json->len);
  queen_answer_append_body (bytes, json->str, json->len);
  return g_string_free_to_bytes (bytes);
}

GBytes *
queen_answer_too_many (void)
{
  g_autoptr (GError) error =
      g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE, "too many connections");

  return queen_answer_to_bytes (error, FALSE);
}
