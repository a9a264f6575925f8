/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-text.h"

G_BEGIN_DECLS

/**
 * QueenJsonSplit:
 * @at: bytes of the text that it has seen
 * @is_done: whether that is all that it will look at
 *
 * Finds where the elements of a JSON array begin and end, as far at a time as there is time for,
 * and looks at no more than that takes: whether each is valid is told when it is read, so that one
 * that is not spoils no other. All zero at first.
 */
typedef struct
{
  gsize at;
  gboolean is_done;
  /* Its own. */
  guint8 stage;
  gboolean is_in_string;
  guint depth;
  gsize start;
} QueenJsonSplit;

/**
 * queen_json_split_go_on:
 * @text: what claims to be a JSON array; the same each time, but it may be elsewhere
 * @n_bytes: how many bytes it is to look at now, a few more or less; %G_MAXSIZE for all
 * @max: elements that there may be
 * @elements: (element-type QueenStretch): where to append each of them
 * @error: as queen_json_new() has it
 *
 * Returns: whether it is an array, so far; when @elements are more than @max, they may not be all
 */
gboolean queen_json_split_go_on (QueenJsonSplit *self,
                                 QueenText text,
                                 gsize n_bytes,
                                 guint max,
                                 GArray *elements,
                                 GError **error);

G_END_DECLS
