/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "net/queen-socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "descriptor.h"
#include "lingering-socket.h"

#define PIECE 16384
#define N_BYTES 1000000
#define PATIENCE 20    /* s */
#define N_LINGERING 20 /* more than are closed at the same time */

static void
open_pair (QueenSocket *hers, int *theirs)
{
  int ends[2];

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
  *hers = (QueenSocket){ .fd = ends[0], .is_unix = TRUE };
  *theirs = ends[1];
}

/* Bytes that tell where they belong. */
static char *
make_bytes (void)
{
  char *bytes = g_malloc (N_BYTES);

  for (guint i = 0; i < N_BYTES; i++)
    bytes[i] = (char) (i * 2654435761u >> 24);
  return bytes;
}

/* Cuts what begins at @from into vectors of all sizes. Returns: their number */
static guint
cut (char *bytes, gsize from, GRand *rand, struct iovec *vectors, guint n_most)
{
  guint n = 0;

  for (; n < n_most && from < N_BYTES; n++)
    {
      gsize most = g_rand_boolean (rand) ? 300 : 3 * PIECE;
      gsize size = MIN ((gsize) g_rand_int_range (rand, 0, (gint32) most), N_BYTES - from);

      vectors[n] = (struct iovec){ bytes + from, size };
      from += size;
    }
  return n;
}

/* However it is cut, and however little the other end reads. */
static void
test_in_order (void)
{
  g_autofree char *bytes = make_bytes ();
  g_autofree char *read_bytes = g_malloc (N_BYTES);
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  QueenSocket hers;
  gsize n_written = 0, n_read = 0;
  int theirs;

  open_pair (&hers, &theirs);
  while (n_read < N_BYTES)
    {
      struct iovec vectors[300];
      guint n = cut (bytes, n_written, rand, vectors,
                     (guint) g_rand_int_range (rand, 1, G_N_ELEMENTS (vectors)));
      gssize written = n > 0 ? queen_socket_write (&hers, vectors, n) : 0;
      gssize got = recv (theirs, read_bytes + n_read,
                         MIN ((gsize) g_rand_int_range (rand, 1, 100000), N_BYTES - n_read), 0);

      g_assert_true (written >= 0 || errno == EAGAIN);
      n_written += (gsize) MAX (written, 0);
      g_assert_true (got > 0 || errno == EAGAIN);
      n_read += (gsize) MAX (got, 0);
    }
  g_assert_cmpuint (n_written, ==, N_BYTES);
  g_assert_cmpmem (bytes, N_BYTES, read_bytes, N_BYTES);
  queen_socket_close (&hers);
  close (theirs);
}

/* Of one large piece nobody would see anything being taken until all of it was. */
static void
test_in_pieces (void)
{
  g_autofree char *bytes = make_bytes ();
  struct iovec vector = { bytes, 4 * PIECE };
  char piece[PIECE];
  QueenSocket hers;
  gsize n_queued;
  int theirs;

  open_pair (&hers, &theirs);
  g_assert_cmpint (queen_socket_write (&hers, &vector, 1), ==, 4 * PIECE);
  n_queued = queen_socket_get_n_queued (&hers);
  for (int i = 0; i < 4; i++)
    {
      gsize n_before = n_queued;

      g_assert_cmpint (recv (theirs, piece, sizeof piece, 0), ==, sizeof piece);
      n_queued = queen_socket_get_n_queued (&hers);
      g_assert_cmpuint (n_queued, <, n_before);
    }
  g_assert_cmpuint (n_queued, ==, 0);
  queen_socket_close (&hers);
  close (theirs);
}

static void
test_gone (void)
{
  g_autofree char *bytes = make_bytes ();
  struct iovec vector = { bytes, 4 * PIECE };
  QueenSocket hers;
  int theirs;

  open_pair (&hers, &theirs);
  close (theirs);
  g_assert_cmpint (queen_socket_write (&hers, &vector, 1), ==, -1);
  g_assert_cmpint (errno, ==, EPIPE);
  queen_socket_close (&hers);
}

