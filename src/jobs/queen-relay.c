/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-relay.h"

#include "model/queen-senders.h"
#include "queen-call.h"
#include "queen-error.h"
#include "queen-upstream-private.h"

#define CONNECT_TIMEOUT (2 * G_USEC_PER_SEC)

/* One reference is the main thread's, until it has been told of the end or has cancelled; one is
 * the other's, until it has said the end or has been told of that; and each mail has one. */
struct _QueenRelay
{
  gatomicrefcount n_refs;
  QueenMailSender sender;
  QueenMailSender errands;
  QueenUpstream *upstream;
  QueenTarget *target;
  QueenRelayRequest request; /* its texts are owned, but for the static ones */
  int n_waiting;             /* atomic: bytes that nobody has taken yet */
  int is_waiting;            /* atomic: it is paused, and to be told when there are fewer */
  int is_cancelled;          /* atomic */

  /* the main thread's own */
  const QueenRelayFuncs *funcs;
  gpointer data;
  gboolean is_over;

  QueenCall *call; /* the other's; NULL when it has ended */
};

static QueenRelay *
ref_relay (QueenRelay *self)
{
  g_atomic_ref_count_inc (&self->n_refs);
  return self;
}

static void
unref_relay (QueenRelay *self)
{
  if (!g_atomic_ref_count_dec (&self->n_refs))
    return;
  queen_mail_sender_clear (&self->sender);
  queen_mail_sender_clear (&self->errands);
  queen_target_free (self->target);
  g_free ((char *) self->request.path);
  g_free ((char *) self->request.pass);
  g_free ((char *) self->request.submitter);
  g_free ((char *) self->request.last_id);
  g_free (self);
}

/* From the thread that calls to the main thread */

typedef struct
{
  QueenMail mail;
  QueenRelay *relay;
  guint status;  /* of a head; else 0 */
  char *face;    /* likewise; may be NULL */
  GBytes *bytes; /* NULL when it is none of these, but the end */
  GError *error; /* of an end that is none in order */
} Slip;

static void
free_slip (Slip *slip)
{
  g_free (slip->face);
  g_clear_pointer (&slip->bytes, g_bytes_unref);
  g_clear_error (&slip->error);
  unref_relay (slip->relay);
  g_free (slip);
}

static void
read_slip (const Slip *slip)
{
  QueenRelay *self = slip->relay;

  if (slip->status != 0)
    self->funcs->on_head (slip->status, slip->face, self->data);
  else if (slip->bytes)
    self->funcs->on_bytes (slip->bytes, self->data);
  else
    {
      self->is_over = TRUE;
      self->funcs->on_end (slip->error, self->data);
      unref_relay (self);
    }
}

static void
on_slip (QueenMail *mail, gboolean is_wanted)
{
  Slip *slip = (Slip *) mail;

  if (is_wanted && !slip->relay->is_over)
    read_slip (slip);
  free_slip (slip);
}

static Slip *
new_slip (QueenRelay *self)
{
  Slip *slip = g_new0 (Slip, 1);

  slip->relay = ref_relay (self);
  slip->mail.deliver = on_slip;
  slip->mail.size = sizeof *slip;
  slip->mail.sender = &self->sender;
  return slip;
}

static void
send_slip (Slip *slip)
{
  queen_mailbox_put (queen_upstream_get_mailbox (slip->relay->upstream), &slip->mail);
}

static void
on_call_connected (gpointer data)
{
}

static void
on_call_head (guint status, SoupMessageHeaders *headers, gpointer data)
{
  Slip *slip = new_slip (data);

  slip->status = status;
  slip->face = g_strdup (soup_message_headers_get_one (headers, QUEEN_RELAY_FACE_HEADER));
  send_slip (slip);
}

static gboolean
has_much_waiting (QueenRelay *self, int part)
{
  return g_atomic_int_get (&self->n_waiting) > QUEEN_RELAY_MAX_WAITING / part;
}

/* All may have been taken just before it is paused, and nobody would say so again. */
static void
pause_if_much (QueenRelay *self)
{
  if (!has_much_waiting (self, 1))
    return;
  queen_call_set_paused (self->call, TRUE);
  g_atomic_int_set (&self->is_waiting, TRUE);
  if (!has_much_waiting (self, 2) &&
      g_atomic_int_compare_and_exchange (&self->is_waiting, TRUE, FALSE))
    queen_call_set_paused (self->call, FALSE);
}

/* Whatever comes is a sign of life, and that is all that is asked of a queen. */
static void
on_call_bytes (const char *bytes, gsize length, gpointer data)
{
  QueenRelay *self = data;
  Slip *slip = new_slip (self);

  slip->bytes = g_bytes_new (bytes, length);
  slip->mail.size += (guint) length;
  g_atomic_int_add (&self->n_waiting, (int) length);
  queen_call_note_progress (self->call);
  send_slip (slip);
  pause_if_much (self);
}

