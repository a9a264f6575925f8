/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-socket-users.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMELESS 65534 /* the kernel's word for a user that has no number in this namespace */
#define MAX_STALE 8    /* answers to former questions that may have been left unread */

struct _QueenSocketUsers
{
  int netlink;      /* -1 when it may not be had */
  guint32 sequence; /* of the last question */
};

typedef struct
{
  struct nlmsghdr header;
  struct inet_diag_req_v2 request;
} Question;

typedef union
{
  struct nlmsghdr header;
  char bytes[1024];
} Answer;

/* The two ends of a connection, as seen from the other one. */

static gboolean
set_end (const struct sockaddr_storage *address, __be32 bytes[4], __be16 *port)
{
  const struct sockaddr_in *ipv4 = (const struct sockaddr_in *) address;
  const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *) address;

  if (address->ss_family == AF_INET)
    {
      bytes[0] = ipv4->sin_addr.s_addr;
      *port = ipv4->sin_port;
      return TRUE;
    }
  if (address->ss_family != AF_INET6)
    return FALSE;
  /* The other end of what looks like IPv6 here may be a socket of IPv4. */
  if (IN6_IS_ADDR_V4MAPPED (&ipv6->sin6_addr))
    memcpy (bytes, ipv6->sin6_addr.s6_addr + 12, 4);
  else
    memcpy (bytes, &ipv6->sin6_addr, 16);
  *port = ipv6->sin6_port;
  return TRUE;
}

static gboolean
is_ipv6 (const struct sockaddr_storage *address)
{
  return address->ss_family == AF_INET6 &&
         !IN6_IS_ADDR_V4MAPPED (&((const struct sockaddr_in6 *) address)->sin6_addr);
}

static Question
begin_question (guint32 sequence)
{
  return (Question){
    .header = { .nlmsg_len = sizeof (Question),
                .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                .nlmsg_flags = NLM_F_REQUEST,
                .nlmsg_seq = sequence },
    .request = { .sdiag_family = AF_INET,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = ~0u,
                 .id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } },
  };
}

static gboolean
write_question (QueenSocketUsers *self, int fd, Question *question)
{
  struct sockaddr_storage own = { 0 }, other = { 0 };
  struct inet_diag_sockid *id = &question->request.id;

  *question = begin_question (++self->sequence);
  if (getsockname (fd, (struct sockaddr *) &own, &(socklen_t){ sizeof own }) != 0 ||
      getpeername (fd, (struct sockaddr *) &other, &(socklen_t){ sizeof other }) != 0 ||
      !set_end (&other, id->idiag_src, &id->idiag_sport) ||
      !set_end (&own, id->idiag_dst, &id->idiag_dport))
    return FALSE;
  if (is_ipv6 (&own))
    {
      question->request.sdiag_family = AF_INET6;
      id->idiag_if = ((struct sockaddr_in6 *) &own)->sin6_scope_id; /* of a link-local address */
    }
  return TRUE;
}

/* The kernel answers before it returns from what asks it. Returns: (nullable): the answer */
static const struct inet_diag_msg *
ask_kernel (QueenSocketUsers *self, const Question *question, Answer *answer)
{
  if (send (self->netlink, question, sizeof *question, 0) != sizeof *question)
    return NULL;
  for (int i = 0; i < MAX_STALE; i++)
    {
      struct sockaddr_nl sender = { 0 };
      gssize n_bytes = recvfrom (self->netlink, answer, sizeof *answer, MSG_DONTWAIT,
                                 (struct sockaddr *) &sender, &(socklen_t){ sizeof sender });

      if (n_bytes < 0)
        return NULL;
      if (sender.nl_pid != 0 || !NLMSG_OK (&answer->header, (gsize) n_bytes) ||
          answer->header.nlmsg_seq != question->header.nlmsg_seq)
        continue;
      return answer->header.nlmsg_type == SOCK_DIAG_BY_FAMILY &&
                     answer->header.nlmsg_len >= NLMSG_LENGTH (sizeof (struct inet_diag_msg))
                 ? NLMSG_DATA (&answer->header)
                 : NULL;
    }
  return NULL;
}

/* A socket of IPv6 may be at the other end of IPv4. */
static gboolean
is_same_address (const struct inet_diag_msg *socket, const __be32 said[4], const __be32 asked[4])
{
  if (socket->idiag_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED ((const struct in6_addr *) said))
    return said[3] == asked[0] && asked[1] == 0 && asked[2] == 0 && asked[3] == 0;
  return memcmp (said, asked, 16) == 0;
}

/* The kernel may tell of another socket: one that listens at that port, or one that has just begun
 * to connect from there. And one that nobody holds any longer is said to be root's. */
static gboolean
is_held_end (const struct inet_diag_msg *socket, const struct inet_diag_sockid *id)
{
  return socket->idiag_inode != 0 &&
         (socket->idiag_state == TCP_ESTABLISHED || socket->idiag_state == TCP_FIN_WAIT1 ||
          socket->idiag_state == TCP_FIN_WAIT2) &&
         socket->id.idiag_sport == id->idiag_sport && socket->id.idiag_dport == id->idiag_dport &&
         is_same_address (socket, socket->id.idiag_src, id->idiag_src) &&
         is_same_address (socket, socket->id.idiag_dst, id->idiag_dst);
}

/* Once this end is reset, the other one's address and port may be somebody else's. */
static gboolean
is_connected (int fd)
{
  struct tcp_info info = { 0 };

  return getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &(socklen_t){ sizeof info }) == 0 &&
         (info.tcpi_state == TCP_ESTABLISHED || info.tcpi_state == TCP_CLOSE_WAIT);
}

static gboolean
lookup_tcp (QueenSocketUsers *self, int fd, uid_t *user)
{
  const struct inet_diag_msg *socket;
  Question question;
  Answer answer;

  if (self->netlink < 0 || !write_question (self, fd, &question))
    return FALSE;
  socket = ask_kernel (self, &question, &answer);
  if (!socket || !is_held_end (socket, &question.request.id) || !is_connected (fd))
    return FALSE;
  *user = socket->idiag_uid;
  return TRUE;
}

static gboolean
lookup_unix (int fd, uid_t *user)
{
  struct ucred credentials = { 0 };

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &(socklen_t){ sizeof credentials }) !=
      0)
    return FALSE;
  *user = credentials.uid;
  return *user != (uid_t) -1;
}

gboolean
queen_socket_users_lookup (QueenSocketUsers *self, int fd, uid_t *user)
{
  int family = AF_UNSPEC;

  if (getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &family, &(socklen_t){ sizeof family }) != 0)
    return FALSE;
  return (family == AF_UNIX ? lookup_unix (fd, user) : lookup_tcp (self, fd, user)) &&
         *user != NAMELESS;
}

QueenSocketUsers *
queen_socket_users_new (void)
{
  const Question nobody = begin_question (1);
  QueenSocketUsers *self = g_new0 (QueenSocketUsers, 1);
  Answer answer;

  self->sequence = 1;
  self->netlink = socket (AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (self->netlink < 0)
    g_warning ("which user connects by TCP cannot be found out, and so none of them is the "
               "queen's own: %s",
               g_strerror (errno));
  else
    ask_kernel (self, &nobody, &answer); /* so that the kernel loads what it needs for that now */
  return self;
}

void
queen_socket_users_free (QueenSocketUsers *self)
{
  if (self->netlink >= 0)
    close (self->netlink);
  g_free (self);
}
