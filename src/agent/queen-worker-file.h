/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-ward.h"

G_BEGIN_DECLS

#define QUEEN_WORKER_FILE_SUFFIX ".worker"
#define QUEEN_WORKER_FILE_MAX (64 * 1024) /* bytes */

/**
 * QueenWorkerFile:
 * @settings: the worker that it describes; its texts belong to this
 *
 * A file that describes a worker, in the form of systemd's and the desktop's files:
 * |[
 * [Worker]
 * Url=http://127.0.0.1:8080
 * ]|
 */
typedef struct
{
  QueenWardSettings settings;
} QueenWorkerFile;

/**
 * queen_worker_file_parse:
 * @text: what is in it
 * @name: its name without the suffix, which is the worker's id unless it says another
 * @error: %QUEEN_ERROR_SETTING, with what is wrong
 *
 * Returns: (transfer full): what it describes, or %NULL
 */
QueenWorkerFile *
queen_worker_file_parse (const char *text, gsize length, const char *name, GError **error);

void queen_worker_file_free (QueenWorkerFile *self);

/** Returns: whether both describe the same worker in the same way */
gboolean queen_worker_file_equal (const QueenWorkerFile *a, const QueenWorkerFile *b);

/**
 * queen_worker_file_list:
 * @directory: where they are. It and they must belong to root or ourselves, and nobody else may
 * write there
 * @complaints: (element-type utf8): where to add what is wrong with files that are left out
 * @error: why none of them can be had
 *
 * Returns: (transfer full) (element-type QueenWorkerFile) (nullable): the workers that the files
 *   describe, in the order of their names
 */
GPtrArray *queen_worker_file_list (const char *directory, GPtrArray *complaints, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenWorkerFile, queen_worker_file_free)

G_END_DECLS
