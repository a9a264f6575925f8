/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-mailbox.h"

#include "loop/queen-fair-queue.h"
#include "loop/queen-portions.h"
#include "loop/queen-slice.h"
#include "text/queen-hash.h"

/* Somebody for whom senders put, or a group of those, for as long as there is such a sender. It is
 * looked up once for each of them: none of its mails has a name. */
typedef struct _QueenMailAsker
{
  QueenTurnTaker turn; /* the reader's own */
  QueenMailbox *mailbox;
  struct _QueenMailAsker *group; /* NULL when it is in none */
  char *name;
  guint n_users; /* senders, and members of a group; under the lock */
  int n_bytes;   /* atomic: those of members as well */
} Asker;

struct _QueenMailbox
{
  GMainContext *reader;
  GSource *source;
  void (*on_delivered) (gpointer data);
  gpointer data;
  QueenTurnTaker all; /* the reader's own: those of whom something was taken */
  GQueue first;       /* likewise: of QueenMail that come before all of these */

  int has_news; /* atomic, so that the source need not lock; set with the lock only */
  int n_bytes;  /* atomic */

  GMutex lock;    /* of what follows */
  GQueue waiting; /* of QueenMailSender: whose mails were not taken; the first to put one first */
  GQueue waiting_first; /* of QueenMail: likewise, of those that come first */
  GHashTable *askers;   /* name -> Asker */
};

typedef struct
{
  GSource source;
  QueenMailbox *mailbox;
} MailSource;

static gboolean
has_taken_any (const QueenMailbox *self)
{
  return self->first.length > 0 || queen_turn_taker_has_members (&self->all);
}

static gboolean
is_ready (GSource *source)
{
  QueenMailbox *self = ((MailSource *) source)->mailbox;

  return has_taken_any (self) || g_atomic_int_get (&self->has_news);
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

static void
enter_sender (QueenMailbox *self, QueenMailSender *sender)
{
  Asker *asker = sender->asker;

  queen_turn_taker_enter (&sender->turn, &asker->turn);
  for (; asker && !queen_turn_taker_is_waiting (&asker->turn); asker = asker->group)
    queen_turn_taker_enter (&asker->turn, asker->group ? &asker->group->turn : &self->all);
}

/* It has had its turn, and who is asked for as well, whether there is more of them or not. */
static void
pass_sender (QueenMailSender *sender)
{
  Asker *asker = sender->asker;

  if (sender->mails.length > 0)
    {
      queen_turn_taker_pass (&sender->turn);
      return;
    }
  queen_turn_taker_leave (&sender->turn);
  for (; asker && !queen_turn_taker_has_members (&asker->turn); asker = asker->group)
    queen_turn_taker_leave (&asker->turn);
  if (asker)
    queen_turn_taker_pass (&asker->turn);
}

/* Whoever puts has sorted them: there may be a hundred thousand. */
static void
take_mail (QueenMailbox *self)
{
  GList *link;

  g_mutex_lock (&self->lock);
  g_atomic_int_set (&self->has_news, FALSE);
  if (self->waiting_first.length > 0)
    append_queue (&self->first, &self->waiting_first);
  while ((link = g_queue_pop_head_link (&self->waiting)))
    {
      QueenMailSender *sender = link->data;

      if (sender->mails.length == 0)
        enter_sender (self, sender);
      append_queue (&sender->mails, &sender->waiting);
    }
  g_mutex_unlock (&self->lock);
}

/* @n: more, or less if it is negative */
static void
count_bytes (QueenMailbox *self, QueenMailSender *sender, int n)
{
  g_atomic_int_add (&self->n_bytes, n);
  for (Asker *asker = sender->asker; asker; asker = asker->group)
    g_atomic_int_add (&asker->n_bytes, n);
}

static QueenMail *
pop_next (QueenMailbox *self)
{
  GList *link = g_queue_pop_head_link (&self->first);

  if (!link)
    {
      QueenMailSender *sender = (QueenMailSender *) queen_turn_taker_get_first (&self->all);

      link = g_queue_pop_head_link (&sender->mails);
      pass_sender (sender);
    }
  return link->data;
}

/* With the last of its mails a sender may go.
 *
 * Returns: how large that was, for a slice */
static gsize
deliver_next (QueenMailbox *self, gboolean is_wanted)
{
  QueenMail *mail = pop_next (self);
  gsize size = mail->is_much ? QUEEN_SLICE_LARGE : mail->size;

  count_bytes (self, mail->sender, -(int) mail->size);
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
  while (has_taken_any (self))
    if (queen_slice_is_over (&slice, deliver_next (self, TRUE)))
      break;
  if (self->on_delivered)
    self->on_delivered (self->data);
  return G_SOURCE_CONTINUE;
}

static void
free_asker (gpointer data)
{
  Asker *asker = data;

  g_free (asker->name);
  g_free (asker);
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
  self->askers = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_asker);
  self->source = g_source_new (&functions, sizeof (MailSource));
  ((MailSource *) self->source)->mailbox = self;
  g_source_set_static_name (self->source, "mail");
  g_source_attach (self->source, reader);
  return self;
}

