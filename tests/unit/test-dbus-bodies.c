/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What others have to say by a descriptor. */

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dbus/queen-dbus-bodies.h"
#include "descriptor.h"
#include "few-descriptors.h"
#include "queen-error.h"

#define MAX_EACH 100
#define MAX_ALL 250
#define PATIENCE (20 * G_USEC_PER_SEC)

typedef struct
{
  QueenDBusBody *body; /* until it has been read */
  GBytes *bytes;
  GError *error;
  gboolean is_kept;
  QueenDBusBody *kept; /* and not let go */
} Reading;

static QueenDBusBodies *
new_bodies (void)
{
  return queen_dbus_bodies_new (MAX_EACH, MAX_ALL);
}

static void
on_read (GBytes *bytes, const GError *error, gpointer data)
{
  Reading *reading = data;

  g_assert_true ((bytes == NULL) != (error == NULL));
  if (reading->is_kept)
    reading->kept = reading->body;
  else
    queen_dbus_body_let_go (reading->body);
  reading->body = NULL;
  reading->bytes = bytes ? g_bytes_ref (bytes) : NULL;
  reading->error = error ? g_error_copy (error) : NULL;
}

static void
begin_of (QueenDBusBodies *bodies, Reading *reading, const char *user, int fd)
{
  g_autoptr (GError) error = NULL;

  *reading = (Reading){ 0 };
  reading->body = queen_dbus_bodies_read (bodies, user, fd, on_read, reading, &error);
  g_assert_no_error (error);
  g_assert_nonnull (reading->body);
}

static void
begin (QueenDBusBodies *bodies, Reading *reading, int fd)
{
  begin_of (bodies, reading, "user", fd);
}

static void
clear (Reading *reading)
{
  g_clear_pointer (&reading->bytes, g_bytes_unref);
  g_clear_error (&reading->error);
}

static void
await (Reading *reading)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;

  while (reading->body)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_main_context_iteration (NULL, TRUE);
    }
}

/* All that can be done without waiting. */
static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
expect (Reading *reading, const char *text)
{
  await (reading);
  g_assert_no_error (reading->error);
  g_assert_cmpmem (g_bytes_get_data (reading->bytes, NULL), g_bytes_get_size (reading->bytes), text,
                   strlen (text));
  clear (reading);
}

static void
expect_error (Reading *reading, QueenError code)
{
  await (reading);
  g_assert_error (reading->error, QUEEN_ERROR, (int) code);
  clear (reading);
}

static void
say (int fd, const char *text)
{
  g_assert_cmpint (write (fd, text, strlen (text)), ==, strlen (text));
}

static void
open_pipe (int fds[2])
{
  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
}

static void
open_sockets (int fds[2])
{
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
}

static int
open_memory (gsize size)
{
  int fd = memfd_create ("body", MFD_CLOEXEC);

  g_assert_cmpint (ftruncate (fd, (off_t) size), ==, 0);
  return fd;
}

static void
check_in_parts (void (*open) (int fds[2]))
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading reading, other;
  int fds[2], others[2];

  open (fds);
  open (others);
  begin (bodies, &reading, fds[0]);
  begin (bodies, &other, others[0]);
  turn ();
  say (fds[1], "one");
  say (others[1], "another");
  turn ();
  say (fds[1], ", two");
  close (fds[1]);
  expect (&reading, "one, two");
  close (others[1]);
  expect (&other, "another");
}

static void
test_pipe (void)
{
  check_in_parts (open_pipe);
}

static void
test_socket (void)
{
  check_in_parts (open_sockets);
}

/* To close what a body brings may take as long as whoever made it likes. */
static void
test_descriptors (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading reading;
  int fds[2], brought[2];
  char byte;

  open_sockets (fds);
  open_pipe (brought);
  g_assert_cmpint (descriptor_send (fds[1], brought[1], 0), ==, 1);
  close (brought[1]);
  begin (bodies, &reading, fds[0]);
  expect_error (&reading, QUEEN_ERROR_BAD_REQUEST);
  g_assert_cmpint (read (brought[0], &byte, 1), ==, 0); /* it is closed, in time */
  close (brought[0]);
  close (fds[1]);
}

