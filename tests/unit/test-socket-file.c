/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "net/queen-socket-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "queen-error.h"

#define OTHER 54321 /* a user and a group who need not exist */

static const QueenSocketRights usual = { 0660, NULL };

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("queen-socket-XXXXXX", NULL);
  f->path = g_build_filename (f->folder, "http.sock", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_unlink (f->path);
  g_assert_no_errno (g_rmdir (f->folder));
  g_free (f->path);
  g_free (f->folder);
}

static struct sockaddr_un
make_address (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  return address;
}

/* Returns: a socket at @path of which nobody knows but the test */
static int
put_socket (const char *path, int type)
{
  const struct sockaddr_un address = make_address (path);
  int fd = socket (AF_UNIX, type | SOCK_CLOEXEC, 0);

  g_assert_no_errno (bind (fd, (const struct sockaddr *) &address, sizeof address));
  return fd;
}

static gboolean
can_connect (const char *path)
{
  const struct sockaddr_un address = make_address (path);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  gboolean is_connected = connect (fd, (const struct sockaddr *) &address, sizeof address) == 0;

  close (fd);
  return is_connected;
}

static QueenSocketFile *
listen_there (Fixture *f, const QueenSocketRights *rights, int *fd)
{
  g_autoptr (GError) error = NULL;
  QueenSocketFile *file = queen_socket_file_listen (f->path, rights, 8, fd, &error);

  g_assert_no_error (error);
  g_assert_cmpint (*fd, >=, 0);
  g_assert_cmpint (fcntl (*fd, F_GETFL) & O_NONBLOCK, !=, 0);
  g_assert_cmpint (fcntl (*fd, F_GETFD) & FD_CLOEXEC, !=, 0);
  g_assert_true (can_connect (f->path));
  return file;
}

static void
assert_refused (const char *path, GQuark domain, int code, const char *said)
{
  g_autoptr (GError) error = NULL;
  int fd = 0;

  g_assert_null (queen_socket_file_listen (path, &usual, 8, &fd, &error));
  g_assert_cmpint (fd, ==, -1);
  g_test_message ("%s", error->message);
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, said));
}

static struct stat
look (const char *path)
{
  struct stat found = { 0 };

  g_assert_no_errno (lstat (path, &found));
  return found;
}

static void
test_mode (Fixture *f, gconstpointer data)
{
  static const mode_t modes[] = { 0600, 0660, 0666, 0777, 0640 };

  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      const QueenSocketRights rights = { modes[i], NULL };
      mode_t before = umask (0077);
      int fd;
      QueenSocketFile *file = listen_there (f, &rights, &fd);

      g_assert_cmpint (look (f->path).st_mode, ==, S_IFSOCK | modes[i]);
      g_assert_cmpint (umask (before), ==, 0077);
      queen_socket_file_remove (file);
      g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
      close (fd);
    }
}

static void
test_owner (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *text;
    uid_t user;
    gid_t group;
  } rows[] = {
    { "54321:54322", OTHER, OTHER + 1 },
    { ":54322", 0, OTHER + 1 },
    { "54321", OTHER, 0 },
    { "54321:", OTHER, 0 },
    { "root:root", 0, 0 },
  };

  if (geteuid () != 0)
    {
      g_test_skip ("only root can give a file to somebody else");
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const QueenSocketRights rights = { 0660, rows[i].text };
      int fd;
      QueenSocketFile *file = listen_there (f, &rights, &fd);
      struct stat found = look (f->path);

      g_assert_cmpuint (found.st_uid, ==, rows[i].user);
      g_assert_cmpuint (found.st_gid, ==, rows[i].group);
      queen_socket_file_remove (file);
      close (fd);
    }
}

static void
test_no_owner (void)
{
  static const char *const texts[] = {
    "", ":", "no-such-user-here", "root:no-such-group-here", "4294967295", ":-1", "0:0:0", "0x0"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      uid_t user;
      gid_t group;

      g_assert_false (queen_socket_file_parse_owner (texts[i], &user, &group, &error));
      g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
    }
}

