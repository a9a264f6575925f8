/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include "loop/queen-turn-taker.h"

G_BEGIN_DECLS

typedef struct _QueenMail QueenMail;

/**
 * QueenMailSender:
 *
 * One who puts, for somebody who asks, as a part of whatever lives for as long as its mails do; see
 * queen_mail_sender_init(). It is the reader's, but for what is waiting.
 */
typedef struct
{
  /*< private >*/
  QueenTurnTaker turn;           /* while it has mails that the reader has taken */
  struct _QueenMailAsker *asker; /* who is asked for */
  GQueue mails;                  /* that the reader has taken, and not yet delivered */
  /* under the mailbox's lock */
  GQueue waiting;     /* mails that the reader has not taken */
  GList waiting_link; /* among those who have such */
} QueenMailSender;

/**
 * QueenMail:
 * @deliver: takes it over, in the reader's thread; @is_wanted is %FALSE when it is only to be freed
 * @size: what it counts for, in bytes
 * @is_much: however small it is, many may have to be told of it
 * @comes_first: before all that does not, whoever puts it
 * @sender: whose it is
 *
 * What begins each thing that is put into a mailbox.
 */
struct _QueenMail
{
  GList link;
  void (*deliver) (QueenMail *self, gboolean is_wanted);
  guint size;
  gboolean is_much;
  gboolean comes_first;
  QueenMailSender *sender;
};

/**
 * QueenMailbox:
 *
 * From one thread to another: what is put in is delivered in the reader's main loop, which is woken
 * once for all that has gathered meanwhile. What one sender puts in is delivered in order. Those
 * who ask take turns, and in each of them their senders do, so that nobody waits for all that
 * another one has asked for; but what comes first is delivered as it was put, and before all that
 * is put later. A turn of the loop takes no longer than %QUEEN_SLICE.
 */
typedef struct _QueenMailbox QueenMailbox;

/**
 * queen_mailbox_new:
 * @reader: where it is delivered
 * @on_delivered: (nullable): called in the reader's thread when some of it has been
 *
 * Returns: (transfer full): an empty one
 */
QueenMailbox *
queen_mailbox_new (GMainContext *reader, void (*on_delivered) (gpointer data), gpointer data);

/**
 * queen_mail_sender_init:
 * @self: all zero
 * @asker: for whom it puts: those with the same text are one; perhaps of queen_fair_queue_join()
 *
 * It may put from now on. Any thread.
 */
void queen_mail_sender_init (QueenMailSender *self, QueenMailbox *mailbox, const char *asker);

/** There is nothing of it in the mailbox, and will not be. Any thread. */
void queen_mail_sender_clear (QueenMailSender *self);

/**
 * queen_mail_sender_is_over:
 * @most: bytes that may wait in the mailbox
 *
 * Any thread.
 *
 * Returns: whether more waits of those who put for the same one, or for its group, than may of what
 *   is left of @most, as #QueenPortions has it: so never of who has little beside who has much
 */
gboolean queen_mail_sender_is_over (const QueenMailSender *self, gsize most);

/**
 * queen_mailbox_put:
 * @mail: (transfer full): what is to be delivered
 *
 * Never waits; it is for who puts to see that it does not become too much. Any thread.
 */
void queen_mailbox_put (QueenMailbox *self, QueenMail *mail);

/** Returns: what all that waits counts for; any thread */
guint queen_mailbox_get_n_bytes (QueenMailbox *self);

/** Frees what is in it, undelivered. Nobody puts any more, and no sender is cleared afterwards. */
void queen_mailbox_free (QueenMailbox *self);

G_END_DECLS
