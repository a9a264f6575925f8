/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Bytes of all answers together that are not whole yet. With as many servers as there may be each
 * still has 32 KiB that nobody takes from it. */
#define QUEEN_ANSWER_ROOM_SIZE (32 * 1024 * 1024)

/**
 * QueenAnswerRoom:
 *
 * The room that answers have together while they come. Each may be long, as a server with much to
 * say is no bad one; but many that are long and never end would be more than there is memory.
 * Where there is not enough for all, the longest one is given up.
 */
typedef struct _QueenAnswerRoom QueenAnswerRoom;

/**
 * QueenAnswerShare:
 * @n_bytes: what this answer has of the room; only the room changes it
 * @give_up: called when it is the longest, and there is no room; it has left the room then
 * @data: for that
 *
 * What one answer has. Whoever has it keeps it where it is for as long as it is in the room.
 */
typedef struct
{
  gsize n_bytes;
  void (*give_up) (gpointer data);
  gpointer data;
} QueenAnswerShare;

/** Returns: (transfer full): a room of @size bytes that nothing is in */
QueenAnswerRoom *queen_answer_room_new (gsize size);

void queen_answer_room_free (QueenAnswerRoom *self);

/** @share has nothing of the room, but may have. */
void queen_answer_room_enter (QueenAnswerRoom *self, QueenAnswerShare *share);

/** Nothing of the room is @share's any more; it may have left before. */
void queen_answer_room_leave (QueenAnswerRoom *self, QueenAnswerShare *share);

/** @share, which is in the room, has @n_bytes now: others, or itself, may have to be given up. */
void queen_answer_room_set (QueenAnswerRoom *self, QueenAnswerShare *share, gsize n_bytes);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenAnswerRoom, queen_answer_room_free)

G_END_DECLS
