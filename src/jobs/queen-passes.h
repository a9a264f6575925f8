/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** The header in which a queen shows a pass to another one. */
#define QUEEN_PASS_HEADER "X-Queen-Pass"

/**
 * QueenPass:
 * @method: `GET`, …
 * @path: what is asked for, encoded as it goes out
 * @address: of the queen that is asked, as she has told the others
 * @user: whose request it is, as queen_exchange_dup_submitter() has it; of no token and no address
 *   for somebody on the machine of the queen that asks
 * @is_admin: whether that one may do what an administrator does
 *
 * What one queen asks of another, and for whom.
 */
typedef struct
{
  const char *method;
  const char *path;
  const char *address;
  const char *user;
  gboolean is_admin;
} QueenPass;

/**
 * QueenPasses:
 *
 * How queens of one cluster know each other: by a token that all of them have. It never leaves a
 * queen: what she shows is a sum of the token, of what she asks for, of whom, for whom and when. So
 * who gets to see a pass, be it somebody who only says that he is a queen, can do nothing with it
 * but show it to the one for whom it was made, for a minute. It is immutable.
 */
typedef struct _QueenPasses QueenPasses;

/**
 * queen_passes_new_from_file:
 * @path: has a token in a line, of at least 32 characters; empty lines and those with `#` say
 *   nothing. Passes are made with the first; each of them is taken, so that one can take the place
 *   of another without a gap
 * @error: %QUEEN_ERROR_SETTING, or what the system says; never with a token in it
 *
 * Returns: (transfer full): the passes, or %NULL
 */
QueenPasses *queen_passes_new_from_file (const char *path, GError **error);

void queen_passes_free (QueenPasses *self);

/**
 * queen_passes_make:
 * @now: µs since 1970
 *
 * Returns: (transfer full): the header's value
 */
char *queen_passes_make (const QueenPasses *self, const QueenPass *pass, gint64 now);

/**
 * queen_passes_check:
 * @text: the header's value, from anybody
 * @pass: what is asked of this queen; @user and @is_admin are not looked at
 * @now: µs since 1970
 * @error: %QUEEN_ERROR_FORBIDDEN
 *
 * Returns: whether a queen of this cluster has made it for just that, a moment ago
 */
gboolean queen_passes_check (
    const QueenPasses *self, const char *text, const QueenPass *pass, gint64 now, GError **error);

/**
 * queen_pass_dup_user:
 * @text: the header's value, of one that was checked
 * @is_admin: (out): see #QueenPass
 *
 * Returns: (transfer full): likewise
 */
char *queen_pass_dup_user (const char *text, gboolean *is_admin);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenPasses, queen_passes_free)

G_END_DECLS
