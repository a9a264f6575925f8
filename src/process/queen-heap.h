/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/**
 * queen_heap_keep_blocks_apart:
 *
 * Has the allocator give every block of 256 KiB or more a mapping of its own, which goes back to
 * the system when it is freed. By itself it does so only until the first such block is freed, and
 * then keeps what a crowd has left: of 977 MB all, where it is now 44 MB. To be called once, at the
 * start.
 */
void queen_heap_keep_blocks_apart (void);

/**
 * QueenHeap:
 *
 * Gives back to the system what is free between the small blocks, which the allocator does not do
 * by itself: of 195 MB for 65 536 workers that were forgotten, or 115 MB for a bus on which there
 * were 10 000, 14 MB stay. It looks now and then, and only at a process that has grown.
 *
 * That takes 0.2 ms for each MB, in a thread; the main thread waits only where it asks for memory
 * at that moment, and not while other threads' memory is looked through.
 */
typedef struct _QueenHeap QueenHeap;

/**
 * queen_heap_new:
 * @clock: when to look
 * @interval: between two looks, µs
 * @min_resident: bytes; a process that has less is left alone
 */
QueenHeap *queen_heap_new (const QueenClock *clock, gint64 interval, gsize min_resident);

void queen_heap_free (QueenHeap *heap);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenHeap, queen_heap_free)

G_END_DECLS
