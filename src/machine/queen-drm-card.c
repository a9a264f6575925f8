/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-drm-card.h"

#include <string.h>

#include "queen-kernel-file.h"
#include "queen-pci-names.h"

#define UEVENT_SIZE 2048
#define MAX_HWMONS 8 /* one for each part of a GPU, in i915 */
#define USEC_PER_MSEC 1000

/* A counter that grows, and when it was read: what lies between two readings is what counts. */
typedef struct
{
  gboolean is_known;
  gint64 value;
  gint64 read_at; /* µs, monotonic */
} Counter;

struct _QueenDrmCard
{
  char *directory; /* /sys/class/drm/cardN */
  char *hwmon;     /* (nullable): where its sensors are */
  char *driver;
  const char *vendor;
  char *name;
  char *uuid;
  char *pci;
  gboolean has_kind;
  gboolean is_unified; /* its memory is the machine's: AMD's processors with a GPU in them */
  Counter energy;      /* µJ */
  Counter idle;        /* ms */
  gboolean has_idle_share;
  double idle_share;
};

static char *
find_value (const char *text, const char *key)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, key))
      return g_strdup (*line + strlen (key));
  return NULL;
}

/* Returns: (nullable): what stands in a small file, if that is a text. */
static char *
read_text (const char *directory, const char *name)
{
  char text[256];

  return queen_kernel_file_read (text, sizeof text, "%s/%s", directory, name) > 0
             ? queen_gpu_text_dup (text, sizeof text)
             : NULL;
}

static const char *
name_vendor (const char *pci_id, const char *driver)
{
  static const struct
  {
    const char *id;
    const char *vendor;
  } vendors[] = { { "1002:", "amd" }, { "8086:", "intel" }, { "10DE:", "nvidia" } };

  for (guint i = 0; pci_id && i < G_N_ELEMENTS (vendors); i++)
    if (g_ascii_strncasecmp (pci_id, vendors[i].id, strlen (vendors[i].id)) == 0)
      return vendors[i].vendor;
  return driver;
}

/* i915 has one for the device and one for each part of it; the device's is named as the driver. */
static char *
find_hwmon (const QueenDrmCard *self)
{
  g_autofree char *directory = g_strconcat (self->directory, "/device/hwmon", NULL);
  g_autoptr (GDir) hwmons = g_dir_open (directory, 0, NULL);
  g_autofree char *found = NULL;
  const char *entry;

  for (int i = 0; hwmons && i < MAX_HWMONS && (entry = g_dir_read_name (hwmons)); i++)
    {
      g_autofree char *path = g_build_filename (directory, entry, NULL);
      g_autofree char *name = read_text (path, "name");

      if (name && strcmp (name, self->driver) == 0)
        return g_steal_pointer (&path);
      if (!found)
        found = g_steal_pointer (&path);
    }
  return g_steal_pointer (&found);
}

/* What computes has a render node; what only shows a picture, as a server's management does, has
 * none. */
static gboolean
has_render_node (const QueenDrmCard *self)
{
  g_autofree char *path = g_strconcat (self->directory, "/device/drm", NULL);
  g_autoptr (GDir) nodes = g_dir_open (path, 0, NULL);
  const char *name;

  while (nodes && (name = g_dir_read_name (nodes)))
    if (g_str_has_prefix (name, "renderD"))
      return TRUE;
  return FALSE;
}

/* NVIDIA's tell of themselves, some are none, and of some another machine should tell. */
static gboolean
is_told_of (const QueenDrmCard *self)
{
  static const char *const skipped[] = { "nvidia", "nvidia-drm", "vgem",
                                         "vkms",   "virtio_gpu", "vmwgfx" };

  for (guint i = 0; i < G_N_ELEMENTS (skipped); i++)
    if (strcmp (self->driver, skipped[i]) == 0)
      return FALSE;
  return has_render_node (self);
}

/* gpu_metrics begins with its size (2 bytes) and its format: 1 for cards, 2 and 3 for processors
 * with a GPU in them (kgd_pp_interface.h). */
static gboolean
is_amd_apu (const QueenDrmCard *self)
{
  char bytes[4];

  return strcmp (self->driver, "amdgpu") == 0 &&
         queen_kernel_file_read (bytes, sizeof bytes, "%s/device/gpu_metrics", self->directory) >=
             3 &&
         (bytes[2] == 2 || bytes[2] == 3);
}

static gboolean
is_suspended (const QueenDrmCard *self)
{
  char text[32];

  return queen_kernel_file_read (text, sizeof text, "%s/device/power/runtime_status",
                                 self->directory) > 0 &&
         g_str_has_prefix (text, "suspended");
}

static void
read_identity (QueenDrmCard *self, const char *uevent, const char *root)
{
  g_autofree char *id = find_value (uevent, "PCI_ID=");
  g_autofree char *slot = find_value (uevent, "PCI_SLOT_NAME=");

  self->vendor = g_intern_string (name_vendor (id, self->driver));
  self->pci = slot ? queen_gpu_pci_dup (slot) : NULL;
  self->name = read_text (self->directory, "device/product_name");
  if (!self->name && id)
    self->name = queen_pci_names_lookup (root, id);
  self->uuid = read_text (self->directory, "device/unique_id");
  self->hwmon = find_hwmon (self);
}

