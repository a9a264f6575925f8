/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * own_network_enter:
 *
 * Moves the test, before it has a second thread, and so all that it starts into a network of its
 * own: there is nobody but them, and all of 10.0.0.0/8 are addresses to come from, which are
 * somebody else's for a queen, as no loopback address is.
 *
 * Returns: %FALSE where networks may not be made
 */
gboolean own_network_enter (void);

/** Returns: whether it was */
gboolean own_network_is_entered (void);

G_END_DECLS
