/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <glib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGERING_SOCKET_SEC 60

/* A connection with much to send, to one who reads nothing; to close it takes a minute.
 *
 * @peer: (out): the other end */
static inline int
lingering_socket_open (int *peer)
{
  static const struct linger linger = { 1, LINGERING_SOCKET_SEC };
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof address;
  g_autofree char *bytes = g_malloc0 (1024 * 1024);
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (listener, (struct sockaddr *) &address, size), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *) &address, &size), ==, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, size), ==, 0);
  *peer = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
  close (listener);
  while (send (fd, bytes, 1024 * 1024, MSG_DONTWAIT) > 0)
    ;
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), ==, 0);
  return fd;
}
