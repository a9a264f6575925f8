/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-worker-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "queen-agent.h"
#include "queen-error.h"
#include "queen-worker-key.h"
#include "text/queen-legible.h"

#define GROUP "Worker"
#define MAX_ID 128   /* bytes: as heartbeats have it */
#define MAX_TEXT 512 /* likewise */
#define MAX_SLOTS 100000

/* Keys that are texts, and where they go. */
static const struct
{
  const char *key;
  gsize offset;
  gsize most;
} texts[] = {
  { "Id", G_STRUCT_OFFSET (QueenWardSettings, id), MAX_ID },
  { "Url", G_STRUCT_OFFSET (QueenWardSettings, url), MAX_TEXT },
  { "Model", G_STRUCT_OFFSET (QueenWardSettings, model), MAX_TEXT },
  { "Device", G_STRUCT_OFFSET (QueenWardSettings, device), MAX_TEXT / 2 },
  { "Advertise", G_STRUCT_OFFSET (QueenWardSettings, advertise), MAX_TEXT },
  { "Key", G_STRUCT_OFFSET (QueenWardSettings, key), QUEEN_WORKER_KEY_MAX },
};

static char **
get_place (QueenWorkerFile *self, gsize i)
{
  return &G_STRUCT_MEMBER (char *, &self->settings, texts[i].offset);
}

void
queen_worker_file_free (QueenWorkerFile *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (*get_place (self, i));
  g_free (self);
}

gboolean
queen_worker_file_equal (const QueenWorkerFile *a, const QueenWorkerFile *b)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_strcmp0 (*get_place ((QueenWorkerFile *) a, i), *get_place ((QueenWorkerFile *) b, i)) !=
        0)
      return FALSE;
  return a->settings.slots == b->settings.slots;
}

/* GLib hands out what stands before an escape that is none, and an error besides. */
static char *
get_value (GKeyFile *keys, const char *key, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree char *text = g_key_file_get_string (keys, GROUP, key, &cause);

  if (!cause)
    return g_steal_pointer (&text);
  g_propagate_error (error, g_steal_pointer (&cause));
  return NULL;
}

static gboolean
take_text (QueenWorkerFile *self, gsize i, GKeyFile *keys, GError **error)
{
  g_autofree char *text = get_value (keys, texts[i].key, error);

  if (!text)
    return FALSE;
  g_strstrip (text);
  if (*text == '\0' || strlen (text) > texts[i].most || !queen_legible_check (text))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("%s: is empty, too long, or has signs that nobody sees"), texts[i].key);
      return FALSE;
    }
  g_free (*get_place (self, i));
  *get_place (self, i) = g_steal_pointer (&text);
  return TRUE;
}

static gboolean
take_slots (QueenWorkerFile *self, GKeyFile *keys, GError **error)
{
  int slots = g_key_file_get_integer (keys, GROUP, "Slots", NULL);

  if (slots < 1 || slots > MAX_SLOTS)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("%s: is no number of 1 to %d"),
                   "Slots", MAX_SLOTS);
      return FALSE;
    }
  self->settings.slots = (guint) slots;
  return TRUE;
}

/* So that the file itself may be seen by all. */
static gboolean
take_key_file (QueenWorkerFile *self, GKeyFile *keys, GError **error)
{
  g_autofree char *path = get_value (keys, "KeyFile", error);
  g_autoptr (GError) cause = NULL;

  if (!path)
    return FALSE;
  g_free ((char *) self->settings.key);
  self->settings.key = queen_worker_key_read (g_strstrip (path), &cause);
  if (!self->settings.key)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, "KeyFile: %s", cause->message);
  return self->settings.key != NULL;
}

static gboolean
take_line (QueenWorkerFile *self, const char *key, GKeyFile *keys, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (g_str_equal (texts[i].key, key))
      return take_text (self, i, keys, error);
  if (g_str_equal (key, "Slots"))
    return take_slots (self, keys, error);
  if (g_str_equal (key, "KeyFile"))
    return take_key_file (self, keys, error);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("%s: is none of Id, Url, Model, Device, Slots, Advertise, Key, KeyFile"), key);
  return FALSE;
}

static gboolean
check_url (const char *key, const char *url, GError **error)
{
  g_autoptr (GUri) uri = url ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;
  const char *scheme = uri ? g_uri_get_scheme (uri) : NULL;

  if (!url)
    return TRUE;
  if (uri && (g_str_equal (scheme, "http") || g_str_equal (scheme, "https")) &&
      g_uri_get_host (uri) && *g_uri_get_host (uri) != '\0' && !g_uri_get_userinfo (uri) &&
      !g_uri_get_query (uri) && !g_uri_get_fragment (uri))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
               _ ("%s: “%s” is not an address such as http://127.0.0.1:8080"), key, url);
  return FALSE;
}

static gboolean
check_key (const char *key, const char *url, GError **error)
{
  g_autoptr (GError) cause = NULL;

  if (queen_worker_key_check (key, url, &cause))
    return TRUE;
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, "Key: %s", cause->message);
  return FALSE;
}

static gboolean
take_keys (QueenWorkerFile *self, GKeyFile *keys, GError **error)
{
  g_auto (GStrv) groups = g_key_file_get_groups (keys, NULL);
  g_auto (GStrv) names = g_key_file_get_keys (keys, GROUP, NULL, error);

  if (!names)
    return FALSE;
  if (g_strv_length (groups) > 1)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("there is more than [%s]"), GROUP);
      return FALSE;
    }
  for (char **name = names; *name; name++)
    if (!take_line (self, *name, keys, error))
      return FALSE;
  if (!self->settings.url)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("Url= is missing"));
      return FALSE;
    }
  return check_url ("Url", self->settings.url, error) &&
         check_url ("Advertise", self->settings.advertise, error) &&
         check_key (self->settings.key, self->settings.url, error);
}

