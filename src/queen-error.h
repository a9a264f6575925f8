/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-tally.h"

G_BEGIN_DECLS

/**
 * QueenError:
 * @QUEEN_ERROR_BAD_REQUEST: the bytes are not HTTP, not JSON, or the query makes no sense
 * @QUEEN_ERROR_UNAUTHORIZED: it requires a token that the client has not shown
 * @QUEEN_ERROR_FORBIDDEN: the client may not do that
 * @QUEEN_ERROR_NOT_FOUND: there is nothing under that name
 * @QUEEN_ERROR_METHOD_NOT_ALLOWED: the path is known, but not with that method
 * @QUEEN_ERROR_REQUEST_TIMEOUT: the request was not whole before its deadline
 * @QUEEN_ERROR_CONFLICT: it belongs to somebody else
 * @QUEEN_ERROR_LENGTH_REQUIRED: there is no body where one is needed
 * @QUEEN_ERROR_CONTENT_TOO_LARGE: the body is over the limit
 * @QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE: the body is not declared to be JSON, or is encoded
 * @QUEEN_ERROR_MISDIRECTED: the queen is called by a name that is not hers
 * @QUEEN_ERROR_UNPROCESSABLE: JSON, but not a heartbeat; the message names the member
 * @QUEEN_ERROR_HEADER_TOO_LARGE: the header block is over the limit
 * @QUEEN_ERROR_INTERNAL: the queen's own fault
 * @QUEEN_ERROR_NOT_IMPLEMENTED: a method or a transfer coding that the queen has never heard of
 * @QUEEN_ERROR_BAD_GATEWAY: a worker was asked, and failed
 * @QUEEN_ERROR_UNAVAILABLE: a cap is reached; try again later
 * @QUEEN_ERROR_REGISTRY_FULL: likewise, of those that are known
 * @QUEEN_ERROR_CANCELLED: somebody did not want it any longer
 * @QUEEN_ERROR_GATEWAY_TIMEOUT: a worker was asked, and said nothing in time
 * @QUEEN_ERROR_VERSION_NOT_SUPPORTED: not HTTP/1.0 or HTTP/1.1
 * @QUEEN_ERROR_SETTING: a setting is wrong; the message names it
 * @QUEEN_ERROR_USAGE: the command line cannot be understood
 * @QUEEN_ERROR_NOT_SUBSCRIBED: a D-Bus client takes back what it has not asked for
 * @QUEEN_ERROR_STATE: what an earlier epoch of the queen left cannot be used, or nothing can be
 * left
 *
 * Everything that can go wrong because of the world outside. Each code has one HTTP status,
 * one D-Bus name, and one reason in the metrics.
 */
typedef enum
{
  QUEEN_ERROR_BAD_REQUEST,
  QUEEN_ERROR_UNAUTHORIZED,
  QUEEN_ERROR_FORBIDDEN,
  QUEEN_ERROR_NOT_FOUND,
  QUEEN_ERROR_METHOD_NOT_ALLOWED,
  QUEEN_ERROR_REQUEST_TIMEOUT,
  QUEEN_ERROR_CONFLICT,
  QUEEN_ERROR_LENGTH_REQUIRED,
  QUEEN_ERROR_CONTENT_TOO_LARGE,
  QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE,
  QUEEN_ERROR_MISDIRECTED,
  QUEEN_ERROR_UNPROCESSABLE,
  QUEEN_ERROR_HEADER_TOO_LARGE,
  QUEEN_ERROR_INTERNAL,
  QUEEN_ERROR_NOT_IMPLEMENTED,
  QUEEN_ERROR_BAD_GATEWAY,
  QUEEN_ERROR_UNAVAILABLE,
  QUEEN_ERROR_REGISTRY_FULL,
  QUEEN_ERROR_CANCELLED,
  QUEEN_ERROR_GATEWAY_TIMEOUT,
  QUEEN_ERROR_VERSION_NOT_SUPPORTED,
  QUEEN_ERROR_SETTING,
  QUEEN_ERROR_USAGE,
  QUEEN_ERROR_NOT_SUBSCRIBED,
  QUEEN_ERROR_STATE,
} QueenError;

#define QUEEN_ERROR (queen_error_quark ())

GQuark queen_error_quark (void);

/**
 * queen_error_refuse:
 * @code: one of #QueenError
 * @format: what was wrong, as for printf()
 *
 * As g_set_error(), for whoever returns that something is not so.
 *
 * Returns: %FALSE
 */
gboolean queen_error_refuse (GError **error, int code, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/**
 * queen_error_http_status:
 * @error: any error
 *
 * Returns: the HTTP status that tells of @error; 500 for one of a foreign domain
 */
guint queen_error_http_status (const GError *error);

/**
 * queen_error_refusal:
 * @error: any error
 *
 * Returns: the reason under which it is counted that somebody was refused with @error
 */
QueenRefusal queen_error_refusal (const GError *error);

/**
 * queen_error_dbus_name:
 * @error: any error
 *
 * Returns: the D-Bus error that tells of @error, such as `dev.rbee.Queen1.Error.NotFound`;
 *   `….Failed` for one of a foreign domain
 */
const char *queen_error_dbus_name (const GError *error);

G_END_DECLS
