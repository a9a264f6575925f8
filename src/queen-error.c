/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-error.h"

#define DBUS(name) "dev.rbee.Queen1.Error." name

/* The statuses are those of RFC 9110 § 15.5 and 15.6, and RFC 6585 § 5. */
static const struct
{
  guint http_status;
  const char *dbus_name;
  QueenRefusal refusal;
} meanings[] = {
  [QUEEN_ERROR_BAD_REQUEST] = { 400, DBUS ("InvalidArgument"), QUEEN_REFUSAL_BAD_REQUEST },
  [QUEEN_ERROR_UNAUTHORIZED] = { 401, DBUS ("Failed"), QUEEN_REFUSAL_TOKEN },
  [QUEEN_ERROR_FORBIDDEN] = { 403, DBUS ("Forbidden"), QUEEN_REFUSAL_FORBIDDEN },
  [QUEEN_ERROR_NOT_FOUND] = { 404, DBUS ("NotFound"), QUEEN_REFUSAL_NOT_FOUND },
  [QUEEN_ERROR_METHOD_NOT_ALLOWED] = { 405, DBUS ("Failed"), QUEEN_REFUSAL_METHOD },
  [QUEEN_ERROR_REQUEST_TIMEOUT] = { 408, DBUS ("Failed"), QUEEN_REFUSAL_REQUEST_TIMEOUT },
  [QUEEN_ERROR_CONFLICT] = { 409, DBUS ("Conflict"), QUEEN_REFUSAL_CONFLICT },
  [QUEEN_ERROR_LENGTH_REQUIRED] = { 411, DBUS ("Failed"), QUEEN_REFUSAL_BODY_KIND },
  [QUEEN_ERROR_CONTENT_TOO_LARGE] = { 413, DBUS ("TooLarge"), QUEEN_REFUSAL_BODY_TOO_LARGE },
  [QUEEN_ERROR_UNSUPPORTED_MEDIA_TYPE] = { 415, DBUS ("Failed"), QUEEN_REFUSAL_BODY_KIND },
  [QUEEN_ERROR_MISDIRECTED] = { 421, DBUS ("Failed"), QUEEN_REFUSAL_HOST },
  [QUEEN_ERROR_UNPROCESSABLE] = { 422, DBUS ("InvalidHeartbeat"), QUEEN_REFUSAL_NOT_HEARTBEAT },
  [QUEEN_ERROR_HEADER_TOO_LARGE] = { 431, DBUS ("Failed"), QUEEN_REFUSAL_BAD_HEAD },
  [QUEEN_ERROR_INTERNAL] = { 500, DBUS ("Failed"), QUEEN_REFUSAL_OTHER },
  [QUEEN_ERROR_NOT_IMPLEMENTED] = { 501, DBUS ("Failed"), QUEEN_REFUSAL_BAD_HEAD },
  [QUEEN_ERROR_BAD_GATEWAY] = { 502, DBUS ("Failed"), QUEEN_REFUSAL_WORKER },
  [QUEEN_ERROR_UNAVAILABLE] = { 503, DBUS ("Unavailable"), QUEEN_REFUSAL_BUSY },
  [QUEEN_ERROR_REGISTRY_FULL] = { 503, DBUS ("Unavailable"), QUEEN_REFUSAL_REGISTRY_FULL },
  [QUEEN_ERROR_CANCELLED] = { 409, DBUS ("Cancelled"), QUEEN_REFUSAL_CONFLICT },
  [QUEEN_ERROR_GATEWAY_TIMEOUT] = { 504, DBUS ("Failed"), QUEEN_REFUSAL_WORKER },
  [QUEEN_ERROR_VERSION_NOT_SUPPORTED] = { 505, DBUS ("Failed"), QUEEN_REFUSAL_BAD_HEAD },
  [QUEEN_ERROR_SETTING] = { 500, DBUS ("Failed"), QUEEN_REFUSAL_OTHER },
  [QUEEN_ERROR_USAGE] = { 500, DBUS ("Failed"), QUEEN_REFUSAL_OTHER },
  [QUEEN_ERROR_NOT_SUBSCRIBED] = { 500, DBUS ("NotSubscribed"), QUEEN_REFUSAL_OTHER },
  [QUEEN_ERROR_STATE] = { 500, DBUS ("Failed"), QUEEN_REFUSAL_OTHER },
};

GQuark
queen_error_quark (void)
{
  return g_quark_from_static_string ("queen-error-quark");
}

gboolean
queen_error_refuse (GError **error, int code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error)
    *error = g_error_new_valist (QUEEN_ERROR, code, format, args);
  va_end (args);
  return FALSE;
}

static int
get_code (const GError *error)
{
  return error->domain == QUEEN_ERROR && (guint) error->code < G_N_ELEMENTS (meanings)
             ? error->code
             : QUEEN_ERROR_INTERNAL;
}

guint
queen_error_http_status (const GError *error)
{
  g_return_val_if_fail (error != NULL, 500);

  return meanings[get_code (error)].http_status;
}

QueenRefusal
queen_error_refusal (const GError *error)
{
  g_return_val_if_fail (error != NULL, QUEEN_REFUSAL_OTHER);

  return meanings[get_code (error)].refusal;
}

const char *
queen_error_dbus_name (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return meanings[get_code (error)].dbus_name;
}
