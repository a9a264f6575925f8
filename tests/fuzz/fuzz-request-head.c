/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes to the gate's check of a request's head, and on to the check of who asks. The end is
 * found however the bytes are cut; what is accepted has nothing in it that two readers could
 * understand differently, and is accepted again as it is. */

#include <string.h>

#include "fuzz.h"
#include "http/queen-access.h"
#include "queen-error.h"

/* The end as if a byte came at a time; -1 when the bytes are refused before it. */
static gssize
find_end_slowly (const char *data, gsize size)
{
  gsize scanned = 0;
  gssize end = 0;

  for (gsize length = 0; length <= size && end == 0; length++)
    {
      g_autofree char *exact = g_memdup2 (data, length);

      end = queen_request_head_find_end (exact ? exact : "", length, &scanned, NULL);
    }
  return end;
}

/* Searched for, where queen-request-head.c parses. */
static guint
count_lines (const char *head, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (head, "\r\n", -1);
  guint n = 0;

  for (char **line = lines; *line; line++)
    n += g_ascii_strncasecmp (*line, name, strlen (name)) == 0;
  return n;
}

static void
check_accepted (const char *accepted, const QueenRequestHead *head)
{
  g_assert_true (g_str_has_suffix (accepted, "\r\n\r\n"));
  g_assert_true (g_str_has_prefix (accepted, "GET ") || g_str_has_prefix (accepted, "HEAD ") ||
                 g_str_has_prefix (accepted, "POST ") || g_str_has_prefix (accepted, "PUT ") ||
                 g_str_has_prefix (accepted, "PATCH ") || g_str_has_prefix (accepted, "DELETE ") ||
                 g_str_has_prefix (accepted, "OPTIONS ") || g_str_has_prefix (accepted, "TRACE "));
  g_assert_cmpuint (count_lines (accepted, "Host:"), ==, 1);
  g_assert_cmpuint (count_lines (accepted, "Origin:"), ==, head->origin.at != NULL);
  g_assert_cmpuint (count_lines (accepted, "Content-Length:"), ==, 0);
  g_assert_cmpuint (count_lines (accepted, "Transfer-Encoding:"), ==, 0);
  g_assert_cmpuint (count_lines (accepted, "Range:"), ==, 0);
  g_assert_cmpuint (count_lines (accepted, "If-Range:"), ==, 0);
  g_assert_cmpuint (count_lines (accepted, "Expect:"), ==, 0);
  g_assert_cmpuint (count_lines (accepted, " "), ==, 0);
  g_assert_cmpuint (count_lines (accepted, "\t"), ==, 0);
  for (const char *at = accepted; *at; at++)
    {
      g_assert_true (!g_ascii_iscntrl (*at) || strchr ("\t\r\n", *at));
      g_assert_true (*at != '\r' || at[1] == '\n');
      g_assert_true (*at != '\n' || at[-1] == '\r');
    }
}

/* What would make two requests of one, if somebody else read it otherwise. */
static void
check_received (const char *data, gsize length)
{
  g_autofree char *text = g_strndup (data, length);

  g_assert_cmpuint (count_lines (text, "Host:"), <=, 1);
  g_assert_true (count_lines (text, "Host:") == 1 || strstr (text, " HTTP/1.0\r\n"));
  g_assert_cmpuint (count_lines (text, "Content-Length:") +
                        count_lines (text, "Transfer-Encoding:"),
                    <=, 1);
}

static void
check_text (QueenText a, QueenText b)
{
  g_assert_cmpmem (a.at, a.length, b.at, b.length);
}

static void
check_again (const GString *accepted, const QueenRequestHead *head)
{
  g_autoptr (GString) twice = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gsize scanned = 0;
  QueenRequestHead again;

  g_assert_cmpint (queen_request_head_find_end (accepted->str, accepted->len, &scanned, &error), ==,
                   (gssize) accepted->len);
  queen_request_head_parse (accepted->str, accepted->len, &again, twice, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (twice->str, ==, accepted->str);
  g_assert_false (again.has_content_length || again.expects_continue);
  check_text (again.method, head->method);
  check_text (again.host, head->host);
  check_text (again.target_host, head->target_host);
  check_text (again.origin, head->origin);
  g_assert_cmpint (again.is_forwarded, ==, head->is_forwarded);
}

/* A queen without settings answers to loopback's names and to addresses alone. */
static void
check_own_host (QueenText host)
{
  g_autofree char *text = g_strndup (host.at, host.length);
  g_autofree char *uri = g_strdup_printf ("http://%s/", text);
  g_autoptr (GUri) parsed = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GInetAddress) address = NULL;

  if (!host.at)
    return;
  parsed = g_uri_parse (uri, G_URI_FLAGS_NONE, NULL);
  if (!parsed)
    return; /* libsoup gives up, too */
  name = g_ascii_strdown (g_uri_get_host (parsed), -1);
  if (g_str_has_suffix (name, "."))
    name[strlen (name) - 1] = '\0';
  address = g_inet_address_new_from_string (name);
  g_assert_true (g_str_equal (name, "localhost") || g_str_has_suffix (name, ".localhost") ||
                 address);
}

static void
check_access (const QueenRequestHead *head)
{
  static QueenAccess *access;
  const QueenAccessSettings settings = { .clock = &queen_clock_system };
  g_autoptr (GError) error = NULL;

  if (!access)
    access = queen_access_new (&settings, NULL);
  if (queen_access_check_host (access, head, &error))
    {
      g_assert_no_error (error);
      check_own_host (head->host);
      check_own_host (head->target_host);
    }
  else
    g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_MISDIRECTED);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *bytes = (const char *) data;
  g_autoptr (GString) accepted = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *exact = NULL;
  gsize scanned = 0;
  gssize end = queen_request_head_find_end (bytes, size, &scanned, &error);
  QueenRequestHead head;

  if (size <= 512)
    g_assert_cmpint (find_end_slowly (bytes, size), ==, end);
  g_assert_cmpint (end < 0, ==, error != NULL);
  if (end <= 0)
    return 0;
  g_assert_true (end >= 4 && memcmp (bytes + end - 4, "\r\n\r\n", 4) == 0);

  exact = g_memdup2 (bytes, (gsize) end);
  if (!queen_request_head_parse (exact, (gsize) end, &head, accepted, &error))
    {
      g_assert_true (error && error->domain == QUEEN_ERROR);
      return 0;
    }
  g_assert_no_error (error);
  g_assert_true (head.has_content_length || head.content_length == 0);
  check_received (exact, (gsize) end);
  check_accepted (accepted->str, &head);
  check_again (accepted, &head);
  check_access (&head);
  return 0;
}
