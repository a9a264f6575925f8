/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QUEEN_DBUS_VALUES_NONE:
 *
 * The offset behind what is no value.
 */
#define QUEEN_DBUS_VALUES_NONE G_MAXSIZE

/**
 * QueenDBusValues:
 * @bytes: from the beginning of a message, or of its body
 * @n_bytes: how many of them have come
 *
 * Values as they are in a message (D-Bus Specification, § Marshaling). To walk through them makes
 * none of them, and needs no memory.
 */
typedef struct
{
  const guint8 *bytes;
  gsize n_bytes;
  gboolean is_little_endian;
} QueenDBusValues;

/** Returns: the number of 32 bits at @offset */
guint32 queen_dbus_values_read_number (const QueenDBusValues *self, gsize offset);

/**
 * queen_dbus_values_skip:
 * @type: (inout): a signature from which the value's type is taken
 * @offset: where the value begins, or the padding before it
 * @depth: in how many arrays, structures and variants what is in it may be
 *
 * Returns: the offset behind the value; %QUEEN_DBUS_VALUES_NONE when that is not in @n_bytes, when
 *   it is nested deeper, or when it is none
 */
gsize
queen_dbus_values_skip (const QueenDBusValues *self, const char **type, gsize offset, guint depth);

G_END_DECLS
