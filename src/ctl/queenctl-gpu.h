/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * queenctl_gpu_describe:
 * @gpu: one of a hive's `gpus`
 *
 * Returns: (transfer full): it for people, such as `H100: 93 %, 12.3 GB of 85.9 GB, 61 °C`, without
 *   what is not said
 */
char *queenctl_gpu_describe (JsonNode *gpu);

G_END_DECLS
