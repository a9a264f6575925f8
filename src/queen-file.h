/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Bytes that settings, tokens or a certificate may have: nobody means more than that. */
#define QUEEN_FILE_USUAL_MAX (1024 * 1024)

/**
 * queen_file_read:
 * @path: a file that somebody named in the settings
 * @max: how many bytes it may have at the most
 * @length: (out): how many bytes it has
 * @error: %QUEEN_ERROR_SETTING, or what the system says; the message begins with @path
 *
 * Reads a small file. A pipe, a device or a directory in its place is refused at once: nothing here
 * waits for somebody to write, be it at the start or in the running queen.
 *
 * Returns: (transfer full): its bytes and a NUL behind them, or %NULL
 */
char *queen_file_read (const char *path, gsize max, gsize *length, GError **error);

/**
 * QueenFileAhead:
 *
 * A file that has been read already, or why it could not be.
 */
typedef struct
{
  char *text; /* NULL when there is an error */
  gsize length;
  GError *error;
} QueenFileAhead;

/** Frees it, and leaves no secret in memory. */
void queen_file_ahead_free (QueenFileAhead *ahead);

/**
 * queen_file_set_ahead:
 * @texts: (nullable): path -> #QueenFileAhead
 *
 * From now on, and until this is called with %NULL, queen_file_read() in this thread
 * answers from @texts what stands there, and does not ask the disk.
 */
void queen_file_set_ahead (GHashTable *texts);

/**
 * QueenFileState:
 *
 * Which file it is, and when it was last written to: as much as the system tells of that.
 */
typedef struct
{
  guint64 device;
  guint64 number;
  gint64 size;
  gint64 written_at; /* ns since 1970 */
  gint64 changed_at; /* likewise */
} QueenFileState;

/**
 * queen_file_get_state:
 * @state: (out): of the file that has this path now; all 0 when there is none
 */
void queen_file_get_state (const char *path, QueenFileState *state);

/**
 * queen_file_create:
 * @directory_fd: where @name is relative to, or %AT_FDCWD
 * @name: of what will take another file's place when it is whole
 * @flags: of open(), such as %O_WRONLY
 *
 * Makes an empty file for nobody else's eyes. What one left there who was killed in the middle
 * goes, and so does whatever else is there, but for a directory that is not empty.
 *
 * Returns: it, or -1, and errno says why
 */
int queen_file_create (int directory_fd, const char *name, int flags);

/**
 * queen_file_write:
 * @fd: a regular file
 *
 * Writes all of @text, however often the system takes only a part of it.
 *
 * Returns: whether it is written; otherwise errno says why
 */
gboolean queen_file_write (int fd, const GString *text);

G_END_DECLS
