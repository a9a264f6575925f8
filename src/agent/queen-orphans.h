/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * queen_orphans_adopt:
 *
 * As the first process of a container, we are the parent of whoever has lost theirs: from now on
 * these are waited for when they end, and do not stay as zombies. Otherwise nothing happens.
 *
 * Returns: a source's id, for g_source_remove(); 0 when nothing is to be done
 */
guint queen_orphans_adopt (void);

G_END_DECLS
