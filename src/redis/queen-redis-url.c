/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-redis-target-private.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/un.h>

#include "queen-error.h"
#include "queen-host.h"
#include "text/queen-query.h"

#define MAX_URL 4096
#define MAX_CLUSTER 64
#define REDIS_PORT 6379
#define SENTINEL_PORT 26379
#define UNIX_SCHEME "redis+unix"

/* Places */

QueenRedisPlace *
queen_redis_place_new (const char *host, guint16 port, gboolean is_encrypted)
{
  QueenRedisPlace *place = g_new0 (QueenRedisPlace, 1);

  place->text = g_strdup_printf (strchr (host, ':') ? "[%s]:%u" : "%s:%u", host, port);
  place->connectable = g_network_address_new (host, port);
  place->is_encrypted = is_encrypted;
  return place;
}

static QueenRedisPlace *
make_unix_place (const char *path)
{
  QueenRedisPlace *place = g_new0 (QueenRedisPlace, 1);

  place->text = g_strconcat ("unix:", path, NULL);
  place->connectable = G_SOCKET_CONNECTABLE (g_unix_socket_address_new (path));
  return place;
}

void
queen_redis_place_free (QueenRedisPlace *place)
{
  g_free (place->text);
  g_object_unref (place->connectable);
  g_free (place);
}

/* What stands behind the question mark */

static gboolean
is_cluster (const char *text)
{
  gsize length = strlen (text);

  return length > 0 && length <= MAX_CLUSTER &&
         strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static gboolean
take_name (char **field, const char *name, const char *value, GError **error)
{
  if (*field)
    return queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("%s stands there twice"), name);
  if (*value == '\0' || strlen (value) > QUEEN_REDIS_MAX_NAME)
    return queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("%s has to have 1 to %d bytes"), name,
                               QUEEN_REDIS_MAX_NAME);
  *field = g_strdup (value);
  return TRUE;
}

static gboolean
take_cluster (const char *name, const char *value, gpointer data, GError **error)
{
  QueenRedisUrl *self = data;

  if (!is_cluster (value))
    return queen_error_refuse (error, QUEEN_ERROR_SETTING,
                               _ ("a cluster is called by 1 to %d of a to z, 0 to 9 and “-”"),
                               MAX_CLUSTER);
  return take_name (&self->cluster, name, value, error);
}

static gboolean
take_sentinel (const char *name, const char *value, gpointer data, GError **error)
{
  return take_name (&((QueenRedisUrl *) data)->sentinel, name, value, error);
}

static gboolean
take_user (const char *name, const char *value, gpointer data, GError **error)
{
  return take_name (&((QueenRedisUrl *) data)->user, name, value, error);
}

static gboolean
take_database (const char *name, const char *value, gpointer data, GError **error)
{
  QueenRedisUrl *self = data;

  return (g_ascii_isdigit (*value) &&
          g_ascii_string_to_signed (value, 10, 0, G_MAXINT32, &self->database, NULL)) ||
         queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("“%s” is not the number of a database"),
                             value);
}

static gboolean
take_query (QueenRedisUrl *self, const char *query, gboolean is_unix, GError **error)
{
  const QueenParameter parameters[] = { { "cluster", take_cluster },
                                        { "sentinel", take_sentinel },
                                        { "user", take_user },
                                        { "db", take_database } };
  /* On the network both have a place of their own before the question mark. */
  gsize n_parameters = is_unix ? 4 : 2;
  GError *problem = NULL;

  if (!queen_query_parse (query, parameters, n_parameters, self, &problem))
    {
      queen_error_refuse (error, QUEEN_ERROR_SETTING, "%s", problem->message);
      g_error_free (problem);
      return FALSE;
    }
  return self->cluster || queen_error_refuse (error, QUEEN_ERROR_SETTING,
                                              _ ("it says no cluster, such as ?cluster=house"));
}

/* Where it is */

