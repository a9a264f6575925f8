/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/**
 * QueenReaders:
 *
 * Who has large answers waiting for it, and how many bytes each address: so that one which holds
 * much makes room for one which holds less, however busily it reads.
 */
typedef struct _QueenReaders QueenReaders;

/**
 * QueenReader:
 * @place: where it is; %NULL when nothing waits for it
 *
 * One who reads. It belongs to its owner, and begins with zeros.
 */
typedef struct
{
  struct _QueenReaderPlace *place;
  GList link;
  gsize size;
} QueenReader;

QueenReaders *queen_readers_new (void);
void queen_readers_free (QueenReaders *self);

/**
 * queen_readers_enter:
 * @client: who it is
 * @size: bytes that wait for it
 * @owner: whose @reader is
 */
void queen_readers_enter (QueenReaders *self,
                          QueenReader *reader,
                          const struct sockaddr_storage *client,
                          gsize size,
                          gpointer owner);

/** Nothing waits for @reader any longer; nothing happens when nothing did. */
void queen_readers_leave (QueenReaders *self, QueenReader *reader);

/**
 * queen_readers_find_greediest:
 * @client: who wants @size bytes more
 *
 * Returns: (transfer none) (nullable): of the address that holds most, the owner who has held it
 *   longest; %NULL when @client would hold as much as that with what it wants
 */
gpointer queen_readers_find_greediest (QueenReaders *self,
                                       const struct sockaddr_storage *client,
                                       gsize size);

G_END_DECLS
