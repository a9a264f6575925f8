/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "loop/queen-clock.h"
#include "queen-socket-file.h"
#include "queen-tally.h"

G_BEGIN_DECLS

/** For how long the kernel waits for a client that takes nothing of what was sent to it: ms. */
#define QUEEN_LISTENER_TIME_TO_TAKE 20000

/**
 * QueenAcceptFunc:
 * @fd: (transfer full): a connection, non-blocking and close-on-exec
 * @address: whose it is; through a Unix socket, see queen_user_address_get_user()
 */
typedef void (*QueenAcceptFunc) (int fd, const struct sockaddr_storage *address, gpointer data);

/**
 * QueenRefusalFunc:
 *
 * Returns: (transfer full): what is said to one that cannot be accepted
 */
typedef GBytes *(*QueenRefusalFunc) (void);

#define QUEEN_TYPE_LISTENER (queen_listener_get_type ())
G_DECLARE_FINAL_TYPE (QueenListener, queen_listener, QUEEN, LISTENER, GObject)

/**
 * queen_listener_new:
 * @scheme: what its URLs begin with: `http` or `https`; static
 * @clock: by which it lets others have their turn
 * @tally: what counts those that cannot even be accepted; it outlives the listener
 * @make_refusal: what to say when not even a descriptor is left
 * @on_accept: who gets the connections
 *
 * The listening sockets. libsoup's own listener has a backlog of ten, loses memory with each
 * connection, and stops for ever at the first error; so this one is ours.
 */
QueenListener *queen_listener_new (const char *scheme,
                                   const QueenClock *clock,
                                   QueenTally *tally,
                                   QueenRefusalFunc make_refusal,
                                   QueenAcceptFunc on_accept,
                                   gpointer data);

/**
 * queen_listener_listen:
 * @addresses: numeric addresses, such as `127.0.0.1` and `::1`
 * @port: the port; 0 for one that is free at all of them
 * @is_optional: addresses of a family that this machine does not have are passed over, as long as
 *   one is left
 * @error: names the address that cannot be had, and why
 *
 * Listens on @port at every address. Connections queue up in the kernel until
 * queen_listener_start().
 */
gboolean queen_listener_listen (QueenListener *self,
                                const char *const *addresses,
                                guint16 port,
                                gboolean is_optional,
                                GError **error);

/**
 * queen_listener_listen_unix:
 * @path: where
 * @rights: who may connect
 * @error: see queen_socket_file_listen()
 *
 * The same with a Unix socket; its file goes with the listener.
 */
gboolean queen_listener_listen_unix (QueenListener *self,
                                     const char *path,
                                     const QueenSocketRights *rights,
                                     GError **error);

/**
 * queen_listener_adopt:
 * @fd: (transfer full): a listening TCP or Unix socket that the service manager keeps open
 * @error: @fd is something else, and has not been taken
 *
 * Listens on a socket that others have opened. Who comes while no queen is there waits in it.
 */
gboolean queen_listener_adopt (QueenListener *self, int fd, GError **error);

/**
 * queen_listener_get_addresses:
 *
 * Returns: (transfer none) (element-type GSocketAddress): where it listens, by TCP or in a file
 */
GPtrArray *queen_listener_get_addresses (QueenListener *self);

/**
 * queen_listener_get_urls:
 *
 * Returns: (transfer none): where it listens, as `http://127.0.0.1:8500` or `unix:/run/queen.sock`
 */
const char *const *queen_listener_get_urls (QueenListener *self);

void queen_listener_start (QueenListener *self);

/**
 * queen_listener_stop:
 *
 * Accepts who is waiting already, and closes the sockets; who waits at an adopted one stays there
 * for the next queen. The listener must have been started.
 */
void queen_listener_stop (QueenListener *self);

G_END_DECLS
