/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-exchange.h"

#include <libsoup/soup.h>
#include <string.h>

#include "model/queen-senders.h"
#include "net/queen-shares.h"
#include "queen-answer.h"
#include "queen-coding.h"
#include "queen-error.h"
#include "queen-headers.h"
#include "text/queen-gzip.h"

#define JSON "application/json"

struct _QueenExchange
{
  QueenConnection *connection;
  gint64 started; /* µs, monotonic */
  QueenRequest request;
  QueenAccess *access;
  QueenVisitor visitor; /* its texts are those of @headers */
  guint owner;
  guint reader;
  QueenRefusal refusal; /* QUEEN_N_REFUSALS when it is none */
  const char *method;
  const char *path;
  const char *query;
  gboolean is_http_1_0;
  gboolean speaks_openai;
  const char *param;   /* of the next error, to those who do; or NULL */
  const char *code;    /* likewise */
  gboolean takes_gzip; /* once the request has ended: its head said so */

  QueenReply reply;
  void (*on_gone) (gpointer data);
  gpointer gone_data;
  void (*on_finished) (QueenExchange *self, gpointer carrier);
  gpointer carrier;

  QueenHeaders headers; /* the last: queen_headers_init() fills of them what is there */
};

/* What was asked */

static void
meet_visitor (QueenExchange *self)
{
  self->visitor = (QueenVisitor){
    .fd = queen_connection_get_fd (self->connection),
    .is_probe = self->request.is_probe,
    .is_encrypted = self->request.is_encrypted,
    .is_forwarded = self->request.is_forwarded,
    .host = queen_headers_get (&self->headers, "Host"),
    .origin = queen_headers_get (&self->headers, "Origin"),
    .fetch_site = queen_headers_get (&self->headers, "Sec-Fetch-Site"),
    .fetch_mode = queen_headers_get (&self->headers, "Sec-Fetch-Mode"),
    .authorization = queen_headers_get (&self->headers, "Authorization"),
    .cookies = queen_headers_get (&self->headers, "Cookie"),
  };
}

QueenExchange *
queen_exchange_new (QueenConnection *connection,
                    const QueenRequest *request,
                    QueenAccess *access,
                    void (*on_finished) (QueenExchange *self, gpointer carrier),
                    gpointer carrier)
{
  /* Not g_new0 (): glibc keeps what was freed for malloc (), and not for calloc (). */
  QueenExchange *self = g_new (QueenExchange, 1);

  memset (self, 0, G_STRUCT_OFFSET (QueenExchange, headers));
  self->connection = connection;
  self->started = g_get_monotonic_time ();
  self->request = *request;
  self->access = access;
  self->refusal = QUEEN_N_REFUSALS;
  self->on_finished = on_finished;
  self->carrier = carrier;
  queen_headers_init (&self->headers, request->head);
  meet_visitor (self);
  return self;
}

static void
clear_body (QueenReply *reply)
{
  g_clear_pointer (&reply->body, g_bytes_unref);
  if (reply->text)
    g_string_free (g_steal_pointer (&reply->text), TRUE);
  if (reply->free_data)
    reply->free_data (reply->data);
  reply->take_over = NULL;
  reply->free_data = NULL;
}

void
queen_exchange_free (QueenExchange *self)
{
  clear_body (&self->reply);
  for (guint i = 0; self->reply.owned >> i != 0; i++)
    if (self->reply.owned >> i & 1)
      g_free ((char *) self->reply.headers[i].value);
  queen_headers_clear (&self->headers);
  g_free (self);
}

gint64
queen_exchange_get_age (const QueenExchange *self)
{
  return g_get_monotonic_time () - self->started;
}

void
queen_exchange_set_target (QueenExchange *self,
                           const char *method,
                           const char *path,
                           const char *query,
                           gboolean is_http_1_0)
{
  self->method = method;
  self->path = path;
  self->query = query;
  self->is_http_1_0 = is_http_1_0;
}

void
queen_exchange_set_owner (QueenExchange *self, guint owner, QueenAccessNeed need)
{
  gboolean is_of_job = need == QUEEN_ACCESS_JOBS || need == QUEEN_ACCESS_SEE_JOBS;

  self->owner = owner;
  self->reader = owner | (is_of_job ? QUEEN_ACCESS_READS_JOBS : 0);
}

