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
  QUEENCTL_ERROR_NO_QUEEN = 3,    /* nobody there, somebody else, or no way to her */
  QUEENCTL_ERROR_CANCELLED = 130, /* a job was: as when a shell's command is ended by Ctrl-C */
} QueenctlError;

/**
 * queenctl_error_quark:
 *
 * Returns: the domain of every error that a command ends with
 */
GQuark queenctl_error_quark (void);

/**
 * queenctl_error_no_queen:
 * @bus_name: (nullable): the only bus that was asked, `session` or `system`; %NULL when it was not
 *   that alone
 * @asked: who was asked, and why that failed, each as `WHO: WHY`
 *
 * Says that there is no queen, who was asked, and how people start one.
 */
void queenctl_error_no_queen (const char *bus_name, GPtrArray *asked, GError **error);

/** queenctl_error_bus_stranger: @error: that somebody else has her name on the bus */
void queenctl_error_bus_stranger (GError **error);

/**
 * queenctl_error_from_bus:
 * @bus_name: the bus that was asked, `session` or `system`
 * @cause: (transfer full): what the bus said
 * @error: what to tell people instead
 *
 * Returns: %FALSE
 */
gboolean queenctl_error_from_bus (const char *bus_name, GError *cause, GError **error);

/**
 * queenctl_error_from_http:
 * @status: what the queen answered, 400 or more
 * @path: what was asked for
 * @message: what she said to it
 * @error: what to tell people instead
 *
 * Returns: %FALSE
 */
gboolean
queenctl_error_from_http (guint status, const char *path, const char *message, GError **error);

/**
 * queenctl_error_no_worker:
 * @model: what no worker is available for
 */
void queenctl_error_no_worker (const char *model, GError **error);

/**
 * queenctl_error_not_placed:
 * @message: why not, in the queen's words
 */
void queenctl_error_not_placed (const char *message, GError **error);

G_END_DECLS