/* @group: (nullable) */
static Asker *
use_asker (QueenMailbox *self, const char *name, Asker *group)
{
  Asker *asker = g_hash_table_lookup (self->askers, name);

  if (!asker)
    {
      asker = g_new0 (Asker, 1);
      asker->mailbox = self;
      asker->name = g_strdup (name);
      asker->group = group;
      if (group)
        group->n_users++;
      g_hash_table_insert (self->askers, asker->name, asker);
    }
  asker->n_users++;
  return asker;
}

/* @asker: (nullable): one that has a user less */
static void
drop_asker (QueenMailbox *self, Asker *asker)
{
  if (!asker || --asker->n_users > 0)
    return;
  drop_asker (self, asker->group);
  g_hash_table_remove (self->askers, asker->name);
}

void
queen_mail_sender_init (QueenMailSender *self, QueenMailbox *mailbox, const char *asker)
{
  g_autofree char *name = queen_fair_queue_dup_group (asker);
  Asker *group;

  g_mutex_lock (&mailbox->lock);
  group = name ? use_asker (mailbox, name, NULL) : NULL;
  self->asker = use_asker (mailbox, asker, group);
  drop_asker (mailbox, group); /* it is used by @asker now */
  g_mutex_unlock (&mailbox->lock);
}

void
queen_mail_sender_clear (QueenMailSender *self)
{
  QueenMailbox *mailbox = self->asker->mailbox;

  g_mutex_lock (&mailbox->lock);
  drop_asker (mailbox, g_steal_pointer (&self->asker));
  g_mutex_unlock (&mailbox->lock);
}

gboolean
queen_mail_sender_is_over (const QueenMailSender *self, gsize most)
{
  const Asker *asker = self->asker;
  const Asker *group = asker->group;
  gsize taken = queen_mailbox_get_n_bytes (asker->mailbox);

  return !queen_portions_is_fair ((gsize) g_atomic_int_get (&asker->n_bytes),
                                  group ? (gsize) g_atomic_int_get (&group->n_bytes) : 0,
                                  most - MIN (taken, most));
}

static void
put_in_turn (QueenMailbox *self, QueenMail *mail)
{
  QueenMailSender *sender = mail->sender;

  sender->waiting_link.data = sender;
  if (sender->waiting.length == 0)
    g_queue_push_tail_link (&self->waiting, &sender->waiting_link);
  g_queue_push_tail_link (&sender->waiting, &mail->link);
}

void
queen_mailbox_put (QueenMailbox *self, QueenMail *mail)
{
  gboolean must_wake;

  mail->link.data = mail;
  count_bytes (self, mail->sender, (int) mail->size);
  g_mutex_lock (&self->lock);
  must_wake = self->waiting.length == 0 && self->waiting_first.length == 0;
  if (mail->comes_first)
    g_queue_push_tail_link (&self->waiting_first, &mail->link);
  else
    put_in_turn (self, mail);
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
  while (has_taken_any (self))
    deliver_next (self, FALSE);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_hash_table_unref (self->askers);
  g_mutex_clear (&self->lock);
  g_main_context_unref (self->reader);
  g_free (self);
}