/* Nothing is left of one that could not be given away. */
static void
test_not_given (Fixture *f, gconstpointer data)
{
  const QueenSocketRights rights = { 0660, "54321" };
  g_autoptr (GError) error = NULL;
  int fd;

  if (geteuid () == 0)
    {
      g_assert_no_errno (chmod (f->folder, 0777));
      g_assert_no_errno (seteuid (OTHER + 1));
    }
  g_assert_null (queen_socket_file_listen (f->path, &rights, 8, &fd, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  g_assert_nonnull (strstr (error->message, "54321"));
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
  if (getuid () == 0)
    g_assert_no_errno (seteuid (0));
}

static void
test_stale (Fixture *f, gconstpointer data)
{
  QueenSocketFile *file;
  int fd;

  close (put_socket (f->path, SOCK_STREAM));
  g_assert_false (can_connect (f->path));
  file = listen_there (f, &usual, &fd);
  queen_socket_file_remove (file);
  close (fd);
}

/* Until nobody more can wait there. */
static void
fill_backlog (const char *path)
{
  const struct sockaddr_un address = make_address (path);
  int code;

  do
    {
      int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

      code = connect (fd, (const struct sockaddr *) &address, sizeof address) == 0 ? 0 : errno;
      close (fd);
    }
  while (code == 0);
  g_assert_cmpint (code, ==, EAGAIN);
}

static void
test_live (Fixture *f, gconstpointer data)
{
  int theirs = put_socket (f->path, SOCK_STREAM);
  struct stat before = look (f->path);

  g_assert_no_errno (listen (theirs, 0));
  assert_refused (f->path, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "perhaps a queen");
  fill_backlog (f->path);
  assert_refused (f->path, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "perhaps a queen");
  g_assert_cmpuint (look (f->path).st_ino, ==, before.st_ino);
  close (theirs);
}

static void
test_datagrams (Fixture *f, gconstpointer data)
{
  int theirs = put_socket (f->path, SOCK_DGRAM);

  assert_refused (f->path, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE, "somebody does");
  close (theirs);
}

static void
test_no_socket (Fixture *f, gconstpointer data)
{
  g_autofree char *target = g_build_filename (f->folder, "target", NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_set_contents (f->path, "kept", -1, NULL));
  assert_refused (f->path, QUEEN_ERROR, QUEEN_ERROR_SETTING, "no socket");
  g_assert_true (g_file_get_contents (f->path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "kept");
  g_assert_no_errno (g_unlink (f->path));

  g_assert_no_errno (g_mkdir (f->path, 0700));
  assert_refused (f->path, QUEEN_ERROR, QUEEN_ERROR_SETTING, "no socket");
  g_assert_no_errno (g_rmdir (f->path));

  g_assert_no_errno (mkfifo (f->path, 0600));
  assert_refused (f->path, QUEEN_ERROR, QUEEN_ERROR_SETTING, "no socket");
  g_assert_no_errno (g_unlink (f->path));

  /* What a link leads to may be anything tomorrow. */
  close (put_socket (target, SOCK_STREAM));
  g_assert_no_errno (symlink (target, f->path));
  assert_refused (f->path, QUEEN_ERROR, QUEEN_ERROR_SETTING, "no socket");
  g_assert_no_errno (g_unlink (target));
}

static void
test_no_place (Fixture *f, gconstpointer data)
{
  g_autofree char *missing = g_build_filename (f->folder, "missing", "http.sock", NULL);

  assert_refused (missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "No such file or directory");
  g_assert_true (g_file_set_contents (f->path, "", 0, NULL));
  g_free (missing);
  missing = g_build_filename (f->path, "http.sock", NULL);
  assert_refused (missing, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, "Not a directory");
}

static void
test_paths (void)
{
  static const char *const wrong[] = { "", "http.sock", "./http.sock", "@queen", "/", "/run/" };
  g_autofree char *longest = g_strnfill (107, 'x');
  g_autofree char *too_long = g_strnfill (108, 'x');
  g_autoptr (GError) error = NULL;

  longest[0] = too_long[0] = '/';
  g_assert_true (queen_socket_file_check_path (longest, NULL));
  g_assert_false (queen_socket_file_check_path (too_long, &error));
  g_assert_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING);
  g_assert_nonnull (strstr (error->message, "107 bytes"));
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    g_assert_false (queen_socket_file_check_path (wrong[i], NULL));
}

/* Such as by somebody who has cleared the place by hand, and started another queen. */
static void
test_not_ours (Fixture *f, gconstpointer data)
{
  QueenSocketFile *first, *second;
  int fds[2];

  first = listen_there (f, &usual, &fds[0]);
  g_assert_no_errno (g_unlink (f->path));
  second = listen_there (f, &usual, &fds[1]);
  queen_socket_file_remove (first);
  close (fds[0]);
  g_assert_true (can_connect (f->path));
  g_assert_no_errno (chmod (f->path, 0666)); /* it is hers, all the same */
  queen_socket_file_remove (second);
  close (fds[1]);
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));

  first = listen_there (f, &usual, &fds[0]);
  g_assert_no_errno (g_unlink (f->path));
  queen_socket_file_remove (first); /* when there is none */
  close (fds[0]);
}

