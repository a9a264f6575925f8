/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-turns.h"

#include <linux/sockios.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib-unix.h>

#include "net/queen-closer.h"
#include "text/queen-hash.h"

/* Calls that GDBus has, and that are perhaps not done. They take some ms. */
#define MAX_OUT 64

/* Bytes of answers. A bus takes as little at once of hers as of everybody's, so that what she says
 * to those who call on and on must not pile up before what the others hear. */
#define MAX_UNREAD (32 * 1024)

#define OVERHEAD 256 /* bytes of memory for a call besides itself */

/* Half of the room is for the first call of each caller who has none here, as who calls on and on
 * by ever new connections leaves nothing of the rest. And they go first, so that who calls once in
 * a while need not wait; but for every few of them one of the others has its turn. */
#define FIRST_IN_A_ROW 3

/* Large calls leave half of the room to small ones, as nearly all are; and who fills it with large
 * ones does not know what is left. */
#define LARGE 4096

typedef struct
{
  GBytes *bytes;
  QueenDBusArrival arrival;
} Call;

/* Those of one caller. */
typedef struct
{
  char *caller;
  GQueue calls; /* of Call; at least one */
  gsize size;   /* bytes of them, with what is needed besides */
} Lane;

/* What the other thread shares. */
typedef struct
{
  GMutex lock; /* of what follows */
  GMainContext *context;
  guint n_out;         /* calls taken, and perhaps not done */
  gboolean is_watched; /* whether they are */
  gboolean is_awaited; /* that they are */
  GSocket *socket;
  QueenDBusOutbox *outbox; /* of that thread's; NULL for none */
  int wake;                /* an eventfd, for that; -1 when there is none to be had */
} Desk;

struct _QueenDBusTurns
{
  Desk *desk;
  gsize room;
  gsize size;          /* of all lanes */
  GHashTable *lanes;   /* the caller -> Lane */
  GHashTable *former;  /* names of those who had one in the former age */
  GHashTable *present; /* and in this one */
  guint age;           /* lanes that are opened in one */
  guint n_of_age;      /* and have been in this one */
  GQueue first;        /* of Lane: who is known, or has had no turn yet */
  GQueue others;       /* and the others; of both, who waits for the longest is first */
  guint n_in_a_row;    /* turns of the former since one of the latter */
  guint n_descriptors; /* in them */
};

/* The other thread */

static void
clear_desk (gpointer data)
{
  Desk *desk = data;

  g_clear_pointer (&desk->context, g_main_context_unref);
  g_object_unref (desk->socket);
  g_mutex_clear (&desk->lock);
  if (desk->wake >= 0)
    close (desk->wake);
}

static void
unref_desk (gpointer desk)
{
  g_atomic_rc_box_release_full (desk, clear_desk);
}

static void
begin_turn (gpointer data)
{
  Desk *desk = data;

  g_mutex_lock (&desk->lock);
  desk->n_out = 0;
  desk->is_watched = FALSE;
  if (desk->is_awaited)
    eventfd_write (desk->wake, 1);
  desk->is_awaited = FALSE;
  g_mutex_unlock (&desk->lock);
}

static gboolean
is_unread (Desk *desk)
{
  int n_bytes = 0;

  return ioctl (g_socket_get_fd (desk->socket), SIOCOUTQ, &n_bytes) == 0 && n_bytes > MAX_UNREAD;
}

static gboolean
on_calls_done (gpointer data)
{
  Desk *desk = data;

  if (desk->outbox && is_unread (desk))
    queen_dbus_outbox_await (desk->outbox, begin_turn, desk);
  else
    begin_turn (desk);
  return G_SOURCE_REMOVE;
}

/* GDBus dispatches calls at a higher priority. */
static void
watch_calls (Desk *desk)
{
  GSource *source = g_idle_source_new ();

  g_source_set_callback (source, on_calls_done, g_atomic_rc_box_acquire (desk), unref_desk);
  g_source_set_static_name (source, "turns");
  g_source_attach (source, desk->context);
  g_source_unref (source);
}

static void
count_out (Desk *desk)
{
  gboolean must_watch;

  g_mutex_lock (&desk->lock);
  desk->n_out++;
  must_watch = !desk->is_watched;
  desk->is_watched = TRUE;
  g_mutex_unlock (&desk->lock);
  if (must_watch)
    watch_calls (desk);
}

static gboolean
is_free (Desk *desk)
{
  gboolean is_free;

  g_mutex_lock (&desk->lock);
  is_free = desk->context && (desk->n_out < MAX_OUT || desk->wake < 0);
  g_mutex_unlock (&desk->lock);
  return is_free;
}

static Desk *
new_desk (GSocket *socket)
{
  Desk *desk = g_atomic_rc_box_new0 (Desk);

  g_mutex_init (&desk->lock);
  desk->socket = g_object_ref (socket);
  desk->wake = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
  return desk;
}

/* Lanes */

static void
free_call (gpointer data)
{
  Call *call = data;

  if (call->arrival.fd >= 0)
    queen_closer_close (call->arrival.fd);
  g_clear_pointer (&call->bytes, g_bytes_unref);
  g_free (call);
}

static void
free_lane (gpointer data)
{
  Lane *lane = data;

  g_queue_clear_full (&lane->calls, free_call);
  g_free (lane->caller);
  g_free (lane);
}

static GHashTable *
new_names (void)
{
  return g_hash_table_new_full (queen_string_hash, g_str_equal, g_free, NULL);
}

static gboolean
is_known (QueenDBusTurns *self, const char *caller)
{
  return g_hash_table_contains (self->former, caller);
}

