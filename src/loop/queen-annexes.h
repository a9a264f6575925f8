/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QueenAnnexes:
 *
 * Main contexts of which a loop turns only those in which there is something to do. GLib walks
 * along all sources of a context in each of its turns, also along those that wait for an hour:
 * where a library has some for each of thousands of things that wait, whoever has something to do
 * pays for all of them. Spread over some annexes they are walked along only with their neighbours
 * there.
 *
 * They belong to the thread in whose default main context they were made, which turns them.
 */
typedef struct _QueenAnnexes QueenAnnexes;

/**
 * queen_annexes_new:
 * @name: for debuggers
 * @n: how many there are to be; each takes two descriptors, for as long as they are there
 *
 * To be made before others come who could take the last descriptors: GLib ends the process when
 * there is none for a context.
 *
 * Returns: (transfer full): with fewer of them, or none, where there were not enough descriptors
 */
QueenAnnexes *queen_annexes_new (const char *name, guint n);

/**
 * queen_annexes_enter:
 *
 * Somebody will have sources somewhere for a long time: in the annex that has the fewest tenants.
 *
 * Returns: (transfer full): that one; or the main context of who made @self, where there is
 *   none. queen_annexes_leave() ends that, and gives the reference back
 */
GMainContext *queen_annexes_enter (QueenAnnexes *self);

/** @context: (transfer full): as queen_annexes_enter() has returned it */
void queen_annexes_leave (QueenAnnexes *self, GMainContext *context);

/** Does what there is to do in each of them, and closes them. All have left. */
void queen_annexes_free (QueenAnnexes *self);

G_END_DECLS
