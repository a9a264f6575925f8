/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-reach.h"

#include <glib/gi18n.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

#include "net/queen-networks.h"
#include "queen-error.h"

struct _QueenReach
{
  QueenNetworks *networks;
  GArray *own; /* of QueenSource; NULL when they are looked up each time */
};

QueenReach *
queen_reach_new (const char *const *networks, GError **error)
{
  g_autoptr (QueenReach) self = g_new0 (QueenReach, 1);

  self->networks = queen_networks_new ();
  for (; networks && *networks; networks++)
    if (!queen_networks_add (self->networks, *networks))
      {
        g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                     _ ("“%s” is not an address or network such as 10.0.0.1 or 10.0.0.0/8"),
                     *networks);
        return NULL;
      }
  return g_steal_pointer (&self);
}

static gboolean
is_same (const QueenSource *a, const QueenSource *b)
{
  return memcmp (a->address, b->address, sizeof a->address) == 0;
}

static void
add_own (GArray *own, const void *bytes, gsize length)
{
  QueenSource source = { .kind = QUEEN_SOURCE_UNKNOWN };

  queen_source_init_address (&source, bytes, length);
  g_array_append_val (own, source);
}

/* Returns: (nullable): of QueenSource; %NULL when nobody knows */
static GArray *
list_own (void)
{
  struct ifaddrs *all;
  GArray *own;

  if (getifaddrs (&all) != 0)
    return NULL;
  own = g_array_new (FALSE, FALSE, sizeof (QueenSource));
  for (struct ifaddrs *one = all; one; one = one->ifa_next)
    if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET)
      add_own (own, &((const struct sockaddr_in *) one->ifa_addr)->sin_addr, 4);
    else if (one->ifa_addr && one->ifa_addr->sa_family == AF_INET6)
      add_own (own, ((const struct sockaddr_in6 *) one->ifa_addr)->sin6_addr.s6_addr, 16);
  freeifaddrs (all);
  return own;
}

static gboolean
has_address (const GArray *own, const QueenSource *address)
{
  for (guint i = 0; own && i < own->len; i++)
    if (is_same (&g_array_index (own, QueenSource, i), address))
      return TRUE;
  return !own; /* who knows? */
}

/* They come and go, and whoever is called is about to cost more than this. */
static gboolean
is_own (const QueenReach *self, const QueenSource *address)
{
  GArray *own = self->own ? g_array_ref (self->own) : list_own ();
  gboolean is_found = has_address (own, address);

  g_clear_pointer (&own, g_array_unref);
  return is_found;
}

static gboolean
is_nobody (GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);

  return g_inet_address_get_is_any (address) || g_inet_address_get_is_multicast (address) ||
         (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4 &&
          (bytes[0] == 0 || bytes[0] >= 240)); /* RFC 1122 § 3.2.1.3, RFC 1112 § 4 */
}

static gboolean G_GNUC_PRINTF (3, 4)
    forbid (GInetAddress *address, GError **error, const char *why, ...)
{
  g_autofree char *text = g_inet_address_to_string (address);
  g_autofree char *reason = NULL;
  va_list args;

  va_start (args, why);
  reason = g_strdup_vprintf (why, args);
  va_end (args);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN, "%s is not called: %s", text, reason);
  return FALSE;
}

gboolean
queen_reach_check (const QueenReach *self,
                   const QueenSource *source,
                   GInetAddress *address,
                   GError **error)
{
  g_autoptr (GInetAddress) plain = NULL;
  g_autofree char *from = queen_source_dup_text (source);
  QueenSource wanted = { .kind = QUEEN_SOURCE_UNKNOWN };

  queen_source_init_address (&wanted, g_inet_address_to_bytes (address),
                             g_inet_address_get_native_size (address));
  plain = queen_source_to_address (&wanted);
  if (is_nobody (plain))
    return forbid (plain, error, "it is nobody's address");
  if (g_inet_address_get_is_loopback (plain) || g_inet_address_get_is_link_local (plain) ||
      is_own (self, &wanted))
    return source->kind == QUEEN_SOURCE_HERE ||
           forbid (
               plain, error,
               "it is on the queen's machine or link, and the heartbeat did not come from there "
               "by loopback, but from %s",
               from ? from : "nobody knows where");
  if (queen_networks_have (self->networks, plain) ||
      (source->kind == QUEEN_SOURCE_ADDRESS && is_same (source, &wanted)))
    return TRUE;
  return forbid (plain, error,
                 "the heartbeat came from %s, and no --worker-network has this address",
                 from ? from : "nobody knows where");
}

gboolean
queen_reach_check_queen (const char *scheme,
                         gboolean may_be_plain,
                         GInetAddress *address,
                         GError **error)
{
  if (is_nobody (address))
    return forbid (address, error, "it is nobody's address; see --advertise");
  return may_be_plain || g_str_equal (scheme, "https") ||
         g_inet_address_get_is_loopback (address) ||
         forbid (address, error,
                 "it is another machine's and not encrypted; see --tls-certificate and --insecure");
}

void
queen_reach_keep_own (QueenReach *self)
{
  g_clear_pointer (&self->own, g_array_unref);
  self->own = list_own ();
}

void
queen_reach_free (QueenReach *self)
{
  g_clear_pointer (&self->own, g_array_unref);
  queen_networks_free (self->networks);
  g_free (self);
}
