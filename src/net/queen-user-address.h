/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

G_BEGIN_DECLS

/**
 * queen_user_address_init:
 *
 * Makes @address that of whoever comes through a Unix socket. What the system has there is a path
 * of the client's choice, or none; so the user stands in its place.
 */
static inline void
queen_user_address_init (struct sockaddr_storage *address, uid_t user)
{
  *address = (struct sockaddr_storage){ .ss_family = AF_UNIX };
  memcpy (((struct sockaddr_un *) address)->sun_path, &user, sizeof user);
}

/**
 * queen_user_address_get_user:
 * @address: of the family `AF_UNIX`
 *
 * Returns: whose it is
 */
static inline uid_t
queen_user_address_get_user (const struct sockaddr_storage *address)
{
  uid_t user;

  memcpy (&user, ((const struct sockaddr_un *) address)->sun_path, sizeof user);
  return user;
}

G_END_DECLS
