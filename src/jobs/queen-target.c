/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-target.h"

#include <gio/gio.h>

#include "model/queen-component-url.h"
#include "queen-error.h"

#define FLAGS (G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD)

static gboolean
refuse_url (const char *why, GError **error)
{
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN, "its url is not called: %s", why);
  return FALSE;
}

static gboolean
check_url (GUri *uri, GError **error)
{
  const char *scheme = g_uri_get_scheme (uri);
  const char *host = g_uri_get_host (uri);

  if (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https"))
    return refuse_url ("it is neither http nor https", error);
  if (!host || !queen_component_is_host (host))
    return refuse_url ("it has no host", error);
  if (g_uri_get_userinfo (uri))
    return refuse_url ("it has a user's name", error);
  if (g_uri_get_query (uri) || g_uri_get_fragment (uri))
    return refuse_url ("it has a query or a fragment", error);
  return TRUE;
}

/* What all paths of the API begin with is no part of where it is. */
static char *
dup_path (const char *path)
{
  char *copy = g_strdup (path);
  gsize length = strlen (copy);

  while (length > 0 && copy[length - 1] == '/')
    copy[--length] = '\0';
  if (g_str_has_suffix (copy, "/v1"))
    copy[length - strlen ("/v1")] = '\0';
  return copy;
}

static gboolean
take_url (QueenTarget *self, const char *url, GError **error)
{
  g_autoptr (GUri) uri = g_uri_parse (url, FLAGS, NULL);
  gboolean is_tls;

  if (!uri)
    return refuse_url ("it is none", error);
  if (!check_url (uri, error))
    return FALSE;
  is_tls = g_str_equal (g_uri_get_scheme (uri), "https");
  self->scheme = is_tls ? "https" : "http";
  self->host = g_strdup (g_uri_get_host (uri));
  self->port = (guint16) (g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : is_tls ? 443 : 80);
  self->path = dup_path (g_uri_get_path (uri));
  return TRUE;
}

static gboolean
take_port (QueenTarget *self, const QueenComponent *component, GError **error)
{
  self->scheme = "http";
  self->host = queen_component_dup_host (component);
  self->port = component->port;
  self->path = g_strdup ("");
  if (self->host && self->port > 0)
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE,
               "the %s has not said where it can be called: it needs a url or a port",
               queen_component_kind_get_name (component->kind));
  return FALSE;
}

QueenTarget *
queen_target_new (const QueenComponent *component, GError **error)
{
  g_autoptr (QueenTarget) self = g_new0 (QueenTarget, 1);
  const char *url = component->vitals ? component->vitals->url : NULL;

  if (url ? take_url (self, url, error) : take_port (self, component, error))
    return g_steal_pointer (&self);
  return NULL;
}

QueenTarget *
queen_target_new_from_url (const char *url, GError **error)
{
  g_autoptr (QueenTarget) self = g_new0 (QueenTarget, 1);

  return take_url (self, url, error) ? g_steal_pointer (&self) : NULL;
}

void
queen_target_free (QueenTarget *self)
{
  g_free (self->host);
  g_free (self->path);
  g_free (self);
}
