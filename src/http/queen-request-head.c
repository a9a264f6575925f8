/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-request-head.h"

#include <string.h>

#include "queen-error.h"

/* One line, or a part of one, without its CRLF. */
typedef struct
{
  const char *at;
  gsize length;
} Text;

typedef struct
{
  QueenRequestHead *head;
  guint n_hosts;
} Parser;

static gboolean
fail (GError **error, QueenError code, const char *message)
{
  g_set_error_literal (error, QUEEN_ERROR, code, message);
  return FALSE;
}

static gboolean
is_text (Text text, const char *word)
{
  return text.length == strlen (word) && g_ascii_strncasecmp (text.at, word, text.length) == 0;
}

/* RFC 9110 § 5.6.2 */
static gboolean
is_token (Text text)
{
  for (gsize i = 0; i < text.length; i++)
    if (!g_ascii_isalnum (text.at[i]) &&
        (text.at[i] == '\0' || !strchr ("!#$%&'*+-.^_`|~", text.at[i])))
      return FALSE;
  return text.length > 0;
}

/* Cuts @text at the first @separator; FALSE when there is none. */
static gboolean
cut (Text text, char separator, Text *before, Text *after)
{
  const char *at = memchr (text.at, separator, text.length);

  if (!at)
    return FALSE;
  *before = (Text){ text.at, (gsize) (at - text.at) };
  *after = (Text){ at + 1, text.length - before->length - 1 };
  return TRUE;
}

static Text
trim (Text text)
{
  while (text.length > 0 && (*text.at == ' ' || *text.at == '\t'))
    {
      text.at++;
      text.length--;
    }
  while (text.length > 0 && (text.at[text.length - 1] == ' ' || text.at[text.length - 1] == '\t'))
    text.length--;
  return text;
}

/* libsoup keeps every method that it meets for ever, so it meets only these. */
static gboolean
check_method (Text method, GError **error)
{
  static const char *const known[] = { "GET",   "HEAD",   "POST",    "PUT",
                                       "PATCH", "DELETE", "OPTIONS", "TRACE" };

  if (!is_token (method))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request line has no method");
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (method.length == strlen (known[i]) && memcmp (method.at, known[i], method.length) == 0)
      return TRUE;
  return fail (error, QUEEN_ERROR_NOT_IMPLEMENTED, "unknown method");
}

static gboolean
check_target (Text target, GError **error)
{
  for (gsize i = 0; i < target.length; i++)
    if (!g_ascii_isgraph (target.at[i]))
      return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request target has a forbidden character");
  if (target.length == 0 || !(target.at[0] == '/' || is_text (target, "*") ||
                              g_ascii_strncasecmp (target.at, "http", 4) == 0))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request target is no path");
  return TRUE;
}

static gboolean
check_version (Text version, GError **error)
{
  if (version.length != 8 || memcmp (version.at, "HTTP/", 5) != 0 ||
      !g_ascii_isdigit (version.at[5]) || version.at[6] != '.' || !g_ascii_isdigit (version.at[7]))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request line has no HTTP version");
  if (version.at[5] != '1' || (version.at[7] != '0' && version.at[7] != '1'))
    return fail (error, QUEEN_ERROR_VERSION_NOT_SUPPORTED,
                 "only HTTP/1.0 and HTTP/1.1 are spoken here");
  return TRUE;
}

static gboolean
parse_request_line (Text line, GError **error)
{
  Text method, target, version;

  if (!cut (line, ' ', &method, &target) || !cut (target, ' ', &target, &version))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request line is not METHOD TARGET VERSION");
  return check_method (method, error) && check_target (target, error) &&
         check_version (version, error);
}

