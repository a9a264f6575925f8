/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-attempt.h"

#include "model/queen-senders.h"
#include "queen-error.h"
#include "queen-try.h"
#include "queen-upstream-private.h"

/* One reference is the main thread's, until it has been told of the end or has cancelled; one is
 * the other's, until it has said the end or has been told of that; and each mail has one. */
struct _QueenAttempt
{
  gatomicrefcount n_refs;
  QueenUpstream *upstream;
  QueenComponent *target;
  QueenAttemptRequest request;
  int n_waiting;    /* atomic: bytes that the main thread has not been told of */
  int is_cancelled; /* atomic */

  /* the main thread's own */
  const QueenAttemptFuncs *funcs;
  gpointer data;
  gboolean is_over;
  QueenMailSender sender;
  QueenMailSender errands;

  /* the other's */
  QueenTry *attempt;
  gboolean is_paused;
  GList link; /* among those who are */
};

static QueenAttempt *
ref_attempt (QueenAttempt *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

static void
unref_attempt (QueenAttempt *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  queen_mail_sender_clear (&self->sender);
  queen_mail_sender_clear (&self->errands);
  queen_component_unref (self->target);
  g_clear_pointer (&self->request.body, g_bytes_unref);
  g_free ((char *) self->request.path);
  g_free ((char *) self->request.submitter);
  g_free ((char *) self->request.via);
  g_free (self);
}

/* From the thread that calls to the main thread */

typedef enum
{
  MAIL_CONNECTED,
  MAIL_ANSWERING,
  MAIL_HEAD,
  MAIL_EVENT,
  MAIL_BODY,
  MAIL_END,
} MailKind;

typedef struct
{
  QueenMail mail;
  QueenAttempt *attempt;
  MailKind kind;
  GBytes *bytes;
  char *text; /* of a head its type, of an event what it adds; may be NULL */
  gsize length;
  guint status;
  QueenAttemptOutcome outcome;
  GError *error;
} Letter;

static void
free_letter (Letter *letter)
{
  g_clear_pointer (&letter->bytes, g_bytes_unref);
  g_free (letter->text);
  g_clear_error (&letter->error);
  unref_attempt (letter->attempt);
  g_free (letter);
}

static void
tell_end (QueenAttempt *self, const Letter *letter)
{
  self->is_over = TRUE;
  self->funcs->on_end (letter->outcome, letter->error, self->data);
  unref_attempt (self);
}

static void
read_letter (const Letter *letter)
{
  QueenAttempt *self = letter->attempt;

  switch (letter->kind)
    {
    case MAIL_CONNECTED:
      if (self->funcs->on_connected)
        self->funcs->on_connected (self->data);
      break;
    case MAIL_ANSWERING:
      if (self->funcs->on_answering)
        self->funcs->on_answering (self->data);
      break;
    case MAIL_HEAD:
      self->funcs->on_head (letter->status, letter->text, self->data);
      break;
    case MAIL_EVENT:
      self->funcs->on_event (letter->bytes, letter->text, letter->length, self->data);
      break;
    case MAIL_BODY:
      self->funcs->on_body (letter->bytes, self->data);
      break;
    case MAIL_END:
      tell_end (self, letter);
      break;
    }
}

static void
on_letter (QueenMail *mail, gboolean is_wanted)
{
  Letter *letter = (Letter *) mail;

  g_atomic_int_add (&letter->attempt->n_waiting, -(int) mail->size);
  if (is_wanted && !letter->attempt->is_over)
    read_letter (letter);
  free_letter (letter);
}

/* Only when more than half waits, anybody can have more than is left: see is_behind (). */
static gboolean
is_crowded (QueenUpstream *upstream)
{
  return queen_mailbox_get_n_bytes (queen_upstream_get_mailbox (upstream)) >
         QUEEN_UPSTREAM_MAX_ALL_WAITING / 2;
}

static gboolean
is_behind (QueenAttempt *self, int part)
{
  int n_waiting = g_atomic_int_get (&self->n_waiting);

  return n_waiting > QUEEN_UPSTREAM_MAX_WAITING / part ||
         (n_waiting > QUEEN_UPSTREAM_LITTLE_WAITING / part &&
          queen_mail_sender_is_over (&self->sender,
                                     (gsize) (QUEEN_UPSTREAM_MAX_ALL_WAITING / part)));
}

static void
set_paused (QueenAttempt *self, gboolean is_paused)
{
  GQueue *paused = queen_upstream_get_paused (self->upstream);

  if (self->is_paused == is_paused)
    return;
  self->is_paused = is_paused;
  if (is_paused)
    g_queue_push_tail_link (paused, &self->link);
  else
    g_queue_unlink (paused, &self->link);
  queen_upstream_note_paused (self->upstream);
  if (self->attempt)
    queen_try_set_paused (self->attempt, is_paused);
}

static Letter *
new_letter (QueenAttempt *self, MailKind kind)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->attempt = ref_attempt (self);
  letter->kind = kind;
  return letter;
}

static void
send_letter (Letter *letter)
{
  QueenAttempt *self = letter->attempt;
  gsize size = sizeof *letter + letter->length;

  if (letter->bytes)
    size += g_bytes_get_size (letter->bytes);
  letter->mail.deliver = on_letter;
  letter->mail.size = (guint) size;
  letter->mail.is_much = letter->kind == MAIL_HEAD || letter->kind == MAIL_END;
  letter->mail.sender = &self->sender;
  g_atomic_int_add (&self->n_waiting, (int) size);
  queen_mailbox_put (queen_upstream_get_mailbox (self->upstream), &letter->mail);
}

