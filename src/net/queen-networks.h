/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenNetworks:
 *
 * Addresses and networks that somebody has listed: who is trusted, who may be called.
 */
typedef struct _QueenNetworks QueenNetworks;

/**
 * queen_networks_new:
 *
 * Returns: (transfer full): none
 */
QueenNetworks *queen_networks_new (void);

/**
 * queen_networks_add:
 * @text: an address such as 10.0.0.1, or a network such as 10.0.0.0/8 or fd00::/8
 *
 * Returns: %FALSE when @text is neither
 */
gboolean queen_networks_add (QueenNetworks *self, const char *text);

/**
 * queen_networks_is_empty:
 *
 * Returns: whether none has been added
 */
gboolean queen_networks_is_empty (const QueenNetworks *self);

/**
 * queen_networks_have:
 *
 * Returns: whether @address is one of them, or in one of them
 */
gboolean queen_networks_have (const QueenNetworks *self, GInetAddress *address);

void queen_networks_free (QueenNetworks *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenNetworks, queen_networks_free)

G_END_DECLS
