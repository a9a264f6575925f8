/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QueenDBusBodies:
 *
 * Reads what others have to say by a descriptor, while other things go on. It belongs to the thread
 * that makes it, and never waits there, whatever they gave: each is read in a thread of its own, as
 * the kernel may let who reads wait for whoever else has the same pipe or socket. What would wait
 * for a file system that a user serves is refused.
 */
typedef struct _QueenDBusBodies QueenDBusBodies;

/** QueenDBusBody: one that is read. */
typedef struct _QueenDBusBody QueenDBusBody;

/**
 * QueenDBusBodyFunc:
 * @bytes: (nullable): all of it; else %NULL with @error
 * @error: (nullable): %QUEEN_ERROR_CONTENT_TOO_LARGE, %QUEEN_ERROR_UNAVAILABLE when too much is
 * read at once, %QUEEN_ERROR_BAD_REQUEST when it cannot be read
 *
 * The body counts until it is let go, be it here or when @bytes are done with.
 */
typedef void (*QueenDBusBodyFunc) (GBytes *bytes, const GError *error, gpointer data);

/**
 * queen_dbus_bodies_new:
 * @max_each: bytes of a body
 * @max_all: of all that are not let go, of which no user has more than are left
 */
QueenDBusBodies *queen_dbus_bodies_new (gsize max_each, gsize max_all);

/** Frees it. There must be no body any more. */
void queen_dbus_bodies_free (QueenDBusBodies *self);

/**
 * queen_dbus_bodies_read:
 * @user: whose it is; all have 64 at once, also of those that are let go and that the kernel
 *   still holds, and no user has more than are left
 * @fd: (transfer full): a pipe, a Unix socket, which end when their other end is closed, or a file
 *   in memory (memfd_create(2)), which is read from its beginning
 * @on_read: called once, later; with %QUEEN_ERROR_BAD_REQUEST when it is none of these
 * @error: %QUEEN_ERROR_UNAVAILABLE when there are too many, or no descriptor is free
 *
 * Returns: (transfer full) (nullable): the body, for queen_dbus_body_let_go()
 */
QueenDBusBody *queen_dbus_bodies_read (QueenDBusBodies *self,
                                       const char *user,
                                       int fd,
                                       QueenDBusBodyFunc on_read,
                                       gpointer data,
                                       GError **error);

/** Returns: how many bytes have been read of all bodies that are not let go */
gsize queen_dbus_bodies_get_n_bytes (QueenDBusBodies *self);

/** It is not wanted any longer, or done with. Nobody is called for it any more. */
void queen_dbus_body_let_go (QueenDBusBody *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusBodies, queen_dbus_bodies_free)

G_END_DECLS
