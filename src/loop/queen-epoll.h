/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/epoll.h>

G_BEGIN_DECLS

/**
 * QueenEpoll:
 *
 * Any number of sockets as one source of the thread's default main context, so that a turn of the
 * loop costs the same with ten as with ten thousand. A GSource for each would cost every turn
 * 0.2 µs a socket.
 */
typedef struct _QueenEpoll QueenEpoll;

/**
 * QueenEpollFunc:
 * @item: what was watched; it, or any other, may be freed after queen_epoll_forget()
 * @events: what happened to it: `EPOLLIN`, …
 */
typedef void (*QueenEpollFunc) (gpointer item, guint events, gpointer data);

/**
 * queen_epoll_new:
 * @name: for debuggers; static
 * @n_at_once: how many sockets are served until the loop turns; fewer if they take more than a
 *   %QUEEN_SLICE. If they take much less, so are those that become ready meanwhile
 * @error: the system's word when there is no descriptor left
 *
 * Returns: (transfer full): an empty set of sockets, or %NULL
 */
QueenEpoll *queen_epoll_new (
    const char *name, guint n_at_once, QueenEpollFunc func, gpointer data, GError **error);

/**
 * queen_epoll_watch:
 * @events: what to wait for, besides hanging up. Edge-triggered: whoever is told reads or writes
 *   until the kernel has no more
 *
 * To close a socket is not enough for it to leave: the kernel tells of it until the last one who
 * has it lets go of it, such as queen_closer_close() in its thread.
 *
 * Returns: whether the kernel had room for it
 */
gboolean queen_epoll_watch (QueenEpoll *self, int fd, guint events, gpointer item);

/**
 * queen_epoll_remind:
 * @events: as it is watched for
 *
 * Has the kernel tell again, when it is asked next, of what @fd is ready for, though nothing has
 * changed. For who has stopped before the kernel had no more, as others are waiting.
 */
void queen_epoll_remind (QueenEpoll *self, int fd, guint events, gpointer item);

/**
 * queen_epoll_forget:
 * @item: as it was watched
 *
 * Lets go of a socket, before it is closed or given to somebody else. Nothing is told of @item any
 * more, not even what the kernel has told already: so it may be freed, also while another one is
 * served.
 */
void queen_epoll_forget (QueenEpoll *self, int fd, gpointer item);

void queen_epoll_free (QueenEpoll *self);

G_END_DECLS
