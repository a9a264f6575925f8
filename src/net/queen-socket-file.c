/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-socket-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "queen-error.h"

#define SCHEME "unix:"
#define LOCK_TRIES 100
#define LOCK_PAUSE 10000 /* µs */

struct _QueenSocketFile
{
  char *path;
  int directory; /* which it is in; kept open, as at the end no descriptor may be left */
  struct statx identity;
};

/* What may be said of one */

const char *
queen_socket_file_get_path (const char *address)
{
  return g_str_has_prefix (address, SCHEME) ? address + strlen (SCHEME) : NULL;
}

gboolean
queen_socket_file_check_path (const char *path, GError **error)
{
  const gsize most = sizeof ((struct sockaddr_un *) NULL)->sun_path - 1;

  if (*path != '/' || g_str_has_suffix (path, "/"))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                 _ ("“%s” is not the whole path of a socket, such as /run/queen-rbee/http.sock"),
                 path);
  else if (strlen (path) > most)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                 _ ("“%s” is too long for a socket, whose path may have %d bytes"), path,
                 (int) most);
  else
    return TRUE;
  return FALSE;
}

/* @text: a number, or a name that @lookup knows. The highest number stands for nobody. */
static gboolean
parse_id (const char *text, gboolean (*lookup) (const char *name, guint *id), guint *id)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32 - 1, &number, NULL))
    return lookup (text, id);
  *id = (guint) number;
  return TRUE;
}

static gboolean
lookup_user (const char *name, guint *id)
{
  const struct passwd *user = getpwnam (name);

  if (user)
    *id = user->pw_uid;
  return user != NULL;
}

static gboolean
lookup_group (const char *name, guint *id)
{
  const struct group *group = getgrnam (name);

  if (group)
    *id = group->gr_gid;
  return group != NULL;
}

gboolean
queen_socket_file_parse_owner (const char *text, uid_t *user, gid_t *group, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", 2);
  const char *user_name = parts[0] ? parts[0] : "";
  const char *group_name = parts[0] && parts[1] ? parts[1] : "";

  *user = (uid_t) -1;
  *group = (gid_t) -1;
  if (*user_name == '\0' && *group_name == '\0')
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                 _ ("“%s” is not an owner such as www-data, www-data:www-data or :www-data"), text);
  else if (*user_name != '\0' && !parse_id (user_name, lookup_user, user))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("there is no user “%s”"), user_name);
  else if (*group_name != '\0' && !parse_id (group_name, lookup_group, group))
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("there is no group “%s”"), group_name);
  else
    return TRUE;
  return FALSE;
}

/* Errors */

static void
set_system_error (GError **error, const char *path, int code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _ ("cannot listen on unix:%s: %s"),
               path, g_strerror (code));
}

static void
set_in_use (GError **error, const char *path)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
               _ ("cannot listen on unix:%s: somebody does already, perhaps a queen (see “queenctl "
                  "status”)"),
               path);
}

/* Its directory */

static int
open_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);

  return open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Between the look at a file and its removal another queen may put its own there: so whoever does
 * both has a lock on the directory. It goes without where there are no locks, and when somebody has
 * it for longer than a queen would: whoever may look into the directory may do that. */
static void
lock_directory (int fd)
{
  for (int i = 0; i < LOCK_TRIES; i++)
    {
      if (flock (fd, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR))
        return;
      g_usleep (LOCK_PAUSE);
    }
}

static void
unlock_directory (int fd)
{
  flock (fd, LOCK_UN);
}

/* Its place */

static struct sockaddr_un
make_address (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  return address;
}

/* Returns: what the kernel says to who would connect: 0 or EAGAIN when somebody listens, EPROTOTYPE
 * when that is a socket of another type, ECONNREFUSED when there is only the file */
static int
try_to_connect (const char *path)
{
  const struct sockaddr_un address = make_address (path);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int code = 0;

  if (fd < 0 || connect (fd, (const struct sockaddr *) &address, sizeof address) != 0)
    code = errno;
  if (fd >= 0)
    close (fd);
  return code;
}

