/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <string.h>

#include <glib.h>

G_BEGIN_DECLS

/* How many bytes values take in a message (D-Bus Specification, § Marshaling), without making them.
 * Each function takes the offset at which the value begins, counted from the beginning of the body,
 * and returns the one behind it. */

/**
 * QueenDBusLimits:
 * @message: bytes of a message of hers. A bus throws the sender of one that is over its own limit
 *   off; a system bus's is 32 MiB.
 * @page: bytes of what describes her objects
 * @part: bytes of what can be had in parts: others wait until one is made and the bus has read it:
 *   some KiB in each of its turns
 *
 * What the sizes of her messages are kept under.
 */
typedef struct
{
  gsize message;
  gsize page;
  gsize part;
} QueenDBusLimits;

static inline gsize
queen_dbus_wire_align (gsize offset, gsize alignment)
{
  return (offset + alignment - 1) / alignment * alignment;
}

/* A number or a boolean. */
static inline gsize
queen_dbus_wire_number (gsize offset, gsize size)
{
  return queen_dbus_wire_align (offset, size) + size;
}

/* A string or an object path. */
static inline gsize
queen_dbus_wire_string (gsize offset, const char *text)
{
  return queen_dbus_wire_number (offset, sizeof (guint32)) + strlen (text) + 1;
}

/* The beginning of an array whose elements are aligned like that. */
static inline gsize
queen_dbus_wire_array (gsize offset, gsize alignment)
{
  return queen_dbus_wire_align (queen_dbus_wire_number (offset, sizeof (guint32)), alignment);
}

/* The beginning of a structure or a dictionary's entry. */
static inline gsize
queen_dbus_wire_structure (gsize offset)
{
  return queen_dbus_wire_align (offset, 8);
}

/* The beginning of a variant: its signature. */
static inline gsize
queen_dbus_wire_variant (gsize offset, const char *type)
{
  return offset + 1 + strlen (type) + 1;
}

G_END_DECLS