/* Others may have been told of everything just before it is paused, and would not say so again. */
static void
pause_if_behind (QueenAttempt *self)
{
  queen_upstream_get_caller (self->upstream)->is_crowded = is_crowded (self->upstream);
  if (!is_behind (self, 1))
    return;
  set_paused (self, TRUE);
  if (!is_behind (self, 2))
    set_paused (self, FALSE);
}

static void
on_try_connected (gpointer data)
{
  send_letter (new_letter (data, MAIL_CONNECTED));
}

static void
on_try_answering (gpointer data)
{
  send_letter (new_letter (data, MAIL_ANSWERING));
}

static void
on_try_head (guint status, const char *type, gpointer data)
{
  Letter *letter = new_letter (data, MAIL_HEAD);

  letter->status = status;
  letter->text = g_strdup (type);
  send_letter (letter);
}

static void
on_try_event (GBytes *event, const char *text, gsize length, gpointer data)
{
  Letter *letter = new_letter (data, MAIL_EVENT);

  letter->bytes = g_bytes_ref (event);
  letter->text = text ? g_strndup (text, length) : NULL;
  letter->length = length;
  send_letter (letter);
  pause_if_behind (data);
}

static void
on_try_body (GBytes *part, gpointer data)
{
  Letter *letter = new_letter (data, MAIL_BODY);

  letter->bytes = g_bytes_ref (part);
  send_letter (letter);
  pause_if_behind (data);
}

static void
on_try_end (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  QueenAttempt *self = data;
  Letter *letter = new_letter (self, MAIL_END);

  self->attempt = NULL;
  set_paused (self, FALSE);
  letter->outcome = outcome;
  letter->error = error ? g_error_copy (error) : NULL;
  send_letter (letter);
  unref_attempt (self);
}

void
queen_attempts_resume (QueenUpstream *upstream)
{
  GQueue *paused = queen_upstream_get_paused (upstream);

  for (GList *link = paused->head, *behind; link; link = behind)
    {
      QueenAttempt *self = link->data;

      behind = link->next;
      if (!is_behind (self, 2))
        set_paused (self, FALSE);
    }
}

/* From the main thread to the one that calls */

static void
begin_attempt (gpointer data)
{
  static const QueenAttemptFuncs funcs = { on_try_connected, on_try_head, on_try_event,
                                           on_try_body,      on_try_end,  on_try_answering };
  QueenAttempt *self = data;

  if (g_atomic_int_get (&self->is_cancelled))
    {
      unref_attempt (self); /* nobody waits for its end */
      return;
    }
  ref_attempt (self); /* it may end at once */
  self->attempt = queen_try_start (queen_upstream_get_caller (self->upstream), self->target,
                                   &self->request, &funcs, self);
  g_clear_pointer (&self->request.body, g_bytes_unref); /* whoever needs it has it */
  unref_attempt (self);
}

static void
cancel_attempt (gpointer data)
{
  QueenAttempt *self = data;

  if (self->attempt)
    {
      set_paused (self, FALSE);
      g_clear_pointer (&self->attempt, queen_try_cancel);
      unref_attempt (self);
    }
  unref_attempt (self);
}

QueenAttempt *
queen_attempt_start (QueenUpstream *upstream,
                     QueenComponent *target,
                     const QueenAttemptRequest *request,
                     const QueenAttemptFuncs *funcs,
                     gpointer data)
{
  g_autofree char *asker = queen_sender_dup_asker (request->submitter ? request->submitter : "");
  QueenAttempt *self = g_new0 (QueenAttempt, 1);

  g_atomic_ref_count_init (&self->n_refs);
  self->upstream = upstream;
  self->target = queen_component_ref (target);
  self->request = *request;
  self->request.path = g_strdup (request->path);
  self->request.submitter = g_strdup (request->submitter);
  self->request.via = g_strdup (request->via);
  g_bytes_ref (self->request.body);
  self->funcs = funcs;
  self->data = data;
  self->link.data = self;
  queen_mail_sender_init (&self->sender, queen_upstream_get_mailbox (upstream), asker);
  queen_mail_sender_init (&self->errands, queen_upstream_get_errands (upstream), asker);
  queen_upstream_invoke (upstream, &self->errands, begin_attempt, ref_attempt (self));
  return self;
}

void
queen_attempt_cancel (QueenAttempt *self)
{
  self->is_over = TRUE;
  g_atomic_int_set (&self->is_cancelled, TRUE);
  queen_upstream_invoke_first (self->upstream, &self->errands, cancel_attempt, self);
}

gboolean
queen_attempt_may_retry (QueenAttemptOutcome outcome, const GError *error)
{
  return outcome == QUEEN_ATTEMPT_ABSENT || outcome == QUEEN_ATTEMPT_REFUSED ||
         outcome == QUEEN_ATTEMPT_BUSY || outcome == QUEEN_ATTEMPT_FORBIDDEN ||
         outcome == QUEEN_ATTEMPT_CROWDED ||
         (outcome == QUEEN_ATTEMPT_TIMED_OUT &&
          g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE));
}
