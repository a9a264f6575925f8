/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "model/queen-component.h"

G_BEGIN_DECLS

/**
 * QueenTarget:
 * @scheme: `http` or `https`
 * @host: a name or a numeric address, without brackets
 * @path: what stands before the paths of the API; empty for nothing
 *
 * Where a worker or hive says that its API is.
 */
typedef struct
{
  const char *scheme;
  char *host;
  guint16 port;
  char *path;
} QueenTarget;

/**
 * queen_target_new:
 * @component: a worker or hive
 * @error: %QUEEN_ERROR_FORBIDDEN when its `url` is none that may be called;
 * %QUEEN_ERROR_UNAVAILABLE when it has not said where its API is
 *
 * Its `url`, or else `http`, what queen_component_dup_host() has, and its port. The url may end
 * with
 * `/v1`, with which the paths of the API begin.
 *
 * Whether it may be called is not looked at here: see queen_reach_check().
 *
 * Returns: (transfer full): where it is, or %NULL
 */
QueenTarget *queen_target_new (const QueenComponent *component, GError **error);

/**
 * queen_target_new_from_url:
 * @url: from anybody
 * @error: %QUEEN_ERROR_FORBIDDEN
 *
 * The same of what tells no more than its url.
 *
 * Returns: (transfer full): where it is, or %NULL
 */
QueenTarget *queen_target_new_from_url (const char *url, GError **error);

void queen_target_free (QueenTarget *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenTarget, queen_target_free)

G_END_DECLS
