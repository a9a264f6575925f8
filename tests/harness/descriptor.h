/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Sends one byte and @fd with it through a Unix socket; @flags are of sendmsg().
 *
 * Returns: what sendmsg() does, and errno then */
gssize descriptor_send (int socket, int fd, int flags);

G_END_DECLS
