/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-desk.h"

#include <linux/sockios.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib-unix.h>

#include "queen-dbus-user.h"

/* Calls that GDBus has, and that are perhaps not done. They take some ms. */
#define MAX_OUT 64

/* Bytes of answers. A bus takes as little at once of hers as of everybody's, so that what she says
 * to those who call on and on must not pile up before what the others hear. */
#define MAX_UNREAD (32 * 1024)

/* One that is asked for, on its way. */
typedef struct
{
  QueenDBusDesk *desk;
  char *caller;
} Question;

struct _QueenDBusDesk
{
  GMutex lock; /* of what follows */
  GMainContext *context;
  guint n_out;         /* calls taken, and perhaps not done */
  gboolean is_watched; /* whether they are */
  gboolean is_awaited; /* that they are */
  GPtrArray *asked;    /* names; NULL for none */
  GPtrArray *told;     /* of QueenDBusIdentity; likewise */
  GSocket *socket;
  int wake; /* an eventfd, for who waits; -1 when there is none to be had */

  QueenDBusOutbox *outbox; /* of the thread that does calls; NULL for none */
};

void
queen_dbus_identity_free (QueenDBusIdentity *identity)
{
  g_free (identity->caller);
  g_free (identity->user);
  g_free (identity);
}

QueenDBusDesk *
queen_dbus_desk_new (GSocket *socket)
{
  QueenDBusDesk *self = g_atomic_rc_box_new0 (QueenDBusDesk);

  g_mutex_init (&self->lock);
  self->socket = g_object_ref (socket);
  self->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  return self;
}

static void
clear_desk (gpointer data)
{
  QueenDBusDesk *self = data;

  g_clear_pointer (&self->context, g_main_context_unref);
  g_clear_pointer (&self->asked, g_ptr_array_unref);
  g_clear_pointer (&self->told, g_ptr_array_unref);
  g_object_unref (self->socket);
  g_mutex_clear (&self->lock);
  if (self->wake >= 0)
    close (self->wake);
}

static void
unref_desk (gpointer self)
{
  g_atomic_rc_box_release_full (self, clear_desk);
}

void
queen_dbus_desk_unref (QueenDBusDesk *self)
{
  unref_desk (self);
}

/* With the lock held. */
static void
attach_idle (QueenDBusDesk *self, int priority, GSourceFunc callback, const char *name)
{
  GSource *source = g_idle_source_new ();

  g_source_set_priority (source, priority);
  g_source_set_callback (source, callback, g_atomic_rc_box_acquire (self), unref_desk);
  g_source_set_static_name (source, name);
  g_source_attach (source, self->context);
  g_source_unref (source);
}

/* What is out */

static void
begin_turn (gpointer data)
{
  QueenDBusDesk *self = data;

  g_mutex_lock (&self->lock);
  self->n_out = 0;
  self->is_watched = FALSE;
  if (self->is_awaited)
    eventfd_write (self->wake, 1);
  self->is_awaited = FALSE;
  g_mutex_unlock (&self->lock);
}

static gboolean
is_unread (QueenDBusDesk *self)
{
  int n_bytes = 0;

  return ioctl (g_socket_get_fd (self->socket), SIOCOUTQ, &n_bytes) == 0 && n_bytes > MAX_UNREAD;
}

static gboolean
on_calls_done (gpointer data)
{
  QueenDBusDesk *self = data;

  if (self->outbox && is_unread (self))
    queen_dbus_outbox_await (self->outbox, begin_turn, self);
  else
    begin_turn (self);
  return G_SOURCE_REMOVE;
}

void
queen_dbus_desk_count_out (QueenDBusDesk *self)
{
  g_mutex_lock (&self->lock);
  self->n_out++;
  if (!self->is_watched) /* GDBus dispatches calls at a higher priority */
    attach_idle (self, G_PRIORITY_DEFAULT_IDLE, on_calls_done, "turns");
  self->is_watched = TRUE;
  g_mutex_unlock (&self->lock);
}

gboolean
queen_dbus_desk_is_free (QueenDBusDesk *self)
{
  gboolean is_free;

  g_mutex_lock (&self->lock);
  is_free = self->context && (self->n_out < MAX_OUT || self->wake < 0);
  g_mutex_unlock (&self->lock);
  return is_free;
}

GSource *
queen_dbus_desk_create_source (QueenDBusDesk *self)
{
  eventfd_t n;

  if (self->wake < 0)
    return NULL;
  g_mutex_lock (&self->lock);
  eventfd_read (self->wake, &n);
  self->is_awaited = self->n_out >= MAX_OUT;
  if (!self->is_awaited)
    eventfd_write (self->wake, 1);
  g_mutex_unlock (&self->lock);
  return g_unix_fd_source_new (self->wake, G_IO_IN);
}

void
queen_dbus_desk_begin (QueenDBusDesk *self)
{
  g_mutex_lock (&self->lock);
  if (!self->context)
    self->context = g_main_context_ref_thread_default ();
  g_mutex_unlock (&self->lock);
}

void
queen_dbus_desk_set_outbox (QueenDBusDesk *self, QueenDBusOutbox *outbox)
{
  self->outbox = outbox;
}

/* Whose a caller is */

void
queen_dbus_desk_tell (QueenDBusDesk *self, const char *caller, const char *user)
{
  QueenDBusIdentity *identity = g_new0 (QueenDBusIdentity, 1);

  identity->caller = g_strdup (caller);
  identity->user = g_strdup (user);
  g_mutex_lock (&self->lock);
  if (!self->told)
    self->told = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_dbus_identity_free);
  g_ptr_array_add (self->told, identity);
  g_mutex_unlock (&self->lock);
}

static void
on_user_told (GObject *source, GAsyncResult *result, gpointer data)
{
  Question *question = data;
  g_autofree char *user = queen_dbus_user_ask_finish (source, result, NULL);

  queen_dbus_desk_tell (question->desk, question->caller, user);
  unref_desk (question->desk);
  g_free (question->caller);
  g_free (question);
}

static gboolean
on_asked (gpointer data)
{
  QueenDBusDesk *self = data;
  g_autoptr (GPtrArray) asked = NULL;

  g_mutex_lock (&self->lock);
  asked = g_steal_pointer (&self->asked);
  g_mutex_unlock (&self->lock);
  for (guint i = 0; self->outbox && i < asked->len; i++)
    {
      Question *question = g_new0 (Question, 1);

      question->desk = g_atomic_rc_box_acquire (self);
      question->caller = g_strdup (asked->pdata[i]);
      queen_dbus_user_ask (queen_dbus_outbox_get_connection (self->outbox), question->caller, NULL,
                           on_user_told, question);
    }
  return G_SOURCE_REMOVE;
}

void
queen_dbus_desk_ask (QueenDBusDesk *self, const char *caller)
{
  g_mutex_lock (&self->lock);
  if (!self->asked && self->context)
    {
      self->asked = g_ptr_array_new_with_free_func (g_free);
      attach_idle (self, G_PRIORITY_DEFAULT, on_asked, "whose callers are");
    }
  if (self->asked)
    g_ptr_array_add (self->asked, g_strdup (caller));
  g_mutex_unlock (&self->lock);
}

GPtrArray *
queen_dbus_desk_take_answers (QueenDBusDesk *self)
{
  GPtrArray *told;

  g_mutex_lock (&self->lock);
  told = g_steal_pointer (&self->told);
  g_mutex_unlock (&self->lock);
  return told;
}
