/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-networks.h"

struct _QueenNetworks
{
  GPtrArray *masks; /* of GInetAddressMask */
};

QueenNetworks *
queen_networks_new (void)
{
  QueenNetworks *self = g_new0 (QueenNetworks, 1);

  self->masks = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

gboolean
queen_networks_add (QueenNetworks *self, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, "/", 2);
  g_autoptr (GInetAddress) address = parts[0] ? g_inet_address_new_from_string (parts[0]) : NULL;
  guint64 length = address ? g_inet_address_get_native_size (address) * 8 : 0;
  GInetAddressMask *mask;

  /* GLib complains of a prefix of more than 128 bits as if the caller were to blame. */
  if (!address ||
      (parts[1] && !g_ascii_string_to_unsigned (parts[1], 10, 0, length, &length, NULL)))
    return FALSE;
  mask = g_inet_address_mask_new (address, (guint) length, NULL);
  if (mask)
    g_ptr_array_add (self->masks, mask);
  return mask != NULL;
}

gboolean
queen_networks_is_empty (const QueenNetworks *self)
{
  return self->masks->len == 0;
}

gboolean
queen_networks_have (const QueenNetworks *self, GInetAddress *address)
{
  for (guint i = 0; i < self->masks->len; i++)
    if (g_inet_address_mask_matches (self->masks->pdata[i], address))
      return TRUE;
  return FALSE;
}

void
queen_networks_free (QueenNetworks *self)
{
  g_ptr_array_unref (self->masks);
  g_free (self);
}