void
queen_exchange_set_refusal (QueenExchange *self, QueenRefusal refusal)
{
  self->refusal = refusal;
}

QueenRefusal
queen_exchange_get_refusal (const QueenExchange *self)
{
  return self->refusal;
}

const char *
queen_exchange_get_answer_header (const QueenExchange *self, const char *name)
{
  for (guint i = 0; i < self->reply.n_headers; i++)
    if (g_str_equal (self->reply.headers[i].name, name))
      return self->reply.headers[i].value;
  return NULL;
}

QueenConnection *
queen_exchange_get_connection (const QueenExchange *self)
{
  return self->connection;
}

const QueenRequest *
queen_exchange_get_request (const QueenExchange *self)
{
  return &self->request;
}

const QueenVisitor *
queen_exchange_get_visitor (const QueenExchange *self)
{
  return &self->visitor;
}

const char *
queen_exchange_get_method (const QueenExchange *self)
{
  return self->method;
}

const char *
queen_exchange_get_path (const QueenExchange *self)
{
  return self->path;
}

const char *
queen_exchange_get_query (const QueenExchange *self)
{
  return self->query;
}

gboolean
queen_exchange_is_head (const QueenExchange *self)
{
  return g_str_equal (self->method, "HEAD");
}

gboolean
queen_exchange_is_http_1_0 (const QueenExchange *self)
{
  return self->is_http_1_0;
}

/* Returns: (nullable): what answers, in whatever form it is */
static const char *
get_reply_body (const QueenReply *reply, gsize *length)
{
  *length = reply->text ? reply->text->len : 0;
  if (reply->text)
    return reply->text->str;
  return reply->body ? g_bytes_get_data (reply->body, length) : NULL;
}

/* A large answer may take long, and a session that can be read meanwhile is large, too. */
gboolean
queen_exchange_is_persistent (const QueenExchange *self)
{
  gsize size;

  get_reply_body (&self->reply, &size);
  return queen_connection_is_persistent (self->connection) && !self->reply.take_over &&
         (!self->request.is_encrypted || size < QUEEN_ANSWER_SMALL / 2);
}

const char *
queen_exchange_get_header (QueenExchange *self, const char *name)
{
  return queen_headers_get (&self->headers, name);
}

/* RFC 8259 § 11 */
gboolean
queen_exchange_has_type (QueenExchange *self, const char *type)
{
  const char *said = queen_exchange_get_header (self, "Content-Type");
  QueenText name = { said, said ? strcspn (said, ";") : 0 };

  return queen_text_is (queen_text_trim (name), type);
}

gboolean
queen_exchange_knows (QueenExchange *self, const char *tag)
{
  const char *header = queen_headers_get (&self->headers, "If-None-Match");
  GSList *tags;
  gboolean found = FALSE;

  if (!header)
    return FALSE;
  tags = soup_header_parse_list (header);
  for (GSList *link = tags; link && !found; link = link->next)
    {
      const char *theirs = link->data;

      found = g_str_equal (theirs, "*") ||
              g_str_equal (g_str_has_prefix (theirs, "W/") ? theirs + 2 : theirs, tag);
    }
  soup_header_free_list (tags);
  return found;
}

gboolean
queen_exchange_takes_gzip (QueenExchange *self)
{
  if (!self->request.head.at)
    return self->takes_gzip;
  return !self->is_http_1_0 &&
         queen_coding_takes_gzip (queen_headers_get (&self->headers, "Accept-Encoding"));
}

void
queen_exchange_end_request (QueenExchange *self)
{
  static const char *const needed[] = { "Host", "Origin", NULL };

  self->takes_gzip = queen_exchange_takes_gzip (self);
  self->request.head = (QueenText){ NULL };
  self->request.body = NULL;
  self->path = self->query = NULL;
  queen_headers_keep (&self->headers, needed);
  meet_visitor (self);
}

guint
queen_exchange_get_owner (const QueenExchange *self)
{
  return self->owner;
}

guint
queen_exchange_get_reader (const QueenExchange *self)
{
  return self->reader;
}

char *
queen_exchange_dup_sender (const QueenExchange *self)
{
  const struct sockaddr_storage *client = self->request.client;
  const char *name = queen_access_get_name (self->access, self->owner);
  g_autofree char *network = NULL;

  if (name)
    return g_strconcat (QUEEN_SENDER_TOKEN, name, NULL);
  if (!self->request.is_forwarded && queen_shares_is_here (client))
    return NULL;
  network = queen_shares_dup_network (client);
  return network ? g_strconcat (QUEEN_SENDER_ADDRESS, network, NULL) : NULL;
}