/* Whose certificate is not trusted is there all the same, and nobody need wait to learn that. */
static GError *
make_end (QueenAttemptOutcome outcome, const GError *error)
{
  if (outcome == QUEEN_ATTEMPT_ABSENT &&
      g_error_matches (error, QUEEN_ERROR, QUEEN_ERROR_BAD_GATEWAY))
    return g_error_new_literal (QUEEN_ERROR, QUEEN_ERROR_FORBIDDEN,
                                "her certificate is not trusted here; see --worker-ca-file");
  return error ? g_error_copy (error) : NULL;
}

static void
on_call_end (QueenAttemptOutcome outcome, const GError *error, gpointer data)
{
  QueenRelay *self = data;
  Slip *slip = new_slip (self);

  self->call = NULL;
  slip->error = make_end (outcome, error);
  send_slip (slip);
  unref_relay (self);
}

/* From the main thread to the one that calls */

static gboolean
check_encrypted (const QueenTarget *target, GInetAddress *address, GError **error)
{
  return queen_reach_check_queen (target->scheme, FALSE, address, error);
}

static gboolean
check_plain (const QueenTarget *target, GInetAddress *address, GError **error)
{
  return queen_reach_check_queen (target->scheme, TRUE, address, error);
}

static void
begin_relay (gpointer data)
{
  static const QueenCallFuncs funcs = { on_call_connected, on_call_head, on_call_bytes,
                                        on_call_end };
  QueenRelay *self = data;
  QueenSource source;
  const QueenCallRequest request = {
    .method = self->request.method,
    .target = self->target,
    .source = &source,
    .submitter = self->request.submitter,
    .path = self->request.path,
    .accept = self->request.accept,
    .pass = self->request.pass,
    .check = self->request.may_be_plain ? check_plain : check_encrypted,
    .last_id = self->request.last_id,
    .connect_timeout = CONNECT_TIMEOUT,
    .first_byte_timeout = self->request.silence,
    .idle_timeout = self->request.silence,
  };

  if (g_atomic_int_get (&self->is_cancelled))
    {
      unref_relay (self); /* nobody waits for its end */
      return;
    }
  queen_source_init_here (&source);
  self->call =
      queen_call_start (queen_upstream_get_caller (self->upstream), &request, &funcs, self);
}

static void
resume_relay (gpointer data)
{
  QueenRelay *self = data;

  if (self->call)
    queen_call_set_paused (self->call, FALSE);
  unref_relay (self);
}

static void
cancel_relay (gpointer data)
{
  QueenRelay *self = data;

  if (self->call)
    {
      g_clear_pointer (&self->call, queen_call_cancel);
      unref_relay (self);
    }
  unref_relay (self);
}

QueenRelay *
queen_relay_start (QueenUpstream *upstream,
                   const QueenRelayRequest *request,
                   const QueenRelayFuncs *funcs,
                   gpointer data,
                   GError **error)
{
  g_autoptr (QueenTarget) target = queen_target_new_from_url (request->address, error);
  g_autofree char *asker = queen_sender_dup_asker (request->submitter ? request->submitter : "");
  QueenRelay *self;

  if (!target)
    return NULL;
  self = g_new0 (QueenRelay, 1);
  g_atomic_ref_count_init (&self->n_refs);
  self->upstream = upstream;
  self->target = g_steal_pointer (&target);
  self->request = *request;
  self->request.address = NULL;
  self->request.path = g_strdup (request->path);
  self->request.pass = g_strdup (request->pass);
  self->request.submitter = g_strdup (request->submitter);
  self->request.last_id = g_strdup (request->last_id);
  self->funcs = funcs;
  self->data = data;
  queen_mail_sender_init (&self->sender, queen_upstream_get_mailbox (upstream), asker);
  queen_mail_sender_init (&self->errands, queen_upstream_get_errands (upstream), asker);
  queen_upstream_invoke (upstream, &self->errands, begin_relay, ref_relay (self));
  return self;
}

void
queen_relay_note_taken (QueenRelay *self, gsize n_bytes)
{
  g_atomic_int_add (&self->n_waiting, -(int) n_bytes);
  if (!has_much_waiting (self, 2) &&
      g_atomic_int_compare_and_exchange (&self->is_waiting, TRUE, FALSE))
    queen_upstream_invoke (self->upstream, &self->errands, resume_relay, ref_relay (self));
}

void
queen_relay_cancel (QueenRelay *self)
{
  self->is_over = TRUE;
  g_atomic_int_set (&self->is_cancelled, TRUE);
  queen_upstream_invoke_first (self->upstream, &self->errands, cancel_relay, self);
}
