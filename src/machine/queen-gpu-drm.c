/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include <gio/gio.h>
#include <string.h>

#include "queen-drm-card.h"
#include "queen-drm-clients.h"
#include "queen-gpu-source.h"

typedef struct
{
  QueenGpuSource parent;
  char *root;
  const QueenClock *clock;
  char **names;     /* in /sys/class/drm, all of them */
  GPtrArray *cards; /* QueenDrmCard: those that are GPUs */
  QueenDrmClients *clients;
} DrmSource;

/* “card0”, but not “card0-HDMI-A-1”. */
static gboolean
is_card (const char *name)
{
  return g_str_has_prefix (name, "card") &&
         g_ascii_string_to_unsigned (name + strlen ("card"), 10, 0, G_MAXUINT16, NULL, NULL);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const char *const *first = a, *const *second = b;
  const gsize lengths[2] = { strlen (*first), strlen (*second) };

  return lengths[0] != lengths[1] ? (lengths[0] < lengths[1] ? -1 : 1) : strcmp (*first, *second);
}

static char **
list_names (const char *root)
{
  g_autofree char *path = g_strconcat (root, "/sys/class/drm", NULL);
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  GPtrArray *names = g_ptr_array_new ();
  const char *name;

  while (directory && names->len < QUEEN_GPU_MAX && (name = g_dir_read_name (directory)))
    if (is_card (name))
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

/* A card may come and go: those in boxes outside of the machine do. */
static void
find_cards (DrmSource *self)
{
  g_auto (GStrv) names = list_names (self->root);

  if (self->names && g_strv_equal ((const char *const *) self->names, (const char *const *) names))
    return;
  g_strfreev (self->names);
  self->names = g_steal_pointer (&names);
  g_ptr_array_set_size (self->cards, 0);
  for (char **name = self->names; *name; name++)
    {
      QueenDrmCard *card = queen_drm_card_new (self->root, *name);

      if (card)
        g_ptr_array_add (self->cards, card);
    }
}

static gboolean
drm_read (QueenGpuSource *source, GPtrArray *gpus, GError **error)
{
  DrmSource *self = (DrmSource *) source;
  const gint64 now = self->clock->get_monotonic ();

  find_cards (self);
  queen_drm_clients_read (self->clients, now);
  for (guint i = 0; i < self->cards->len; i++)
    {
      QueenDrmCard *card = self->cards->pdata[i];
      QueenGpu *gpu = queen_drm_card_read (card, now);

      queen_drm_clients_apply (self->clients, gpu);
      queen_drm_card_apply_idle (card, gpu);
      g_ptr_array_add (gpus, gpu);
    }
  return TRUE;
}

static void
drm_free (QueenGpuSource *source)
{
  DrmSource *self = (DrmSource *) source;

  g_strfreev (self->names);
  g_ptr_array_unref (self->cards);
  queen_drm_clients_free (self->clients);
  g_free (self->root);
  g_free (self);
}

static QueenGpuSource *
drm_probe (const QueenGpuPlaces *places, GError **error)
{
  DrmSource *self = g_new0 (DrmSource, 1);

  self->parent.class = &queen_gpu_drm;
  self->root = g_strdup (places->root ? places->root : "");
  self->clock = places->clock ? places->clock : &queen_clock_system;
  self->cards = g_ptr_array_new_with_free_func ((GDestroyNotify) queen_drm_card_free);
  self->clients = queen_drm_clients_new (self->root);
  find_cards (self);
  if (self->cards->len > 0)
    return &self->parent;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "there is no GPU in /sys/class/drm");
  drm_free (&self->parent);
  return NULL;
}

const QueenGpuSourceClass queen_gpu_drm = { "drm", drm_probe, drm_read, drm_free };
