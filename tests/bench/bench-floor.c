/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* The floor: what a hub of server-sent events costs when it does nothing but the system calls. One
 * thread, one epoll descriptor, one send for each event and subscriber. It takes its clients' word
 * for everything, so it is no server for anything else. */

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

static int
make_frame (char *frame, size_t size, const char *id, const char *time)
{
  return snprintf (frame, size,
                   "id: 19a1c0de2f7-%lu\nevent: heartbeat\ndata: {\"type\":\"worker\","
                   "\"worker_id\":\"%.*s\",\"status\":\"Ready\",\"timestamp\":\"%.*s+00:00\"}\n\n",
                   ++n_events, (int) strcspn (id, "\""), id, (int) strcspn (time, "Z"), time);
}

static void
take_heartbeat (int fd, const char *request)
{
  static const char answer[]
      = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 61\r\n"
        "Connection: close\r\n\r\n"
        "{\"status\":\"ok\",\"message\":\"Heartbeat received from worker ok\"}";
  const char *id = strstr (request, "\"id\":\"");
  const char *time = strstr (request, "\"timestamp\":\"");
  char frame[1024];
  int length;

  if (id && time)
    {
      length = make_frame (frame, sizeof frame, id + strlen ("\"id\":\""),
                           time + strlen ("\"timestamp\":\""));
      for (int i = 0; i < n_subscribers; i++)
        send (subscribers[i], frame, (size_t) length, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
  send (fd, answer, sizeof answer - 1, MSG_NOSIGNAL);
  close (fd);
}

static void
read_client (int fd)
{
  static char request[65536];
  ssize_t length = recv (fd, request, sizeof request - 1, 0);

  if (length <= 0)
    {
      drop (fd);
      return;
    }
  if (positions[fd] > 0)
    return;
  request[length] = '\0';
  if (strncmp (request, "GET ", 4) == 0)
    subscribe (fd);
  else
    take_heartbeat (fd, request);
}

static void
accept_all (void)
{
  int fd;

  while ((fd = accept4 (listening_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
    {
      struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

      epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

int
main (void)
{
  struct sockaddr_in address = { AF_INET, 0, { htonl (INADDR_LOOPBACK) }, { 0 } };
  socklen_t length = sizeof address;
  struct epoll_event event = { .events = EPOLLIN };
  struct rlimit limit;
  int one = 1;

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);

  listening_fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt (listening_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (bind (listening_fd, (struct sockaddr *) &address, sizeof address) < 0 ||
      listen (listening_fd, 4096) < 0)
    return perror ("bench-floor"), EXIT_FAILURE;
  getsockname (listening_fd, (struct sockaddr *) &address, &length);
  fprintf (stderr, "ready on http://127.0.0.1:%d\n", ntohs (address.sin_port));

  epoll_fd = epoll_create1 (0);
  event.data.fd = listening_fd;
  epoll_ctl (epoll_fd, EPOLL_CTL_ADD, listening_fd, &event);
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
