/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "loop/queen-clock.h"

G_BEGIN_DECLS

/**
 * QUEEN_DBUS_RECEIPTS_PATIENCE:
 *
 * µs after which an answer counts as read by who does not say so. A client that never looks at
 * anything but the answer that it waits for is not kept out for ever.
 */
#define QUEEN_DBUS_RECEIPTS_PATIENCE (10 * G_TIME_SPAN_MINUTE)

/** Bytes from which on answers of one caller are counted: one, or several small ones together. */
#define QUEEN_DBUS_RECEIPTS_LEAST (64 * 1024)

/**
 * QueenDBusReceipts:
 *
 * Large answers, and many small ones, that those who asked may not have read yet. A bus keeps what
 * somebody does not read, counts it against who has sent it, and from some amount on reads nothing
 * more from her: who asks and never reads would keep her from everybody. So who gets a large answer
 * is asked by org.freedesktop.DBus.Peer.Ping, which every D-Bus library answers by itself, whether
 * it has come; and no user gets more as long as much has not. A bus waits for no more than some of
 * those answers, so no user gets more, either, with more than a few connections that have not
 * answered.
 */
typedef struct _QueenDBusReceipts QueenDBusReceipts;

/**
 * queen_dbus_receipts_new:
 * @clock: by which nothing counts as unread for longer than %QUEEN_DBUS_RECEIPTS_PATIENCE
 */
QueenDBusReceipts *queen_dbus_receipts_new (const QueenClock *clock);

/** Returns: whether nothing at all is unread */
gboolean queen_dbus_receipts_is_empty (QueenDBusReceipts *self);

/** Returns: bytes that may be unread by @user; or by all, if that is %NULL */
gsize queen_dbus_receipts_get_n_bytes (QueenDBusReceipts *self, const char *user);

/** Returns: whether @user may be sent a large answer more */
gboolean queen_dbus_receipts_has_room (QueenDBusReceipts *self, const char *user);

/**
 * queen_dbus_receipts_add:
 * @connection: to the bus; must outlive the receipts
 * @caller: who was answered, its unique name
 * @user: (nullable): whose that is; %NULL to have the bus asked
 * @size: bytes of the answer, which has been sent
 */
void queen_dbus_receipts_add (QueenDBusReceipts *self,
                              GDBusConnection *connection,
                              const char *caller,
                              const char *user,
                              gsize size);

/** @changed is called whenever more or less may be unread. */
void queen_dbus_receipts_set_changed (QueenDBusReceipts *self,
                                      void (*changed) (gpointer data),
                                      gpointer data);

/**
 * queen_dbus_receipts_list_deaf:
 *
 * Returns: (transfer full): the callers, a set of names, who are not to be told anything any more,
 *   not even that, until they have read what they have
 */
GHashTable *queen_dbus_receipts_list_deaf (QueenDBusReceipts *self);

void queen_dbus_receipts_free (QueenDBusReceipts *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusReceipts, queen_dbus_receipts_free)

G_END_DECLS
