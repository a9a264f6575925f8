/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-source.h"
#include "queen-access.h"
#include "queen-connection.h"

G_BEGIN_DECLS

/**
 * QueenExchange:
 *
 * One request and its answer. The answer is given at once, or later, or the socket is taken over;
 * whoever carries the exchange (libsoup, today) looks at what has become of it.
 */
typedef struct _QueenExchange QueenExchange;

/* What was asked */

/**
 * queen_exchange_get_request:
 *
 * Returns: (transfer none): what the gate let in; its body is there only until the route's function
 *   returns
 */
const QueenRequest *queen_exchange_get_request (const QueenExchange *self);

/** Returns: (transfer none): who asks */
const QueenVisitor *queen_exchange_get_visitor (const QueenExchange *self);

/** Returns: `GET`, … */
const char *queen_exchange_get_method (const QueenExchange *self);

/** Returns: the path, encoded as it came */
const char *queen_exchange_get_path (const QueenExchange *self);

/** Returns: (nullable): what stands behind the question mark, as queen_query_parse() takes it */
const char *queen_exchange_get_query (const QueenExchange *self);

/** Returns: whether it is to have the head of the answer alone */
gboolean queen_exchange_is_head (const QueenExchange *self);

/** Returns: whether the client speaks HTTP/1.0, and so knows no chunks */
gboolean queen_exchange_is_http_1_0 (const QueenExchange *self);

/** Returns: whether the client may send another request on the same connection after the answer, as
 * far as that is known yet: not behind one without end, nor behind a large one over TLS */
gboolean queen_exchange_is_persistent (const QueenExchange *self);

/** Returns: (transfer none) (nullable): a header of the request; see queen_headers_get() */
const char *queen_exchange_get_header (QueenExchange *self, const char *name);

/** Returns: whether the body is declared to be of @type, whatever parameters that has */
gboolean queen_exchange_has_type (QueenExchange *self, const char *type);

/**
 * queen_exchange_knows:
 * @tag: an entity tag with its quotes, without the `W/` of a weak one
 *
 * Returns: whether the client says that it has that already, so that 304 is all it needs. The
 *   comparison is the weak one (RFC 9110 § 13.1.2)
 */
gboolean queen_exchange_knows (QueenExchange *self, const char *tag);

/**
 * queen_exchange_takes_gzip:
 *
 * Whoever asks this says so with queen_exchange_vary(), whatever the answer.
 *
 * Returns: whether the client takes an answer that is compressed. None that speaks HTTP/1.0 gets
 *   one, as some of these say that they do and do not
 */
gboolean queen_exchange_takes_gzip (QueenExchange *self);

/** Returns: the number of the token by which it was allowed; 0 when it required none */
guint queen_exchange_get_owner (const QueenExchange *self);

/** Returns: the same for queen_access_may_read_on(), of whoever reads what it asks for */
guint queen_exchange_get_reader (const QueenExchange *self);

/**
 * queen_exchange_dup_sender:
 *
 * Returns: (transfer full) (nullable): who sends it, as queen_registry_update() takes it: a token's
 *   name, or an address; %NULL for one on this machine without a token, who is trusted
 */
char *queen_exchange_dup_sender (const QueenExchange *self);

/**
 * queen_exchange_dup_submitter:
 *
 * Returns: (transfer full): whose is what it asks for, as #QueenJobRequest has it: its sender's, or
 *   of the user of this machine who comes through a Unix socket; empty for who comes by its
 *   loopback addresses, which are everybody's there
 */
char *queen_exchange_dup_submitter (const QueenExchange *self);

/**
 * queen_exchange_get_source:
 * @source: (out): where it comes from; of one that somebody hands on, where they say that it comes
 *   from, if they are trusted, and else they themselves
 */
void queen_exchange_get_source (const QueenExchange *self, QueenSource *source);

/**
 * queen_exchange_dup_part:
 * @number: of the part that is meant, counted in slashes: in `/v1/workers/{id}/hold` the id is 2
 * @error: %QUEEN_ERROR_BAD_REQUEST when it is no percent-encoded UTF-8 text
 *
 * Of one whose route has a name in braces there.
 *
 * Returns: (transfer full): what stands in the place of that, decoded: also a slash or a percent
 *   sign may be part of it
 */
char *queen_exchange_dup_part (const QueenExchange *self, guint number, GError **error);

/** queen_exchange_get_age: µs since the request was there whole */
gint64 queen_exchange_get_age (const QueenExchange *self);

/* What is answered */

/** Says that the answer depends on queen_exchange_takes_gzip(). */
void queen_exchange_vary (QueenExchange *self);

