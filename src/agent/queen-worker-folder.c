/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-worker-folder.h"

#include "queen-worker-file.h"
#include "text/queen-hash.h"
#include "text/queen-safe-text.h"

#define SETTLE_MSEC 200 /* after a change: editors and package managers make several */

struct _QueenWorkerFolder
{
  QueenAgent *agent; /* not owned */
  char *directory;
  void (*say) (const char *text, gpointer data);
  gpointer data;
  GHashTable *files; /* by id, the #QueenWorkerFile that a ward was made of */
  GFileMonitor *monitor;
  guint timer;
};

static void
say_safely (QueenWorkerFolder *self, const char *text)
{
  g_autofree char *safe = queen_safe_text_dup (text, -1);

  self->say (safe, self->data);
}

static const QueenWorkerFile *
find_file (GPtrArray *files, const char *id)
{
  for (guint i = 0; i < files->len; i++)
    if (g_str_equal (((QueenWorkerFile *) g_ptr_array_index (files, i))->settings.id, id))
      return g_ptr_array_index (files, i);
  return NULL;
}

/* Takes away whose file has gone or says something else now. */
static void
dismiss_changed (QueenWorkerFolder *self, GPtrArray *files)
{
  GHashTableIter iter;
  gpointer id, file;

  g_hash_table_iter_init (&iter, self->files);
  while (g_hash_table_iter_next (&iter, &id, &file))
    {
      const QueenWorkerFile *now = find_file (files, id);
      QueenWard *ward = queen_agent_lookup (self->agent, id);

      if (now && queen_worker_file_equal (now, file))
        continue;
      if (ward)
        queen_agent_dismiss (self->agent, ward, NULL);
      g_hash_table_iter_remove (&iter);
    }
}

static void
add_new (QueenWorkerFolder *self, GPtrArray *files)
{
  while (files->len > 0)
    {
      QueenWorkerFile *file = g_ptr_array_steal_index (files, 0);
      g_autoptr (GError) error = NULL;

      if (g_hash_table_contains (self->files, file->settings.id))
        {
          queen_worker_file_free (file);
          continue;
        }
      if (!queen_agent_add (self->agent, &file->settings, &error))
        {
          say_safely (self, error->message);
          queen_worker_file_free (file);
          continue;
        }
      g_hash_table_insert (self->files, (gpointer) file->settings.id, file);
    }
}

gboolean
queen_worker_folder_load (QueenWorkerFolder *self, GError **error)
{
  g_autoptr (GPtrArray) complaints = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) cause = NULL;
  g_autoptr (GPtrArray) files = queen_worker_file_list (self->directory, complaints, &cause);

  for (guint i = 0; i < complaints->len; i++)
    say_safely (self, g_ptr_array_index (complaints, i));
  if (!files)
    {
      if (error)
        g_propagate_error (error, g_steal_pointer (&cause));
      else
        say_safely (self, cause->message);
      return FALSE;
    }
  dismiss_changed (self, files);
  add_new (self, files);
  return TRUE;
}

static gboolean
on_folder_settled (gpointer data)
{
  QueenWorkerFolder *self = data;

  self->timer = 0;
  queen_worker_folder_load (self, NULL);
  return G_SOURCE_REMOVE;
}

static void
on_folder_changed (
    GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, gpointer data)
{
  QueenWorkerFolder *self = data;

  if (self->timer == 0)
    self->timer = g_timeout_add (SETTLE_MSEC, on_folder_settled, self);
}

gboolean
queen_worker_folder_has_port (QueenWorkerFolder *self, guint16 port)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->files);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      QueenWard *ward = queen_agent_lookup (self->agent, id);

      if (ward && queen_ward_get_local_port (ward) == port)
        return TRUE;
    }
  return FALSE;
}

QueenWorkerFolder *
queen_worker_folder_new (QueenAgent *agent,
                         const char *directory,
                         void (*say) (const char *text, gpointer data),
                         gpointer data)
{
  QueenWorkerFolder *self = g_new0 (QueenWorkerFolder, 1);
  g_autoptr (GFile) place = g_file_new_for_path (directory);

  self->agent = agent;
  self->directory = g_strdup (directory);
  self->say = say;
  self->data = data;
  self->files = g_hash_table_new_full (queen_string_hash, g_str_equal, NULL,
                                       (GDestroyNotify) queen_worker_file_free);
  /* Without one, SIGHUP is left. */
  self->monitor = g_file_monitor_directory (place, G_FILE_MONITOR_NONE, NULL, NULL);
  if (self->monitor)
    g_signal_connect (self->monitor, "changed", G_CALLBACK (on_folder_changed), self);
  return self;
}

void
queen_worker_folder_free (QueenWorkerFolder *self)
{
  if (self->monitor)
    g_signal_handlers_disconnect_by_data (self->monitor, self);
  g_clear_object (&self->monitor);
  g_clear_handle_id (&self->timer, g_source_remove);
  g_hash_table_unref (self->files);
  g_free (self->directory);
  g_free (self);
}
