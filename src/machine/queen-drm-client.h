/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define QUEEN_DRM_ENGINES_MAX 16

/**
 * QueenDrmEngine:
 * @name: such as `gfx`, `compute`, `rcs`
 * @used: ns that it worked for the client
 * @cycles: GPU cycles that it worked for the client
 * @total_cycles: all cycles until now; 0 when they are not told, and then @used counts
 * @capacity: how many of it there are; 0 when that is not said, which means 1
 */
typedef struct
{
  char name[24];
  guint64 used;
  guint64 cycles;
  guint64 total_cycles;
  guint64 capacity;
} QueenDrmEngine;

/**
 * QueenDrmClient:
 * @pci: the GPU's address, as in #QueenGpu.pci
 * @id: the same for all descriptors of one open file, in all processes
 * @memory: bytes of the GPU's memory, or where it has none of its own, of the machine's
 * @has_memory: whether that is said
 * @is_vram: it is the GPU's own
 *
 * What an open file of a GPU says of itself.
 */
typedef struct
{
  char pci[24];
  guint64 id;
  guint64 memory;
  gboolean has_memory;
  gboolean is_vram;
  guint n_engines;
  QueenDrmEngine engines[QUEEN_DRM_ENGINES_MAX];
} QueenDrmClient;

/**
 * queen_drm_client_parse:
 * @text: of `/proc/PID/fdinfo/FD`
 *
 * Returns: whether that is a GPU, with an address and a client
 */
gboolean queen_drm_client_parse (const char *text, QueenDrmClient *client);

/**
 * queen_drm_client_get_share:
 * @before: the same client earlier
 * @elapsed: ns since then
 * @engine: one of @client
 *
 * Returns: 0 to 1: how busy @engine was with it since then; 0 when it was not told of before
 */
double queen_drm_client_get_share (const QueenDrmClient *client,
                                   const QueenDrmClient *before,
                                   guint engine,
                                   gint64 elapsed);

G_END_DECLS