/* Removes what is left of one who no longer listens. */
static gboolean
clear_place (const char *path, GError **error)
{
  struct stat found;
  int code;

  if (lstat (path, &found) != 0)
    return TRUE; /* if it is not only that nothing is there, bind () says what it is */
  if (!S_ISSOCK (found.st_mode))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("cannot listen on unix:%s: there is a file that is no socket"), path);
      return FALSE;
    }
  code = try_to_connect (path);
  if (code == 0 || code == EAGAIN || code == EPROTOTYPE)
    {
      set_in_use (error, path);
      return FALSE;
    }
  if (code == ENOENT || (code == ECONNREFUSED && unlink (path) == 0))
    return TRUE;
  set_system_error (error, path, code == ECONNREFUSED ? errno : code);
  return FALSE;
}

/* The mode is there from the first moment on: nobody ever finds the file with another one. */
static int
bind_with_mode (int fd, const char *path, mode_t mode)
{
  const struct sockaddr_un address = make_address (path);
  mode_t usual = umask (~mode & 0777);
  int result = bind (fd, (const struct sockaddr *) &address, sizeof address);

  umask (usual);
  return result;
}

static gboolean
give_to (const char *path, const char *owner, GError **error)
{
  uid_t user;
  gid_t group;

  if (!owner)
    return TRUE;
  if (!queen_socket_file_parse_owner (owner, &user, &group, error))
    return FALSE;
  if (lchown (path, user, group) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("cannot give unix:%s to “%s”: %s"), path, owner, g_strerror (errno));
  return FALSE;
}

static const char *
get_name (const QueenSocketFile *self)
{
  return strrchr (self->path, '/') + 1;
}

static gboolean
identify_file (const QueenSocketFile *self, struct statx *identity)
{
  return statx (self->directory, get_name (self), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME,
                identity) == 0;
}

/* A number of a file is soon another's; but not with the same time of birth. */
static gboolean
is_same (const struct statx *a, const struct statx *b)
{
  return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major &&
         a->stx_dev_minor == b->stx_dev_minor && a->stx_btime.tv_sec == b->stx_btime.tv_sec &&
         a->stx_btime.tv_nsec == b->stx_btime.tv_nsec;
}

/* As long as it does not listen nobody can connect, whoever it belongs to until then. */
static gboolean
take_place (
    QueenSocketFile *self, int fd, const QueenSocketRights *rights, int backlog, GError **error)
{
  if (bind_with_mode (fd, self->path, rights->mode) != 0)
    {
      if (errno == EADDRINUSE)
        set_in_use (error, self->path);
      else
        set_system_error (error, self->path, errno);
      return FALSE;
    }
  if (give_to (self->path, rights->owner, error))
    {
      if (identify_file (self, &self->identity) && listen (fd, backlog) == 0)
        return TRUE;
      set_system_error (error, self->path, errno);
    }
  unlink (self->path);
  return FALSE;
}

/* With the directory's descriptor, its lock goes. */
static void
free_file (QueenSocketFile *self)
{
  if (self->directory >= 0)
    close (self->directory);
  g_free (self->path);
  g_free (self);
}

QueenSocketFile *
queen_socket_file_listen (
    const char *path, const QueenSocketRights *rights, int backlog, int *fd, GError **error)
{
  QueenSocketFile *self;

  *fd = -1;
  if (!queen_socket_file_check_path (path, error))
    return NULL;
  self = g_new0 (QueenSocketFile, 1);
  self->path = g_strdup (path);
  self->directory = open_directory (path);
  if (self->directory >= 0)
    {
      lock_directory (self->directory);
      *fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
  if (*fd < 0)
    set_system_error (error, path, errno);
  else if (clear_place (path, error) && take_place (self, *fd, rights, backlog, error))
    {
      unlock_directory (self->directory);
      return self;
    }
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
  free_file (self);
  return NULL;
}

void
queen_socket_file_remove (QueenSocketFile *self)
{
  struct statx found;

  lock_directory (self->directory);
  if (identify_file (self, &found) && is_same (&found, &self->identity))
    unlinkat (self->directory, get_name (self), 0);
  free_file (self);
}
