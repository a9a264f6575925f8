/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "visitors.h"

#include "http-client.h"
#include "own-network.h"
#include "queen-process.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define N_ADDRESSES 32 /* a connection keeps its port busy for a while after its end */

typedef struct
{
  const Visit *visit;
  gsize n_sent;
  gboolean has_answer;
  int fd;
} Visitor;

typedef struct
{
  const struct sockaddr *address;
  socklen_t length;
  const Visit *visits;
  gsize n_visits;
  guint64 n_begun;
  int epoll_fd;
} Crowd;

static gboolean
is_passing (int code)
{
  return code == EAGAIN || code == EINPROGRESS || code == EINTR;
}

static void
choose_own_address (const Crowd *crowd, const Visitor *visitor)
{
  guint32 first = own_network_is_entered () ? 0x0a000001 : INADDR_LOOPBACK + 1;
  struct sockaddr_in own = { .sin_family = AF_INET,
                             .sin_addr = { htonl (first + crowd->n_begun % N_ADDRESSES) } };
  int yes = 1;

  setsockopt (visitor->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  g_assert_cmpint (bind (visitor->fd, (struct sockaddr *) &own, sizeof own), ==, 0);
}

static void
begin (Crowd *crowd, Visitor *visitor)
{
  struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                               .data.ptr = visitor };
  int family = crowd->address->sa_family;

  *visitor = (Visitor){ .visit = &crowd->visits[crowd->n_begun % crowd->n_visits] };
  visitor->fd = socket (family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  g_assert_cmpint (visitor->fd, >=, 0);
  if (family == AF_INET)
    choose_own_address (crowd, visitor);
  crowd->n_begun++;
  if (connect (visitor->fd, crowd->address, crowd->length) != 0 && !is_passing (errno))
    g_error ("connect: %s", g_strerror (errno));
  g_assert_cmpint (epoll_ctl (crowd->epoll_fd, EPOLL_CTL_ADD, visitor->fd, &event), ==, 0);
}

static void
hang_up (Visitor *visitor)
{
  VisitEnd end = visitor->visit->end;

  if (end == VISIT_RESET || end == VISIT_READ_RESET)
    setsockopt (visitor->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
                sizeof (struct linger));
  close (visitor->fd);
}

/* Returns whether all is sent, or nobody takes it any more. */
static gboolean
send_request (Visitor *visitor)
{
  const Visit *visit = visitor->visit;
  gsize length = visit->length > 0 ? visit->length : strlen (visit->request);

  while (visitor->n_sent < length)
    {
      gssize n = send (visitor->fd, visit->request + visitor->n_sent, length - visitor->n_sent,
                       MSG_NOSIGNAL);

      if (n < 0)
        return !is_passing (errno);
      visitor->n_sent += (gsize) n;
    }
  return TRUE;
}

static void
check_answer (Visitor *visitor, const char *bytes)
{
  guint status;

  if (visitor->has_answer)
    return;
  visitor->has_answer = TRUE;
  status = (guint) g_ascii_strtoull (bytes + strlen ("HTTP/1.1 "), NULL, 10);
  if ((!g_str_has_prefix (bytes, "HTTP/1.1 ") && !g_str_has_prefix (bytes, "HTTP/1.0 ")) ||
      (visitor->visit->status != 0 && status != visitor->visit->status))
    g_error ("%s was answered with %.60s", visitor->visit->request, bytes);
}

/* Returns whether there is nothing more to come, or to be waited for. */
static gboolean
read_answer (Visitor *visitor)
{
  char bytes[16384];
  gssize n;

  while ((n = recv (visitor->fd, bytes, sizeof bytes - 1, 0)) > 0)
    {
      bytes[n] = '\0';
      check_answer (visitor, bytes);
      if (http_is_kept_open (bytes))
        shutdown (visitor->fd, SHUT_WR);
      if (visitor->visit->end != VISIT_READ)
        return TRUE;
    }
  if (n < 0 && is_passing (errno))
    return FALSE;
  if (!visitor->has_answer && visitor->visit->status != 0)
    g_error ("%s was not answered: %s", visitor->visit->request,
             n < 0 ? g_strerror (errno) : "closed");
  return TRUE;
}

static gboolean
is_through (Visitor *visitor)
{
  VisitEnd end = visitor->visit->end;

  if (!send_request (visitor))
    return FALSE;
  return end == VISIT_CLOSE || end == VISIT_RESET || read_answer (visitor);
}

static void
send_crowd (Crowd *crowd, guint64 count, guint n_at_once)
{
  g_autofree Visitor *visitors = g_new0 (Visitor, n_at_once);
  guint n_open = 0;

  crowd->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  for (; n_open < n_at_once && n_open < count; n_open++)
    begin (crowd, &visitors[n_open]);
  while (n_open > 0)
    {
      struct epoll_event events[64];
      int n =
          epoll_wait (crowd->epoll_fd, events, G_N_ELEMENTS (events), queen_test_get_deadline ());

      if (n == 0)
        g_error ("the daemon leaves %u visitors standing", n_open);
      for (int i = 0; i < n; i++)
        {
          Visitor *visitor = events[i].data.ptr;

          if (!is_through (visitor))
            continue;
          hang_up (visitor);
          if (crowd->n_begun < count)
            begin (crowd, visitor);
          else
            n_open--;
        }
    }
  close (crowd->epoll_fd);
}

void
visitors_send (guint16 port, const Visit *visits, gsize n_visits, guint64 count, guint n_at_once)
{
  const struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons (port),
                                       .sin_addr = { htonl (INADDR_LOOPBACK) } };
  Crowd crowd = { .address = (const struct sockaddr *) &address,
                  .length = sizeof address,
                  .visits = visits,
                  .n_visits = n_visits };

  send_crowd (&crowd, count, n_at_once);
}

void
visitors_send_unix (
    const char *path, const Visit *visits, gsize n_visits, guint64 count, guint n_at_once)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  Crowd crowd = { .address = (const struct sockaddr *) &address,
                  .length = sizeof address,
                  .visits = visits,
                  .n_visits = n_visits };

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  send_crowd (&crowd, count, n_at_once);
}

static char *
make_heartbeat (guint number)
{
  g_autofree char *json =
      g_strdup_printf ("{\"worker\":{\"id\":\"worker-%07u\",\"status\":\"ready\","
                       "\"model_id\":\"meta-llama/Llama-2-7b\",\"device\":\"GPU-0\"}}",
                       number);

  return g_strdup_printf ("POST /v1/worker-heartbeat HTTP/1.1\r\nHost: localhost\r\n"
                          "Content-Type: application/json\r\n"
                          "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                          strlen (json), json);
}

void
visitors_register_workers (guint16 port, guint first, guint count)
{
  g_autoptr (GPtrArray) requests = g_ptr_array_new_with_free_func (g_free);
  g_autofree Visit *visits = g_new0 (Visit, count);

  for (guint i = 0; i < count; i++)
    {
      g_ptr_array_add (requests, make_heartbeat (first + i));
      visits[i] = (Visit){ requests->pdata[i], VISIT_READ, 200, 0 };
    }
  visitors_send (port, visits, count, count, 64);
}

pid_t
visitors_fork_subscribers (guint16 port, guint count)
{
  pid_t pid = fork ();

  if (pid != 0)
    return pid;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  for (guint i = 0; i < count; i++)
    http_send (http_connect (port), VISITORS_SUBSCRIPTION, -1);
  for (;;)
    pause ();
}
