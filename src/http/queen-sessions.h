/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/**
 * QueenSessions:
 *
 * The cookies by which pages are known that have shown a token once: EventSource sends no
 * Authorization header, but it sends cookies. A cookie says what it stands for and carries a sum
 * that only this queen can make, so she remembers none of them, however many there are.
 */
typedef struct _QueenSessions QueenSessions;

/**
 * QueenSession:
 * @token: the number of the token that was shown; the session is good for as long as that is
 * @is_foreign: it was opened by a page of another origin, and is for reading alone
 */
typedef struct
{
  guint token;
  gboolean is_foreign;
} QueenSession;

/**
 * queen_sessions_new:
 * @clock: by which sessions end; it outlives the sessions
 *
 * The cookies have a name of their own in each queen, as a browser sends the cookies of all ports
 * of a host to each of them.
 */
QueenSessions *queen_sessions_new (const QueenClock *clock);

/**
 * queen_sessions_dup_cookie:
 * @session: what the cookie stands for
 * @is_encrypted: whether it goes through TLS
 *
 * Returns: (transfer full): a Set-Cookie header's value that opens @session for an hour. A foreign
 *   page gets a cookie that browsers send from there, too, if it goes through TLS; without, they
 *   would not take one
 */
char *queen_sessions_dup_cookie (const QueenSessions *self,
                                 const QueenSession *session,
                                 gboolean is_encrypted);

/**
 * queen_sessions_find:
 * @cookies: (nullable): the values of all Cookie headers, with commas or semicolons between
 * @session: (out): what the first good one of them stands for
 *
 * Returns: whether there is one
 */
gboolean
queen_sessions_find (const QueenSessions *self, const char *cookies, QueenSession *session);

void queen_sessions_free (QueenSessions *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSessions, queen_sessions_free)

G_END_DECLS