QueenDrmCard *
queen_drm_card_new (const char *root, const char *name)
{
  QueenDrmCard *self = g_new0 (QueenDrmCard, 1);
  char uevent[UEVENT_SIZE];

  self->directory = g_strdup_printf ("%s/sys/class/drm/%s", root, name);
  if (queen_kernel_file_read (uevent, sizeof uevent, "%s/device/uevent", self->directory) > 0)
    self->driver = find_value (uevent, "DRIVER=");
  if (!self->driver || !is_told_of (self))
    {
      queen_drm_card_free (self);
      return NULL;
    }
  read_identity (self, uevent, root);
  return self;
}

static gboolean
read_number (const char *directory, const char *name, gint64 *number)
{
  return directory && queen_kernel_file_read_number (number, "%s/%s", directory, name);
}

/* Returns: whether @counter was read before, too, and did not fall. */
static gboolean
advance (Counter *counter, gboolean is_known, gint64 value, gint64 now, double *growth)
{
  const Counter before = *counter;

  *counter = (Counter){ is_known, value, now };
  if (!is_known || !before.is_known || now <= before.read_at || value < before.value)
    return FALSE;
  *growth = (double) (value - before.value) / (double) (now - before.read_at);
  return TRUE;
}

static void
read_power (QueenDrmCard *self, QueenGpu *gpu, gint64 now)
{
  static const char *const names[] = { "power1_average", "power1_input" };
  gint64 microwatts, energy = 0;
  double watts;
  gboolean is_known;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (read_number (self->hwmon, names[i], &microwatts))
      {
        queen_gpu_set_power (gpu, (double) microwatts / 1e6);
        return;
      }
  /* µJ in each µs is W. The first is the card's, the second the chip's. */
  is_known = read_number (self->hwmon, "energy1_input", &energy) ||
             read_number (self->hwmon, "energy2_input", &energy);
  if (advance (&self->energy, is_known, energy, now, &watts))
    queen_gpu_set_power (gpu, watts);
}

static void
read_temperature (QueenDrmCard *self, QueenGpu *gpu)
{
  static const char *const names[] = { "temp1_input", "temp2_input" };
  gint64 millidegrees;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (read_number (self->hwmon, names[i], &millidegrees))
      {
        queen_gpu_set_temperature (gpu, (double) millidegrees / 1000);
        return;
      }
}

/* amdgpu tells of two kinds: the card's own (VRAM), and what it may use of the machine's (GTT). */
static gboolean
read_bytes (const QueenDrmCard *self, const char *kind, guint64 *bytes)
{
  g_autofree char *vram = g_strconcat ("device/mem_info_vram_", kind, NULL);
  g_autofree char *gtt = g_strconcat ("device/mem_info_gtt_", kind, NULL);
  gint64 own, machine = 0;

  if (!read_number (self->directory, vram, &own) || own < 0)
    return FALSE;
  if (self->is_unified && (!read_number (self->directory, gtt, &machine) || machine < 0))
    return FALSE;
  *bytes = (guint64) own + (guint64) machine;
  return TRUE;
}

static void
read_memory (QueenDrmCard *self, QueenGpu *gpu)
{
  guint64 bytes;

  gpu->is_unified = self->is_unified;
  if (read_bytes (self, "total", &bytes))
    queen_gpu_set_memory_total (gpu, bytes);
  if (read_bytes (self, "used", &bytes))
    queen_gpu_set_memory_used (gpu, bytes);
}

/* How long the GPU was in its sleeping state, which the kernel counts for its first part. */
static void
read_idle (QueenDrmCard *self, gint64 now)
{
  gint64 enabled, idle = 0;
  double share;
  gboolean is_known =
      read_number (self->directory, "device/tile0/gt0/gtidle/idle_residency_ms", &idle) ||
      (read_number (self->directory, "gt/gt0/rc6_enable", &enabled) && enabled != 0 &&
       read_number (self->directory, "gt/gt0/rc6_residency_ms", &idle));

  self->has_idle_share = advance (&self->idle, is_known, idle * USEC_PER_MSEC, now, &share);
  self->idle_share = self->has_idle_share ? MIN (share, 1) : 0;
}

void
queen_drm_card_apply_idle (QueenDrmCard *self, QueenGpu *gpu)
{
  if (self->has_idle_share && !queen_gpu_knows (gpu, QUEEN_GPU_BUSY))
    queen_gpu_set_busy (gpu, 1 - self->idle_share);
}

QueenGpu *
queen_drm_card_read (QueenDrmCard *self, gint64 now)
{
  QueenGpu *gpu = queen_gpu_new (self->vendor, g_intern_string (self->driver), now);
  gint64 percent;

  gpu->name = g_strdup (self->name);
  gpu->uuid = g_strdup (self->uuid);
  gpu->pci = g_strdup (self->pci);
  gpu->is_asleep = is_suspended (self);
  if (gpu->is_asleep)
    {
      queen_gpu_set_busy (gpu, 0);
      self->energy.is_known = self->idle.is_known = self->has_idle_share = FALSE;
      return gpu;
    }
  if (!self->hwmon)
    self->hwmon = find_hwmon (self); /* it comes a little later than the card */
  if (!self->has_kind)
    self->is_unified = is_amd_apu (self); /* once, as it costs more than the rest */
  self->has_kind = TRUE;
  if (read_number (self->directory, "device/gpu_busy_percent", &percent))
    queen_gpu_set_busy (gpu, (double) percent / 100);
  read_memory (self, gpu);
  read_temperature (self, gpu);
  read_power (self, gpu, now);
  read_idle (self, now);
  return gpu;
}

void
queen_drm_card_free (QueenDrmCard *self)
{
  g_free (self->directory);
  g_free (self->hwmon);
  g_free (self->driver);
  g_free (self->name);
  g_free (self->uuid);
  g_free (self->pci);
  g_free (self);
}
