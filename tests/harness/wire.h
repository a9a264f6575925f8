/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * Wire:
 *
 * A port of loopback behind which there is another one, and what is between them can be cut: as in
 * a network, both ends hear nothing then, not even that, and what was under way arrives when it is
 * whole again. It has a thread of its own.
 */
typedef struct _Wire Wire;

/* @port: where it leads to */
Wire *wire_new (guint16 port);
void wire_free (Wire *self);

guint16 wire_get_port (Wire *self);

/* From when this returns on nothing passes. */
void wire_cut (Wire *self);
void wire_mend (Wire *self);

/* From when this returns on nothing passes by the connections that there are, until it is mended;
 * new ones are whole. */
void wire_hold (Wire *self);

/* From now on @word is another one of the same length to whoever hears it from there; both outlive
 * @self. Nothing may have passed before. */
void wire_swap_word (Wire *self, const char *word, const char *other);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Wire, wire_free)

G_END_DECLS
