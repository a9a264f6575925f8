/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-head.h"

#include "queen-dbus-values.h"
#include "queen-dbus-wire.h"

#define MAX_LENGTH (128 * 1024 * 1024)

/* The specification knows nine fields, and each is one text or number. A bus may hand on any
 * others, and GDBus makes values of all of them. */
#define MAX_FIELDS 16
#define DEPTH 2 /* of a structure and a variant, in which the value is */

/* D-Bus Specification, § Header Fields */
static const struct
{
  const char *type;
  gboolean (*is_valid) (const char *text); /* NULL for a number */
} known[] = {
  [G_DBUS_MESSAGE_HEADER_FIELD_PATH] = { "o", g_variant_is_object_path },
  [G_DBUS_MESSAGE_HEADER_FIELD_INTERFACE] = { "s", g_dbus_is_interface_name },
  [G_DBUS_MESSAGE_HEADER_FIELD_MEMBER] = { "s", g_dbus_is_member_name },
  [G_DBUS_MESSAGE_HEADER_FIELD_ERROR_NAME] = { "s", g_dbus_is_error_name },
  [G_DBUS_MESSAGE_HEADER_FIELD_REPLY_SERIAL] = { "u", NULL },
  [G_DBUS_MESSAGE_HEADER_FIELD_DESTINATION] = { "s", g_dbus_is_name },
  [G_DBUS_MESSAGE_HEADER_FIELD_SENDER] = { "s", g_dbus_is_name },
  [G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE] = { "g", g_variant_is_signature },
  [G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS] = { "u", NULL },
};

static QueenDBusValues
get_values (const QueenDBusHead *self, gsize n_bytes)
{
  return (QueenDBusValues){ self->bytes, n_bytes, self->is_little_endian };
}

static gsize
get_n_field_bytes (const QueenDBusHead *self)
{
  const QueenDBusValues fixed = get_values (self, QUEEN_DBUS_HEAD_FIXED);

  return queen_dbus_values_read_number (&fixed, 12);
}

gboolean
queen_dbus_head_begin (QueenDBusHead *self, const guint8 *bytes, GError **error)
{
  QueenDBusValues fixed = { bytes, QUEEN_DBUS_HEAD_FIXED, FALSE };
  gsize n_field_bytes;

  *self = (QueenDBusHead){ .bytes = bytes, .type = bytes[1] };
  self->is_little_endian = bytes[0] == G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN;
  fixed.is_little_endian = self->is_little_endian;
  self->body = queen_dbus_values_read_number (&fixed, 4);
  n_field_bytes = get_n_field_bytes (self);
  self->size = queen_dbus_wire_align (QUEEN_DBUS_HEAD_FIXED + n_field_bytes, 8);
  if ((self->is_little_endian || bytes[0] == G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN) &&
      self->body <= MAX_LENGTH && n_field_bytes <= MAX_LENGTH)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it sends what is no message");
  return FALSE;
}

const char *
queen_dbus_head_get_text (const QueenDBusHead *self, GDBusMessageHeaderField field)
{
  gsize offset = self->fields[field];

  if (offset == 0)
    return "";
  return (const char *) self->bytes + offset +
         (self->bytes[offset + 2] == 'g' ? 5 : QUEEN_DBUS_HEAD_TEXT);
}

/* What the specification does not know must be ignored. */
static gboolean
add_field (QueenDBusHead *self, gsize offset)
{
  guint8 code = self->bytes[offset];

  if (code == QUEEN_DBUS_HEAD_PARCEL)
    self->parcel = offset;
  if (code >= G_N_ELEMENTS (known) || !known[code].type)
    return code != G_DBUS_MESSAGE_HEADER_FIELD_INVALID;
  if (!g_str_equal ((const char *) self->bytes + offset + 2, known[code].type))
    return FALSE;
  self->fields[code] = offset;
  return !known[code].is_valid ||
         known[code].is_valid (queen_dbus_head_get_text (self, (GDBusMessageHeaderField) code));
}

gboolean
queen_dbus_head_read_fields (QueenDBusHead *self)
{
  const QueenDBusValues values =
      get_values (self, QUEEN_DBUS_HEAD_FIXED + get_n_field_bytes (self));
  gsize offset = QUEEN_DBUS_HEAD_FIXED;
  guint n_fields = 0;

  while (offset < values.n_bytes)
    {
      const char *type = "(yv)";
      gsize end = queen_dbus_values_skip (&values, &type, offset, DEPTH);

      if (++n_fields > MAX_FIELDS || end == QUEEN_DBUS_VALUES_NONE ||
          !add_field (self, queen_dbus_wire_align (offset, 8)))
        return FALSE;
      offset = end;
    }
  return self->body == 0 || self->fields[G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE] != 0;
}

gboolean
queen_dbus_head_is_awaited (const QueenDBusHead *self)
{
  return (self->bytes[2] & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0;
}
