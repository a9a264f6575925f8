/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the queen says when she answers no more than that. */

/** Seconds: as long as a sender waits between two heartbeats. */
#define QUEEN_ANSWER_RETRY_AFTER "30"

/**
 * queen_answer_make_json:
 * @status: `ok` or `error`
 *
 * Returns: (transfer full): `{"status":…,"message":…}`
 */
GString *queen_answer_make_json (const char *status, const char *message);

/**
 * queen_answer_make_openai_error:
 * @status: the HTTP status
 * @message: for people
 * @param: (nullable): the member of the request that is wrong
 * @code: (nullable): for programs; %NULL for what follows from @status
 *
 * Returns: (transfer full): `{"error":{"message":…,"type":…,"param":…,"code":…}}`, in which clients
 *   of OpenAI's API look for it
 */
GString *queen_answer_make_openai_error (guint status,
                                         const char *message,
                                         const char *param,
                                         const char *code);

/**
 * queen_answer_begin:
 * @status: the HTTP status
 * @is_http_1_0: in which version it was asked
 *
 * Returns: (transfer full): the beginning of an answer, as libsoup would write it
 */
GString *queen_answer_begin (guint status, gboolean is_http_1_0);

void queen_answer_append_header (GString *bytes, const char *name, const char *value);

/**
 * queen_answer_end:
 * @length: bytes of the body
 *
 * Ends the head.
 */
void queen_answer_end (GString *bytes, gsize length);

/** Appends a body of @length bytes to a head that has ended. */
void queen_answer_append_body (GString *bytes, const char *body, gsize length);

/**
 * queen_answer_to_bytes:
 * @speaks_openai: whether it is told as queen_answer_make_openai_error() does
 *
 * Returns: (transfer full): a whole answer that tells of @error, for a connection whose request
 *   goes no further
 */
GBytes *queen_answer_to_bytes (const GError *error, gboolean speaks_openai);

/**
 * queen_answer_too_many:
 *
 * Returns: (transfer full): 503 for a connection that finds no place
 */
GBytes *queen_answer_too_many (void);

G_END_DECLS
