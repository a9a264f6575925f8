/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-request-head.h"

G_BEGIN_DECLS

/**
 * QueenAccessSettings:
 * @hosts: (nullable): names that she is called by, besides those of this machine
 * @origins: (nullable): web origins that may speak to her, besides those of this machine
 * @token_file: (nullable): who may write, and with what token
 * @are_reads_protected: reading needs a token, too
 */
typedef struct
{
  const char *const *hosts;
  const char *const *origins;
  const char *token_file;
  gboolean are_reads_protected;
} QueenAccessSettings;

#define QUEEN_TYPE_ACCESS (queen_access_get_type ())
G_DECLARE_FINAL_TYPE (QueenAccess, queen_access, QUEEN, ACCESS, GObject)

/**
 * queen_access_new:
 * @settings: copied
 * @error: what is wrong with the token file
 *
 * Who may speak to the queen: by the name that she is called, by the web page that asks, and by
 * token.
 */
QueenAccess *queen_access_new (const QueenAccessSettings *settings, GError **error);

/**
 * queen_access_reload:
 * @error: what is wrong with the token file; the tokens are then what they were
 *
 * Reads the token file again.
 */
gboolean queen_access_reload (QueenAccess *self, GError **error);

/**
 * queen_access_has_tokens:
 *
 * Returns: whether a token is needed at all
 */
gboolean queen_access_has_tokens (QueenAccess *self);

/**
 * queen_access_check_head:
 * @head: a request's head
 * @error: %QUEEN_ERROR_MISDIRECTED when she is called by a name that is not hers,
 *   %QUEEN_ERROR_FORBIDDEN when a web page asks that may not
 *
 * Keeps out the pages that a browser on this machine happens to show: a name that a stranger lets
 * point here (DNS rebinding), and requests that a page sends to wherever it likes.
 */
gboolean queen_access_check_head (QueenAccess *self, const QueenRequestHead *head, GError **error);

/**
 * queen_access_allows_origin:
 * @origin: as the header has it
 * @host: the Host of the same request
 *
 * Returns: whether pages of @origin may speak to her: those of this machine, of her own, and those
 *   allowed by the settings
 */
gboolean queen_access_allows_origin (QueenAccess *self, QueenText origin, QueenText host);

/**
 * queen_access_check_token:
 * @method: of the request
 * @path: of the request
 * @authorization: (nullable): the header
 * @cookie: (nullable): the header
 * @error: %QUEEN_ERROR_UNAUTHORIZED
 *
 * Writing needs a token where there are any. Reading the cluster does when it is protected; then a
 * session's cookie will do, too.
 */
gboolean queen_access_check_token (QueenAccess *self,
                                   const char *method,
                                   const char *path,
                                   const char *authorization,
                                   const char *cookie,
                                   GError **error);

/**
 * queen_access_dup_session_cookie:
 * @is_secure: whether the connection is encrypted
 *
 * Returns: (transfer full): a Set-Cookie header's value that lets its bearer read for an hour
 */
char *queen_access_dup_session_cookie (QueenAccess *self, gboolean is_secure);

G_END_DECLS
