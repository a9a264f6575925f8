/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-refusal.h"

#include <string.h>

#include "queen-dbus-frames.h"

#define MAX_SIZE 1024 /* bytes; with names and a path as they are it is a quarter of that */

static void
rename_field (const QueenDBusHead *call, guint8 *bytes, GDBusMessageHeaderField field, guint8 code)
{
  if (call->fields[field] > 0)
    bytes[call->fields[field]] = code;
}

GBytes *
queen_dbus_refusal_new (const QueenDBusHead *call)
{
  guint8 *bytes;

  if (!queen_dbus_head_is_awaited (call) || call->size > MAX_SIZE ||
      call->fields[G_DBUS_MESSAGE_HEADER_FIELD_DESTINATION] == 0)
    return NULL;
  bytes = g_memdup2 (call->bytes, call->size);
  memset (bytes + 4, 0, 4); /* the body's length, in whichever order */
  rename_field (call, bytes, G_DBUS_MESSAGE_HEADER_FIELD_DESTINATION, QUEEN_DBUS_REFUSAL);
  rename_field (call, bytes, G_DBUS_MESSAGE_HEADER_FIELD_SIGNATURE, QUEEN_DBUS_FRAMES_CUT);
  return g_bytes_new_take (bytes, call->size);
}