char *
queen_exchange_dup_part (const QueenExchange *self, guint number, GError **error)
{
  /* The path is still encoded, so a slash in an id does not look like one. */
  const char *start = self->path + 1;
  g_autofree char *id = NULL;

  for (guint i = 0; i < number; i++)
    start += strcspn (start, "/") + 1;
  id = g_uri_unescape_segment (start, start + strcspn (start, "/"), NULL);
  if (id && g_utf8_validate (id, -1, NULL))
    return g_steal_pointer (&id);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_BAD_REQUEST, "the id in %s is no encoded UTF-8",
               self->path);
  return NULL;
}

/* What is answered */

void
queen_exchange_add_header (QueenExchange *self, const char *name, const char *value)
{
  QueenReply *reply = &self->reply;

  g_return_if_fail (reply->n_headers < QUEEN_REPLY_MAX_HEADERS);

  reply->headers[reply->n_headers].name = name;
  reply->headers[reply->n_headers].value = value;
  reply->n_headers++;
}

void
queen_exchange_take_header (QueenExchange *self, const char *name, char *value)
{
  g_return_if_fail (self->reply.n_headers < QUEEN_REPLY_MAX_HEADERS);

  self->reply.owned |= 1u << self->reply.n_headers;
  queen_exchange_add_header (self, name, value);
}

void
queen_exchange_answer (QueenExchange *self, guint status, const char *type, GBytes *body)
{
  clear_body (&self->reply);
  self->reply.status = status;
  self->reply.type = type;
  self->reply.body = body;
  self->reply.is_shared = FALSE;
  self->reply.is_packed = FALSE;
  self->reply.is_endless = FALSE;
}

void
queen_exchange_vary (QueenExchange *self)
{
  queen_exchange_add_header (self, "Vary", "Accept-Encoding");
}

void
queen_exchange_set_packed (QueenExchange *self)
{
  self->reply.is_packed = TRUE;
}

static GString *
pack_text (const GString *text)
{
  GString *bytes = g_string_new_len (QUEEN_GZIP_HEAD, QUEEN_GZIP_HEAD_LENGTH);
  QueenDigest digest;

  queen_digest_init (&digest, text->str, text->len);
  queen_gzip_append (bytes, text->str, text->len);
  queen_gzip_append_end (bytes, &digest);
  return bytes;
}

void
queen_exchange_answer_json (QueenExchange *self, guint status, GString *json)
{
  gboolean is_worth_it;
  g_autoptr (GString) text = json;

  g_string_append_c (text, '\n'); /* or a shell's prompt sticks to it */
  is_worth_it = text->len > QUEEN_GZIP_SHORT && text->len <= QUEEN_GZIP_MAX_PIECE;
  if (is_worth_it)
    queen_exchange_vary (self);
  if (!is_worth_it || !queen_exchange_takes_gzip (self))
    {
      queen_exchange_answer (self, status, JSON, NULL);
      self->reply.text = g_steal_pointer (&text);
      return;
    }
  queen_exchange_answer (self, status, JSON, g_string_free_to_bytes (pack_text (text)));
  queen_exchange_set_packed (self);
}

void
queen_exchange_answer_message (QueenExchange *self, const char *text)
{
  queen_exchange_answer_json (self, SOUP_STATUS_OK, queen_answer_make_json ("ok", text));
}

void
queen_exchange_speak_openai (QueenExchange *self)
{
  self->speaks_openai = TRUE;
  queen_connection_speak_openai (self->connection);
}

gboolean
queen_exchange_speaks_openai (const QueenExchange *self)
{
  return self->speaks_openai;
}

void
queen_exchange_blame (QueenExchange *self, const char *param, const char *code)
{
  self->param = param;
  self->code = code;
}

