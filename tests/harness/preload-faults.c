/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Socket calls that fail as the kernel's may. QUEEN_FAULTS lists what and how often: in
 * `sendmsg:short:3 recv:EINTR:7` each third sendmsg takes only some of its bytes, and each seventh
 * recv is interrupted. Where two rules meet in one call, the one that stands first counts. */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "preload-page.h"

#define MAX_RULES 16
#define MAX_DESCRIPTORS 4096
#define SHORT (-1)

static const struct
{
  const char *name;
  int number;
} faults[] = {
  { "short", SHORT },           { "EAGAIN", EAGAIN },
  { "EINTR", EINTR },           { "EPIPE", EPIPE },
  { "EMFILE", EMFILE },         { "ENOBUFS", ENOBUFS },
  { "ECONNRESET", ECONNRESET }, { "ECONNABORTED", ECONNABORTED },
};

typedef struct
{
  char function[16];
  int fault;
  unsigned every;
} Rule;

static Rule rules[MAX_RULES];
static unsigned n_rules;
static PreloadPage *page;

/* What each descriptor is watched for. The daemon asks to be told when something changes; after a
 * fault of ours nothing does, so it is told by our watching anew. */
static struct
{
  int epoll_fd;
  struct epoll_event event;
} watches[MAX_DESCRIPTORS];

__attribute__ ((constructor)) static void
start (void)
{
  const char *text = getenv ("QUEEN_FAULTS");
  char fault[16];
  int length;

  page = preload_page_map ();
  if (page == NULL || text == NULL)
    return;
  for (; n_rules < MAX_RULES && sscanf (text, " %15[^:]:%15[^:]:%u%n", rules[n_rules].function,
                                        fault, &rules[n_rules].every, &length) == 3;
       text += length, n_rules++)
    for (gsize i = 0; i < G_N_ELEMENTS (faults); i++)
      if (strcmp (fault, faults[i].name) == 0)
        rules[n_rules].fault = faults[i].number;
}

static int
is_tcp (int fd)
{
  int domain = AF_UNSPEC;
  socklen_t length = sizeof domain;

  getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &length);
  return domain == AF_INET || domain == AF_INET6;
}

static void
watch_anew (int fd)
{
  if (fd < MAX_DESCRIPTORS && watches[fd].epoll_fd > 0)
    syscall (SYS_epoll_ctl, watches[fd].epoll_fd, EPOLL_CTL_MOD, fd, &watches[fd].event);
}

/* Returns the fault for this call, the @n_calls-th of @function; 0 for none. */
static int
choose (const char *function, unsigned n_calls, int fd)
{
  if (page == NULL || !__atomic_load_n (&page->is_faulty, __ATOMIC_ACQUIRE) || !is_tcp (fd))
    return 0;
  for (unsigned i = 0; i < n_rules; i++)
    if (strcmp (rules[i].function, function) == 0 && n_calls % rules[i].every == 0)
      {
        __atomic_add_fetch (&page->n_faults, 1, __ATOMIC_RELEASE);
        watch_anew (fd);
        return rules[i].fault;
      }
  return 0;
}

static int
fail (int fault)
{
  errno = fault;
  return -1;
}

/* Some of the bytes, another share of them each time, and one at the least. */
static size_t
shorten (size_t size, unsigned n_calls)
{
  return size > 1 ? 1 + n_calls * 31u % (size - 1) : size;
}

int
epoll_ctl (int epoll_fd, int operation, int fd, struct epoll_event *event)
{
  if (fd < MAX_DESCRIPTORS)
    {
      watches[fd].epoll_fd = operation != EPOLL_CTL_DEL ? epoll_fd : 0;
      if (event != NULL)
        watches[fd].event = *event;
    }
  return (int) syscall (SYS_epoll_ctl, epoll_fd, operation, fd, event);
}

ssize_t
send (int fd, const void *bytes, size_t size, int flags)
{
  static unsigned n_calls;
  int fault = choose ("send", ++n_calls, fd);

  if (fault > 0)
    return fail (fault);
  return syscall (SYS_sendto, fd, bytes, fault == SHORT ? shorten (size, n_calls) : size, flags,
                  NULL, 0);
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  static unsigned n_calls;
  int fault = choose ("sendmsg", ++n_calls, fd);
  struct iovec vectors[IOV_MAX];
  struct msghdr less = *message;
  size_t size = 0;
  size_t left;

  if (fault > 0)
    return fail (fault);
  if (fault == 0 || message->msg_iovlen > IOV_MAX)
    return syscall (SYS_sendmsg, fd, message, flags);

  for (size_t i = 0; i < message->msg_iovlen; i++)
    size += message->msg_iov[i].iov_len;
  left = shorten (size, n_calls);
  less.msg_iov = vectors;
  for (less.msg_iovlen = 0; left > 0; less.msg_iovlen++)
    {
      vectors[less.msg_iovlen] = message->msg_iov[less.msg_iovlen];
      if (vectors[less.msg_iovlen].iov_len > left)
        vectors[less.msg_iovlen].iov_len = left;
      left -= vectors[less.msg_iovlen].iov_len;
    }
  return syscall (SYS_sendmsg, fd, &less, flags);
}

ssize_t
recv (int fd, void *bytes, size_t size, int flags)
{
  static unsigned n_calls;
  int fault = choose ("recv", ++n_calls, fd);

  if (fault > 0)
    return fail (fault);
  return syscall (SYS_recvfrom, fd, bytes, fault == SHORT ? 1 : size, flags, NULL, NULL);
}

int
accept4 (int fd, struct sockaddr *address, socklen_t *length, int flags)
{
  static unsigned n_calls;
  int fault = choose ("accept4", ++n_calls, fd);

  if (fault > 0)
    return fail (fault);
  return (int) syscall (SYS_accept4, fd, address, length, flags);
}
