/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-url.h"

#include <libsoup/soup.h>
#include <string.h>

#include "queen-host.h"

gboolean
queenctl_url_is_good (GUri *uri)
{
  return (g_strcmp0 (g_uri_get_scheme (uri), "http") == 0 ||
          g_strcmp0 (g_uri_get_scheme (uri), "https") == 0) &&
         g_uri_get_host (uri) && *g_uri_get_host (uri) != '\0' && !g_uri_get_userinfo (uri) &&
         !g_uri_get_query (uri) && !g_uri_get_fragment (uri);
}

gboolean
queenctl_url_is_local (GUri *uri)
{
  return queen_host_is_loopback (g_uri_get_host (uri));
}

char *
queenctl_url_dup (GUri *uri, const char *scheme)
{
  char *address = g_uri_join (SOUP_HTTP_URI_FLAGS, scheme, NULL, g_uri_get_host (uri),
                              g_uri_get_port (uri), g_uri_get_path (uri), NULL, NULL);

  while (g_str_has_suffix (address, "/"))
    address[strlen (address) - 1] = '\0';
  return address;
}
