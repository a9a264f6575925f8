/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* File descriptors that come with a bus's messages, and go with hers. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "dbus-reading.h"
#include "dbus/queen-dbus-frames.h"
#include "dbus/queen-dbus-output.h"
#include "dbus/queen-dbus-stream.h"
#include "few-descriptors.h"
#include "held-pool.h"
#include "lingering-socket.h"
#include "net/queen-closer.h"

#define PATH "/object"
#define INTERFACE "org.example.Interface"
#define BUS "org.freedesktop.DBus"
#define MAX_BODY 1000
#define MAX_DESCRIPTORS 3 /* that are with messages at once */
#define MOST 253          /* that the kernel takes at once */
#define PATIENCE 20       /* s */

/* No device can be closed in a thread of GLib's pool while this is on. */

int
close (int fd)
{
  struct stat file;

  if (held_pool_is_here () && fstat (fd, &file) == 0 && S_ISCHR (file.st_mode))
    held_pool_wait ();
  return (int) syscall (SYS_close, fd);
}

typedef struct
{
  int bus; /* its end */
  GInputStream *frames;
  guint32 serial;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const none[] = { NULL };
  static const char *const descriptor_methods[] = { "Take", NULL };
  static const QueenDBusFramesLimits limits = {
    .body = MAX_BODY,
    .values = MAX_BODY,
    .depth = 8,
    .path = PATH,
    .interface = INTERFACE,
    .rich_methods = none,
    .descriptor_methods = descriptor_methods,
    .descriptors = MAX_DESCRIPTORS,
    .waiting = 1024 * 1024,
  };
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  f->bus = fds[0];
  socket = g_socket_new_from_fd (fds[1], NULL);
  connection = g_socket_connection_factory_create_connection (socket);
  f->frames = queen_dbus_frames_new (connection, &limits);
  queen_dbus_frames_let_calls_in (QUEEN_DBUS_FRAMES (f->frames));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  if (f->frames)
    g_object_unref (f->frames);
  close (f->bus);
}

/* Pipes: their writing end goes to the queen, and who has the other one sees when that is closed.
 */

static int
open_pipe (int *fd)
{
  int fds[2];

  g_assert_cmpint (pipe2 (fds, O_CLOEXEC), ==, 0);
  *fd = fds[1];
  return fds[0];
}

static void
await_close (int reading)
{
  GPollFD poll = { reading, G_IO_IN, 0 };

  g_assert_cmpint (g_poll (&poll, 1, PATIENCE * 1000), ==, 1);
  g_assert_true (poll.revents & G_IO_HUP);
  close (reading);
}

/* @fd: (transfer full): what should write to that */
static void
check_pipe (int reading, int fd)
{
  char byte;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, FD_CLOEXEC);
  g_assert_cmpint (write (fd, "x", 1), ==, 1);
  g_assert_cmpint (read (reading, &byte, 1), ==, 1);
  close (fd);
  await_close (reading);
}

/* The bus */

static GDBusMessage *
new_call (const char *method)
{
  GDBusMessage *call = g_dbus_message_new_method_call (":1.7", PATH, INTERFACE, method);

  g_dbus_message_set_sender (call, ":1.5");
  g_dbus_message_set_body (call, g_variant_new ("(sh)", "text", 0));
  return call;
}

/* @fds: (transfer full) */
static void
send_bytes (Fixture *f, const void *bytes, gsize size, const int *fds, gsize n_fds)
{
  union
  {
    char bytes[CMSG_SPACE (MOST * sizeof (int))];
    struct cmsghdr header;
  } control = { { 0 } };
  struct iovec vector = { (void *) bytes, size };
  struct msghdr message = { .msg_iov = &vector, .msg_iovlen = 1 };

  if (n_fds > 0)
    {
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (n_fds * sizeof (int));
      memcpy (CMSG_DATA (&control.header), fds, n_fds * sizeof (int));
    }
  g_assert_cmpint (sendmsg (f->bus, &message, 0), ==, size);
  for (gsize i = 0; i < n_fds; i++)
    close (fds[i]);
}

