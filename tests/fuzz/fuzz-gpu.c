/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * Any bytes as what nvidia-smi writes, and as what the kernel tells of a GPU's open file. What
 * comes of it can be shown, and can be true. */

#include <string.h>

#include "fuzz.h"
#include "machine/queen-drm-client.h"
#include "machine/queen-smi-line.h"
#include "text/queen-legible.h"

#define READ_AT 5

static void
check_text (const char *text)
{
  g_autofree char *again = text ? queen_gpu_text_dup (text, strlen (text)) : NULL;

  if (!text)
    return;
  g_assert_true (g_utf8_validate (text, -1, NULL) && queen_legible_check (text));
  g_assert_cmpstr (again, ==, text);
}

static void
check_pci (const char *pci)
{
  g_autofree char *again = pci ? queen_gpu_pci_dup (pci) : NULL;

  g_assert_cmpstr (again, ==, pci);
}

static void
check_line (const char *line)
{
  guint index = G_MAXUINT;
  QueenGpu *gpu = queen_smi_line_parse (line, READ_AT, &index);

  if (!gpu)
    return;
  g_assert_cmpuint (index, <, QUEEN_GPU_MAX);
  check_text (gpu->name);
  check_text (gpu->uuid);
  check_text (gpu->problem);
  check_pci (gpu->pci);
  if (queen_gpu_knows (gpu, QUEEN_GPU_BUSY))
    g_assert_true (gpu->busy >= 0 && gpu->busy <= 1);
  if (queen_gpu_knows (gpu, QUEEN_GPU_MEMORY_USED | QUEEN_GPU_MEMORY_TOTAL))
    g_assert_cmpuint (gpu->memory_used, <=, gpu->memory_total);
  if (queen_gpu_knows (gpu, QUEEN_GPU_POWER))
    g_assert_true (gpu->power >= 0);
  queen_gpu_free (gpu);
}

static void
check_shares (const QueenDrmClient *before, const QueenDrmClient *after)
{
  for (guint i = 0; i < after->n_engines; i++)
    {
      double share = queen_drm_client_get_share (after, before, i, G_USEC_PER_SEC);

      g_assert_true (share >= 0 && share <= 1);
    }
}

static void
check_client (const char *text, QueenDrmClient *client)
{
  gboolean is_client = queen_drm_client_parse (text, client);

  g_assert_cmpuint (client->n_engines, <=, QUEEN_DRM_ENGINES_MAX);
  if (is_client)
    check_pci (client->pci);
}

/* The first half of the bytes was there before the second. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const guint8 *at = data;
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autofree char *half = g_strndup ((const char *) data, size / 2);
  QueenDrmClient before, after;

  if (size == 0)
    return 0;
  while (at)
    {
      g_autoptr (GBytes) bytes = fuzz_cut_line (&at, data + size);
      g_autofree char *line = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

      check_line (line ? line : "");
    }
  check_client (half, &before);
  check_client (text, &after);
  check_shares (&before, &after);
  check_shares (&after, &before);
  return 0;
}
