/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-known-address.h"

struct _QueenKnownAddress
{
  GNetworkAddress parent_instance;

  GPtrArray *addresses; /* of GSocketAddress */
};

static void queen_known_address_connectable_init (GSocketConnectableIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenKnownAddress,
                               queen_known_address,
                               G_TYPE_NETWORK_ADDRESS,
                               G_IMPLEMENT_INTERFACE (G_TYPE_SOCKET_CONNECTABLE,
                                                      queen_known_address_connectable_init))

/* One walk along them */

#define QUEEN_TYPE_KNOWN_ADDRESSES (queen_known_addresses_get_type ())
G_DECLARE_FINAL_TYPE (
    QueenKnownAddresses, queen_known_addresses, QUEEN, KNOWN_ADDRESSES, GSocketAddressEnumerator)

struct _QueenKnownAddresses
{
  GSocketAddressEnumerator parent_instance;

  GPtrArray *addresses;
  guint n_given;
};

G_DEFINE_FINAL_TYPE (QueenKnownAddresses, queen_known_addresses, G_TYPE_SOCKET_ADDRESS_ENUMERATOR)

static GSocketAddress *
queen_known_addresses_next (GSocketAddressEnumerator *enumerator,
                            GCancellable *cancellable,
                            GError **error)
{
  QueenKnownAddresses *self = QUEEN_KNOWN_ADDRESSES (enumerator);

  return self->n_given < self->addresses->len
             ? g_object_ref (self->addresses->pdata[self->n_given++])
             : NULL;
}

static void
queen_known_addresses_finalize (GObject *object)
{
  g_ptr_array_unref (QUEEN_KNOWN_ADDRESSES (object)->addresses);

  G_OBJECT_CLASS (queen_known_addresses_parent_class)->finalize (object);
}

static void
queen_known_addresses_class_init (QueenKnownAddressesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_known_addresses_finalize;
  G_SOCKET_ADDRESS_ENUMERATOR_CLASS (klass)->next = queen_known_addresses_next;
}

static void
queen_known_addresses_init (QueenKnownAddresses *self)
{
}

/* All of them */

static GSocketAddressEnumerator *
queen_known_address_enumerate (GSocketConnectable *connectable)
{
  QueenKnownAddresses *walk = g_object_new (QUEEN_TYPE_KNOWN_ADDRESSES, NULL);

  walk->addresses = g_ptr_array_ref (QUEEN_KNOWN_ADDRESS (connectable)->addresses);
  return G_SOCKET_ADDRESS_ENUMERATOR (walk);
}

static void
queen_known_address_connectable_init (GSocketConnectableIface *iface)
{
  iface->enumerate = queen_known_address_enumerate;
  iface->proxy_enumerate = queen_known_address_enumerate; /* no proxy is asked */
}

static void
queen_known_address_finalize (GObject *object)
{
  g_ptr_array_unref (QUEEN_KNOWN_ADDRESS (object)->addresses);

  G_OBJECT_CLASS (queen_known_address_parent_class)->finalize (object);
}

static void
queen_known_address_class_init (QueenKnownAddressClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_known_address_finalize;
}

static void
queen_known_address_init (QueenKnownAddress *self)
{
  self->addresses = g_ptr_array_new_with_free_func (g_object_unref);
}

GSocketConnectable *
queen_known_address_new (const char *host, guint16 port, GPtrArray *addresses)
{
  QueenKnownAddress *self =
      g_object_new (QUEEN_TYPE_KNOWN_ADDRESS, "hostname", host, "port", (guint) port, NULL);

  for (guint i = 0; i < addresses->len; i++)
    g_ptr_array_add (self->addresses, g_inet_socket_address_new (addresses->pdata[i], port));
  return G_SOCKET_CONNECTABLE (self);
}
