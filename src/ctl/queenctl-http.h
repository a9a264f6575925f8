/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

G_BEGIN_DECLS

/**
 * QueenctlHttp:
 *
 * The way to a queen over HTTP: her address, and what lets us in. A question has
 * %QUEENCTL_DEADLINE_MSEC from its first byte to the answer's last one, less where
 * queenctl_deadline_begin() has said so, and an answer 64 MiB.
 */
typedef struct _QueenctlHttp QueenctlHttp;

/**
 * queenctl_http_new:
 * @url: (nullable): her address, such as `https://queen.example.org:8500`; a path before hers may
 * be there. %NULL for the one that she usually has on this machine
 * @token_file: (nullable): holds a token, or a line of her own file of tokens
 * @ca_file: (nullable): certificates to trust, in place of the system's
 *
 * A token does not go over a network in the clear.
 *
 * Returns: (transfer full): the way to her, or %NULL with %QUEENCTL_ERROR_USAGE; nobody has been
 *   asked yet
 */
QueenctlHttp *
queenctl_http_new (const char *url, const char *token_file, const char *ca_file, GError **error);

void queenctl_http_free (QueenctlHttp *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenctlHttp, queenctl_http_free)

/**
 * queenctl_http_set_patience:
 * @span: µs that the next questions may take on top of %QUEENCTL_DEADLINE_MSEC, or, if it is
 * negative, less
 */
void queenctl_http_set_patience (QueenctlHttp *self, gint64 span);

/**
 * queenctl_http_get_refusal:
 * @status: (out): what the last question was answered with
 *
 * Returns: (transfer none) (nullable): in her words why she refused it; %NULL when she did not
 */
const char *queenctl_http_get_refusal (QueenctlHttp *self, guint *status);

/** Returns: (transfer none) (nullable): that header of the answer to the last question */
const char *queenctl_http_get_header (QueenctlHttp *self, const char *name);

/** Returns: (transfer none): her address, without a slash at its end */
const char *queenctl_http_get_url (QueenctlHttp *self);

/**
 * queenctl_http_is_queen_there:
 *
 * Returns: whether the question that failed found somebody who need not be started: one who is
 * late, or speaks TLS
 */
gboolean queenctl_http_is_queen_there (QueenctlHttp *self);

/**
 * queenctl_http_new_session:
 * @timeout: s, of a silence
 *
 * Returns: (transfer full): a session that trusts whom it should, and unpacks nothing: what becomes
 *   nothing then is unpacked in one turn for as long as it comes, and no deadline would hold
 */
SoupSession *queenctl_http_new_session (QueenctlHttp *self, guint timeout);

/** Returns: (transfer full): a request to her; @path: such as `/v1/workers` */
SoupMessage *queenctl_http_new_message (QueenctlHttp *self, const char *method, const char *path);

/** Returns: (transfer full): where an answer's body is put into; it takes no more than 64 MiB */
GOutputStream *queenctl_http_new_answer (void);

/**
 * queenctl_http_dup_answer:
 *
 * Returns: (transfer full): what has been put into @answer. What is no UTF-8 is no JSON either, and
 *   in a message it becomes U+FFFD.
 */
char *queenctl_http_dup_answer (GOutputStream *answer);

/**
 * queenctl_http_ask:
 * @body: (nullable): JSON
 * @type: of what she answers when all is well, such as `application/json`
 * @missing: (nullable): set to %TRUE, with neither answer nor error, when she says that she knows
 * of no such worker or hive; %NULL when that is an error as any other
 *
 * Returns: (transfer full) (nullable): her answer, UTF-8; %NULL with %QUEENCTL_ERROR_REFUSED for
 *   what she refuses, or with %QUEENCTL_ERROR_NO_QUEEN, which says whom we asked, and what came:
 *   nothing, or what no queen answers
 */
char *queenctl_http_ask (QueenctlHttp *self,
                         const char *method,
                         const char *path,
                         const char *body,
                         const char *type,
                         gboolean *missing,
                         GError **error);

/**
 * queenctl_http_ask_json:
 *
 * Asks as queenctl_http_ask() does.
 *
 * Returns: (transfer full) (nullable): her answer, an object; or %NULL with the error that it is
 */
JsonNode *queenctl_http_ask_json (QueenctlHttp *self,
                                  const char *method,
                                  const char *path,
                                  const char *body,
                                  gboolean *missing,
                                  GError **error);

/**
 * queenctl_http_submit:
 * @key: what says that it is the same when it is asked again
 *
 * Asks as queenctl_http_ask_json() does, by POST, for something that is to be done once.
 */
JsonNode *queenctl_http_submit (
    QueenctlHttp *self, const char *path, const char *body, const char *key, GError **error);

/**
 * queenctl_http_tell:
 *
 * Asks as queenctl_http_ask() does, for something to be done.
 *
 * Returns: whether she says that it is
 */
gboolean queenctl_http_tell (
    QueenctlHttp *self, const char *method, const char *path, const char *body, GError **error);

/**
 * queenctl_http_set_odd:
 * @error: that what answered the last question is no queen, as she would not say that
 */
void queenctl_http_set_odd (QueenctlHttp *self, GError **error);

/**
 * queenctl_http_set_no_queen:
 * @error: that she cannot be reached, with @cause, or by which scheme she can
 */
void queenctl_http_set_no_queen (QueenctlHttp *self, const GError *cause, GError **error);

/** queenctl_http_set_late: @error: that nobody has answered there in time, a queen or not */
void queenctl_http_set_late (QueenctlHttp *self, GError **error);

/** queenctl_http_set_garbled: @error: that what comes cannot be read, with @cause */
void queenctl_http_set_garbled (QueenctlHttp *self, const GError *cause, GError **error);

/**
 * queenctl_http_set_stranger:
 * @path: what was asked for
 * @answer: what came
 * @error: that this is no queen's
 */
void queenctl_http_set_stranger (QueenctlHttp *self,
                                 const char *path,
                                 SoupMessage *answer,
                                 GError **error);

/**
 * queenctl_http_set_refusal:
 * @path: what was asked for
 * @answer: what came; all is not well with it
 * @text: its body
 * @error: what that means
 */
void queenctl_http_set_refusal (
    QueenctlHttp *self, const char *path, SoupMessage *answer, const char *text, GError **error);

G_END_DECLS