static void
remember (QueenDBusTurns *self, const char *caller)
{
  if (g_hash_table_contains (self->present, caller))
    return;
  if (++self->n_of_age > self->age)
    {
      g_hash_table_unref (self->former);
      self->former = self->present;
      self->present = new_names ();
      self->n_of_age = 1;
    }
  g_hash_table_add (self->present, g_strdup (caller));
}

static Lane *
open_lane (QueenDBusTurns *self, const char *caller)
{
  Lane *lane = g_hash_table_lookup (self->lanes, caller);

  if (lane)
    return lane;
  lane = g_new0 (Lane, 1);
  lane->caller = g_strdup (caller);
  g_hash_table_insert (self->lanes, lane->caller, lane);
  g_queue_push_tail (&self->first, lane);
  remember (self, caller);
  return lane;
}

static void
resize (QueenDBusTurns *self, Lane *lane, gsize less, gsize more)
{
  lane->size += more - less;
  self->size += more - less;
}

QueenDBusTurns *
queen_dbus_turns_new (gsize room, guint age, GSocket *socket)
{
  QueenDBusTurns *self = g_new0 (QueenDBusTurns, 1);

  self->desk = new_desk (socket);
  self->room = room;
  self->age = age;
  self->former = new_names ();
  self->present = new_names ();
  self->lanes = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL, free_lane);
  return self;
}

void
queen_dbus_turns_begin (QueenDBusTurns *self)
{
  Desk *desk = self->desk;

  g_mutex_lock (&desk->lock);
  if (!desk->context)
    desk->context = g_main_context_ref_thread_default ();
  g_mutex_unlock (&desk->lock);
}

void
queen_dbus_turns_set_outbox (QueenDBusTurns *self, QueenDBusOutbox *outbox)
{
  self->desk->outbox = outbox;
}

/* To who is known, and so stays on the bus, half is left of what nobody else may take but for a
 * first call.
 *
 * Returns: what may be taken when the call has come in */
static gsize
get_room (QueenDBusTurns *self, const char *caller, gboolean is_first, gsize size)
{
  if (size > LARGE)
    return self->room / 2;
  if (is_first)
    return self->room;
  return is_known (self, caller) ? self->room / 4 * 3 : self->room / 2;
}

gboolean
queen_dbus_turns_has_room (QueenDBusTurns *self, const char *caller, gsize size)
{
  const Lane *lane = g_hash_table_lookup (self->lanes, caller);
  gsize of_caller = (lane ? lane->size : 0) + size + OVERHEAD;
  gsize room = get_room (self, caller, lane == NULL, size);

  return self->size < room && of_caller <= room - self->size;
}

void
queen_dbus_turns_put (QueenDBusTurns *self,
                      const char *caller,
                      GBytes *bytes,
                      const QueenDBusArrival *arrival)
{
  Lane *lane = open_lane (self, caller);
  Call *call = g_new0 (Call, 1);

  call->bytes = bytes;
  call->arrival = *arrival;
  self->n_descriptors += arrival->fd >= 0;
  g_queue_push_tail (&lane->calls, call);
  resize (self, lane, 0, g_bytes_get_size (bytes) + OVERHEAD);
}

guint
queen_dbus_turns_get_n_descriptors (QueenDBusTurns *self)
{
  return self->n_descriptors;
}

gboolean
queen_dbus_turns_has_next (QueenDBusTurns *self)
{
  return g_hash_table_size (self->lanes) > 0 && is_free (self->desk);
}

static Lane *
choose_lane (QueenDBusTurns *self)
{
  gboolean is_others =
      self->first.length == 0 || (self->others.length > 0 && self->n_in_a_row >= FIRST_IN_A_ROW);

  self->n_in_a_row = is_others ? 0 : self->n_in_a_row + 1;
  return g_queue_pop_head (is_others ? &self->others : &self->first);
}

GBytes *
queen_dbus_turns_take_next (QueenDBusTurns *self, QueenDBusArrival *arrival)
{
  Lane *lane = choose_lane (self);
  Call *call = g_queue_pop_head (&lane->calls);
  GBytes *bytes = g_steal_pointer (&call->bytes);

  *arrival = call->arrival;
  self->n_descriptors -= arrival->fd >= 0;
  g_free (call);
  resize (self, lane, g_bytes_get_size (bytes) + OVERHEAD, 0);
  if (lane->calls.length > 0)
    g_queue_push_tail (is_known (self, lane->caller) ? &self->first : &self->others, lane);
  else
    g_hash_table_remove (self->lanes, lane->caller);
  count_out (self->desk);
  return bytes;
}

GSource *
queen_dbus_turns_create_source (QueenDBusTurns *self)
{
  Desk *desk = self->desk;
  eventfd_t n;

  if (g_hash_table_size (self->lanes) == 0 || desk->wake < 0)
    return NULL;
  g_mutex_lock (&desk->lock);
  eventfd_read (desk->wake, &n);
  desk->is_awaited = desk->n_out >= MAX_OUT;
  if (!desk->is_awaited)
    eventfd_write (desk->wake, 1);
  g_mutex_unlock (&desk->lock);
  return g_unix_fd_source_new (desk->wake, G_IO_IN);
}

void
queen_dbus_turns_free (QueenDBusTurns *self)
{
  g_queue_clear (&self->first);
  g_queue_clear (&self->others);
  g_hash_table_unref (self->lanes);
  g_hash_table_unref (self->former);
  g_hash_table_unref (self->present);
  unref_desk (self->desk);
  g_free (self);
}
