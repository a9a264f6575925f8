/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The floor: what a hub of server-sent events costs when it does nothing but the system calls. One
 * thread, one epoll descriptor, one send for each event and subscriber. It takes its clients' word
 * for everything and wants each request whole in one segment, as bench-load sends it; a subscriber
 * that cannot take an event is cut off. So it is no server for anything else. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 65536
#define MAX_READY 256

static int epoll_fd;
static int listening_fd;
static int subscribers[MAX_CLIENTS];
static int n_subscribers;
static int positions[MAX_CLIENTS]; /* of a descriptor among the subscribers, from 1; 0 for none */
static unsigned long n_events;

static void
drop (int fd)
{
  if (positions[fd] > 0)
    {
      int last = subscribers[--n_subscribers];

      subscribers[positions[fd] - 1] = last;
      positions[last] = positions[fd];
      positions[fd] = 0;
    }
  close (fd);
}

static void
subscribe (int fd)
{
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                             "Cache-Control: no-cache\r\nConnection: close\r\n\r\nretry: 2000\n\n";

  subscribers[n_subscribers++] = fd;
  positions[fd] = n_subscribers;
  send (fd, head, sizeof head - 1, MSG_NOSIGNAL);
}

/* Backwards, as dropping one puts the last in its place. */
static void
publish (const char *frame, size_t length)
{
  for (int i = n_subscribers - 1; i >= 0; i--)
    if (send (subscribers[i], frame, length, MSG_NOSIGNAL) != (ssize_t) length)
      drop (subscribers[i]);
}

/* The member's value, and its length up to the byte that ends it. */
static const char *
scan (const char *body, const char *member, char end, int *length)
{
  const char *value = strstr (body, member);
  const char *stop = value ? strchr (value += strlen (member), end) : NULL;

  *length = stop ? (int) (stop - value) : 0;
  return stop ? value : NULL;
}

static void
take_heartbeat (int fd, const char *body, bool is_last)
{
  int id_length, status_length, time_length, length;
  const char *id = scan (body, "\"id\":\"", '"', &id_length);
  const char *status = scan (body, "\"status\":\"", '"', &status_length);
  const char *time = scan (body, "\"timestamp\":\"", 'Z', &time_length);
  char frame[1024], message[256], answer[1024];

  if (!id || !status || !time || id_length + status_length + time_length > 200)
    {
      drop (fd);
      return;
    }
  length = snprintf (frame, sizeof frame,
                     "id: 19a1c0de2f7-%lu\nevent: heartbeat\ndata: {\"type\":\"worker\","
                     "\"worker_id\":\"%.*s\",\"status\":\"%.*s\",\"timestamp\":\"%.*s+00:00\"}\n\n",
                     ++n_events, id_length, id, status_length, status, time_length, time);
  publish (frame, (size_t) length);

  length = snprintf (message, sizeof message,
                     "{\"status\":\"ok\",\"message\":\"Heartbeat received from worker %.*s\"}",
                     id_length, id);
  length = snprintf (answer, sizeof answer,
                     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                     "Connection: %s\r\n\r\n%s",
                     length, is_last ? "close" : "keep-alive", message);
  send (fd, answer, (size_t) length, MSG_NOSIGNAL);
  if (is_last)
    drop (fd);
}

static void
read_client (int fd)
{
  static char request[65536];
  ssize_t length = recv (fd, request, sizeof request - 1, 0);
  const char *body;

  if (length < 0 && errno == EAGAIN)
    return;
  if (length <= 0)
    {
      drop (fd);
      return;
    }
  if (positions[fd] > 0)
    return;
  request[length] = '\0';
  body = strstr (request, "\r\n\r\n");
  if (body && strncmp (request, "GET /v1/heartbeats/stream ", 26) == 0)
    subscribe (fd);
  else if (body && strncmp (request, "POST /v1/worker-heartbeat ", 26) == 0)
    take_heartbeat (fd, body, strstr (request, "\r\nConnection: close\r\n") != NULL);
  else
    drop (fd);
}

static void
accept_all (void)
{
  int fd;

  while ((fd = accept4 (listening_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

      if (fd >= MAX_CLIENTS || epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        close (fd);
      else
        read_client (fd); /* the request is mostly there already */
    }
}

static bool
listen_on_loopback (void)
{
  struct sockaddr_in address = { AF_INET, 0, { htonl (INADDR_LOOPBACK) }, { 0 } };
  socklen_t length = sizeof address;
  struct epoll_event event = { .events = EPOLLIN };
  const int one = 1;

  epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
  event.data.fd = listening_fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (setsockopt (listening_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0 ||
      bind (listening_fd, (struct sockaddr *) &address, sizeof address) < 0 ||
      listen (listening_fd, 4096) < 0 ||
      getsockname (listening_fd, (struct sockaddr *) &address, &length) < 0 ||
      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, listening_fd, &event) < 0)
    return false;
  fprintf (stderr, "bench-floor: ready on http://127.0.0.1:%d\n", ntohs (address.sin_port));
  return true;
}

int
main (void)
{
  struct rlimit limit;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  if (!listen_on_loopback ())
    {
      perror ("bench-floor");
      return EXIT_FAILURE;
    }
  for (;;)
    {
      struct epoll_event events[MAX_READY];
      int n = epoll_wait (epoll_fd, events, MAX_READY, -1);

      for (int i = 0; i < n; i++)
        if (events[i].data.fd == listening_fd)
          accept_all ();
        else
          read_client (events[i].data.fd);
    }
}
