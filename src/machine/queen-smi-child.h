/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Bytes that a line may have; the rest of a longer one is skipped. */
#define QUEEN_SMI_CHILD_LINE_MAX 2048

/**
 * QueenSmiChild:
 *
 * A `nvidia-smi` that writes lines all the time. It dies with the thread that started it, however
 * that ends.
 */
typedef struct _QueenSmiChild QueenSmiChild;

/**
 * queen_smi_child_new:
 * @program: a path, or a name that is looked for in the `PATH`
 * @interval: seconds between two rounds of lines
 * @error: what the system says
 *
 * Returns: (transfer full): the child
 */
QueenSmiChild *queen_smi_child_new (const char *program, guint interval, GError **error);

/**
 * queen_smi_child_wait:
 * @timeout_msec: how long to wait at the most
 *
 * Waits for the child to write something, or to end.
 *
 * Returns: whether it did
 */
gboolean queen_smi_child_wait (QueenSmiChild *self, int timeout_msec);

/**
 * queen_smi_child_read_line:
 * @has_ended: (out): whether nothing more will ever come
 *
 * Does not wait, and takes a bounded amount however much there is.
 *
 * Returns: (transfer full) (nullable): the next whole line; %NULL when there is none yet
 */
char *queen_smi_child_read_line (QueenSmiChild *self, gboolean *has_ended);

/** Ends the child, if it has not ended. */
void queen_smi_child_free (QueenSmiChild *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenSmiChild, queen_smi_child_free)

G_END_DECLS