static gboolean
parse_content_length (Parser *parser, Text value, GError **error)
{
  guint64 length = 0;

  if (parser->head->has_content_length)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "more than one Content-Length");
  if (value.length == 0)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "Content-Length is no number");
  for (gsize i = 0; i < value.length; i++)
    {
      if (!g_ascii_isdigit (value.at[i]))
        return fail (error, QUEEN_ERROR_BAD_REQUEST, "Content-Length is no number");
      length = MIN (length * 10 + (guint64) (value.at[i] - '0'), QUEEN_REQUEST_MAX_BODY + 1);
    }
  if (length > QUEEN_REQUEST_MAX_BODY)
    return fail (error, QUEEN_ERROR_CONTENT_TOO_LARGE, "the body is over 65536 bytes");
  parser->head->has_content_length = TRUE;
  parser->head->content_length = (gsize) length;
  return TRUE;
}

/* RFC 9110 § 7.2, without what no URI of ours has: user names and percent signs. */
static gboolean
check_host (Parser *parser, Text value, GError **error)
{
  if (parser->n_hosts++ > 0)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "more than one Host");
  for (gsize i = 0; i < value.length; i++)
    if (!g_ascii_isalnum (value.at[i]) && (value.at[i] == '\0' || !strchr ("-._~:[]", value.at[i])))
      return fail (error, QUEEN_ERROR_BAD_REQUEST, "Host is no host name");
  if (value.length == 0)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "Host is empty");
  return TRUE;
}

static gboolean
check_value (Text value, GError **error)
{
  for (gsize i = 0; i < value.length; i++)
    if (g_ascii_iscntrl (value.at[i]) && value.at[i] != '\t')
      return fail (error, QUEEN_ERROR_BAD_REQUEST, "a header line has a control character");
  return TRUE;
}

static gboolean
is_kept (Text name)
{
  static const char *const dropped[] = { "Content-Length", "Expect", "Range", "If-Range" };

  for (gsize i = 0; i < G_N_ELEMENTS (dropped); i++)
    if (is_text (name, dropped[i]))
      return FALSE;
  return TRUE;
}

/* @keep becomes FALSE for a line that libsoup must not see. */
static gboolean
parse_header_line (Parser *parser, Text line, gboolean *keep, GError **error)
{
  Text name, value;

  if (!cut (line, ':', &name, &value) || !is_token (name))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "a header line is not NAME: VALUE");
  value = trim (value);
  *keep = is_kept (name);

  if (is_text (name, "Host"))
    return check_host (parser, value, error);
  if (is_text (name, "Content-Length"))
    return parse_content_length (parser, value, error);
  if (is_text (name, "Transfer-Encoding"))
    return fail (error, QUEEN_ERROR_LENGTH_REQUIRED,
                 "a body needs a Content-Length; transfer codings are not taken");
  if (is_text (name, "Expect"))
    parser->head->expects_continue = is_text (value, "100-continue");
  return check_value (value, error);
}

gssize
queen_request_head_find_end (const char *data, gsize length, gsize *scanned, GError **error)
{
  for (gsize i = *scanned; i < length; i++)
    {
      if (data[i] == '\0')
        return fail (error, QUEEN_ERROR_BAD_REQUEST, "a NUL in the head"), -1;
      if (data[i] != '\n')
        continue;
      if (i == 0 || data[i - 1] != '\r')
        return fail (error, QUEEN_ERROR_BAD_REQUEST, "a line that ends without CR"), -1;
      if (i >= 3 && data[i - 2] == '\n')
        return (gssize) i + 1;
    }
  *scanned = length;
  return 0;
}

gboolean
queen_request_head_parse (
    const char *data, gsize length, QueenRequestHead *head, GString *accepted, GError **error)
{
  Parser parser = { .head = head };
  const char *end = data + length - 2; /* at the empty line */
  gboolean is_first = TRUE;

  *head = (QueenRequestHead){ 0 };
  while (data < end)
    {
      const char *line_end = memchr (data, '\n', (gsize) (end - data));
      Text line = { data, (gsize) (line_end - data) - 1 };
      gboolean keep = TRUE;

      if (is_first ? !parse_request_line (line, error)
                   : !parse_header_line (&parser, line, &keep, error))
        return FALSE;
      if (keep)
        g_string_append_len (accepted, line.at, (gssize) line.length + 2);
      is_first = FALSE;
      data = line_end + 1;
    }

  if (parser.n_hosts == 0)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "no Host");
  g_string_append (accepted, "\r\n");
  return TRUE;
}
