/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-stranger.h"

#include <glib/gi18n.h>
#include <string.h>

#include "queenctl-error.h"

#define TYPE_OF_ERRORS "application/json" /* of hers */

static const char *
get_type (SoupMessage *answer)
{
  const char *type =
      soup_message_headers_get_content_type (soup_message_get_response_headers (answer), NULL);

  return type ? type : "";
}

gboolean
queenctl_stranger_is_seen (SoupMessage *answer, const char *type)
{
  gboolean is_well = soup_message_get_status (answer) == SOUP_STATUS_OK;

  return g_ascii_strcasecmp (get_type (answer), is_well ? type : TYPE_OF_ERRORS) != 0;
}

/* Returns: (transfer full) (nullable): where a redirection leads to */
static char *
dup_target (SoupMessage *answer)
{
  const char *location =
      soup_message_headers_get_one (soup_message_get_response_headers (answer), "Location");
  g_autoptr (GUri) uri = NULL;

  if (!SOUP_STATUS_IS_REDIRECTION (soup_message_get_status (answer)) || !location)
    return NULL;
  uri = g_uri_parse_relative (soup_message_get_uri (answer), location, SOUP_HTTP_URI_FLAGS, NULL);
  return uri ? g_uri_to_string (uri) : NULL;
}

static char *
describe_answer (SoupMessage *answer)
{
  guint status = soup_message_get_status (answer);
  const char *type = get_type (answer);
  g_autofree char *text = g_strdup_printf ("%u %s", status, soup_status_get_phrase (status));
  g_autofree char *target = dup_target (answer);

  if (target)
    return g_strdup_printf (_ ("%s, to %s"), text, target);
  return *type == '\0' ? g_steal_pointer (&text) : g_strdup_printf ("%s (%s)", text, type);
}

/* A proxy that sends on to https:// keeps what was asked for.
 *
 * Returns: (transfer full) (nullable): the address that she perhaps has */
static char *
dup_better_url (SoupMessage *answer, const char *path)
{
  char *target = dup_target (answer);

  if (target && g_str_has_suffix (target, path))
    target[strlen (target) - strlen (path)] = '\0';
  else
    g_clear_pointer (&target, g_free);
  return target;
}

static gboolean
is_proxy_alone (guint status)
{
  return status == SOUP_STATUS_BAD_GATEWAY || status == SOUP_STATUS_SERVICE_UNAVAILABLE ||
         status == SOUP_STATUS_GATEWAY_TIMEOUT;
}

static char *
dup_advice (SoupMessage *answer, const char *path)
{
  g_autofree char *url = dup_better_url (answer, path);

  if (url)
    return g_strdup_printf (_ ("Perhaps she is at “--url %s”."), url);
  if (is_proxy_alone (soup_message_get_status (answer)))
    return g_strdup (_ ("So answers a proxy that does not reach her."));
  return g_strdup (
      _ ("Look at --url, or QUEEN_RBEE_URL: unless told otherwise, she is at port 8500."));
}

void
queenctl_stranger_refuse (
    const char *address, const char *path, SoupMessage *answer, gboolean is_named, GError **error)
{
  g_autofree char *what = describe_answer (answer);
  g_autofree char *advice = is_named ? dup_advice (answer, path) : NULL;
  g_autofree char *said = g_strdup_printf (_ ("What answers at %s is no queen: %s"), address, what);

  if (advice)
    g_set_error (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN, _ ("%s. %s"), said, advice);
  else
    g_set_error_literal (error, QUEENCTL_ERROR, QUEENCTL_ERROR_NO_QUEEN, said);
}
