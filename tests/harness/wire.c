/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-client.h"

#define MAX_ENDS 64

typedef enum
{
  WIRE_WHOLE,
  WIRE_CUT,
  WIRE_HELD,
  WIRE_OVER,
} WireState;

/* The first two of what is polled are the eventfd and the listener; then come pairs. */
struct _Wire
{
  GThread *thread;
  GMutex mutex;
  GCond cond;
  WireState wanted;
  WireState state; /* that the thread has seen */
  int wake;
  guint16 port;
  guint16 target;
  struct pollfd ends[MAX_ENDS];
  guint n_ends;
  guint n_held;     /* of them, with what is before them; 0 for none */
  const char *word; /* NULL, or what is @other_word to who is at this end */
  const char *other_word;
};

static void
add_end (Wire *self, int fd)
{
  g_assert_cmpuint (self->n_ends, <, MAX_ENDS);
  self->ends[self->n_ends++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static void
accept_one (Wire *self)
{
  add_end (self, accept4 (self->ends[1].fd, NULL, NULL, SOCK_CLOEXEC));
  add_end (self, http_connect (self->target));
}

static void
end_pair (Wire *self, guint first)
{
  for (guint i = 0; i < 2; i++)
    {
      close (self->ends[first + i].fd);
      self->ends[first + i] = self->ends[self->n_ends - 2 + i];
    }
  self->n_ends -= 2;
}

static void
swap_word (Wire *self, char *bytes, gsize length)
{
  gsize n = strlen (self->word);
  char *at;

  while ((at = memmem (bytes, length, self->word, n)))
    memcpy (at, self->other_word, n);
}

/* Returns: %FALSE when one of both has hung up */
static gboolean
pass (Wire *self, guint from, guint to)
{
  char bytes[64 * 1024];
  gssize n;

  if (!self->ends[from].revents)
    return TRUE;
  n = recv (self->ends[from].fd, bytes, sizeof bytes, MSG_DONTWAIT);
  if (n > 0 && self->word && from > to)
    swap_word (self, bytes, (gsize) n);
  return n > 0 && http_send (self->ends[to].fd, bytes, n);
}

static WireState
see_what_is_wanted (Wire *self)
{
  guint64 n;

  if (self->ends[0].revents)
    g_assert_cmpint (read (self->wake, &n, sizeof n), ==, sizeof n);
  g_mutex_lock (&self->mutex);
  self->state = self->wanted;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  return self->state;
}

/* Those that there are now pass nothing while that lasts: poll() looks at no number below 0. */
static void
hold_ends (Wire *self, gboolean is_held)
{
  if (is_held == (self->n_held > 0))
    return;
  if (is_held)
    self->n_held = self->n_ends;
  for (guint i = 2; i < self->n_held; i++)
    self->ends[i].fd = ~self->ends[i].fd;
  if (!is_held)
    self->n_held = 0;
}

static gpointer
run_wire (gpointer data)
{
  Wire *self = data;
  WireState state = WIRE_WHOLE;

  while (state != WIRE_OVER)
    {
      poll (self->ends, state == WIRE_CUT ? 1 : self->n_ends, -1);
      state = see_what_is_wanted (self);
      hold_ends (self, state == WIRE_HELD);
      if (state != WIRE_WHOLE && state != WIRE_HELD)
        {
          for (guint i = 0; i < self->n_ends; i++)
            self->ends[i].revents = 0;
          continue;
        }
      for (guint i = self->n_ends; i > 2; i -= 2)
        if (!pass (self, i - 2, i - 1) || !pass (self, i - 1, i - 2))
          end_pair (self, i - 2);
      if (self->ends[1].revents)
        accept_one (self);
    }
  return NULL;
}

static void
want (Wire *self, WireState state)
{
  guint64 one = 1;

  g_mutex_lock (&self->mutex);
  self->wanted = state;
  g_assert_cmpint (write (self->wake, &one, sizeof one), ==, sizeof one);
  while (self->state != state)
    g_cond_wait (&self->cond, &self->mutex);
  g_mutex_unlock (&self->mutex);
}

Wire *
wire_new (guint16 port)
{
  Wire *self = g_new0 (Wire, 1);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, length), ==, 0);
  g_assert_cmpint (listen (listener, 16), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *) &address, &length), ==, 0);
  self->port = ntohs (address.sin_port);
  self->target = port;
  self->wake = eventfd (0, EFD_CLOEXEC);
  add_end (self, self->wake);
  add_end (self, listener);
  self->thread = g_thread_new ("wire", run_wire, self);
  return self;
}

void
wire_free (Wire *self)
{
  want (self, WIRE_OVER);
  g_thread_join (self->thread);
  for (guint i = 0; i < self->n_ends; i++)
    close (self->ends[i].fd);
  g_free (self);
}

guint16
wire_get_port (Wire *self)
{
  return self->port;
}

void
wire_cut (Wire *self)
{
  want (self, WIRE_CUT);
}

void
wire_hold (Wire *self)
{
  want (self, WIRE_HELD);
}

void
wire_mend (Wire *self)
{
  want (self, WIRE_WHOLE);
}

void
wire_swap_word (Wire *self, const char *word, const char *other)
{
  g_assert_cmpuint (strlen (word), ==, strlen (other));
  g_assert_cmpuint (self->n_ends, ==, 2);
  self->other_word = other;
  self->word = word;
}
