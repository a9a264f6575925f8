/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * QUEEN_DBUS_HEAD_FIXED:
 *
 * Bytes with which each message begins. They say how long it is.
 */
#define QUEEN_DBUS_HEAD_FIXED 16

/**
 * QUEEN_DBUS_HEAD_TEXT:
 *
 * Bytes from where a field begins to the text in it, if it is no signature: its code, the signature
 * of its type, and its length are before it.
 */
#define QUEEN_DBUS_HEAD_TEXT 8

/**
 * QUEEN_DBUS_HEAD_PARCEL:
 *
 * A header field of hers, a number, which no bus ever sees: see #QueenDBusOutput.
 */
#define QUEEN_DBUS_HEAD_PARCEL 0x52

/**
 * QueenDBusHead:
 * @bytes: of the message, which must outlive this
 * @type: a #GDBusMessageType, or one that there may be in future
 * @size: bytes of all up to the body
 * @body: bytes of the body
 * @fields: where the fields begin, by their codes; 0 where there is none
 * @parcel: likewise, of %QUEEN_DBUS_HEAD_PARCEL
 *
 * What comes before the body of a message (D-Bus Specification, § Message Format), while it is
 * still bytes.
 */
typedef struct
{
  const guint8 *bytes;
  gboolean is_little_endian;
  guint8 type;
  gsize size;
  gsize body;
  gsize fields[G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS + 1];
  gsize parcel;
} QueenDBusHead;

/**
 * queen_dbus_head_begin:
 * @bytes: %QUEEN_DBUS_HEAD_FIXED of them, or more
 * @error: %G_IO_ERROR_INVALID_DATA when no message begins like that
 *
 * Learns all but the fields. Returns: whether it is a message
 */
gboolean queen_dbus_head_begin (QueenDBusHead *self, const guint8 *bytes, GError **error);

/**
 * queen_dbus_head_read_fields:
 * @self: one of which all of its size is there
 *
 * Returns: whether they are what the specification says: those that it names have their types, and
 *   names in them are names, neither of which GDBus asks for, and both of which it relies on; and
 *   whether those that it does not name are few, and each is one text or number
 */
gboolean queen_dbus_head_read_fields (QueenDBusHead *self);

/** Returns: the text of a field; empty without one */
const char *queen_dbus_head_get_text (const QueenDBusHead *self, GDBusMessageHeaderField field);

/** Returns: the offset of the number in a field that begins at @offset and is one */
static inline gsize
queen_dbus_head_get_number_offset (gsize offset)
{
  return offset + 4; /* its code, and the signature of its type */
}

/** Returns: whether it is a call */
static inline gboolean
queen_dbus_head_is_call (const QueenDBusHead *self)
{
  return self->type == G_DBUS_MESSAGE_TYPE_METHOD_CALL;
}

/** Returns: whether somebody waits for an answer */
gboolean queen_dbus_head_is_awaited (const QueenDBusHead *self);

G_END_DECLS