/* The message as it is with so many descriptors. */
static GBytes *
write_message (Fixture *f, GDBusMessage *message, gsize n_fds)
{
  g_autoptr (GError) error = NULL;
  gsize size;
  guchar *blob;

  if (n_fds > 0)
    g_dbus_message_set_header (message, (GDBusMessageHeaderField) 0x99,
                               g_variant_new_uint32 ((guint32) n_fds));
  g_dbus_message_set_serial (message, ++f->serial);
  blob = g_dbus_message_to_blob (message, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  /* GDBus does not write that it has what it has not. */
  for (gsize i = 16; n_fds > 0 && i < size; i += 8)
    if (memcmp (blob + i, "\x99\1u", 3) == 0)
      blob[i] = G_DBUS_MESSAGE_HEADER_FIELD_NUM_UNIX_FDS;
  g_object_unref (message);
  return g_bytes_new_take (blob, size);
}

/* @message: (transfer full) */
static void
send_message (Fixture *f, GDBusMessage *message, const int *fds, gsize n_fds)
{
  g_autoptr (GBytes) bytes = write_message (f, message, n_fds);

  send_bytes (f, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), fds, n_fds);
}

/* Returns: the end that is read of what has been sent with it */
static int
send_with_pipe (Fixture *f, GDBusMessage *message)
{
  int fd;
  int reading = open_pipe (&fd);

  send_message (f, message, &fd, 1);
  return reading;
}

static GDBusMessage *
next_message (Fixture *f)
{
  guint8 bytes[10 * 1000];
  g_autoptr (GError) error = NULL;
  GDBusMessage *message;
  gssize size;

  g_assert_cmpuint (dbus_reading_read (f->frames, bytes, 16), ==, 16);
  size = g_dbus_message_bytes_needed (bytes, 16, &error);
  g_assert_no_error (error);
  g_assert_cmpint (size, <=, sizeof bytes);
  g_assert_cmpuint (dbus_reading_read (f->frames, bytes + 16, (gsize) size - 16), ==,
                    (gsize) size - 16);
  message =
      g_dbus_message_new_from_blob (bytes, (gsize) size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return message;
}

/* As the guard does with those that it lets in. */
static GDBusMessage *
next_call (Fixture *f)
{
  GDBusMessage *message = next_message (f);

  queen_dbus_frames_enclose (QUEEN_DBUS_FRAMES (f->frames), message);
  return message;
}

/* @n: how many descriptors have come with it, of those that are wanted
 *
 * Returns: (transfer full): the one that can be had; -1 without */
static int
take_next (Fixture *f, guint n)
{
  g_autoptr (GDBusMessage) message = next_call (f);
  const QueenDBusArrival arrival = queen_dbus_frames_take_out (message);

  g_assert_cmpuint (arrival.n, ==, n);
  return arrival.fd;
}

/* What is wanted */

static void
test_wanted (Fixture *f, gconstpointer data)
{
  int first = send_with_pipe (f, new_call ("Take"));
  int second = send_with_pipe (f, new_call ("Take"));

  check_pipe (first, take_next (f, 1));
  check_pipe (second, take_next (f, 1));
}

/* Nobody gets what is another's, whatever is between them. */
static void
test_mixed (Fixture *f, gconstpointer data)
{
  g_autofree char *long_path = g_strnfill (9 * 1000, 'x');
  GDBusMessage *long_call = new_call ("Take");
  GDBusMessage *signal = g_dbus_message_new_signal (PATH, INTERFACE, "Done");
  int first, strange, left_out, last, from_signal;

  long_path[0] = '/';
  g_dbus_message_set_path (long_call, long_path);
  g_dbus_message_set_sender (signal, ":1.5");
  send_message (f, new_call ("Take"), NULL, 0);
  strange = send_with_pipe (f, new_call ("Do"));
  first = send_with_pipe (f, new_call ("Take"));
  left_out = send_with_pipe (f, long_call);
  send_message (f, new_call ("Take"), NULL, 0);
  from_signal = send_with_pipe (f, signal);
  last = send_with_pipe (f, new_call ("Take"));
  send_message (f, new_call ("Take"), NULL, 0);

  g_assert_cmpint (take_next (f, 0), ==, -1);
  g_assert_cmpint (take_next (f, 0), ==, -1);
  await_close (strange);
  check_pipe (first, take_next (f, 1));
  g_assert_cmpint (take_next (f, 0), ==, -1);
  await_close (left_out);
  check_pipe (last, take_next (f, 1));
  await_close (from_signal);
  g_assert_cmpint (take_next (f, 0), ==, -1);
}

/* It comes in pieces, of which the first one has the descriptor. */
static void
test_pieces (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = write_message (f, new_call ("Take"), 1);
  gsize size;
  const guint8 *message = g_bytes_get_data (bytes, &size);
  int fd;
  int reading = open_pipe (&fd);
  guint8 fixed[16];

  send_bytes (f, message, 5, &fd, 1);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (f->frames),
                                                             fixed, sizeof fixed, NULL, NULL),
                   ==, -1);
  send_bytes (f, message + 5, size - 15, NULL, 0);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (f->frames),
                                                             fixed, 1, NULL, NULL),
                   ==, -1);
  send_bytes (f, message + size - 10, 10, NULL, 0);
  {
    g_autofree guint8 *rest = g_malloc (size);
    g_autoptr (GDBusMessage) whole = NULL;
    QueenDBusArrival arrival;

    g_assert_cmpuint (dbus_reading_read (f->frames, rest, size), ==, size);
    whole = g_dbus_message_new_from_blob (rest, size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
    queen_dbus_frames_enclose (QUEEN_DBUS_FRAMES (f->frames), whole);
    arrival = queen_dbus_frames_take_out (whole);
    check_pipe (reading, arrival.fd);
  }
}

