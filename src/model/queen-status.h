/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenStatus:
 *
 * What a worker or hive says of itself. %QUEEN_STATUS_OFFLINE is also what the queen says of one
 * that has not been heard of for too long.
 */
typedef enum
{
  QUEEN_STATUS_STARTING,
  QUEEN_STATUS_READY,
  QUEEN_STATUS_ONLINE,
  QUEEN_STATUS_BUSY,
  QUEEN_STATUS_STOPPING,
  QUEEN_STATUS_STOPPED,
  QUEEN_STATUS_OFFLINE,
} QueenStatus;

#define QUEEN_N_STATUSES (QUEEN_STATUS_OFFLINE + 1)

/**
 * queen_status_parse:
 * @text: a status in any case, such as `ready` or `Ready`
 * @status: (out): where to put it
 *
 * Returns: %FALSE when @text is no status; @status is then left alone
 */
gboolean queen_status_parse (const char *text, QueenStatus *status);

/**
 * queen_status_get_name:
 *
 * Returns: the status as events write it, such as `Ready`
 */
const char *queen_status_get_name (QueenStatus status);

/**
 * queen_status_get_choices:
 *
 * Returns: every status that can be said, for error messages: `starting, ready, …`
 */
const char *queen_status_get_choices (void);

/**
 * queen_status_is_online:
 *
 * Returns: whether one that says @status is there at all: all but stopped and offline
 */
gboolean queen_status_is_online (QueenStatus status);

G_END_DECLS
