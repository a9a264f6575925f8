/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-attempt.h"
#include "text/queen-json.h"

G_BEGIN_DECLS

/**
 * QueenDialect:
 * @request: what is asked; outlives it
 * @to: where to say what has come: on_head, on_event and on_body
 * @data: for @to
 * @path: what the worker or hive is asked for
 * @body: what it is asked
 * @is_whole: the answer has come to its own end, so nothing that follows belongs to it
 * @n_kept: bytes of memory that it holds of the answer
 *
 * How what is asked is said to a worker or hive, and how its answer is said to who asks. There is
 * one for each pair of languages; it knows bytes alone.
 */
typedef struct _QueenDialect QueenDialect;

/**
 * QueenDialectClass:
 * @size: bytes of a structure that begins with #QueenDialect
 * @has_two_steps: the first answer says only where the stream is
 * @is_open: what is no stream is handed on as it is, whatever its status; with @take_answer only
 *   what is no good answer
 * @prepare: sets path and body
 * @take_event: one event of the stream; %FALSE when there is no going on
 * @take_answer: (nullable): all of a good answer that is no stream; who is not open has it
 * @end: (nullable): the answer is whole
 * @clear: (nullable): frees what it has of its own
 */
typedef struct
{
  gsize size;
  gboolean has_two_steps;
  gboolean is_open;
  gboolean (*prepare) (QueenDialect *self, GError **error);
  gboolean (*take_event) (QueenDialect *self, const char *data, GError **error);
  gboolean (*take_answer) (QueenDialect *self, const char *json, gsize length, GError **error);
  void (*end) (QueenDialect *self);
  void (*clear) (QueenDialect *self);
} QueenDialectClass;

struct _QueenDialect
{
  const QueenDialectClass *type;
  const QueenAttemptRequest *request;
  const char *model; /* (nullable): what the worker serves */
  const QueenAttemptFuncs *to;
  gpointer data;
  char *path;
  GBytes *body;
  gboolean is_whole;
  gsize n_kept;
};

/* Who asks and who answers speak OpenAI's API. */
extern const QueenDialectClass queen_dialect_openai;

/* Who asks speaks OpenAI's API, the worker the seed's. */
extern const QueenDialectClass queen_dialect_openai_by_rbee;

/* Who asks wants a completion, and the worker speaks of OpenAI's API the chat alone. */
extern const QueenDialectClass queen_dialect_completion_by_chat;

/* Both speak the seed's. */
extern const QueenDialectClass queen_dialect_rbee;

/* Who asks speaks the seed's, the worker OpenAI's. */
extern const QueenDialectClass queen_dialect_rbee_by_openai;

/* Likewise, and the worker speaks of OpenAI's API the chat alone. */
extern const QueenDialectClass queen_dialect_rbee_by_chat;

/* An operation for a hive. */
extern const QueenDialectClass queen_dialect_hive;

/**
 * queen_dialect_new:
 * @target: the worker or hive that is to be asked
 * @error: %QUEEN_ERROR_UNPROCESSABLE when the request's body is none that can be asked,
 *   %QUEEN_ERROR_NOT_IMPLEMENTED when the worker does not do such things
 *
 * Returns: (transfer full): how to ask it, or %NULL
 */
QueenDialect *queen_dialect_new (const QueenAttemptRequest *request,
                                 const QueenComponent *target,
                                 const QueenAttemptFuncs *to,
                                 gpointer data,
                                 GError **error);

/**
 * queen_dialect_new_by_chat:
 * @request: of a completion, in OpenAI's words or the seed's
 * @error: %QUEEN_ERROR_NOT_IMPLEMENTED when it asks for what a chat cannot do; says no more
 *
 * Returns: (transfer full): how to ask a worker for it that speaks chat alone, or %NULL
 */
QueenDialect *queen_dialect_new_by_chat (const QueenAttemptRequest *request,
                                         const QueenAttemptFuncs *to,
                                         gpointer data,
                                         GError **error);

/** Returns: whether @target speaks what the one speaks who asks, and so gets the question as it is
 */
gboolean queen_dialect_is_same (QueenFace face, const QueenComponent *target);

/** Returns: whether it asks for a completion as such, which some servers do not know */
gboolean queen_dialect_is_completion (const QueenDialect *self);

/** Returns: whether it is queen_dialect_new_by_chat()'s */
gboolean queen_dialect_is_by_chat (const QueenDialect *self);

/**
 * queen_dialect_take_event:
 * @text: the data of one event
 *
 * Returns: %FALSE when the answer cannot be gone on with
 */
gboolean queen_dialect_take_event (QueenDialect *self, const char *text, GError **error);

/**
 * queen_dialect_end:
 *
 * There is nothing more.
 *
 * Returns: %FALSE when that is too early
 */
gboolean queen_dialect_end (QueenDialect *self, GError **error);

void queen_dialect_free (QueenDialect *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDialect, queen_dialect_free)

/* For the dialects. */

#define QUEEN_RBEE_MAX_TOKENS 2048 /* that a worker of the seed's makes at most */

/**
 * QueenRbeeEvent:
 * @token: (nullable): what was made
 * @message: (nullable): what went wrong
 * @stop_reason: (nullable): why it is the last one
 *
 * What an event of a worker of the seed's says; all is the JSON's.
 */
typedef struct
{
  const char *token;
  const char *message;
  const char *stop_reason;
} QueenRbeeEvent;

/**
 * queen_rbee_event_parse:
 * @error: %QUEEN_ERROR_BAD_GATEWAY when it is none
 *
 * Returns: (transfer full): what @event is a part of, or %NULL
 */
QueenJson *queen_rbee_event_parse (const char *data, QueenRbeeEvent *event, GError **error);

/** @json: (transfer full): one event; @text (nullable) is what it adds to the answer */
void queen_dialect_say (QueenDialect *self, GString *json, const char *text);

/**
 * queen_dialect_say_token:
 * @text: a token
 *
 * One of the seed's `token` events, in which `[DONE]` is not written as such: its clients look for
 * that anywhere in a line.
 */
void queen_dialect_say_token (QueenDialect *self, const char *text, guint number);

/**
 * queen_dialect_say_line:
 * @data: JSON as it came; what ends a line in it may stand only where a blank may
 * @text: (nullable): what it adds to the answer
 *
 * Says it on, in one line.
 */
void queen_dialect_say_line (QueenDialect *self, const char *data, const char *text);

/**
 * queen_dialect_say_marked:
 *
 * The same, for the seed's clients: with no `[DONE]` in it. In JSON that can only stand in a
 * string.
 */
void queen_dialect_say_marked (QueenDialect *self, const char *data, const char *text);

/** Says an event of the seed's: an error, with @message. */
void queen_dialect_say_error (QueenDialect *self, const char *message);

/** Says that the answer is a stream, and nothing that the worker says besides. */
void queen_dialect_begin_stream (QueenDialect *self);

/** Returns: what @choice of a chat says, streamed or not; empty for nothing */
const char *queen_dialect_find_chat_text (const QueenJsonValue *choice);

G_END_DECLS