/* What is not */

static void
test_many_with_one (Fixture *f, gconstpointer data)
{
  static const gsize counts[] = { 2, 16, MOST };

  for (gsize i = 0; i < G_N_ELEMENTS (counts); i++)
    {
      int fds[MOST];
      int reading = open_pipe (&fds[0]);

      for (gsize k = 1; k < counts[i]; k++)
        g_assert_cmpint (fds[k] = fcntl (fds[0], F_DUPFD_CLOEXEC, 0), >=, 0);
      send_message (f, new_call ("Take"), fds, counts[i]);
      g_assert_cmpint (take_next (f, (guint) counts[i]), ==, -1);
      await_close (reading);
    }
}

static void
test_flood (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 100; i++)
    {
      int fds[MOST];
      int reading = open_pipe (&fds[0]);

      for (gsize k = 1; k < MOST; k++)
        fds[k] = fcntl (fds[0], F_DUPFD_CLOEXEC, 0);
      send_message (f, new_call ("Do"), fds, MOST);
      g_assert_cmpint (take_next (f, 0), ==, -1);
      await_close (reading);
    }
}

/* The process has no place for it: it is only this call's loss. */
static void
test_no_place (Fixture *f, gconstpointer data)
{
  struct rlimit limit, none;
  int reading, last, next;

  reading = send_with_pipe (f, new_call ("Take"));
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  none = limit;
  none.rlim_cur = 3; /* all places up to that one are taken */
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &none), ==, 0);
  next = take_next (f, 1);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_cmpint (next, ==, -1);
  await_close (reading);
  last = send_with_pipe (f, new_call ("Take"));
  check_pipe (last, take_next (f, 1));
}

/* The very last ones are for what would end the process without. */
static void
test_last_places (Fixture *f, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      int reading = send_with_pipe (f, new_call ("Take"));
      FewDescriptors few;
      int next;

      few_descriptors_begin (&few, 8 + i);
      next = take_next (f, 1);
      few_descriptors_end (&few);
      g_assert_true ((next < 0) == (i == 0));
      if (next < 0)
        await_close (reading);
      else
        check_pipe (reading, next);
    }
}

/* Too many are with messages already. */
static void
test_too_many (Fixture *f, gconstpointer data)
{
  GDBusMessage *messages[MAX_DESCRIPTORS];
  int readings[MAX_DESCRIPTORS];
  int reading;

  for (guint i = 0; i < MAX_DESCRIPTORS; i++)
    {
      readings[i] = send_with_pipe (f, new_call ("Take"));
      messages[i] = next_call (f);
    }
  reading = send_with_pipe (f, new_call ("Take"));
  g_assert_cmpint (take_next (f, 1), ==, -1);
  await_close (reading);
  for (guint i = 0; i < MAX_DESCRIPTORS; i++)
    {
      g_object_unref (messages[i]); /* nobody has taken it */
      await_close (readings[i]);
    }
  reading = send_with_pipe (f, new_call ("Take"));
  check_pipe (reading, take_next (f, 1));
}