static gboolean
take_network_place (QueenRedisUrl *self, GUri *uri, GError **error)
{
  const char *host = g_uri_get_host (uri), *path = g_uri_get_path (uri);
  int port = g_uri_get_port (uri);

  if (!host || *host == '\0')
    return queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("it has no host"));
  if (*path == '/' && path[1] != '\0' && !take_database ("db", path + 1, self, error))
    return FALSE;
  if (port == 0)
    return queen_error_refuse (error, QUEEN_ERROR_SETTING, _ ("0 is not a port"));
  if (port < 0)
    port = self->sentinel ? SENTINEL_PORT : REDIS_PORT;
  self->place =
      queen_redis_place_new (host, (guint16) port, g_str_equal (g_uri_get_scheme (uri), "rediss"));
  self->is_here = queen_host_is_loopback (host);
  return TRUE;
}

static gboolean
take_unix_place (QueenRedisUrl *self, GUri *uri, GError **error)
{
  const char *host = g_uri_get_host (uri), *path = g_uri_get_path (uri);

  if ((host && *host != '\0') || *path != '/' ||
      strlen (path) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
    return queen_error_refuse (error, QUEEN_ERROR_SETTING,
                               _ ("a Unix socket has a whole path of less than %d bytes, such as "
                                  "redis+unix:///run/redis/redis.sock?cluster=house"),
                               (int) sizeof ((struct sockaddr_un *) NULL)->sun_path);
  self->place = make_unix_place (path);
  self->is_here = TRUE;
  return TRUE;
}

static gboolean
take_url (QueenRedisUrl *self, GUri *uri, gboolean is_unix, GError **error)
{
  const char *user = g_uri_get_user (uri);

  return (!user || *user == '\0' || take_name (&self->user, _ ("the user"), user, error)) &&
         take_query (self, g_uri_get_query (uri), is_unix, error) &&
         (is_unix ? take_unix_place (self, uri, error) : take_network_place (self, uri, error));
}

/* Returns: (transfer full): @url, as errors may show it: where a user stands, a password may,
 * however wrong the rest is */
static char *
cover_user (const char *url)
{
  const char *end = strrchr (url, '@');

  return end ? g_strconcat ("…", end, NULL) : g_strdup (url);
}

/* A password is looked for first, as it may be what the rest stumbles over. */
QueenRedisUrl *
queen_redis_url_parse (const char *url, GError **error)
{
  g_autoptr (QueenRedisUrl) self = g_new0 (QueenRedisUrl, 1);
  g_autofree char *shown = cover_user (url);
  g_autoptr (GUri) uri = NULL;
  gboolean is_unix;

  if (strlen (url) <= MAX_URL)
    uri = g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_QUERY, NULL);
  if (uri && g_uri_get_password (uri))
    {
      queen_error_refuse (
          error, QUEEN_ERROR_SETTING,
          _ ("an engine’s password is not for the command line or the settings: "
             "every user of this machine could read it; --engine-password-file is"));
      return NULL;
    }
  is_unix = uri && g_str_equal (g_uri_get_scheme (uri), UNIX_SCHEME);
  if (!uri || g_uri_get_fragment (uri) ||
      !(is_unix || g_str_equal (g_uri_get_scheme (uri), "redis") ||
        g_str_equal (g_uri_get_scheme (uri), "rediss")))
    {
      queen_error_refuse (
          error, QUEEN_ERROR_SETTING,
          _ ("“%s” is not an engine such as redis://127.0.0.1:6379/0?cluster=house"), shown);
      return NULL;
    }
  if (!take_url (self, uri, is_unix, error))
    {
      g_prefix_error (error, "“%s”: ", shown);
      return NULL;
    }
  return g_steal_pointer (&self);
}

void
queen_redis_url_free (QueenRedisUrl *self)
{
  g_clear_pointer (&self->place, queen_redis_place_free);
  g_free (self->user);
  g_free (self->cluster);
  g_free (self->sentinel);
  g_free (self);
}
