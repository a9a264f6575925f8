/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-dbus-outbox.h"

G_BEGIN_DECLS

/**
 * QueenDBusDesk:
 *
 * Between the thread that gives calls out (#QueenDBusTurns) and the one that does them: how many
 * are there, and whose a caller is. Only the latter may ask the bus for that, and nobody waits for
 * the answer.
 *
 * It has references; those by whom it is asked hold one until they are answered.
 */
typedef struct _QueenDBusDesk QueenDBusDesk;

/**
 * QueenDBusIdentity:
 * @caller: a unique name
 * @user: (nullable): whose it is; %NULL when it has left the bus, or that cannot be known
 */
typedef struct
{
  char *caller;
  char *user;
} QueenDBusIdentity;

void queen_dbus_identity_free (QueenDBusIdentity *identity);

/**
 * queen_dbus_desk_new:
 * @socket: by which calls are answered
 *
 * Returns: (transfer full): one whose calls nobody does yet
 */
QueenDBusDesk *queen_dbus_desk_new (GSocket *socket);

void queen_dbus_desk_unref (QueenDBusDesk *self);

/* For the thread that does calls */

/**
 * queen_dbus_desk_begin:
 *
 * Has calls counted as done by the thread that calls this: when its default main context comes to
 * what has less priority than they. Until then there is no turn. May be called in any thread, once.
 */
void queen_dbus_desk_begin (QueenDBusDesk *self);

/**
 * queen_dbus_desk_set_outbox:
 * @outbox: (nullable): that of the thread that does calls. It must go before these do, and be
 *   replaced by %NULL before
 *
 * With one, no calls are given out as long as many answers have not been read by the bus. To be
 * called by that thread.
 */
void queen_dbus_desk_set_outbox (QueenDBusDesk *self, QueenDBusOutbox *outbox);

/**
 * queen_dbus_desk_tell:
 * @user: (nullable): as in #QueenDBusIdentity
 *
 * Answers a question. May be called in any thread.
 */
void queen_dbus_desk_tell (QueenDBusDesk *self, const char *caller, const char *user);

/* For the other one */

/** Says that one call more has been given out. */
void queen_dbus_desk_count_out (QueenDBusDesk *self);

/** Returns: whether one more may be given out now */
gboolean queen_dbus_desk_is_free (QueenDBusDesk *self);

/** Asks whose @caller is. queen_dbus_desk_take_answers() has the answer at some time, or never. */
void queen_dbus_desk_ask (QueenDBusDesk *self, const char *caller);

/**
 * queen_dbus_desk_take_answers:
 *
 * Returns: (transfer full) (nullable) (element-type QueenDBusIdentity): all since the last time;
 *   %NULL for none
 */
GPtrArray *queen_dbus_desk_take_answers (QueenDBusDesk *self);

/**
 * queen_dbus_desk_create_source:
 *
 * Returns: (transfer full) (nullable): a source that is ready when one more may be given out; %NULL
 *   when the system has nothing to make it of
 */
GSource *queen_dbus_desk_create_source (QueenDBusDesk *self);

G_END_DECLS
