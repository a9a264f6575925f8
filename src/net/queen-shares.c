/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-shares.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "loop/queen-fair-queue.h"
#include "queen-user-address.h"
#include "text/queen-hash.h"
#include "text/queen-network.h"

#define WIDE_MASK 0xffff0000 /* of the second 32 bits of an IPv6 address: what is left of 48 */

struct _QueenShares
{
  GHashTable *shares; /* a set of QueenShare */
  guint limit;
  guint wide_limit; /* of a network of 48 bits */
  gboolean spares_loopback;
};

/* An address of IPv4, a network of IPv6, or a user. Each family has keys of its own, whatever the
 * bytes. */
typedef struct
{
  guint32 family;
  guint32 is_wide;   /* a network of 48 bits */
  guint32 is_spared; /* nobody has said so: it may hold as much as it likes */
  guint32 network[2];
} Key;

struct _QueenShare
{
  Key key; /* the hash table compares what a QueenShare begins with */
  guint n_held;
  GQueue idle;
  QueenShare *wide; /* NULL for what is in none */
};

/* FALSE for what has none. Anybody on this machine has millions of its own addresses, and each is a
 * machine of its own nowhere: they are all the same one, that of IPv6 too. */
static gboolean
get_ipv4 (const struct sockaddr_storage *address, guint32 *ipv4)
{
  const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *) address;

  if (address->ss_family == AF_INET)
    *ipv4 = g_ntohl (((const struct sockaddr_in *) address)->sin_addr.s_addr);
  else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED (&ipv6->sin6_addr))
    *ipv4 = g_ntohl (ipv6->sin6_addr.s6_addr32[3]);
  else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK (&ipv6->sin6_addr))
    *ipv4 = INADDR_LOOPBACK;
  else
    return FALSE;
  if (*ipv4 >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET)
    *ipv4 = INADDR_LOOPBACK;
  return TRUE;
}

gboolean
queen_shares_is_here (const struct sockaddr_storage *address)
{
  guint32 ipv4;

  return address->ss_family == AF_UNIX || (get_ipv4 (address, &ipv4) && ipv4 == INADDR_LOOPBACK);
}

static char *
dup_ipv6_network (const struct sockaddr_storage *address, guint n_bits)
{
  return queen_network_dup (((const struct sockaddr_in6 *) address)->sin6_addr.s6_addr, n_bits);
}

static gboolean
is_ipv6 (const struct sockaddr_storage *address)
{
  guint32 ipv4;

  return address->ss_family == AF_INET6 && !get_ipv4 (address, &ipv4);
}

char *
queen_shares_dup_network (const struct sockaddr_storage *address)
{
  char text[INET_ADDRSTRLEN];
  guint32 ipv4;

  if (get_ipv4 (address, &ipv4))
    {
      ipv4 = g_htonl (ipv4);
      return g_strdup (inet_ntop (AF_INET, &ipv4, text, sizeof text));
    }
  if (address->ss_family == AF_UNIX)
    return g_strdup_printf ("uid %u", queen_user_address_get_user (address));
  return address->ss_family == AF_INET6 ? dup_ipv6_network (address, QUEEN_NETWORK_BITS) : NULL;
}

char *
queen_shares_dup_networks (const struct sockaddr_storage *address)
{
  g_autofree char *network = queen_shares_dup_network (address);
  g_autofree char *wide = is_ipv6 (address) ? dup_ipv6_network (address, QUEEN_NETWORK_WIDE) : NULL;

  return wide ? queen_fair_queue_join (wide, network) : g_steal_pointer (&network);
}

char *
queen_shares_dup_asker (const struct sockaddr_storage *address, gboolean is_forwarded, guint owner)
{
  gboolean is_somebody = address->ss_family == AF_UNIX && owner == 0;
  char *network = NULL;

  if (is_forwarded || is_somebody || !queen_shares_is_here (address))
    network = queen_shares_dup_networks (address);
  return network ? network : g_strdup_printf ("here %u", owner);
}

static Key
make_key (const struct sockaddr_storage *address)
{
  Key key = { .family = AF_INET };

  if (address->ss_family == AF_UNIX)
    {
      key.family = AF_UNIX;
      key.network[0] = queen_user_address_get_user (address);
    }
  else if (!get_ipv4 (address, &key.network[0]))
    {
      key.family = AF_INET6;
      memcpy (key.network, &((const struct sockaddr_in6 *) address)->sin6_addr, sizeof key.network);
    }
  return key;
}

