/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/**
 * QueenSocketFile:
 *
 * The file of a listening Unix socket. The system leaves such files behind when nobody listens any
 * longer, and lets nobody listen where there is one.
 */
typedef struct _QueenSocketFile QueenSocketFile;

/**
 * QueenSocketRights:
 * @mode: who may connect, as of any file: who may write to it
 * @owner: (nullable): whose it is, see queen_socket_file_parse_owner(); %NULL for the queen's user
 *   and group
 */
typedef struct
{
  mode_t mode;
  const char *owner;
} QueenSocketRights;

/**
 * queen_socket_file_get_path:
 * @address: where somebody wants the queen to listen, such as `unix:/run/queen-rbee/http.sock`
 *
 * Returns: (transfer none) (nullable): what follows `unix:`; %NULL for an address of another kind
 */
const char *queen_socket_file_get_path (const char *address);

/**
 * queen_socket_file_check_path:
 * @error: %QUEEN_ERROR_SETTING
 *
 * Returns: whether a socket can have @path: absolute, and 107 bytes at the most (unix(7))
 */
gboolean queen_socket_file_check_path (const char *path, GError **error);

/**
 * queen_socket_file_parse_owner:
 * @text: `USER`, `USER:GROUP` or `:GROUP`, by name or number, as chown(1) takes them
 * @user: (out): -1 when it is not named
 * @group: (out): likewise
 * @error: %QUEEN_ERROR_SETTING, also when this machine does not know the name
 */
gboolean
queen_socket_file_parse_owner (const char *text, uid_t *user, gid_t *group, GError **error);

/**
 * queen_socket_file_listen:
 * @path: where
 * @rights: who may connect, from the first moment on
 * @backlog: how many may wait until they are accepted
 * @fd: (out): the listening socket, non-blocking and close-on-exec; the caller's to close
 * @error: %G_IO_ERROR_ADDRESS_IN_USE when somebody listens there; %QUEEN_ERROR_SETTING when the
 *   file there is no socket; else the system's word
 *
 * Replaces a socket that nobody listens at. Of two who try that at the same time one is told of the
 * other.
 *
 * Returns: (transfer full): the file, or %NULL
 */
QueenSocketFile *queen_socket_file_listen (
    const char *path, const QueenSocketRights *rights, int backlog, int *fd, GError **error);

/** Removes the file, unless another one has come into its place, and frees @self. */
void queen_socket_file_remove (QueenSocketFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSocketFile, queen_socket_file_remove)

G_END_DECLS
