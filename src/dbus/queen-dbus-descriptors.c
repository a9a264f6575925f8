/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/queen-caps.h"
#include "net/queen-closer.h"

#define MAX_AT_ONCE 253 /* Linux: SCM_MAX_FD */

static void
take (QueenDBusArrival *arrival, const struct cmsghdr *header)
{
  gsize n = (header->cmsg_len - CMSG_LEN (0)) / sizeof (int);

  if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
    return;
  for (gsize i = 0; i < n; i++)
    {
      int fd;

      memcpy (&fd, CMSG_DATA (header) + i * sizeof fd, sizeof fd);
      if (arrival->n++ == 0 && !queen_caps_is_own (fd))
        arrival->fd = fd;
      else
        queen_closer_close (fd);
    }
}

gssize
queen_dbus_descriptors_receive (int socket, void *bytes, gsize most, QueenDBusArrival *arrival)
{
  union
  {
    char bytes[CMSG_SPACE (MAX_AT_ONCE * sizeof (int))];
    struct cmsghdr alignment;
  } control;
  struct iovec vector = { bytes, most };
  struct msghdr message = {
    .msg_iov = &vector,
    .msg_iovlen = 1,
    .msg_control = &control,
    .msg_controllen = sizeof control,
  };
  gssize n_bytes;

  *arrival = (QueenDBusArrival){ .fd = -1 };
  do
    n_bytes = recvmsg (socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n_bytes < 0 && errno == EINTR);
  if (n_bytes < 0)
    return n_bytes;
  for (struct cmsghdr *header = CMSG_FIRSTHDR (&message); header;
       header = CMSG_NXTHDR (&message, header))
    take (arrival, header);
  /* Some were lost: no place was free for them. */
  if (message.msg_flags & MSG_CTRUNC && arrival->n <= 1)
    arrival->n += 1;
  if (arrival->n > 1 && arrival->fd >= 0)
    {
      queen_closer_close (arrival->fd);
      arrival->fd = -1;
    }
  return n_bytes;
}