static guint
hash_key (gconstpointer key)
{
  return queen_bytes_hash (key, sizeof (Key));
}

static gboolean
is_same_key (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (Key)) == 0;
}

QueenShares *
queen_shares_new (guint limit, guint wide_limit, gboolean spares_loopback)
{
  QueenShares *self = g_new0 (QueenShares, 1);

  self->shares = g_hash_table_new_full (hash_key, is_same_key, g_free, NULL);
  self->limit = limit;
  self->wide_limit = wide_limit;
  self->spares_loopback = spares_loopback;
  return self;
}

static gboolean
is_spared (QueenShares *self, const struct sockaddr_storage *address, gboolean is_forwarded)
{
  return !is_forwarded && self->spares_loopback && queen_shares_is_here (address);
}

static gboolean
is_full (QueenShares *self, const QueenShare *share)
{
  return !share->key.is_spared &&
         (share->n_held >= self->limit || (share->wide && share->wide->n_held >= self->wide_limit));
}

static QueenShare *
get_share (QueenShares *self, const Key *key)
{
  QueenShare *share = g_hash_table_lookup (self->shares, key);
  Key wide_key = *key;

  if (share)
    return share;
  share = g_new0 (QueenShare, 1);
  share->key = *key;
  g_hash_table_add (self->shares, share);
  if (key->family != AF_INET6 || key->is_wide)
    return share;
  wide_key.is_wide = TRUE;
  wide_key.network[1] &= g_htonl (WIDE_MASK);
  share->wide = get_share (self, &wide_key);
  return share;
}

/* What nobody holds anything of is not kept. */
static void
drop_share (QueenShares *self, QueenShare *share)
{
  if (share->n_held == 0)
    g_hash_table_remove (self->shares, share);
}

gboolean
queen_shares_acquire (QueenShares *self,
                      const struct sockaddr_storage *address,
                      gboolean is_forwarded,
                      QueenShare **share)
{
  Key key = make_key (address);
  QueenShare *own;

  *share = NULL;
  if (address->ss_family != AF_INET && address->ss_family != AF_INET6 &&
      address->ss_family != AF_UNIX)
    return TRUE;
  key.is_spared = is_spared (self, address, is_forwarded);
  own = get_share (self, &key);
  if (is_full (self, own))
    {
      drop_share (self, own);
      return FALSE;
    }
  own->n_held++;
  if (own->wide)
    own->wide->n_held++;
  *share = own;
  return TRUE;
}

QueenShare *
queen_shares_find (QueenShares *self, const struct sockaddr_storage *address)
{
  Key key = make_key (address);

  return g_hash_table_lookup (self->shares, &key);
}

GQueue *
queen_share_get_idle (QueenShare *self)
{
  return &self->idle;
}

guint
queen_share_get_n_held (const QueenShare *self)
{
  return self->n_held;
}

QueenShare *
queen_share_get_wide (QueenShare *self)
{
  return self->wide ? self->wide : self;
}

void
queen_share_get_address (const QueenShare *self, struct sockaddr_storage *address)
{
  const Key *key = &self->key;
  struct sockaddr_in *ipv4 = (struct sockaddr_in *) address;
  struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *) address;

  *address = (struct sockaddr_storage){ .ss_family = (sa_family_t) key->family };
  if (key->family == AF_UNIX)
    queen_user_address_init (address, key->network[0]);
  else if (key->family == AF_INET)
    ipv4->sin_addr.s_addr = g_htonl (key->network[0]);
  else
    memcpy (&ipv6->sin6_addr, key->network, sizeof key->network);
}

void
queen_shares_release (QueenShares *self, QueenShare *share)
{
  QueenShare *wide = share ? share->wide : NULL;

  if (!share)
    return;
  share->n_held--;
  drop_share (self, share);
  if (!wide)
    return;
  wide->n_held--;
  drop_share (self, wide);
}

void
queen_shares_free (QueenShares *self)
{
  g_hash_table_unref (self->shares);
  g_free (self);
}
