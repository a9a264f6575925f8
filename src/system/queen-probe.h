/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/**
 * QueenProbe:
 *
 * The queen's own client: it comes in at one of her sockets like everybody, asks for the stream,
 * and sees whether the first heartbeat comes back. So it proves at once that her loop turns,
 * accepts, answers and sends.
 */
typedef struct _QueenProbe QueenProbe;

/**
 * queen_probe_new:
 * @addresses: (element-type GSocketAddress): where she listens; one is probed after the other
 * @on_answer: called when a probe was answered; even when the descriptors have run out, it can use
 *   one
 */
QueenProbe *queen_probe_new (GPtrArray *addresses, void (*on_answer) (gpointer), gpointer data);

/**
 * queen_probe_send:
 * @error: why no address can be reached, as far as that shows at once
 *
 * Asks anew, and gives up what was asked before. An address stays in turn until it has answered;
 * only one that this machine no longer has is passed over.
 */
gboolean queen_probe_send (QueenProbe *self, GError **error);

/**
 * queen_probe_is_waiting:
 *
 * Returns: whether the last probe was not answered, so far
 */
gboolean queen_probe_is_waiting (QueenProbe *self);

/**
 * queen_probe_excuse:
 *
 * Takes the last probe for answered, if it is not and nobody is let in where it asks, as what was
 * sent there before cannot be closed.
 */
void queen_probe_excuse (QueenProbe *self);

/**
 * queen_probe_dup_target:
 *
 * Returns: (transfer full): the address in turn, for people
 */
char *queen_probe_dup_target (QueenProbe *self);

/**
 * queen_probe_is_own:
 * @fd: a connection that was just accepted
 * @address: where it comes from
 *
 * Returns: whether it is the probe's. Nobody else can have its four addresses and ports at this
 *   time; whereas from the probe's own address and port somebody may well connect to another port
 *   of the queen's. Through a Unix socket it has a name of its own, and is this process
 */
gboolean queen_probe_is_own (QueenProbe *self, int fd, const struct sockaddr_storage *address);

void queen_probe_free (QueenProbe *self);

G_END_DECLS