/* Of a call that the guard does not let in. */
static void
test_never_enclosed (Fixture *f, gconstpointer data)
{
  int first = send_with_pipe (f, new_call ("Take"));
  int last;
  g_autoptr (GDBusMessage) refused = next_message (f);
  g_autoptr (GDBusMessage) next = NULL;

  send_message (f, new_call ("Take"), NULL, 0);
  next = next_call (f);
  await_close (first);
  g_assert_cmpuint (queen_dbus_frames_take_out (next).n, ==, 0);
  g_assert_cmpuint (queen_dbus_frames_take_out (refused).n, ==, 0);

  last = send_with_pipe (f, new_call ("Take"));
  g_object_unref (next_message (f));
  g_clear_object (&f->frames);
  await_close (last);
}

/* No bus does this. */
static void
test_without_message (Fixture *f, gconstpointer data)
{
  g_autoptr (GBytes) bytes = write_message (f, new_call ("Take"), 1);
  const guint8 *message = g_bytes_get_data (bytes, NULL);
  g_autoptr (GError) error = NULL;
  int readings[3];

  for (gsize i = 0; i < G_N_ELEMENTS (readings); i++)
    {
      guint8 byte;
      int fd;

      readings[i] = open_pipe (&fd);
      send_bytes (f, message + i, 1, &fd, 1);
      g_assert_null (error);
      g_assert_cmpint (g_pollable_input_stream_read_nonblocking (
                           G_POLLABLE_INPUT_STREAM (f->frames), &byte, 1, NULL,
                           i + 1 < G_N_ELEMENTS (readings) ? NULL : &error),
                       ==, -1);
    }
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_object (&f->frames);
  for (gsize i = 0; i < G_N_ELEMENTS (readings); i++)
    await_close (readings[i]);
}

static void
test_lingering (Fixture *f, gconstpointer data)
{
  gint64 start = g_get_monotonic_time ();
  int peer;
  int fd = lingering_socket_open (&peer);
  int reading;

  send_message (f, new_call ("Do"), &fd, 1);
  g_assert_cmpint (take_next (f, 0), ==, -1);
  reading = send_with_pipe (f, new_call ("Take"));
  check_pipe (reading, take_next (f, 1));
  g_assert_cmpint (g_get_monotonic_time () - start, <, PATIENCE * G_USEC_PER_SEC);
  close (peer); /* and what the other end has not sent is no longer to be sent */
}

/* What goes */

typedef struct
{
  GOutputStream *output;
  int bus;
  int socket;
} Outgoing;

static void
set_up_outgoing (Outgoing *o, gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==, 0);
  o->bus = fds[0];
  o->socket = fds[1];
  o->output = queen_dbus_output_new (o->socket, TRUE);
}

static void
tear_down_outgoing (Outgoing *o, gconstpointer data)
{
  g_clear_object (&o->output);
  close (o->bus);
  close (o->socket);
}

static GDBusMessage *
new_answer (guint n_bytes)
{
  g_autoptr (GDBusMessage) call = new_call ("Take");
  GDBusMessage *answer;
  g_autofree char *text = g_strnfill (n_bytes, 'x');

  g_dbus_message_set_serial (call, 7);
  answer = g_dbus_message_new_method_reply (call);
  g_dbus_message_set_body (answer, g_variant_new ("(sh)", text, 0));
  return answer;
}

static GBytes *
write_answer (GDBusMessage *answer)
{
  g_autoptr (GError) error = NULL;
  gsize size;
  guchar *blob;

  g_dbus_message_set_serial (answer, 8);
  blob = g_dbus_message_to_blob (answer, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (blob, size);
}

/* Writes as GDBus does, and reads all of it as a bus does.
 *
 * @fd: (out): what has come with the first byte */
static GDBusMessage *
carry (Outgoing *o, GBytes *bytes, int *fd)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autofree guint8 *read = g_malloc (size);
  gsize n_read = 0, n_written = 0;
  GDBusMessage *message;
  g_autoptr (GError) error = NULL;

  *fd = -1;
  while (n_read < size)
    {
      QueenDBusArrival arrival;
      gssize n =
          n_written == size
              ? 0
              : g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (o->output),
                                                            data + n_written, size - n_written,
                                                            NULL, NULL);

      n_written += (gsize) MAX (n, 0);
      n = queen_dbus_descriptors_receive (o->bus, read + n_read, size - n_read, &arrival);
      g_assert_cmpint (n, >, 0);
      if (arrival.n > 0)
        {
          g_assert_cmpuint (n_read, ==, 0);
          *fd = arrival.fd;
        }
      n_read += (gsize) n;
    }
  message = g_dbus_message_new_from_blob (read, size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return message;
}

