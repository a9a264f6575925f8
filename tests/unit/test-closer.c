/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Who has what cannot be closed, and who has to wait for that. */

#include "net/queen-closer.h"

#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fake-clock.h"
#include "net/queen-listener.h"
#include "system/queen-probe.h"

/* No device can be closed in a thread of GLib's pool while this is on. */

static GMutex lock;
static GCond released;
static gboolean is_held;

static void
hold (gboolean is_on)
{
  g_mutex_lock (&lock);
  is_held = is_on;
  g_cond_broadcast (&released);
  g_mutex_unlock (&lock);
}

int
close (int fd)
{
  char thread[16] = "";
  struct stat file;

  prctl (PR_GET_NAME, thread);
  if (g_str_has_prefix (thread, "pool-") && fstat (fd, &file) == 0 && S_ISCHR (file.st_mode))
    {
      g_mutex_lock (&lock);
      while (is_held)
        g_cond_wait (&released, &lock);
      g_mutex_unlock (&lock);
    }
  return (int) syscall (SYS_close, fd);
}

static int
open_device (void)
{
  return open ("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Returns what can be closed, and is not yet. @end: (out): where its closing shows */
static int
open_pipe (int *end)
{
  int ends[2];

  g_assert_no_errno (pipe2 (ends, O_CLOEXEC));
  *end = ends[0];
  return ends[1];
}

static void
await_closing (int end)
{
  char byte;

  g_assert_cmpint (read (end, &byte, 1), ==, 0);
  close (end);
}

static void
let_all_be_closed (void)
{
  hold (FALSE);
  while (queen_closer_get_n_waiting () > 0 || !queen_closer_has_room_for_users ())
    g_thread_yield ();
}

/* However many a user has, others' are closed: another user's, and what is of none. */
static void
test_users (void)
{
  int of_other, of_nobody;

  hold (TRUE);
  for (guint i = 0; i < 40; i++)
    queen_closer_close_of_user (open_device (), 1000);
  queen_closer_close_of_user (open_pipe (&of_other), 1001);
  queen_closer_close (open_pipe (&of_nobody));
  await_closing (of_other);
  await_closing (of_nobody);
  g_assert_cmpuint (queen_closer_get_n_waiting (), ==, 0);
  let_all_be_closed ();
}

/* Who waits has a turn as soon as one can be closed. */
static void
test_turns (void)
{
  int ends[40];

  hold (TRUE);
  for (guint i = 0; i < 40; i++)
    queen_closer_close (open_device ());
  for (guint i = 0; i < 40; i++)
    queen_closer_close (open_pipe (&ends[i]));
  g_assert_cmpuint (queen_closer_get_n_waiting (), >=, 40);
  hold (FALSE);
  for (guint i = 0; i < 40; i++)
    await_closing (ends[i]);
  let_all_be_closed ();
}

/* A place where she listens, and more than may be that cannot be closed. */
typedef struct
{
  char *folder;
  QueenTally tally;
  guint n_accepted;
  QueenListener *listener;
  GPtrArray *addresses;
} Fixture;

static void
on_accept (int fd, const struct sockaddr_storage *address, gpointer data)
{
  ((Fixture *) data)->n_accepted++;
  close (fd);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  static const char *const addresses[] = { "127.0.0.1", NULL };
  const QueenSocketRights rights = { 0600, NULL };
  g_autofree char *path = NULL;

  f->folder = g_dir_make_tmp ("queen-closer-XXXXXX", NULL);
  path = g_build_filename (f->folder, "http.sock", NULL);
  f->listener = queen_listener_new ("http", &fake_clock, &f->tally, NULL, on_accept, f);
  g_assert_true (queen_listener_listen_unix (f->listener, path, &rights, NULL));
  g_assert_true (queen_listener_listen (f->listener, addresses, 0, FALSE, NULL));
  f->addresses = queen_listener_get_addresses (f->listener);
  hold (TRUE);
  for (guint i = 0; i < 600; i++)
    queen_closer_close_of_user (open_device (), 1000);
  g_assert_false (queen_closer_has_room_for_users ());
  g_assert_true (queen_closer_has_room ());
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  let_all_be_closed ();
  g_object_unref (f->listener);
  g_assert_no_errno (rmdir (f->folder));
  g_free (f->folder);
}

static int
connect_to (GSocketAddress *address)
{
  struct sockaddr_storage native = { 0 };
  socklen_t size = (socklen_t) g_socket_address_get_native_size (address);
  int fd;

  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (connect (fd, (struct sockaddr *) &native, size));
  return fd;
}

static void
turn (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Users wait where the kernel keeps them, until fewer are left; who comes by TCP does not. */
static void
test_put_off (Fixture *f, gconstpointer data)
{
  int user = connect_to (f->addresses->pdata[0]);
  int stranger;

  queen_listener_start (f->listener);
  turn (); /* comes to an end */
  g_assert_cmpuint (f->n_accepted, ==, 0);
  stranger = connect_to (f->addresses->pdata[1]);
  turn ();
  g_assert_cmpuint (f->n_accepted, ==, 1);
  now += G_USEC_PER_SEC;
  turn ();
  g_assert_cmpuint (f->n_accepted, ==, 1);
  let_all_be_closed ();
  now += G_USEC_PER_SEC;
  turn ();
  g_assert_cmpuint (f->n_accepted, ==, 2);
  close (user);
  close (stranger);
}

static void
on_answer (gpointer data)
{
  (*(guint *) data)++;
}

/* @index: of the address that is probed, once nobody can close what a user sends
 *
 * Returns: whether that counts as an answer */
static gboolean
is_excused (Fixture *f, guint index)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();
  guint n_answers = 0;
  QueenProbe *probe;

  g_ptr_array_add (addresses, f->addresses->pdata[index]);
  probe = queen_probe_new (addresses, on_answer, &n_answers);
  g_assert_true (queen_probe_send (probe, NULL));
  queen_probe_excuse (probe);
  g_assert_true (queen_probe_is_waiting (probe) == (n_answers == 0));
  queen_probe_free (probe);
  return n_answers > 0;
}

/* The watchdog is not to say then that she hangs. */
static void
test_probe (Fixture *f, gconstpointer data)
{
  g_assert_true (is_excused (f, 0));
  g_assert_false (is_excused (f, 1));
  let_all_be_closed ();
  g_assert_false (is_excused (f, 0));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/closer/stuck/others-are-closed", test_users);
  g_test_add_func ("/closer/stuck/who-waits-has-a-turn", test_turns);
  g_test_add ("/closer/stuck/users-are-put-off-and-others-are-not", Fixture, NULL, set_up,
              test_put_off, tear_down);
  g_test_add ("/closer/stuck/watchdog-does-not-take-it-for-hanging", Fixture, NULL, set_up,
              test_probe, tear_down);

  return g_test_run ();
}
