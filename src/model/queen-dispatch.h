/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "queen-component.h"

G_BEGIN_DECLS

#define QUEEN_DISPATCH_QUEEN_LENGTH 32 /* characters that name a queen: lower-case hexadecimal */
#define QUEEN_DISPATCH_STAMP_LENGTH 53 /* of what a dispatch begins with */
/** Heartbeats that a component may have had; there the count stays. As in a state. */
#define QUEEN_DISPATCH_MAX_COUNT G_GUINT64_CONSTANT (999999999999999)

#define QUEEN_DISPATCH_MAX (64 * 1024) /* bytes: more than anybody can make one have */

/**
 * QueenDispatch:
 * @component: as it is now; without what is only a registry's
 * @sender: (nullable): who brought it, as queen_registry_update() takes it
 * @queen: which queen has heard it, or says that it is offline
 *
 * What one queen tells the others of a component.
 *
 * As text it is a line of times and counts, and behind that a heartbeat as the wire contract has
 * it: so what comes from elsewhere is judged by what judges strangers. It begins with its stamp:
 * when the component came to be as it is, in 20 digits of ns since 1970, and the queen. Of two
 * stamps of one component the greater one is the newer.
 */
typedef struct
{
  QueenComponent *component;
  char *sender;
  char queen[QUEEN_DISPATCH_QUEEN_LENGTH + 1];
} QueenDispatch;

/**
 * queen_dispatch_write:
 * @sender: (nullable): as in #QueenDispatch
 * @queen: likewise
 *
 * Appends @component as a dispatch.
 */
void queen_dispatch_write (GString *text,
                           const QueenComponent *component,
                           const char *sender,
                           const char *queen);

/**
 * queen_dispatch_write_stamp:
 * @stamp: (out caller-allocates): gets %QUEEN_DISPATCH_STAMP_LENGTH characters and a NUL
 *
 * Writes what a dispatch of @component begins with.
 */
void queen_dispatch_write_stamp (char *stamp, const QueenComponent *component, const char *queen);

/**
 * queen_dispatch_read:
 * @kind: of whom it has to be
 * @text: any bytes
 * @dispatch: (out): to be cleared with queen_dispatch_clear(); nothing after an error
 * @error: %QUEEN_ERROR_UNPROCESSABLE or %QUEEN_ERROR_BAD_REQUEST
 *
 * The reverse. Nothing that @text says is trusted: what a heartbeat may not say is an error.
 */
gboolean queen_dispatch_read (QueenComponentKind kind,
                              const char *text,
                              gsize length,
                              QueenDispatch *dispatch,
                              GError **error);

void queen_dispatch_clear (QueenDispatch *self);

/** Returns: whether @name may name a queen */
gboolean queen_dispatch_check_queen (const char *name);

/** Returns: ns since 1970: when @component came to be as it is: heard, or offline */
gint64 queen_dispatch_get_moment (const QueenComponent *component);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QueenDispatch, queen_dispatch_clear)

G_END_DECLS
