/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/**
 * QueenReloadFile:
 * @path: (nullable): a file that is read again; %NULL for none
 * @has_lines: without a line break at its end somebody may still be writing it
 * @max: bytes that it may have at the most
 */
typedef struct
{
  const char *path;
  gboolean has_lines;
  gsize max;
} QueenReloadFile;

/**
 * QueenReloadPart:
 * @make: makes something of the files, by queen_file_read(), which gives what was read, or an
 *   error. Called in a thread: what it looks at of @data is changed by @take alone. Returns
 *   (transfer full) what it has made, or %NULL and an error
 * @take: has what was made take the place of what there was, in the main thread. @made is (transfer
 *   full), or %NULL, and then @error says why
 * @discard: frees what is not taken, in either thread
 * @data: for the first two
 *
 * Something that is read from files, and may be given anew.
 */
typedef struct
{
  gpointer (*make) (gpointer data, GError **error);
  void (*take) (gpointer made, const GError *error, gpointer data);
  void (*discard) (gpointer made);
  gpointer data;
} QueenReloadPart;

/**
 * QueenReload:
 *
 * Reads files again that somebody has changed. Their disk may hang, and there may be very much in
 * them, so a thread reads them and makes of them what they are good for. That is taken all at once;
 * the old ones hold meanwhile.
 *
 * Whoever asks may do so while somebody else writes: an editor, `cp`, or a program that swaps
 * links. So all files are read in one moment in which none of them changes, and one that is empty
 * or may lack its end is read again for a second. Then the former is refused; the latter is taken
 * if it is still the same.
 */
typedef struct _QueenReload QueenReload;

/**
 * queen_reload_new:
 * @files: (array length=n_files): what is read; the paths stay the caller's
 */
QueenReload *
queen_reload_new (const QueenClock *clock, const QueenReloadFile *files, guint n_files);

/**
 * queen_reload_add_part:
 * @part: copied; of data that outlives @reload. Parts are taken in the order in which they came
 */
void queen_reload_add_part (QueenReload *reload, const QueenReloadPart *part);

/** Returns: whether there is anything to be read */
gboolean queen_reload_has_parts (const QueenReload *reload);

/**
 * queen_reload_ask:
 *
 * Has all files read, from now on: who asks meanwhile is served once more afterwards. However often
 * that is, a rest lies between two times.
 */
void queen_reload_ask (QueenReload *reload);

/** Waits for no disk, but for a part that is being made. */
void queen_reload_free (QueenReload *reload);

G_END_DECLS
