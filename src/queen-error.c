/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-error.h"

/* RFC 9110 § 15.5 and 15.6, RFC 6585 § 5. */
static const guint16 http_statuses[] = {
  [QUEEN_ERROR_BAD_REQUEST] = 400,       [QUEEN_ERROR_FORBIDDEN] = 403,
  [QUEEN_ERROR_NOT_FOUND] = 404,         [QUEEN_ERROR_METHOD_NOT_ALLOWED] = 405,
  [QUEEN_ERROR_REQUEST_TIMEOUT] = 408,   [QUEEN_ERROR_LENGTH_REQUIRED] = 411,
  [QUEEN_ERROR_CONTENT_TOO_LARGE] = 413, [QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE] = 415,
  [QUEEN_ERROR_UNPROCESSABLE] = 422,     [QUEEN_ERROR_HEADER_TOO_LARGE] = 431,
  [QUEEN_ERROR_INTERNAL] = 500,          [QUEEN_ERROR_NOT_IMPLEMENTED] = 501,
  [QUEEN_ERROR_UNAVAILABLE] = 503,       [QUEEN_ERROR_VERSION_NOT_SUPPORTED] = 505,
  [QUEEN_ERROR_SETTING] = 500,           [QUEEN_ERROR_USAGE] = 500,
};

GQuark
queen_error_quark (void)
{
  return g_quark_from_static_string ("queen-error-quark");
}

guint
queen_error_http_status (const GError *error)
{
  g_return_val_if_fail (error != NULL, 500);

  if (error->domain != QUEEN_ERROR || (guint) error->code >= G_N_ELEMENTS (http_statuses))
    return 500;
  return http_statuses[error->code];
}