/**
 * queen_exchange_add_header:
 * @name: static
 * @value: as long as the exchange
 */
void queen_exchange_add_header (QueenExchange *self, const char *name, const char *value);

/**
 * queen_exchange_take_header:
 * @name: static
 * @value: (transfer full): the value
 */
void queen_exchange_take_header (QueenExchange *self, const char *name, char *value);

/**
 * queen_exchange_answer:
 * @status: the HTTP status
 * @type: (nullable): the whole Content-Type, static; %NULL without a body
 * @body: (nullable) (transfer full): the body
 *
 * A second answer takes the place of the first.
 */
void queen_exchange_answer (QueenExchange *self, guint status, const char *type, GBytes *body);

/**
 * queen_exchange_set_packed:
 *
 * What was answered is gzip.
 */
void queen_exchange_set_packed (QueenExchange *self);

/**
 * queen_exchange_answer_json:
 * @json: (transfer full): the body, which gets a line end, and is compressed if that is worth it
 */
void queen_exchange_answer_json (QueenExchange *self, guint status, GString *json);

/**
 * queen_exchange_answer_message:
 *
 * Answers 200 with `{"status":"ok","message":…}`.
 */
void queen_exchange_answer_message (QueenExchange *self, const char *text);

/**
 * queen_exchange_answer_error:
 *
 * Answers with the status of @error and `{"status":"error","message":…}`; or in OpenAI's shape.
 */
void queen_exchange_answer_error (QueenExchange *self, const GError *error);

/**
 * queen_exchange_speak_openai:
 *
 * From now on errors are told as OpenAI's servers tell of them, also what the connection says by
 * itself; and web pages may send what clients of OpenAI's send.
 */
void queen_exchange_speak_openai (QueenExchange *self);

/** Returns: whether it does */
gboolean queen_exchange_speaks_openai (const QueenExchange *self);

/**
 * queen_exchange_blame:
 * @param: (nullable): static: the member of the request that is wrong
 * @code: (nullable): static: for programs
 *
 * Says more of the error that is answered next, to those who speak OpenAI's API.
 */
void queen_exchange_blame (QueenExchange *self, const char *param, const char *code);

/**
 * queen_exchange_answer_shared:
 * @status: one behind which a body may come
 * @type: (nullable): the whole Content-Type, static; %NULL when that is among the headers already
 * @body: what others may get, too
 *
 * Answers with a body that is never copied, however many get it.
 */
void
queen_exchange_answer_shared (QueenExchange *self, guint status, const char *type, GBytes *body);

/**
 * queen_exchange_answer_later:
 * @patience: for how long the client may be kept waiting
 * @on_gone: called when the client goes, or the time is over, before queen_exchange_finish(); the
 *   exchange is then no more
 *
 * The route's function returns without an answer, and one comes later, be it by
 * queen_exchange_take_over().
 */
void queen_exchange_answer_later (QueenExchange *self,
                                  QueenPatience patience,
                                  void (*on_gone) (gpointer data),
                                  gpointer data);

/**
 * queen_exchange_may_publish:
 *
 * To be asked for each event.
 *
 * Returns: whether what it makes happen may happen now, or queen_exchange_wait_to_publish() had
 *   better be called
 */
gboolean queen_exchange_may_publish (QueenExchange *self);

/** The same for what is one event at the most: it waits for no long ones, and has no progress. */
gboolean queen_exchange_may_publish_one (QueenExchange *self);

/**
 * queen_exchange_wait_to_publish:
 * @progress: (transfer full) (nullable): what has become of it so far
 * @size: bytes of memory that @progress takes
 *
 * The route's function returns without an answer, and is called again with the same request, in
 * another exchange, when it may publish. Its client may have gone until then.
 */
void queen_exchange_wait_to_publish (QueenExchange *self,
                                     gpointer progress,
                                     gsize size,
                                     GDestroyNotify free_progress);

/**
 * queen_exchange_steal_progress:
 *
 * Returns: (transfer full) (nullable): what had become of it when it had to wait; %NULL when it had
 *   not
 */
gpointer queen_exchange_steal_progress (QueenExchange *self);

/**
 * queen_exchange_finish:
 *
 * Sends the answer of one that is answered later. The exchange is then no more.
 */
void queen_exchange_finish (QueenExchange *self);

/**
 * QueenTakeOverFunc:
 * @socket: (transfer full): the client's connection
 * @head: (transfer full): the answer's head, which has not been sent yet
 */
typedef void (*QueenTakeOverFunc) (QueenSocket socket, GBytes *head, gpointer data);

