/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-agent.h"

G_BEGIN_DECLS

/**
 * QueenWorkerFolder:
 *
 * The workers that the files of a directory describe. When a file comes, changes or goes, so does
 * its worker.
 */
typedef struct _QueenWorkerFolder QueenWorkerFolder;

/**
 * queen_worker_folder_new:
 * @agent: outlives this
 * @say: what is wrong with a file
 *
 * Returns: (transfer full): a folder of which nothing has been read
 */
QueenWorkerFolder *queen_worker_folder_new (QueenAgent *agent,
                                            const char *directory,
                                            void (*say) (const char *text, gpointer data),
                                            gpointer data);

void queen_worker_folder_free (QueenWorkerFolder *self);

/**
 * queen_worker_folder_load:
 * @error: (nullable): why nothing could be read; then all stays as it is, and without an @error
 *   people are told
 *
 * Reads it anew.
 */
gboolean queen_worker_folder_load (QueenWorkerFolder *self, GError **error);

/** Returns: whether a worker of it is at that port of this machine */
gboolean queen_worker_folder_has_port (QueenWorkerFolder *self, guint16 port);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenWorkerFolder, queen_worker_folder_free)

G_END_DECLS
