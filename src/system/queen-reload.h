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
 * QueenReload:
 *
 * Reads files again that somebody has changed. Their disk may hang, so a thread reads them, and
 * what is done with them is done without asking the disk, but for the certificates to trust, which
 * GIO reads anew, a moment later. The old ones hold meanwhile.
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
 * @apply: takes the files, by queen_file_read(), which gives what was read, or an error
 */
QueenReload *queen_reload_new (const QueenClock *clock,
                               const QueenReloadFile *files,
                               guint n_files,
                               void (*apply) (gpointer data),
                               gpointer data);

/**
 * queen_reload_ask:
 *
 * Has all files read, from now on: who asks meanwhile is served once more afterwards. However often
 * that is, a rest lies between two times.
 */
void queen_reload_ask (QueenReload *reload);

/** Waits for no disk. */
void queen_reload_free (QueenReload *reload);

G_END_DECLS
