/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-request-head.h"

#include <string.h>

#include "queen-error.h"

#define LOCALHOST "localhost"
#define MAX_REMEMBERED 512 /* bytes: heads of heartbeats have some 120 */
#define MAX_ORIGIN 512     /* bytes: twice as long as a host and what is around it */

static gboolean
fail (GError **error, QueenError code, const char *message)
{
  g_set_error_literal (error, QUEEN_ERROR, code, message);
  return FALSE;
}

/* RFC 9110 § 5.6.2 */
static const guint8 is_of_token[256] = {
  ['0' ... '9'] = TRUE, ['A' ... 'Z'] = TRUE, ['a' ... 'z'] = TRUE, ['!'] = TRUE,  ['#'] = TRUE,
  ['$'] = TRUE,         ['%'] = TRUE,         ['&'] = TRUE,         ['\''] = TRUE, ['*'] = TRUE,
  ['+'] = TRUE,         ['-'] = TRUE,         ['.'] = TRUE,         ['^'] = TRUE,  ['_'] = TRUE,
  ['`'] = TRUE,         ['|'] = TRUE,         ['~'] = TRUE,
};

static gboolean
is_token (QueenText text)
{
  for (gsize i = 0; i < text.length; i++)
    if (!is_of_token[(guchar) text.at[i]])
      return FALSE;
  return text.length > 0;
}

/* libsoup keeps every method that it meets for ever, so it meets only these. */
static gboolean
check_method (QueenText method, GError **error)
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
is_digits (QueenText text)
{
  for (gsize i = 0; i < text.length; i++)
    if (!g_ascii_isdigit (text.at[i]))
      return FALSE;
  return TRUE;
}

/* RFC 9112 § 3.2.2: a target may be a whole URI, and then its host is what counts. */
static gboolean
cut_target_host (QueenText target, QueenText *host, QueenText *path)
{
  static const char *const schemes[] = { "http://", "https://" };

  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    {
      gsize start = strlen (schemes[i]), end = start;

      if (target.length < start || g_ascii_strncasecmp (target.at, schemes[i], start) != 0)
        continue;
      while (end < target.length && target.at[end] != '/' && target.at[end] != '?')
        end++;
      *host = (QueenText){ target.at + start, end - start };
      *path = (QueenText){ target.at + end, target.length - end };
      return queen_text_is_host (*host);
    }
  return FALSE;
}

/* RFC 3986 § 5.2.4: to resolve them is the client's part, and libsoup would do it once more. */
static gboolean
is_dots (QueenText segment)
{
  static const char *const spellings[] = { ".", "..", "%2e", "%2e.", ".%2e", "%2e%2e" };

  for (gsize i = 0; i < G_N_ELEMENTS (spellings); i++)
    if (queen_text_is (segment, spellings[i]))
      return TRUE;
  return FALSE;
}

static gboolean
has_dots (QueenText path)
{
  QueenText segment;

  if (!memchr (path.at, '.', path.length) && !memchr (path.at, '%', path.length))
    return FALSE;
  while (queen_text_cut (path, '/', &segment, &path))
    if (is_dots (segment))
      return TRUE;
  return is_dots (path);
}

/* libsoup puts them into a table whose hash has no key: hundreds of names that collide would take a
 * hundred times as long as others. */
static gboolean
has_too_many_parameters (QueenText target)
{
  const char *at = target.at, *end = target.at + target.length;
  guint n_parameters = 1;

  for (; (at = memchr (at, '&', (gsize) (end - at))); at++)
    n_parameters++;
  return n_parameters > QUEEN_REQUEST_MAX_PARAMETERS;
}

static gboolean
parse_target (QueenRequestHead *head, QueenText target, GError **error)
{
  QueenText path = target, query;

  for (gsize i = 0; i < target.length; i++)
    if (!g_ascii_isgraph (target.at[i]) || target.at[i] == '#')
      return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request target has a forbidden character");
  head->path = target;
  if (queen_text_is (target, "*") && queen_text_is (head->method, "OPTIONS")) /* RFC 9112 § 3.2.4 */
    return TRUE;
  if (target.length == 0 ||
      (*target.at != '/' && !cut_target_host (target, &head->target_host, &path)))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request target is no path");
  queen_text_cut (path, '?', &path, &query);
  head->path = path;
  if (has_dots (path))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request target has a segment of dots");
  if (has_too_many_parameters (target))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the query has over 64 parameters");
  return TRUE;
}

static gboolean
check_version (QueenRequestHead *head, QueenText version, GError **error)
{
  if (version.length != 8 || memcmp (version.at, "HTTP/", 5) != 0 ||
      !g_ascii_isdigit (version.at[5]) || version.at[6] != '.' || !g_ascii_isdigit (version.at[7]))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request line has no HTTP version");
  if (version.at[5] != '1' || (version.at[7] != '0' && version.at[7] != '1'))
    return fail (error, QUEEN_ERROR_VERSION_NOT_SUPPORTED,
                 "only HTTP/1.0 and HTTP/1.1 are spoken here");
  head->is_http_1_0 = version.at[7] == '0';
  head->is_persistent = !head->is_http_1_0;
  return TRUE;
}

