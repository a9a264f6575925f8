/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "net/queen-closer.h"

#define MAX_ANSWER 4096 /* bytes in which the first event must begin */

struct _QueenProbe
{
  GPtrArray *addresses; /* of GSocketAddress */
  guint in_turn;        /* the index of the address that is probed */
  void (*on_answer) (gpointer);
  gpointer data;

  int fd;                        /* -1 between two probes */
  int spare_fd;                  /* keeps a descriptor free for the next one */
  struct sockaddr_storage local; /* the probe's own end */
  guint source_id;
  GString *answer;
  gboolean is_waiting;
};

static void
hang_up (QueenProbe *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  g_string_truncate (self->answer, 0);
  if (self->fd >= 0)
    close (g_steal_fd (&self->fd));
}

static void
keep_spare (QueenProbe *self)
{
  if (self->spare_fd < 0)
    self->spare_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The stream's first event; or, when the descriptors have run out, a refusal in words: what goes
 * through the accept loop then, and all that she can do. */
static gboolean
is_answered (QueenProbe *self)
{
  return strstr (self->answer->str, "\nevent: ") ||
         g_str_has_prefix (self->answer->str, "HTTP/1.1 503 ");
}

static void
end_successfully (QueenProbe *self)
{
  self->is_waiting = FALSE;
  self->in_turn = (self->in_turn + 1) % self->addresses->len;
  hang_up (self);
  self->on_answer (self->data);
  keep_spare (self);
}

static gboolean
on_readable (int fd, GIOCondition condition, gpointer data)
{
  QueenProbe *self = data;
  char buffer[1024];
  gssize n_bytes = recv (fd, buffer, sizeof buffer, 0);

  if (n_bytes < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  g_string_append_len (self->answer, buffer, MAX (n_bytes, 0));
  if (is_answered (self))
    end_successfully (self);
  else if (n_bytes <= 0 || self->answer->len > MAX_ANSWER)
    hang_up (self);
  return self->source_id != 0;
}

static gboolean
on_connected (int fd, GIOCondition condition, gpointer data)
{
  static const char request[] = "GET /v1/heartbeats/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
  QueenProbe *self = data;

  self->source_id = 0;
  if (send (fd, request, sizeof request - 1, MSG_NOSIGNAL) == sizeof request - 1)
    self->source_id = g_unix_fd_add (fd, G_IO_IN, on_readable, self);
  else
    hang_up (self);
  return G_SOURCE_REMOVE;
}

/* From the very address that it goes to: so it never leaves the machine, and fails at once when the
 * address is none of its own any more. */
static gboolean
connect_tcp (QueenProbe *self, const struct sockaddr_storage *target, socklen_t length)
{
  int yes = 1;

  self->local = *target;
  /* The port stands at the same place in both families' addresses. */
  ((struct sockaddr_in *) &self->local)->sin_port = 0;

  /* Only connecting chooses the port, and so may take one that is in use elsewhere. */
  setsockopt (self->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  return bind (self->fd, (struct sockaddr *) &self->local, length) == 0 &&
         (connect (self->fd, (const struct sockaddr *) target, length) == 0 ||
          errno == EINPROGRESS) &&
         getsockname (self->fd, (struct sockaddr *) &self->local, &length) == 0;
}

/* The system gives its end a name that nobody else has (unix(7), autobind). EAGAIN: so many wait to
 * be let in that there is no room; by TCP that would not show, either. */
static gboolean
connect_unix (QueenProbe *self, const struct sockaddr_storage *target, socklen_t length)
{
  self->local = (struct sockaddr_storage){ .ss_family = AF_UNIX };
  return bind (self->fd, (struct sockaddr *) &self->local, sizeof self->local.ss_family) == 0 &&
         getsockname (self->fd, (struct sockaddr *) &self->local,
                      &(socklen_t){ sizeof self->local }) == 0 &&
         (connect (self->fd, (const struct sockaddr *) target, length) == 0 || errno == EAGAIN);
}

static gboolean
begin_connecting (QueenProbe *self, GSocketAddress *address, GError **error)
{
  struct sockaddr_storage target = { 0 };
  socklen_t length = (socklen_t) g_socket_address_get_native_size (address);
  int code;

  if (!g_socket_address_to_native (address, &target, sizeof target, error))
    return FALSE;
  if (self->spare_fd >= 0)
    close (g_steal_fd (&self->spare_fd));
  self->fd = socket (target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (self->fd >= 0 &&
      (target.ss_family == AF_UNIX ? connect_unix : connect_tcp) (self, &target, length))
    return TRUE;

  code = errno;
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (code), g_strerror (code));
  return FALSE;
}

gboolean
queen_probe_send (QueenProbe *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  self->is_waiting = TRUE;
  for (guint i = 0; i < self->addresses->len; i++)
    {
      g_clear_error (&local_error);
      hang_up (self);
      if (begin_connecting (self, self->addresses->pdata[self->in_turn], &local_error))
        {
          self->source_id = g_unix_fd_add (self->fd, G_IO_OUT, on_connected, self);
          return TRUE;
        }
      self->in_turn = (self->in_turn + 1) % self->addresses->len;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
queen_probe_is_waiting (QueenProbe *self)
{
  return self->is_waiting;
}

/* See queen_closer_has_room_for_users(): as with full descriptors, it is not she who hangs. */
void
queen_probe_excuse (QueenProbe *self)
{
  GSocketAddress *target = self->addresses->pdata[self->in_turn];

  if (self->is_waiting && g_socket_address_get_family (target) == G_SOCKET_FAMILY_UNIX &&
      !queen_closer_has_room_for_users ())
    end_successfully (self);
}

char *
queen_probe_dup_target (QueenProbe *self)
{
  return g_socket_connectable_to_string (self->addresses->pdata[self->in_turn]);
}

static gboolean
is_same_end (const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
  const struct sockaddr_in *a4 = (const struct sockaddr_in *) a;
  const struct sockaddr_in *b4 = (const struct sockaddr_in *) b;

  /* The port stands at the same place in both families' addresses. */
  if (a->ss_family != b->ss_family || a4->sin_port != b4->sin_port)
    return FALSE;
  return a->ss_family == AF_INET
             ? a4->sin_addr.s_addr == b4->sin_addr.s_addr
             : IN6_ARE_ADDR_EQUAL (&((const struct sockaddr_in6 *) a)->sin6_addr,
                                   &((const struct sockaddr_in6 *) b)->sin6_addr);
}

/* The name is this end's alone in this network namespace, and the process anywhere else. */
static gboolean
is_own_unix (QueenProbe *self, int fd)
{
  struct sockaddr_storage name = { 0 };
  struct ucred peer = { 0 };

  return getpeername (fd, (struct sockaddr *) &name, &(socklen_t){ sizeof name }) == 0 &&
         memcmp (&name, &self->local, sizeof name) == 0 &&
         getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &(socklen_t){ sizeof peer }) == 0 &&
         peer.pid == getpid ();
}

gboolean
queen_probe_is_own (QueenProbe *self, int fd, const struct sockaddr_storage *address)
{
  struct sockaddr_storage target = { 0 }, accepted = { 0 };

  if (address->ss_family == AF_UNIX)
    return self->fd >= 0 && is_own_unix (self, fd);
  return self->fd >= 0 && is_same_end (address, &self->local) &&
         getpeername (self->fd, (struct sockaddr *) &target, &(socklen_t){ sizeof target }) == 0 &&
         getsockname (fd, (struct sockaddr *) &accepted, &(socklen_t){ sizeof accepted }) == 0 &&
         is_same_end (&target, &accepted);
}

QueenProbe *
queen_probe_new (GPtrArray *addresses, void (*on_answer) (gpointer), gpointer data)
{
  QueenProbe *self = g_new0 (QueenProbe, 1);

  self->addresses = g_ptr_array_ref (addresses);
  self->on_answer = on_answer;
  self->data = data;
  self->answer = g_string_new (NULL);
  self->fd = self->spare_fd = -1;
  keep_spare (self);
  return self;
}

void
queen_probe_free (QueenProbe *self)
{
  hang_up (self);
  if (self->spare_fd >= 0)
    close (self->spare_fd);
  g_string_free (self->answer, TRUE);
  g_ptr_array_unref (self->addresses);
  g_free (self);
}
