/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <errno.h>
#include <gio/gio.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "queen-socket-table.h"

#define PART_SIZE                                                                                  \
  (32 * 1024) /* NLMSG_GOODSIZE is 8 KiB, and larger parts come where there is room */

/* What is going on with one answer. */
typedef enum
{
  DUMP_GOES_ON,
  DUMP_IS_DONE,
  DUMP_FAILED, /* errno */
} Progress;

typedef struct
{
  int netlink;
  guint32 sequence;
  guint8 state;
  const guint16 *ports;
  guint n_ports;
  QueenSocketRowFunc func;
  gpointer data;
  gboolean is_wanted; /* what func said last */
} Dump;

/* One step of the filter that the kernel runs for each socket: inet_diag_bc_run (). What it
 * compares with is a struct inet_diag_hostcond that has no address. */
typedef struct
{
  struct inet_diag_bc_op compare;
  struct
  {
    guint8 family;
    guint8 prefix_length;
    int port;
  } with;
  struct inet_diag_bc_op leave;
} Step;

G_STATIC_ASSERT (sizeof (((Step *) NULL)->with) == sizeof (struct inet_diag_hostcond));

typedef struct
{
  struct nlmsghdr header;
  struct inet_diag_req_v2 request;
  struct nlattr attribute;
  Step steps[QUEEN_SOCKET_DUMP_PORTS_MAX];
} Question;

/* The port is this one: to the end, which is a yes. It is not: the next one, and past the end after
 * the last, which is a no. */
static void
write_filter (const Dump *dump, Question *question)
{
  const gsize whole = dump->n_ports * sizeof (Step);

  question->attribute.nla_type = INET_DIAG_REQ_BYTECODE;
  question->attribute.nla_len = (guint16) (sizeof question->attribute + whole);
  for (guint i = 0; i < dump->n_ports; i++)
    {
      const gsize left = whole - i * sizeof (Step);
      const gsize until_leave = G_STRUCT_OFFSET (Step, leave);
      const gboolean is_last = i == dump->n_ports - 1;

      question->steps[i] = (Step){
        .compare = { .code = INET_DIAG_BC_S_COND,
                     .yes = (guint8) until_leave,
                     .no = (guint16) (sizeof (Step) +
                                      (is_last ? sizeof (struct inet_diag_bc_op) : 0)) },
        .with = { .family = AF_UNSPEC, .port = dump->ports[i] },
        .leave = { .code = INET_DIAG_BC_JMP,
                   .yes = sizeof (struct inet_diag_bc_op),
                   .no = (guint16) (left - until_leave) },
      };
    }
}

static gboolean
send_question (const Dump *dump, guint8 family)
{
  gsize length = G_STRUCT_OFFSET (Question, attribute);
  Question question = {
    .header = { .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                .nlmsg_seq = dump->sequence },
    .request = { .sdiag_family = family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = 1u << dump->state },
  };

  if (dump->n_ports > 0)
    {
      write_filter (dump, &question);
      length += question.attribute.nla_len;
    }
  question.header.nlmsg_len = (guint32) length;
  return send (dump->netlink, &question, length, 0) == (gssize) length;
}

static void
show_socket (Dump *dump, const struct inet_diag_msg *socket)
{
  QueenSocketRow row = {
    .family = socket->idiag_family,
    .state = socket->idiag_state,
    .port = g_ntohs (socket->id.idiag_sport),
    .n_unread = socket->idiag_rqueue,
    .n_unsent = socket->idiag_wqueue,
    .uid = socket->idiag_uid,
    .inode = socket->idiag_inode,
  };

  memcpy (&row.address, socket->id.idiag_src, sizeof row.address);
  dump->is_wanted = dump->func (&row, dump->data);
}

static Progress
take_message (Dump *dump, const struct nlmsghdr *header)
{
  const struct nlmsgerr *failure = NLMSG_DATA (header);

  if (header->nlmsg_seq != dump->sequence)
    return DUMP_GOES_ON; /* what an earlier question left */
  if (header->nlmsg_type == NLMSG_DONE)
    return DUMP_IS_DONE;
  if (header->nlmsg_type == NLMSG_ERROR)
    {
      errno = header->nlmsg_len >= NLMSG_LENGTH (sizeof *failure) ? -failure->error : EPROTO;
      return DUMP_FAILED;
    }
  if (header->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
      header->nlmsg_len >= NLMSG_LENGTH (sizeof (struct inet_diag_msg)))
    show_socket (dump, NLMSG_DATA (header));
  return dump->is_wanted ? DUMP_GOES_ON : DUMP_IS_DONE;
}

static Progress
take_part (Dump *dump, const char *part, gsize length)
{
  const struct nlmsghdr *header = (const struct nlmsghdr *) part;
  Progress progress = DUMP_GOES_ON;

  while (progress == DUMP_GOES_ON && NLMSG_OK (header, length))
    {
      progress = take_message (dump, header);
      header = NLMSG_NEXT (header, length);
    }
  return progress;
}

/* Each part is made when the one before it is read, so there is always one until the last. */
static gboolean
read_answer (Dump *dump)
{
  g_autofree char *part = g_malloc (PART_SIZE);
  Progress progress = DUMP_GOES_ON;

  while (progress == DUMP_GOES_ON)
    {
      struct sockaddr_nl sender = { 0 };
      gssize n_bytes = recvfrom (dump->netlink, part, PART_SIZE, MSG_DONTWAIT,
                                 (struct sockaddr *) &sender, &(socklen_t){ sizeof sender });

      if (n_bytes < 0 && errno == EINTR)
        continue;
      if (n_bytes < 0)
        return FALSE;
      if (sender.nl_pid == 0)
        progress = take_part (dump, part, (gsize) n_bytes);
    }
  return progress == DUMP_IS_DONE;
}

gboolean
queen_socket_dump_read (int netlink,
                        guint32 *sequence,
                        guint8 state,
                        const guint16 *ports,
                        guint n_ports,
                        QueenSocketRowFunc func,
                        gpointer data,
                        GError **error)
{
  static const guint8 families[] = { AF_INET, AF_INET6 };
  Dump dump = { netlink, *sequence, state, ports, n_ports, func, data, TRUE };

  for (guint i = 0; i < G_N_ELEMENTS (families) && dump.is_wanted; i++)
    {
      dump.sequence = ++*sequence;
      if (send_question (&dump, families[i]) && read_answer (&dump))
        continue;
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "sock_diag: %s",
                   g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}