static gboolean
parse_request_line (QueenRequestHead *head, QueenText line, GError **error)
{
  QueenText target, version;

  if (!queen_text_cut (line, ' ', &head->method, &target) ||
      !queen_text_cut (target, ' ', &target, &version))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "the request line is not METHOD TARGET VERSION");
  return check_method (head->method, error) && parse_target (head, target, error) &&
         check_version (head, version, error);
}

static gboolean
parse_content_length (QueenRequestHead *head, QueenText value, GError **error)
{
  guint64 length = 0;

  if (head->has_content_length)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "more than one Content-Length");
  if (value.length == 0 || !is_digits (value))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "Content-Length is no number");
  for (gsize i = 0; i < value.length; i++)
    length = MIN (length * 10 + (guint64) (value.at[i] - '0'), G_MAXUINT32);
  head->has_content_length = TRUE;
  head->content_length = (gsize) length;
  return TRUE;
}

/* No other coding is known here: RFC 9112 § 6.1. */
static gboolean
parse_transfer_encoding (QueenRequestHead *head, QueenText value, GError **error)
{
  if (head->is_http_1_0)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "HTTP/1.0 has no Transfer-Encoding");
  if (head->is_chunked)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "more than one Transfer-Encoding");
  if (!queen_text_is (value, "chunked"))
    return fail (error, QUEEN_ERROR_NOT_IMPLEMENTED, "no Transfer-Encoding but “chunked” is taken");
  head->is_chunked = TRUE;
  return TRUE;
}

static gboolean
check_value (QueenText value, GError **error)
{
  for (gsize i = 0; i < value.length; i++)
    if (g_ascii_iscntrl (value.at[i]) && value.at[i] != '\t')
      return fail (error, QUEEN_ERROR_BAD_REQUEST, "a header line has a control character");
  return TRUE;
}

static gboolean
check_host (QueenRequestHead *head, QueenText value, GError **error)
{
  if (head->host.at)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "more than one Host");
  if (!queen_text_is_host (value))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "Host is no host name");
  head->host = value;
  return TRUE;
}

static gboolean
check_origin (QueenRequestHead *head, QueenText value, GError **error)
{
  if (head->origin.at)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "more than one Origin");
  if (value.length > MAX_ORIGIN)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "Origin has over 512 bytes");
  for (gsize i = 0; i < value.length; i++)
    if (!g_ascii_isgraph (value.at[i]))
      return fail (error, QUEEN_ERROR_BAD_REQUEST, "Origin has a forbidden character");
  head->origin = value;
  return TRUE;
}

/* What libsoup must not act upon: the body and the connection are the gate's, and of an HTTP/1.0
 * request libsoup would forget every line that Connection names, Host and Origin too. */
static gboolean
is_passed_on (QueenText name)
{
  return !(queen_text_is (name, "Content-Length") || queen_text_is (name, "Transfer-Encoding") ||
           queen_text_is (name, "Connection") || queen_text_is (name, "Expect") ||
           queen_text_is (name, "Range") || queen_text_is (name, "If-Range"));
}

static gboolean
has_item (QueenText list, const char *name)
{
  QueenText item, rest = list;

  while (queen_text_cut (rest, ',', &item, &rest))
    if (queen_text_is (queen_text_trim (item), name))
      return TRUE;
  return queen_text_is (queen_text_trim (rest), name);
}

/* RFC 9112 § 9.3: HTTP/1.1 goes on unless somebody says that it does not, HTTP/1.0 ends unless
 * somebody says that it does not. */
static gboolean
check_connection (QueenRequestHead *head, QueenText value, GError **error)
{
  head->wants_close |= has_item (value, "close");
  head->is_persistent =
      !head->wants_close && (head->is_persistent || has_item (value, "keep-alive"));
  return check_value (value, error);
}

/* What proxies add. They need not. */
static gboolean
is_of_proxy (QueenText name)
{
  return queen_text_is (name, "Via") || queen_text_is (name, "Forwarded") ||
         queen_text_is (name, "X-Real-IP") || queen_text_has_prefix (name, "X-Forwarded-");
}

/* @keep becomes FALSE for a line that libsoup must not see. */
static gboolean
parse_header_line (QueenRequestHead *head, QueenText line, gboolean *keep, GError **error)
{
  QueenText name, value;

  if (!queen_text_cut (line, ':', &name, &value) || !is_token (name))
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "a header line is not NAME: VALUE");
  value = queen_text_trim (value);
  *keep = is_passed_on (name);
  head->is_forwarded |= is_of_proxy (name);

  if (queen_text_is (name, "Host"))
    return check_host (head, value, error);
  if (queen_text_is (name, "Content-Length"))
    return parse_content_length (head, value, error);
  if (queen_text_is (name, "Transfer-Encoding"))
    return parse_transfer_encoding (head, value, error);
  if (queen_text_is (name, "Origin"))
    return check_origin (head, value, error);
  if (queen_text_is (name, "Connection"))
    return check_connection (head, value, error);
  if (queen_text_is (name, "Expect"))
    head->expects_continue = !head->is_http_1_0 && queen_text_is (value, "100-continue");
  return check_value (value, error);
}