static gpointer
listen_in_thread (gpointer data)
{
  Fixture *f = data;
  int fd;
  QueenSocketFile *file = listen_there (f, &usual, &fd);

  close (fd);
  return file;
}

/* Nobody looks at a place while another one clears it. */
static void
test_locked (Fixture *f, gconstpointer data)
{
  int lock = open (f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gint64 begun = g_get_monotonic_time ();
  GThread *other;

  close (put_socket (f->path, SOCK_STREAM));
  g_assert_no_errno (flock (lock, LOCK_EX));
  other = g_thread_new ("other", listen_in_thread, f);
  while (g_get_monotonic_time () - begun < G_USEC_PER_SEC / 4)
    {
      g_assert_true (g_file_test (f->path, G_FILE_TEST_EXISTS));
      g_thread_yield ();
    }
  close (lock);
  queen_socket_file_remove (g_thread_join (other));
}

/* Whoever may look into the directory may have it locked, for ever. */
static void
test_locked_for_ever (Fixture *f, gconstpointer data)
{
  int lock = open (f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  g_assert_no_errno (flock (lock, LOCK_EX));
  queen_socket_file_remove (listen_in_thread (f));
  g_assert_false (g_file_test (f->path, G_FILE_TEST_EXISTS));
  close (lock);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, func) g_test_add ("/socket-file/" path, Fixture, NULL, set_up, func, tear_down)
  ADD ("mode/as-asked-for-whatever-the-umask", test_mode);
  ADD ("owner/as-asked-for", test_owner);
  ADD ("owner/one-that-cannot-be-leaves-nothing", test_not_given);
  g_test_add_func ("/socket-file/owner/refused", test_no_owner);
  g_test_add_func ("/socket-file/path/whole-and-short-enough", test_paths);
  ADD ("place/a-stale-socket-is-replaced", test_stale);
  ADD ("place/a-live-one-never", test_live);
  ADD ("place/nor-one-of-another-type", test_datagrams);
  ADD ("place/nor-what-is-no-socket", test_no_socket);
  ADD ("place/without-a-directory", test_no_place);
  ADD ("place/one-at-a-time", test_locked);
  ADD ("place/a-lock-of-somebody-else-does-not-keep-her-out", test_locked_for_ever);
  ADD ("end/only-her-own-goes", test_not_ours);
#undef ADD
  return g_test_run ();
}