void
queen_exchange_answer_error (QueenExchange *self, const GError *error)
{
  guint status = queen_error_http_status (error);

  self->refusal = queen_error_refusal (error);
  if (status == SOUP_STATUS_UNAUTHORIZED) /* RFC 6750 § 3 */
    queen_exchange_add_header (self, "WWW-Authenticate", "Bearer realm=\"queen-rbee\"");
  if (status == SOUP_STATUS_SERVICE_UNAVAILABLE)
    queen_exchange_add_header (self, "Retry-After", QUEEN_ANSWER_RETRY_AFTER);
  queen_exchange_answer_json (self, status,
                              self->speaks_openai
                                  ? queen_answer_make_openai_error (status, error->message,
                                                                    self->param, self->code)
                                  : queen_answer_make_json ("error", error->message));
}

void
queen_exchange_answer_shared (QueenExchange *self, guint status, const char *type, GBytes *body)
{
  queen_exchange_answer (self, status, type, g_bytes_ref (body));
  self->reply.is_shared = TRUE;
}

void
queen_exchange_answer_later (QueenExchange *self,
                             QueenPatience patience,
                             void (*on_gone) (gpointer data),
                             gpointer data)
{
  queen_connection_set_patience (self->connection, patience, self->reader);
  self->reply.is_later = TRUE;
  self->on_gone = on_gone;
  self->gone_data = data;
}

gboolean
queen_exchange_may_publish (QueenExchange *self)
{
  return queen_connection_may_publish (self->connection);
}

gboolean
queen_exchange_may_publish_one (QueenExchange *self)
{
  return queen_connection_may_publish_one (self->connection);
}

void
queen_exchange_wait_to_publish (QueenExchange *self,
                                gpointer progress,
                                gsize size,
                                GDestroyNotify free_progress)
{
  queen_connection_keep_progress (self->connection, progress, size, free_progress);
  self->reply.is_unfinished = TRUE;
}

gpointer
queen_exchange_steal_progress (QueenExchange *self)
{
  return queen_connection_steal_progress (self->connection);
}

void
queen_exchange_finish (QueenExchange *self)
{
  g_return_if_fail (self->reply.is_later);

  self->on_gone = NULL;
  self->on_finished (self, self->carrier);
}

void
queen_exchange_notify_gone (QueenExchange *self)
{
  void (*on_gone) (gpointer data) = g_steal_pointer (&self->on_gone);

  if (on_gone)
    on_gone (self->gone_data);
}

void
queen_exchange_forbid_buffering (QueenExchange *self)
{
  queen_exchange_add_header (self, "Cache-Control", "no-cache, no-transform");
  queen_exchange_add_header (self, "X-Accel-Buffering", "no");
}

void
queen_exchange_take_over (QueenExchange *self,
                          const char *type,
                          QueenTakeOverFunc func,
                          gpointer data,
                          GDestroyNotify free_data)
{
  QueenReply *reply = &self->reply;

  queen_exchange_answer (self, SOUP_STATUS_OK, type, NULL);
  reply->is_endless = TRUE;
  reply->take_over = queen_exchange_is_head (self) ? NULL : func;
  reply->data = data;
  reply->free_data = free_data;
}

void
queen_exchange_make_answer (const QueenExchange *self, QueenAnswer *answer)
{
  const QueenReply *reply = &self->reply;
  gsize length;
  const char *body = get_reply_body (reply, &length);
  GString *bytes = queen_answer_begin (reply->status, self->is_http_1_0);

  if (reply->type)
    queen_answer_append_header (bytes, "Content-Type", reply->type);
  for (guint i = 0; i < reply->n_headers; i++)
    queen_answer_append_header (bytes, reply->headers[i].name, reply->headers[i].value);
  /* Who speaks HTTP/1.0 sees the end of the body by that of the connection. */
  if (reply->is_endless && !self->is_http_1_0)
    queen_answer_append_header (bytes, "Transfer-Encoding", "chunked");
  /* RFC 9110 § 8.6: a length of what has not changed stands for another. */
  if (reply->is_endless || reply->status == SOUP_STATUS_NOT_MODIFIED)
    g_string_append (bytes, "\r\n");
  else
    queen_answer_end (bytes, length);
  if (reply->is_shared && !queen_exchange_is_head (self))
    answer->body = g_bytes_ref (reply->body);
  else if (!queen_exchange_is_head (self))
    queen_answer_append_body (bytes, body, length);
  answer->head = g_string_free_to_bytes (bytes);
  answer->is_persistent = queen_exchange_is_persistent (self);
}

const QueenReply *
queen_exchange_get_reply (const QueenExchange *self)
{
  return &self->reply;
}
