/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reads @most bytes of @frames as GDBus does, in the main context of the caller.
 *
 * Returns: how many there were until its end */
gsize dbus_reading_read (GInputStream *frames, guint8 *bytes, gsize most);

G_END_DECLS
