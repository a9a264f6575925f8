/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "jobs/queen-passes.h"
#include "loop/queen-clock.h"
#include "queen-request-head.h"
#include "queen-tokens.h"

G_BEGIN_DECLS

/**
 * QueenAdmin:
 * @QUEEN_ADMIN_LOOPBACK: the queen's own user and root, from this machine; and a token with `admin`
 * @QUEEN_ADMIN_TOKEN: a token with `admin`
 * @QUEEN_ADMIN_OFF: nobody
 *
 * Who may do over HTTP what an administrator does.
 */
typedef enum
{
  QUEEN_ADMIN_LOOPBACK,
  QUEEN_ADMIN_TOKEN,
  QUEEN_ADMIN_OFF,
} QueenAdmin;

/**
 * QueenAccessSettings:
 * @hosts: (nullable): names that she is called by, besides those of this machine
 * @origins: (nullable): web origins that may speak to her, besides those of this machine; `*` for
 *   all of them, which then may only read
 * @token_file: (nullable): who may write, and with what token
 * @queen_token_file: (nullable): by what queens of one cluster know each other, see #QueenPasses
 * @are_reads_protected: reading needs a token, too
 * @admin: who may do what an administrator does
 * @clock: by which sessions end
 */
typedef struct
{
  const char *const *hosts;
  const char *const *origins;
  const char *token_file;
  const char *queen_token_file;
  gboolean are_reads_protected;
  QueenAdmin admin;
  const QueenClock *clock;
} QueenAccessSettings;

/**
 * QueenAccessNeed:
 * @QUEEN_ACCESS_PUBLIC: nothing: there is no secret in it, and everybody may have it, for whatever
 *   web page
 * @QUEEN_ACCESS_READ: to see the cluster: a token or a session, when reading is protected
 * @QUEEN_ACCESS_BEAT: to send heartbeats: a token or a session, where there are any
 * @QUEEN_ACCESS_SESSION: to open a session: a token, where there are any
 * @QUEEN_ACCESS_SEE_JOBS: to see what became of work: as for %QUEEN_ACCESS_JOBS, but a session of
 *   her own pages will do without an Origin, which browsers do not send with a GET
 * @QUEEN_ACCESS_JOBS: to send work, and to end it: a token or a session, where there are any
 * @QUEEN_ACCESS_HOLD: to keep work away from somebody: a token or a session with the scope, or who
 *   may be an administrator by #QUEEN_ADMIN_LOOPBACK
 * @QUEEN_ACCESS_HIVES: to have hives do something: likewise
 * @QUEEN_ACCESS_ADMIN: to forget somebody or to end the queen: see #QueenAdmin. Where there are
 *   tokens, the queen's own user needs one, too, but without the scope
 *
 * What a request needs.
 */
typedef enum
{
  QUEEN_ACCESS_PUBLIC,
  QUEEN_ACCESS_READ,
  QUEEN_ACCESS_BEAT,
  QUEEN_ACCESS_SESSION,
  QUEEN_ACCESS_SEE_JOBS,
  QUEEN_ACCESS_JOBS,
  QUEEN_ACCESS_HOLD,
  QUEEN_ACCESS_HIVES,
  QUEEN_ACCESS_ADMIN,
} QueenAccessNeed;

/**
 * QueenVisitor:
 * @fd: the connection
 * @is_probe: whether the queen herself asks, to see that she still answers; then she may read
 * @is_encrypted: whether the connection is
 * @is_forwarded: whether somebody hands the request on, as far as that shows
 * @host: the Host that was asked for
 * @origin: (nullable): of the web page that asks
 * @fetch_site: (nullable): what a browser says of that page
 * @fetch_mode: (nullable): what a browser does
 * @authorization: (nullable): the header
 * @cookies: (nullable): the headers, with commas between
 *
 * Who asks, as far as a request shows.
 */
typedef struct
{
  int fd;
  gboolean is_probe;
  gboolean is_encrypted;
  gboolean is_forwarded;
  const char *host;
  const char *origin;
  const char *fetch_site;
  const char *fetch_mode;
  const char *authorization;
  const char *cookies;
} QueenVisitor;

/**
 * QueenPage:
 * @QUEEN_PAGE_STRANGER: may have what is public
 * @QUEEN_PAGE_READER: may read; no cookie comes from there
 * @QUEEN_PAGE_GUEST: may write, too: a page of this machine, or one without an origin where that is
 *   allowed; no cookie comes from there
 * @QUEEN_PAGE_FRIEND: one that the settings name. By its cookies it may only read
 * @QUEEN_PAGE_OWN: one of the queen's own, or none at all
 *
 * What kind of web page asks.
 */
typedef enum
{
  QUEEN_PAGE_STRANGER,
  QUEEN_PAGE_READER,
  QUEEN_PAGE_GUEST,
  QUEEN_PAGE_FRIEND,
  QUEEN_PAGE_OWN,
} QueenPage;

#define QUEEN_TYPE_ACCESS (queen_access_get_type ())
G_DECLARE_FINAL_TYPE (QueenAccess, queen_access, QUEEN, ACCESS, GObject)

/**
 * queen_access_new:
 * @settings: copied
 * @error: what is wrong with the token file
 *
 * Who may speak to the queen: by the name that she is called, by the web page that asks, by token,
 * and by the user at the other end of the connection.
 */