static void
test_memory (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading reading;
  int fd = open_memory (0);

  say (fd, "all of it");
  begin (bodies, &reading, fd);
  expect (&reading, "all of it");
  begin (bodies, &reading, open_memory (0));
  expect (&reading, "");
}

/* There is something, until somebody else has read it. */
static void
test_stolen (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading reading, thief;
  int fds[2];

  open_pipe (fds);
  begin (bodies, &reading, fds[0]);
  begin (bodies, &thief, fcntl (fds[0], F_DUPFD_CLOEXEC, 0));
  say (fds[1], "something");
  turn ();
  close (fds[1]);
  await (&reading);
  await (&thief);
  g_assert_cmpuint (g_bytes_get_size (reading.bytes) + g_bytes_get_size (thief.bytes), ==,
                    strlen ("something"));
  clear (&reading);
  clear (&thief);
}

static void
test_large (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading reading;

  begin (bodies, &reading, open_memory (MAX_EACH));
  await (&reading);
  g_assert_cmpuint (g_bytes_get_size (reading.bytes), ==, MAX_EACH);
  clear (&reading);
  begin (bodies, &reading, open_memory (MAX_EACH + 1));
  expect_error (&reading, QUEEN_ERROR_CONTENT_TOO_LARGE);
}

/* Such a pipe gives one packet at a time, however many there are. What one user has written is
 * never in what another one has said. */
static void
test_packets (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading first, second;
  int fds[2], others[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC | O_DIRECT), ==, 0);
  open_pipe (others);
  for (int i = 0; i < 8; i++)
    say (fds[1], "abc");
  begin (bodies, &first, fds[0]);
  turn ();
  begin (bodies, &second, others[0]);
  say (others[1], "another");
  close (others[1]);
  expect (&second, "another");
  close (fds[1]);
  expect (&first, "abcabcabcabcabcabcabcabc");
}

static void
await_bytes (QueenDBusBodies *bodies, gsize n)
{
  gint64 end = g_get_monotonic_time () + PATIENCE;

  while (queen_dbus_bodies_get_n_bytes (bodies) != n)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end);
      g_thread_yield ();
    }
}

/* A user has no more than is left, and so something is left; and what has ended does not count. */
static void
test_large_together (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  g_autofree char *most = g_strnfill (MAX_EACH, 'x');
  g_autofree char *rest = g_strnfill (MAX_ALL / 2 - MAX_EACH + 1, 'x');
  Reading first, second, of_another;
  int fds[2], others[2], of_anothers[2];

  open_pipe (fds);
  open_pipe (others);
  open_pipe (of_anothers);
  begin (bodies, &first, fds[0]);
  begin (bodies, &second, others[0]);
  begin_of (bodies, &of_another, "another", of_anothers[0]);
  say (fds[1], most);
  await_bytes (bodies, MAX_EACH);
  say (others[1], rest);
  expect_error (&second, QUEEN_ERROR_UNAVAILABLE);
  close (others[1]);
  say (of_anothers[1], rest);
  close (of_anothers[1]);
  expect (&of_another, rest);
  open_pipe (others);
  close (fds[1]);
  expect (&first, most);
  begin (bodies, &second, others[0]);
  say (others[1], most);
  close (others[1]);
  expect (&second, most);
}

/* Whoever has it may have to wait before it can be made anything of. */
static void
test_kept (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading first, second;

  begin (bodies, &first, open_memory (MAX_EACH));
  first.is_kept = TRUE;
  await (&first);
  g_assert_no_error (first.error);
  g_assert_cmpuint (queen_dbus_bodies_get_n_bytes (bodies), ==, MAX_EACH);
  begin (bodies, &second, open_memory (MAX_ALL / 2 - MAX_EACH + 1));
  expect_error (&second, QUEEN_ERROR_UNAVAILABLE);
  queen_dbus_body_let_go (first.kept);
  await_bytes (bodies, 0);
  g_assert_cmpuint (g_bytes_get_size (first.bytes), ==, MAX_EACH);
  clear (&first);
}

