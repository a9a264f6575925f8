/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define QUEENCTL_ERROR (queenctl_error_quark ())

/* Each code is the exit status that it leads to. */
typedef enum
{
  QUEENCTL_ERROR_REFUSED = 1, /* not found, and whatever else the queen said no to */
  QUEENCTL_ERROR_USAGE = 2,
  QUEENCTL_ERROR_NO_QUEEN = 3, /* nobody there, or no bus to ask on */
} QueenctlError;

/**
 * queenctl_error_quark:
 *
 * Returns: the domain of every error that a command ends with
 */
GQuark queenctl_error_quark (void);

/**
 * queenctl_error_from_bus:
 * @bus_name: (nullable): the bus that was asked, `session` or `system`; %NULL for both
 * @cause: (transfer full): what the bus said
 * @error: what to tell people instead
 */
void queenctl_error_from_bus (const char *bus_name, GError *cause, GError **error);

/**
 * queenctl_error_no_queen:
 * @bus_name: (nullable): the bus that she is not on, `session` or `system`; %NULL for both
 * @error: what to tell people, and how they start her
 */
void queenctl_error_no_queen (const char *bus_name, GError **error);

G_END_DECLS