static void
check_outgoing (Outgoing *o, guint n_bytes)
{
  g_autoptr (GDBusMessage) answer = new_answer (n_bytes);
  g_autoptr (GDBusMessage) plain = new_answer (n_bytes);
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GBytes) plain_bytes = write_answer (plain);
  g_autoptr (GDBusMessage) arrived = NULL;
  g_autoptr (GDBusMessage) arrived_plain = NULL;
  int fd;
  int reading = open_pipe (&fd);

  queen_dbus_output_enclose (QUEEN_DBUS_OUTPUT (o->output), answer, fd);
  bytes = write_answer (answer);
  arrived_plain = carry (o, plain_bytes, &fd); /* another one, in between */
  g_assert_cmpint (fd, ==, -1);
  g_assert_cmpuint (g_dbus_message_get_num_unix_fds (arrived_plain), ==, 0);
  arrived = carry (o, bytes, &fd);
  check_pipe (reading, fd);
  g_assert_cmpuint (g_dbus_message_get_num_unix_fds (arrived), ==, 1);
  g_assert_cmpuint (g_dbus_message_get_reply_serial (arrived), ==, 7);
  g_assert_true (
      g_variant_equal (g_dbus_message_get_body (arrived), g_dbus_message_get_body (answer)));
}

static void
test_outgoing (Outgoing *o, gconstpointer data)
{
  check_outgoing (o, 10);
  check_outgoing (o, 1000);
}

/* The kernel takes it in parts. */
static void
test_outgoing_large (Outgoing *o, gconstpointer data)
{
  check_outgoing (o, 3 * 1000 * 1000);
}

static void
test_never_sent (Outgoing *o, gconstpointer data)
{
  g_autoptr (GDBusMessage) answer = new_answer (10);
  g_autoptr (GDBusMessage) another = new_answer (10);
  int fds[2];
  int readings[] = { open_pipe (&fds[0]), open_pipe (&fds[1]) };

  queen_dbus_output_enclose (QUEEN_DBUS_OUTPUT (o->output), answer, fds[0]);
  g_assert_true (g_output_stream_close (o->output, NULL, NULL));
  await_close (readings[0]);
  queen_dbus_output_enclose (QUEEN_DBUS_OUTPUT (o->output), another, fds[1]);
  g_clear_object (&o->output);
  await_close (readings[1]);
}

/* How a bus says whether it passes any */

/* They would be all that the process may have. */
static void
test_unclosed (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint8 bytes[MAX_BODY];
  int fd;

  held_pool_set (TRUE);
  for (int i = 0; i < 600; i++)
    queen_closer_close (open ("/dev/null", O_RDONLY | O_CLOEXEC));
  close (open_pipe (&fd));
  send_message (f, new_call ("Leave"), &fd, 1);
  g_assert_cmpint (g_input_stream_read (f->frames, bytes, sizeof bytes, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  held_pool_set (FALSE);
}

typedef struct
{
  int listener;
  const char *answer; /* to the question; NULL to hang up */
} Door;

static void
expect_line (int fd, const char *line)
{
  for (; *line; line++)
    {
      char byte;

      g_assert_cmpint (read (fd, &byte, 1), ==, 1);
      g_assert_cmpint (byte, ==, *line);
    }
}

static gpointer
open_door (gpointer data)
{
  const Door *door = data;
  int fd = accept4 (door->listener, NULL, NULL, SOCK_CLOEXEC);
  char byte;

  g_assert_cmpint (fd, >=, 0);
  do /* who she is */
    g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  while (byte != '\n');
  g_assert_cmpint (write (fd, "OK 1234\r\n", 9), ==, 9);
  if (!held_pool_is_on)
    expect_line (fd, "NEGOTIATE_UNIX_FD\r\n");
  if (held_pool_is_on)
    expect_line (fd, "BEGIN\r\n");
  else if (door->answer)
    {
      gssize n = (gssize) strlen (door->answer);

      g_assert_cmpint (write (fd, door->answer, (gsize) n), ==, n);
      expect_line (fd, "BEGIN\r\n");
    }
  close (fd);
  return NULL;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

/* Returns: (transfer full) (nullable): the way to a bus that answers so */
static GIOStream *
open_stream (const char *answer, GError **error)
{
  static const QueenDBusFramesLimits limits = { .body = MAX_BODY, .waiting = 1024 * 1024 };
  g_autofree char *name = g_strdup_printf ("queen-test-%d", getpid ());
  g_autofree char *address = g_strconcat ("unix:abstract=", name, NULL);
  struct sockaddr_un where = { .sun_family = AF_UNIX };
  Door door = { socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), answer };
  g_autoptr (GAsyncResult) result = NULL;
  GThread *thread;

  memcpy (where.sun_path + 1, name, strlen (name));
  g_assert_cmpint (bind (door.listener, (struct sockaddr *) &where,
                         (socklen_t) (sizeof where.sun_family + 1 + strlen (name))),
                   ==, 0);
  g_assert_cmpint (listen (door.listener, 1), ==, 0);
  thread = g_thread_new ("bus", open_door, &door);
  queen_dbus_stream_open (address, &limits, NULL, on_opened, &result);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  close (door.listener);
  return queen_dbus_stream_open_finish (result, error);
}

static void
check_negotiation (const char *answer, gboolean passes_descriptors)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GIOStream) stream = open_stream (answer, &error);
  GOutputStream *output;

  g_assert_no_error (error);
  output = g_io_stream_get_output_stream (stream);
  g_assert_true (queen_dbus_output_passes_descriptors (QUEEN_DBUS_OUTPUT (output)) ==
                 passes_descriptors);
}

