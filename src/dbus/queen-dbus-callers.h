/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * QUEEN_DBUS_CALLERS_UNKNOWN:
 *
 * Whose a caller is of whom that is not known.
 */
#define QUEEN_DBUS_CALLERS_UNKNOWN ""

/**
 * QueenDBusCallers:
 *
 * Who has called of late, and whose they are. Who calls again and again is not forgotten, however
 * many come and go, and those who do make no more memory than a given number of them.
 */
typedef struct _QueenDBusCallers QueenDBusCallers;

/**
 * queen_dbus_callers_new:
 * @age: others who come while one is remembered; and as many again
 */
QueenDBusCallers *queen_dbus_callers_new (guint age);

/** Takes a note that @caller has come. */
void queen_dbus_callers_remember (QueenDBusCallers *self, const char *caller);

/** Says whose @caller is, if it is remembered. */
void queen_dbus_callers_identify (QueenDBusCallers *self, const char *caller, const char *user);

/** Returns: whether @caller had come before @age others did, and has since, too, or not long ago */
gboolean queen_dbus_callers_is_known (QueenDBusCallers *self, const char *caller);

/** Returns: (transfer none): whose @caller is, or %QUEEN_DBUS_CALLERS_UNKNOWN */
const char *queen_dbus_callers_get_user (QueenDBusCallers *self, const char *caller);

void queen_dbus_callers_free (QueenDBusCallers *self);

G_END_DECLS
