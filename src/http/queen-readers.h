/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <sys/socket.h>

#include "net/queen-budgets.h"

G_BEGIN_DECLS

/**
 * QueenReaders:
 *
 * Who has answers waiting for it, and how many bytes each address: so that one which holds
 * much makes room for one which holds less, however busily it reads. All in an IPv6 network of 48
 * bits are one there, and as fair among each other. What several wait for is held
 * by the one of them who has waited for longest, and what the queen keeps anyway by nobody.
 */
typedef struct _QueenReaders QueenReaders;

/**
 * QueenReader:
 * @place: where it is; %NULL when nothing waits for it
 * @text: what waits for it
 *
 * One who reads. It belongs to its owner, and begins with zeros.
 */
typedef struct
{
  struct _QueenReaderPlace *place;
  struct _QueenReaderText *text;
  gpointer owner;
  GList link;
} QueenReader;

/**
 * QueenReaderFunc:
 * @owner: of a reader
 *
 * Returns: whether it reads so slowly that it may go for somebody who would hold as much
 */
typedef gboolean (*QueenReaderFunc) (gpointer owner);

/**
 * queen_readers_new:
 * @budgets: what the queen keeps anyway; it outlives the readers
 */
QueenReaders *queen_readers_new (const QueenBudgets *budgets);
void queen_readers_free (QueenReaders *self);

/**
 * queen_readers_enter:
 * @client: who it is
 * @bytes: what waits for it, and others perhaps; it lives until the reader leaves
 * @owner: whose @reader is
 */
void queen_readers_enter (QueenReaders *self,
                          QueenReader *reader,
                          const struct sockaddr_storage *client,
                          GBytes *bytes,
                          gpointer owner);

/** Nothing waits for @reader any longer; nothing happens when nothing did. */
void queen_readers_release (QueenReaders *self, QueenReader *reader);

/**
 * queen_readers_foreach_of_text:
 * @func: called with the owner of each; it lets none of them enter or leave
 *
 * All who wait for the same as @reader, itself among them; nobody when nothing waits for it.
 */
void queen_readers_foreach_of_text (const QueenReader *reader, void (*func) (gpointer owner));

/**
 * queen_readers_find_greediest:
 * @client: who wants @size bytes more
 * @is_slow: who may go for its like
 *
 * Returns: (transfer none) (nullable): of the address that holds most, or of the one in the network
 *   of 48 bits that does, the owner who has held it longest; when @client would hold as much as
 *   that, only one that @is_slow says may go; %NULL when there is none, or @client holds as much
 *   already. Addresses that hold about as much are alike: the one of them that came first is meant
 */
gpointer queen_readers_find_greediest (QueenReaders *self,
                                       const struct sockaddr_storage *client,
                                       gsize size,
                                       QueenReaderFunc is_slow);

G_END_DECLS
