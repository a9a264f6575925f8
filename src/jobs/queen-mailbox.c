/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-mailbox.h"

#include "loop/queen-slice.h"

struct _QueenMailbox
{
  GMainContext *reader;
  GSource *source;
  void (*on_delivered) (gpointer data);
  gpointer data;
  GQueue senders; /* the reader's own: who has something that was taken; first whose turn it is */

  int has_news; /* atomic, so that the source need not lock; set with the lock only */
  int n_bytes;  /* atomic */

  GMutex lock;    /* of what follows */
  GQueue waiting; /* of QueenMailSender: whose mails were not taken; the first to put one first */
};

typedef struct
{
  GSource source;
  QueenMailbox *mailbox;
} MailSource;

static gboolean
is_ready (GSource *source)
{
  QueenMailbox *self = ((MailSource *) source)->mailbox;

  return self->senders.length > 0 || g_atomic_int_get (&self->has_news);
}

static gboolean
prepare_mail (GSource *source, int *timeout)
{
  *timeout = -1;
  return is_ready (source);
}

/* Appends @queue, which is empty then; in no time, however long it is. */
static void
append_queue (GQueue *to, GQueue *queue)
{
  if (to->tail)
    to->tail->next = queue->head;
  else
    to->head = queue->head;
  queue->head->prev = to->tail;
  to->tail = queue->tail;
  to->length += queue->length;
  g_queue_init (queue);
}

/* Whoever puts has sorted them: there may be a hundred thousand. */
static void
take_mail (QueenMailbox *self)
{
  GList *link;

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->has_news, FALSE);
  while ((link = g_queue_pop_head_link (&self->waiting)))
    {
      QueenMailSender *sender = link->data;

      sender->link.data = sender;
      if (sender->mails.length == 0)
        g_queue_push_tail_link (&self->senders, &sender->link);
      append_queue (&sender->mails, &sender->waiting);
    }
  g_mutex_unlock (&self->lock);
}

/* With the last of its mails a sender may go.
 *
 * Returns: how many bytes that was */
static gsize
deliver_first (QueenMailbox *self, gboolean is_wanted)
{
  QueenMailSender *sender = g_queue_pop_head_link (&self->senders)->data;
  QueenMail *mail = g_queue_pop_head_link (&sender->mails)->data;
  gsize size = mail->size;

  if (sender->mails.length > 0)
    g_queue_push_tail_link (&self->senders, &sender->link);
  g_atomic_int_add (&self->n_bytes, -(int) mail->size);
  mail->deliver (mail, is_wanted);
  return size;
}

static gboolean
dispatch_mail (GSource *source, GSourceFunc callback, gpointer data)
{
  QueenMailbox *self = ((MailSource *) source)->mailbox;
  QueenSlice slice;

  take_mail (self);
  queen_slice_begin (&slice, &queen_clock_system);
  while (self->senders.length > 0)
    if (queen_slice_is_over (&slice, deliver_first (self, TRUE)))
      break;
  self->on_delivered (self->data);
  return G_SOURCE_CONTINUE;
}

QueenMailbox *
queen_mailbox_new (GMainContext *reader, void (*on_delivered) (gpointer data), gpointer data)
{
  static GSourceFuncs functions = { prepare_mail, is_ready, dispatch_mail, NULL };
  QueenMailbox *self = g_new0 (QueenMailbox, 1);

  self->reader = g_main_context_ref (reader);
  self->on_delivered = on_delivered;
  self->data = data;
  g_mutex_init (&self->lock);
  self->source = g_source_new (&functions, sizeof (MailSource));
  ((MailSource *) self->source)->mailbox = self;
  g_source_set_static_name (self->source, "mail from workers");
  g_source_attach (self->source, reader);
  return self;
}

void
queen_mailbox_put (QueenMailbox *self, QueenMail *mail)
{
  QueenMailSender *sender = mail->sender;
  gboolean must_wake;

  mail->link.data = mail;
  g_atomic_int_add (&self->n_bytes, (int) mail->size);
  g_mutex_lock (&self->lock);
  must_wake = self->waiting.length == 0;
  sender->waiting_link.data = sender;
  if (sender->waiting.length == 0)
    g_queue_push_tail_link (&self->waiting, &sender->waiting_link);
  g_queue_push_tail_link (&sender->waiting, &mail->link);
  g_atomic_int_set (&self->has_news, TRUE);
  g_mutex_unlock (&self->lock);
  if (must_wake)
    g_main_context_wakeup (self->reader);
}

guint
queen_mailbox_get_n_bytes (QueenMailbox *self)
{
  return (guint) g_atomic_int_get (&self->n_bytes);
}

void
queen_mailbox_free (QueenMailbox *self)
{
  take_mail (self);
  while (self->senders.length > 0)
    deliver_first (self, FALSE);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_mutex_clear (&self->lock);
  g_main_context_unref (self->reader);
  g_free (self);
}
