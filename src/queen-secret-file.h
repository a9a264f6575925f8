/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenSecretFile:
 * @text: what can be written to, and taken to pieces: no byte in it is NUL, which would hide the
 * secrets behind it, and no mark is before it, as some editors put one there
 *
 * What stands in a file of secrets, as long as it is read. Nothing of it is left in memory then.
 */
typedef struct
{
  char *text;

  char *bytes; /* its own, of which @text is a part */
  gsize length;
} QueenSecretFile;

/**
 * queen_secret_file_read:
 * @self: (out caller-allocates)
 * @error: as queen_file_read() has it
 *
 * Returns: whether it is read, as queen_file_read() does
 */
gboolean queen_secret_file_read (QueenSecretFile *self, const char *path, GError **error);

/** Wipes it; it may be one that was not read. */
void queen_secret_file_clear (QueenSecretFile *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenSecretFile, queen_secret_file_clear)

G_END_DECLS
