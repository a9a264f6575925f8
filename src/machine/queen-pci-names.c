/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-pci-names.h"

#include <stdio.h>
#include <string.h>

#include "queen-gpu.h"

#define LINE_SIZE 512
#define MAX_LINES (1 << 18) /* there are 40 000 */

/* pci.ids(5): “VVVV  Vendor”, below it “<tab>DDDD  Device”, below that what is of no interest. */
static char *
find_device (FILE *file, const char *vendor, const char *device)
{
  char line[LINE_SIZE];
  gboolean is_vendor = FALSE;

  for (int i = 0; i < MAX_LINES && fgets (line, sizeof line, file); i++)
    {
      if (line[0] == '\t' && is_vendor && g_ascii_strncasecmp (line + 1, device, 4) == 0)
        return queen_gpu_text_dup (line + 1 + 4, sizeof line - 5);
      if (line[0] == '#' || line[0] == '\t' || line[0] == '\n')
        continue;
      if (is_vendor)
        return NULL;
      is_vendor = g_ascii_strncasecmp (line, vendor, 4) == 0;
    }
  return NULL;
}

char *
queen_pci_names_lookup (const char *root, const char *id)
{
  static const char *const lists[] = { "/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids" };

  if (strlen (id) != strlen ("VVVV:DDDD"))
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autofree char *path = g_strconcat (root, lists[i], NULL);
      FILE *file = fopen (path, "re");
      char *name = file ? find_device (file, id, id + strlen ("VVVV:")) : NULL;

      if (file)
        fclose (file);
      if (name)
        return name;
    }
  return NULL;
}