static void
await_close (int writing)
{
  GPollFD poll = { writing, 0, 0 };

  g_assert_cmpint (g_poll (&poll, 1, PATIENCE / 1000), ==, 1);
  g_assert_true (poll.revents & G_IO_ERR);
  close (writing);
}

static void
test_cancelled (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading reading;
  int fds[2];

  open_pipe (fds);
  begin (bodies, &reading, fds[0]);
  say (fds[1], "half");
  turn ();
  queen_dbus_body_let_go (reading.body);
  await_close (fds[1]); /* nobody reads it any longer */
}

static void
refuse (QueenDBusBodies *bodies, int fd)
{
  Reading reading;

  g_assert_cmpint (fd, >=, 0);
  begin (bodies, &reading, fd);
  expect_error (&reading, QUEEN_ERROR_BAD_REQUEST);
}

/* To read them could wait, or there is nothing to be read. */
static void
test_others (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  int fds[2];

  refuse (bodies, open ("/dev/zero", O_RDONLY | O_CLOEXEC));
  refuse (bodies, open ("/proc/self/status", O_RDONLY | O_CLOEXEC));
  refuse (bodies, open ("/", O_PATH | O_CLOEXEC));
  refuse (bodies, socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  refuse (bodies, socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  open_pipe (fds);
  refuse (bodies, fds[1]);
  close (fds[0]);
}

static void
test_broken (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  Reading reading;

  begin (bodies, &reading, socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); /* without a peer */
  expect_error (&reading, QUEEN_ERROR_BAD_REQUEST);
}

#define PAGE 4096

/* Memory that the kernel waits for when it reads it.
 *
 * Returns: by which it is told that it need not; -1 where that is not allowed */
static int
open_trap (void **page)
{
  struct uffdio_api api = { .api = UFFD_API };
  struct uffdio_register all = { .mode = UFFDIO_REGISTER_MODE_MISSING };
  int trap = (int) syscall (SYS_userfaultfd, O_CLOEXEC);

  if (trap < 0)
    return -1;
  *page = mmap (NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  g_assert_true (*page != MAP_FAILED);
  all.range = (struct uffdio_range){ .start = (guint64) (gsize) *page, .len = PAGE };
  g_assert_cmpint (ioctl (trap, UFFDIO_API, &api), ==, 0);
  g_assert_cmpint (ioctl (trap, UFFDIO_REGISTER, &all), ==, 0);
  return trap;
}

typedef struct
{
  int fd;
  void *page;
} Trapped;

static gpointer
write_trapped (gpointer data)
{
  Trapped *trapped = data;

  g_assert_cmpint (write (trapped->fd, trapped->page, PAGE), ==, PAGE);
  return NULL;
}

/* Whoever writes to a pipe has its lock until what it writes is there, and that may lie with a file
 * system of its own. */
static void
test_locked (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  struct uffdio_zeropage release = { 0 };
  Trapped trapped;
  struct uffd_msg fault;
  Reading locked, other;
  GThread *writer;
  int trap = open_trap (&trapped.page);
  int fds[2];

  if (trap < 0)
    {
      g_test_skip ("only root can have the kernel wait for somebody");
      return;
    }
  alarm (PATIENCE / G_USEC_PER_SEC);
  open_pipe (fds);
  trapped.fd = fds[1];
  writer = g_thread_new ("writer", write_trapped, &trapped);
  g_assert_cmpint (read (trap, &fault, sizeof fault), ==, sizeof fault);
  begin (bodies, &locked, fds[0]);
  begin (bodies, &other, open_memory (1));
  await (&other);
  g_assert_cmpuint (g_bytes_get_size (other.bytes), ==, 1);
  clear (&other);
  queen_dbus_body_let_go (locked.body);

  release.range = (struct uffdio_range){ .start = (guint64) (gsize) trapped.page, .len = PAGE };
  g_assert_cmpint (ioctl (trap, UFFDIO_ZEROPAGE, &release), ==, 0);
  g_thread_join (writer);
  close (fds[1]);
  close (trap);
  munmap (trapped.page, PAGE);
  alarm (0);
}

/* Returns: whether one more may be read */
static gboolean
may_begin (QueenDBusBodies *bodies, Reading *reading, const char *user, int fd)
{
  g_autoptr (GError) error = NULL;

  *reading = (Reading){ 0 };
  reading->body = queen_dbus_bodies_read (bodies, user, fcntl (fd, F_DUPFD_CLOEXEC, 0), on_read,
                                          reading, &error);
  if (!reading->body)
    g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_UNAVAILABLE);
  return reading->body != NULL;
}

/* The kernel may hold as many as a user may have for as long as that user likes. */
static void
test_of_few_users (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();
  static const char *const users[] = { "first", "second", "third" };
  Reading readings[64];
  guint n = 0;
  int fds[2];

  open_pipe (fds);
  for (gsize i = 0; i < G_N_ELEMENTS (users); i++)
    {
      guint n_before = n;

      while (may_begin (bodies, &readings[n], users[i], fds[0]))
        g_assert_cmpuint (++n, <, G_N_ELEMENTS (readings));
      g_assert_cmpuint (n, >, n_before);
    }
  close (fds[0]);
  close (fds[1]);
  for (guint i = 0; i < n; i++)
    {
      await (&readings[i]);
      clear (&readings[i]);
    }
}

/* What is opened to read them has not the very last ones either: one to be told by, and a pipe. */
static void
test_last_descriptors (void)
{
  g_autoptr (QueenDBusBodies) bodies = new_bodies ();

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (GError) error = NULL;
      Reading reading = { 0 };
      FewDescriptors few;
      int fds[2];

      open_pipe (fds);
      few_descriptors_begin (&few, 8 + i);
      reading.body = queen_dbus_bodies_read (bodies, "user", fds[0], on_read, &reading, &error);
      g_assert_true ((reading.body == NULL) == (i == 0));
      if (i < 3)
        await_close (fds[1]);
      else
        close (fds[1]);
      if (i == 3)
        expect (&reading, "");
      else if (i > 0)
        expect_error (&reading, QUEEN_ERROR_UNAVAILABLE);
      few_descriptors_end (&few);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/dbus-bodies/pipe/in-parts", test_pipe);
  g_test_add_func ("/dbus-bodies/pipe/read-by-others-too/nobody-waits", test_stolen);
  g_test_add_func ("/dbus-bodies/pipe/packets/stay-with-whom-they-are-of", test_packets);
  g_test_add_func ("/dbus-bodies/pipe/locked-by-others/nobody-waits", test_locked);
  g_test_add_func ("/dbus-bodies/too-many/of-few-users/leave-room", test_of_few_users);
  g_test_add_func ("/dbus-bodies/last-descriptors/are-not-for-them", test_last_descriptors);
  g_test_add_func ("/dbus-bodies/socket/in-parts", test_socket);
  g_test_add_func ("/dbus-bodies/socket/with-descriptors/is-an-error", test_descriptors);
  g_test_add_func ("/dbus-bodies/memory/from-its-beginning", test_memory);
  g_test_add_func ("/dbus-bodies/too-large/is-an-error", test_large);
  g_test_add_func ("/dbus-bodies/too-large/together/is-an-error", test_large_together);
  g_test_add_func ("/dbus-bodies/too-large/together/until-they-are-let-go", test_kept);
  g_test_add_func ("/dbus-bodies/cancelled/is-closed", test_cancelled);
  g_test_add_func ("/dbus-bodies/anything-else/is-refused", test_others);
  g_test_add_func ("/dbus-bodies/broken/is-an-error", test_broken);

  return g_test_run ();
}
