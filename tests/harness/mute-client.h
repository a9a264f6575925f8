/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * MuteClient:
 *
 * One on a bus who calls, and never reads a byte of what comes back.
 */
typedef struct _MuteClient MuteClient;

/* @path: of the bus's socket */
MuteClient *mute_client_new (const char *path);

/* Calls a method of the queen without arguments. */
void
mute_client_call (MuteClient *self, const char *object, const char *interface, const char *method);

/* Has the bus send all signals to it that there are. */
void mute_client_listen (MuteClient *self);

void mute_client_free (MuteClient *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MuteClient, mute_client_free)

G_END_DECLS