gssize
queen_request_head_find_end (const char *data, gsize length, gsize *scanned, GError **error)
{
  while (*scanned < length)
    {
      const char *line = data + *scanned;
      const char *end = memchr (line, '\n', length - *scanned);
      gsize i = end ? (gsize) (end - data) : length;

      if (memchr (line, '\0', i - *scanned))
        return fail (error, QUEEN_ERROR_BAD_REQUEST, "a NUL in the head"), -1;
      if (end && (i == 0 || data[i - 1] != '\r'))
        return fail (error, QUEEN_ERROR_BAD_REQUEST, "a line that ends without CR"), -1;
      if (end && i >= 3 && data[i - 2] == '\n')
        return (gssize) i + 1;
      *scanned = MIN (i + 1, length);
    }
  return 0;
}

/* What can be said only when all lines are known. */
static gboolean
check_whole (QueenRequestHead *head, GString *accepted, GError **error)
{
  /* Whoever reads the one and whoever reads the other would see two requests: RFC 9112 § 6.3. */
  if (head->is_chunked && head->has_content_length)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "both Content-Length and Transfer-Encoding");
  if (!head->host.at && !head->is_http_1_0)
    return fail (error, QUEEN_ERROR_BAD_REQUEST, "no Host");
  if (!head->host.at)
    {
      head->host = (QueenText){ LOCALHOST, strlen (LOCALHOST) };
      g_string_append (accepted, "Host: " LOCALHOST "\r\n");
    }
  g_string_append (accepted, "\r\n");
  return TRUE;
}

QueenText
queen_request_head_find_path (QueenText head)
{
  QueenText method, target, rest;

  if (!queen_text_cut (head, ' ', &method, &target))
    return (QueenText){ "", 0 };
  queen_text_cut (target, ' ', &target, &rest);
  queen_text_cut (target, '?', &target, &rest);
  return target;
}

gboolean
queen_request_head_parse (
    const char *data, gsize length, QueenRequestHead *head, GString *accepted, GError **error)
{
  const char *end = data + length - 2; /* at the empty line */
  const char *kept = data;             /* what is accepted, and not there yet */
  gboolean is_first = TRUE;
  guint n_lines = 0;

  *head = (QueenRequestHead){ 0 };
  while (data < end)
    {
      const char *line_end = memchr (data, '\n', (gsize) (end - data));
      QueenText line = { data, (gsize) (line_end - data) - 1 };
      gboolean keep = TRUE;

      if (n_lines++ > QUEEN_REQUEST_MAX_LINES)
        {
          fail (error, QUEEN_ERROR_HEADER_TOO_LARGE, "the head has over 256 lines");
          break;
        }
      if (is_first ? !parse_request_line (head, line, error)
                   : !parse_header_line (head, line, &keep, error))
        break;
      is_first = FALSE;
      data = line_end + 1;
      if (keep)
        continue;
      g_string_append_len (accepted, kept, line.at - kept);
      kept = data;
    }
  g_string_append_len (accepted, kept, data - kept); /* of a head that is refused, what was right */
  return data == end && check_whole (head, accepted, error);
}

/* The last one */

static struct
{
  gsize length; /* 0 when there is none */
  char text[MAX_REMEMBERED];
  QueenRequestHead head; /* its texts are in @text, or are constants */
  gsize n_accepted;
  char accepted[MAX_REMEMBERED];
} last;

gsize
queen_request_head_recall (QueenText text, QueenRequestHead *head, GString **accepted)
{
  if (last.length == 0 || text.length < last.length ||
      memcmp (text.at, last.text, last.length) != 0)
    return 0;
  *head = last.head;
  *accepted = g_string_new_len (last.accepted, (gssize) last.n_accepted);
  return last.length;
}

/* @part: of @text, or none of it */
static void
move_part (QueenText *part, QueenText text)
{
  if (part->at >= text.at && part->at < text.at + text.length)
    part->at = last.text + (part->at - text.at);
}

void
queen_request_head_remember (QueenText text, const QueenRequestHead *head, const GString *accepted)
{
  if (text.length > MAX_REMEMBERED || accepted->len > MAX_REMEMBERED)
    return;
  last.length = text.length;
  memcpy (last.text, text.at, text.length);
  last.head = *head;
  move_part (&last.head.method, text);
  move_part (&last.head.path, text);
  move_part (&last.head.host, text);
  move_part (&last.head.target_host, text);
  move_part (&last.head.origin, text);
  last.n_accepted = accepted->len;
  memcpy (last.accepted, accepted->str, accepted->len);
}
