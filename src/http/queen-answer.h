/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * queen_answer_json:
 * @status: the HTTP status
 * @json: (transfer full): the body, which gets a line end
 */
void queen_answer_json (SoupServerMessage *message, guint status, GString *json);

/**
 * queen_answer_text:
 * @type: the whole Content-Type
 * @text: (transfer full): the body
 *
 * Answers 200.
 */
void queen_answer_text (SoupServerMessage *message, const char *type, GString *text);

/**
 * queen_answer_message:
 *
 * Answers 200 with `{"status":"ok","message":…}`.
 */
void queen_answer_message (SoupServerMessage *message, const char *text);

/**
 * queen_answer_error:
 *
 * Answers with the status of @error and `{"status":"error","message":…}`.
 */
void queen_answer_error (SoupServerMessage *message, const GError *error);

/**
 * queen_answer_is_known:
 * @tag: an entity tag with its quotes, without the `W/` of a weak one
 *
 * Returns: whether the client says that it has that already, so that 304 is all it needs. The
 *   comparison is the weak one (RFC 9110 § 13.1.2)
 */
gboolean queen_answer_is_known (SoupServerMessage *message, const char *tag);

/**
 * queen_answer_to_bytes:
 *
 * Returns: (transfer full): the same answer as bytes, for a connection that libsoup never sees
 */
GBytes *queen_answer_to_bytes (const GError *error);

/**
 * queen_answer_too_many:
 *
 * Returns: (transfer full): 503 for a connection that finds no place
 */
GBytes *queen_answer_too_many (void);

G_END_DECLS
