/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-clock.h"
#include "queen-dbus-drafting.h"
#include "queen-dbus-outbox.h"
#include "queen-dbus-receipts.h"

G_BEGIN_DECLS

/**
 * QueenDBusAnswers:
 *
 * Answers that may be megabytes. They are made one at a time, each when the bus has read the one
 * before, so that memory has room for one however many are asked for; while one is drafted there
 * may be a page beside it. Drafts have one part in four of the time, what the bus needs to read
 * them included; and the large ones of one user have one part in ten, unless somebody would wait
 * for longer than a client does. Its pages do not wait for that, nor do others' drafts.
 *
 * Users go in turns, with their pages and with all others, as a page is little work and the others
 * may be much; and the connections of each user do in both of these. When too many wait, who has
 * most makes room for who has less. So nobody is kept out by one user, with however many
 * connections; and where all are of one user, as on a session bus, by a few of them. Who leaves the
 * bus while it waits loses its turn; and who does not read gets no more, as #QueenDBusReceipts has
 * it.
 */
typedef struct _QueenDBusAnswers QueenDBusAnswers;

/**
 * QueenDBusAnswerSize:
 * @QUEEN_DBUS_ANSWER_PAGE: it has a page at the most, as #QueenDBusLimits has it
 * @QUEEN_DBUS_ANSWER_WHOLE: it grows with the cluster
 */
typedef enum
{
  QUEEN_DBUS_ANSWER_PAGE,
  QUEEN_DBUS_ANSWER_WHOLE,
} QueenDBusAnswerSize;

/**
 * QueenDBusAnswerFunc:
 * @error: of #QUEEN_ERROR or #G_DBUS_ERROR
 *
 * Returns: (transfer floating) (nullable): what the method returns, or %NULL with @error
 */
typedef GVariant *(*QueenDBusAnswerFunc) (GDBusMethodInvocation *invocation,
                                          gpointer data,
                                          GError **error);

/**
 * queen_dbus_answers_new:
 * @outbox: of the connection that the calls come by; must outlive the answers
 * @receipts: likewise
 * @clock: by which nobody waits for longer than a minute
 */
QueenDBusAnswers *queen_dbus_answers_new (QueenDBusOutbox *outbox,
                                          QueenDBusReceipts *receipts,
                                          const QueenClock *clock);

/**
 * queen_dbus_answers_add:
 * @invocation: (transfer full): a call
 * @size: how much it asks for
 * @func: makes its answer, at once or later
 *
 * Answers the call in its turn; with `org.freedesktop.DBus.Error.LimitsExceeded` when it has to
 * make room, or its user has much to read still. The bus is asked whose it is, if it has to wait or
 * something is unread.
 */
void queen_dbus_answers_add (QueenDBusAnswers *self,
                             GDBusMethodInvocation *invocation,
                             QueenDBusAnswerSize size,
                             QueenDBusAnswerFunc func,
                             gpointer data);

/**
 * queen_dbus_answers_draft:
 * @invocation: (transfer full): a call, for all that there is
 * @draft: how its answer is made; static
 * @data: for @draft
 *
 * As queen_dbus_answers_add(), but others are answered while this one is made, with pages, too.
 * What is told of changes must wait until then, as it would come before what it changes. The bus is
 * asked whose it is in any case.
 */
void queen_dbus_answers_draft (QueenDBusAnswers *self,
                               GDBusMethodInvocation *invocation,
                               const QueenDBusDraft *draft,
                               gpointer data);

/** Returns: whether an answer is being made */
gboolean queen_dbus_answers_is_drafting (QueenDBusAnswers *self);

/** queen_dbus_answers_set_drafted: @func is called when one has been made. */
void queen_dbus_answers_set_drafted (QueenDBusAnswers *self,
                                     void (*func) (gpointer data),
                                     gpointer data);

/**
 * queen_dbus_answers_return:
 * @invocation: (transfer full): a call
 * @answer: (nullable): as the #QueenDBusAnswerFunc gave it
 * @error: (nullable): likewise
 *
 * Answers one call.
 */
void queen_dbus_answers_return (GDBusMethodInvocation *invocation,
                                GVariant *answer,
                                const GError *error);

/** queen_dbus_answers_free: those who wait get no answer any more. */
void queen_dbus_answers_free (QueenDBusAnswers *self);

G_END_DECLS