QueenAccess *queen_access_new (const QueenAccessSettings *settings, GError **error);

/**
 * queen_access_read_tokens:
 * @self: one that queen_access_has_tokens()
 * @error: what is wrong with the token file
 *
 * Reads the token file again, in any thread, and changes nothing.
 *
 * Returns: (transfer full): what is to be given to queen_access_take_tokens(), before the next are
 *   read
 */
QueenTokens *queen_access_read_tokens (QueenAccess *self, GError **error);

/**
 * queen_access_take_tokens:
 * @tokens: (transfer full)
 *
 * From now on these are the tokens. With one that is gone, its sessions are over; the signal
 * `reloaded` says so.
 */
void queen_access_take_tokens (QueenAccess *self, QueenTokens *tokens);

/**
 * queen_access_set_address:
 * @address: where the queen serves, as she tells the others
 */
void queen_access_set_address (QueenAccess *self, const char *address);

/** Returns: whether queens know each other by a file */
gboolean queen_access_has_passes (QueenAccess *self);

/**
 * queen_access_read_passes:
 * @self: one that queen_access_has_passes()
 * @error: what is wrong with the file
 *
 * Reads what queens know each other by, in any thread, and changes nothing.
 *
 * Returns: (transfer full): what is to be given to queen_access_take_passes()
 */
QueenPasses *queen_access_read_passes (QueenAccess *self, GError **error);

/**
 * queen_access_take_passes:
 * @passes: (transfer full)
 *
 * From now on it goes by these.
 */
void queen_access_take_passes (QueenAccess *self, QueenPasses *passes);

/**
 * queen_access_dup_pass:
 * @pass: what is to be asked of another queen
 * @error: %QUEEN_ERROR_UNAVAILABLE without a file of that
 *
 * Returns: (transfer full): see queen_passes_make(); or %NULL
 */
char *queen_access_dup_pass (QueenAccess *self, const QueenPass *pass, GError **error);

/**
 * queen_access_check_pass:
 * @text: what was shown
 * @error: %QUEEN_ERROR_FORBIDDEN
 *
 * Returns: whether another queen asks for that
 */
gboolean queen_access_check_pass (
    QueenAccess *self, const char *text, const char *method, const char *path, GError **error);

/**
 * queen_access_has_tokens:
 *
 * Returns: whether a token is needed at all
 */
gboolean queen_access_has_tokens (QueenAccess *self);

/**
 * queen_access_check_host:
 * @head: a request's head
 * @error: %QUEEN_ERROR_MISDIRECTED
 *
 * Keeps out who calls her by a name that is not hers: a stranger may let one point here, and have a
 * browser on this machine take his page for hers (DNS rebinding).
 */
gboolean queen_access_check_host (QueenAccess *self, const QueenRequestHead *head, GError **error);

/**
 * queen_access_judge_page:
 *
 * Returns: what kind of page asks, by its origin
 */
QueenPage queen_access_judge_page (QueenAccess *self, const QueenVisitor *visitor);

/**
 * queen_access_check_page:
 * @need: what the request needs
 * @error: %QUEEN_ERROR_FORBIDDEN
 *
 * Keeps out requests that a page of somewhere else sends to wherever it likes.
 */
gboolean queen_access_check_page (QueenAccess *self,
                                  QueenAccessNeed need,
                                  const QueenVisitor *visitor,
                                  GError **error);

/**
 * queen_access_check_right:
 * @need: what the request needs
 * @owner: (out): the token by which it is allowed, for queen_access_get_name() and
 *   queen_access_may_read_on(); 0 when it requires none
 * @error: %QUEEN_ERROR_UNAUTHORIZED without a token, or with an unknown one; %QUEEN_ERROR_FORBIDDEN
 *   for one that is not good for this; the message names the scope
 *
 * Looks at who asks. A session may write only for the queen's own page.
 */
gboolean queen_access_check_right (QueenAccess *self,
                                   QueenAccessNeed need,
                                   const QueenVisitor *visitor,
                                   guint *owner,
                                   GError **error);

/**
 * queen_access_get_name:
 * @owner: a token's number
 *
 * Returns: (nullable): whose it is; %NULL when it is gone, or 0. It changes with the next reload
 */
const char *queen_access_get_name (QueenAccess *self, guint owner);

/** Added to the owner of who reads a job, and not the cluster's stream. */
#define QUEEN_ACCESS_READS_JOBS (1u << 31)

/**
 * queen_access_may_read_on:
 * @owner: the token by which somebody was allowed to read; 0 for none
 *
 * Returns: whether the token is still there and good for it
 */
gboolean queen_access_may_read_on (QueenAccess *self, guint owner);

/**
 * queen_access_dup_session_cookie:
 * @owner: the token that was shown
 * @error: %QUEEN_ERROR_FORBIDDEN for a page that no cookie comes from
 *
 * Returns: (transfer full): a Set-Cookie header's value that is good for an hour, for as long as
 * the token is
 */
char *queen_access_dup_session_cookie (QueenAccess *self,
                                       const QueenVisitor *visitor,
                                       guint owner,
                                       GError **error);

G_END_DECLS