QueenWorkerFile *
queen_worker_file_parse (const char *text, gsize length, const char *name, GError **error)
{
  g_autoptr (QueenWorkerFile) self = g_new0 (QueenWorkerFile, 1);
  g_autoptr (GKeyFile) keys = g_key_file_new ();
  g_autoptr (GError) cause = NULL;

  self->settings.id = queen_legible_dup (name, MAX_ID);
  if (g_key_file_load_from_data (keys, text, length, G_KEY_FILE_NONE, &cause) &&
      take_keys (self, keys, &cause))
    return g_steal_pointer (&self);
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, cause->message);
  return NULL;
}

/* Files and directories. What is looked at is what is open, so that nobody can change it between.
 */

static gboolean
check_owner (int fd, mode_t type, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) != 0)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, g_strerror (errno));
  else if ((info.st_mode & S_IFMT) != type)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                         type == S_IFDIR ? _ ("is not a directory") : _ ("is not a regular file"));
  else if (info.st_uid != 0 && info.st_uid != geteuid ())
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                         _ ("belongs neither to root nor to whoever runs this"));
  else if (info.st_mode & (S_IWGRP | S_IWOTH))
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("others may write there"));
  else
    return TRUE;
  return FALSE;
}

static gssize
read_whole (int fd, char *buffer, gsize size)
{
  gsize length = 0;
  gssize n_bytes;

  do
    {
      n_bytes = read (fd, buffer + length, size - length);
      if (n_bytes > 0)
        length += (gsize) n_bytes;
    }
  while ((n_bytes > 0 && length < size) || (n_bytes < 0 && errno == EINTR));
  return n_bytes < 0 ? -1 : (gssize) length;
}

static char *
read_checked (int fd, gsize *length, GError **error)
{
  g_autofree char *text = g_malloc (QUEEN_WORKER_FILE_MAX + 1);
  gssize n_bytes;

  if (!check_owner (fd, S_IFREG, error))
    return NULL;
  n_bytes = read_whole (fd, text, QUEEN_WORKER_FILE_MAX + 1);
  if (n_bytes < 0)
    g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, g_strerror (errno));
  else if (n_bytes > QUEEN_WORKER_FILE_MAX)
    g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, _ ("is over %d bytes"),
                 QUEEN_WORKER_FILE_MAX);
  if (n_bytes < 0 || n_bytes > QUEEN_WORKER_FILE_MAX)
    return NULL;
  *length = (gsize) n_bytes;
  text[n_bytes] = '\0';
  return g_steal_pointer (&text);
}

/* A file that says the key itself is nobody else's to read. */
static gboolean
check_secret (int fd, const char *text, GError **error)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  struct stat info;
  gboolean has_key = FALSE;

  for (char **line = lines; *line; line++)
    {
      const char *at = g_strstrip (*line);

      has_key |= g_str_has_prefix (at, "Key") && strchr ("= \t", at[3]);
    }
  if (!has_key || (fstat (fd, &info) == 0 && (info.st_mode & S_IROTH) == 0))
    return TRUE;
  g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                       _ ("has a key, and others may read it: chmod o-r, or KeyFile="));
  return FALSE;
}

static QueenWorkerFile *
read_file (int directory, const char *name, GError **error)
{
  g_autofree char *id = g_strndup (name, strlen (name) - strlen (QUEEN_WORKER_FILE_SUFFIX));
  g_autofree char *text = NULL;
  gsize length;
  int fd = openat (directory, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

  if (fd < 0)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, g_strerror (errno));
      return NULL;
    }
  text = read_checked (fd, &length, error);
  if (text && !check_secret (fd, text, error))
    g_clear_pointer (&text, g_free);
  close (fd);
  return text ? queen_worker_file_parse (text, length, id, error) : NULL;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GPtrArray *
list_names (const char *directory, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, error);
  const char *name;

  if (!dir)
    return NULL;
  while ((name = g_dir_read_name (dir)) && names->len < QUEEN_AGENT_MAX_WARDS)
    if (g_str_has_suffix (name, QUEEN_WORKER_FILE_SUFFIX) && *name != '.' &&
        g_utf8_validate (name, -1, NULL))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  return g_steal_pointer (&names);
}

static int
open_directory (const char *directory, GError **error)
{
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GError) cause = NULL;

  if (fd < 0)
    g_set_error (&cause, QUEEN_ERROR, QUEEN_ERROR_SETTING, "%s", g_strerror (errno));
  if (fd >= 0 && check_owner (fd, S_IFDIR, &cause))
    return fd;
  if (fd >= 0)
    close (fd);
  g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING, "%s: %s", directory, cause->message);
  return -1;
}

GPtrArray *
queen_worker_file_list (const char *directory, GPtrArray *complaints, GError **error)
{
  g_autoptr (GPtrArray) files =
      g_ptr_array_new_with_free_func ((GDestroyNotify) queen_worker_file_free);
  g_autoptr (GPtrArray) names = NULL;
  int fd = open_directory (directory, error);

  if (fd < 0)
    return NULL;
  names = list_names (directory, error);
  for (guint i = 0; names && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      g_autoptr (GError) cause = NULL;
      QueenWorkerFile *file = read_file (fd, name, &cause);

      if (file)
        g_ptr_array_add (files, file);
      else
        g_ptr_array_add (complaints,
                         g_strdup_printf ("%s/%s: %s", directory, name, cause->message));
    }
  close (fd);
  return names ? g_steal_pointer (&files) : NULL;
}