static void
test_negotiation (void)
{
  check_negotiation ("AGREE_UNIX_FD\r\n", TRUE);
  check_negotiation ("ERROR\r\n", FALSE);
  check_negotiation ("ERROR not here\r\n", FALSE);
}

/* As long as those that have come cannot be closed. */
static void
test_not_wanted (void)
{
  held_pool_set (TRUE);
  for (int i = 0; i < 100; i++)
    queen_closer_close (open ("/dev/null", O_RDONLY | O_CLOEXEC));
  check_negotiation (NULL, FALSE);
  held_pool_set (FALSE);
  while (queen_closer_get_n_waiting () > 0)
    g_thread_yield ();
  check_negotiation ("AGREE_UNIX_FD\r\n", TRUE);
}

static void
test_hung_up (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_stream (NULL, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/dbus-descriptors/" name, Fixture, NULL, set_up, function, tear_down)
#define ADD_OUTGOING(name, function)                                                               \
  g_test_add ("/dbus-descriptors/" name, Outgoing, NULL, set_up_outgoing, function,                \
              tear_down_outgoing)
  ADD ("wanted/each-has-its-own", test_wanted);
  ADD ("wanted/never-another's", test_mixed);
  ADD ("wanted/comes-with-the-first-piece", test_pieces);
  ADD ("several/are-closed-and-counted", test_many_with_one);
  ADD ("unwanted/a-flood/is-closed", test_flood);
  ADD ("unwanted/to-close-it-takes-long/nobody-waits", test_lingering);
  ADD ("no-place-in-the-process/only-that-call-has-none", test_no_place);
  ADD ("last-places/are-not-for-what-comes", test_last_places);
  ADD ("too-many-in-messages/are-closed", test_too_many);
  ADD ("refused-call/closed-with-the-next-or-the-end", test_never_enclosed);
  ADD ("without-a-message/is-an-error", test_without_message);
  ADD ("cannot-be-closed/no-more-are-taken", test_unclosed);
  ADD_OUTGOING ("outgoing/goes-with-its-message", test_outgoing);
  ADD_OUTGOING ("outgoing/once-though-the-kernel-takes-parts", test_outgoing_large);
  ADD_OUTGOING ("outgoing/never-sent/closed-with-the-stream", test_never_sent);
  g_test_add_func ("/dbus-descriptors/bus/says-whether-it-passes-any", test_negotiation);
  g_test_add_func ("/dbus-descriptors/bus/cannot-be-closed/is-not-asked", test_not_wanted);
  g_test_add_func ("/dbus-descriptors/bus/hangs-up-instead/is-an-error", test_hung_up);
#undef ADD_OUTGOING
#undef ADD

  return g_test_run ();
}