/* @data: whether the byte with it is urgent. Here the kernel passes it on, as all did once: neither
 * to read, nor to close waits for what its sender has made of it. */
static void
test_descriptor (gconstpointer data)
{
  int flags = GPOINTER_TO_INT (data);
  gint64 start = g_get_monotonic_time ();
  char bytes[PIECE];
  QueenSocket hers;
  int theirs, foreign, peer, n_bytes;

  open_pair (&hers, &theirs);
  if (flags & MSG_OOB)
    setsockopt (hers.fd, SOL_SOCKET, SO_OOBINLINE, &(int){ 1 }, sizeof (int));
  g_assert_cmpint (send (theirs, "GET", 3, 0), ==, 3);
  /* What is before it is not read with it; before an urgent byte the kernel stops by itself. */
  n_bytes = flags & MSG_OOB ? 3 : 2;
  g_assert_cmpint (queen_socket_read (&hers, bytes, (gsize) n_bytes), ==, n_bytes);
  foreign = lingering_socket_open (&peer);
  g_assert_cmpint (descriptor_send (theirs, foreign, flags), ==, 1);
  close (foreign);
  for (int i = 0; i < 2; i++)
    {
      g_assert_cmpint (queen_socket_read (&hers, bytes, sizeof bytes), ==, -1);
      g_assert_cmpint (errno, ==, EPROTO);
      g_assert_cmpint (queen_socket_drain (&hers, bytes, sizeof bytes), ==, -1);
      g_assert_cmpint (errno, ==, EPROTO);
    }
  queen_socket_close (&hers);
  errno = 0;
  g_assert_cmpint (recv (theirs, bytes, sizeof bytes, MSG_DONTWAIT), <=, 0);
  g_assert_cmpint (errno, !=, EAGAIN); /* it has ended */
  g_assert_cmpint (g_get_monotonic_time () - start, <, PATIENCE * G_USEC_PER_SEC);
  close (theirs);
  close (peer); /* and nobody waits any more */
}

/* Each of which would take a minute to close; with them goes the end of a pipe, which is closed
 * when all of them are. */
static void
test_descriptors_without_end (void)
{
  int peers[N_LINGERING], pipe_ends[2];
  struct pollfd reading = { 0 };

  g_assert_no_errno (pipe2 (pipe_ends, O_CLOEXEC));
  for (guint i = 0; i < N_LINGERING; i++)
    {
      int foreign = lingering_socket_open (&peers[i]);
      QueenSocket hers;
      int theirs;

      open_pair (&hers, &theirs);
      g_assert_cmpint (descriptor_send (theirs, foreign, 0), ==, 1);
      g_assert_cmpint (descriptor_send (theirs, pipe_ends[1], 0), ==, 1);
      close (foreign);
      queen_socket_close (&hers);
      close (theirs);
    }
  close (pipe_ends[1]);
  reading.fd = pipe_ends[0];
  g_assert_cmpint (poll (&reading, 1, PATIENCE * 1000), ==, 1);
  g_assert_cmpint (reading.revents, ==, POLLHUP);
  close (pipe_ends[0]);
  for (guint i = 0; i < N_LINGERING; i++)
    close (peers[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/socket/unix/all-bytes-in-order", test_in_order);
  g_test_add_func ("/socket/unix/taken-piece-by-piece", test_in_pieces);
  g_test_add_func ("/socket/unix/one-that-has-gone", test_gone);
  g_test_add_data_func ("/socket/unix/descriptor-of-others/nobody-waits", NULL, test_descriptor);
  g_test_add_data_func ("/socket/unix/descriptor-of-others/urgent", GINT_TO_POINTER (MSG_OOB),
                        test_descriptor);
  g_test_add_func ("/socket/unix/descriptor-of-others/any-number-of-them",
                   test_descriptors_without_end);

  return g_test_run ();
}