/**
 * queen_exchange_forbid_buffering:
 *
 * Says that the answer is a stream, which caches are not to keep, and proxies are to hand on as it
 * comes (nginx by a header of its own).
 */
void queen_exchange_forbid_buffering (QueenExchange *self);

/**
 * queen_exchange_take_over:
 * @type: (nullable): the whole Content-Type, static; %NULL if it is among the headers that were
 * added
 * @func: called as soon as the answer's head is there; it sends that, and then a body without end:
 *   in chunks, but to a client of HTTP/1.0 as it is
 * @data: (transfer full): for @func
 *
 * Answers 200 and ends HTTP on this connection: at once, or by queen_exchange_finish(). One that
 * asks for the head alone gets it, and @func is not called.
 */
void queen_exchange_take_over (QueenExchange *self,
                               const char *type,
                               QueenTakeOverFunc func,
                               gpointer data,
                               GDestroyNotify free_data);

/* For who carries it */

#define QUEEN_REPLY_MAX_HEADERS 24

/**
 * QueenReply:
 * @status: 0 as long as there is none
 * @type: (nullable): the whole Content-Type
 * @body: (nullable): the body, unless there is @text
 * @text: (nullable): a body that nobody else gets
 * @is_shared: others may get the body, too, so it had better not be copied
 * @is_packed: the body is gzip
 * @is_later: queen_exchange_finish() is to come
 * @is_unfinished: queen_exchange_wait_to_publish() was called
 * @headers: @n_headers more header lines
 * @owned: of which of these the value goes with the reply, a bit for each
 * @take_over: (nullable): who takes the socket; the body has no end then
 *
 * An answer, before anybody has made bytes of it.
 */
typedef struct
{
  guint status;
  const char *type;
  GBytes *body;
  GString *text;
  gboolean is_shared;
  gboolean is_packed;
  gboolean is_later;
  gboolean is_unfinished;
  struct
  {
    const char *name;
    const char *value;
  } headers[QUEEN_REPLY_MAX_HEADERS];
  guint n_headers;
  guint32 owned;
  gboolean is_endless;
  QueenTakeOverFunc take_over;
  gpointer data;
  GDestroyNotify free_data;
} QueenReply;

/**
 * queen_exchange_new:
 * @connection: who asks
 * @request: what it asks; its texts need not outlive the route's function
 * @on_finished: called by queen_exchange_finish()
 * @carrier: for @on_finished
 */
QueenExchange *queen_exchange_new (QueenConnection *connection,
                                   const QueenRequest *request,
                                   QueenAccess *access,
                                   void (*on_finished) (QueenExchange *self, gpointer carrier),
                                   gpointer carrier);

void queen_exchange_free (QueenExchange *self);

/**
 * queen_exchange_set_target:
 * @method: static
 * @path: as long as the exchange, like @query
 *
 * What it asks for, before it is routed.
 */
void queen_exchange_set_target (QueenExchange *self,
                                const char *method,
                                const char *path,
                                const char *query,
                                gboolean is_http_1_0);

/** Returns: (transfer none): whose request it is */
QueenConnection *queen_exchange_get_connection (const QueenExchange *self);

/**
 * queen_exchange_set_owner:
 * @owner: see queen_exchange_get_owner()
 * @need: what the token had to be good for
 */
void queen_exchange_set_owner (QueenExchange *self, guint owner, QueenAccessNeed need);

/**
 * queen_exchange_set_refusal:
 * @refusal: as what the answer counts, when its error does not say enough; after that was given
 */
void queen_exchange_set_refusal (QueenExchange *self, QueenRefusal refusal);

/** Returns: as what the answer counts; %QUEEN_N_REFUSALS when it is no refusal */
QueenRefusal queen_exchange_get_refusal (const QueenExchange *self);

/** Returns: (nullable): a header of the answer, as far as it is known yet */
const char *queen_exchange_get_answer_header (const QueenExchange *self, const char *name);

/**
 * queen_exchange_end_request:
 *
 * The route's function has returned, and the answer comes later: nothing of the request is kept but
 * what the answer depends on.
 */
void queen_exchange_end_request (QueenExchange *self);

/**
 * queen_exchange_make_answer:
 * @answer: (out): what the client gets, as libsoup would write it
 *
 * Of one that has a body, or would have, or 304: no 204. Of a stream it is the head.
 */
void queen_exchange_make_answer (const QueenExchange *self, QueenAnswer *answer);

/** Returns: (transfer none): what the answer is so far */
const QueenReply *queen_exchange_get_reply (const QueenExchange *self);

/** The client has gone, or its time is over. */
void queen_exchange_notify_gone (QueenExchange *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenExchange, queen_exchange_free)

G_END_DECLS
