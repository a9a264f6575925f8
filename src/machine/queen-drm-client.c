/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-drm-client.h"

#include <string.h>

#include "queen-gpu.h"
#include "queen-kernel-file.h"

/* In what each region is counted, the best first: what is really there, what was there in older
 * kernels, what was asked for. */
enum
{
  RESIDENT,
  MEMORY,
  TOTAL,
  N_COUNTS,
};

static const char *const count_prefixes[N_COUNTS] = {
  [RESIDENT] = "drm-resident-",
  [MEMORY] = "drm-memory-",
  [TOTAL] = "drm-total-",
};

typedef struct
{
  gboolean has_driver;
  gboolean has_id;
  gboolean has_vram[N_COUNTS];
  guint64 vram[N_COUNTS]; /* of all regions of the GPU's own */
  gboolean has_other[N_COUNTS];
  guint64 other[N_COUNTS]; /* of all other ones */
} Reading;

/* Returns: (nullable): the engine of that name; %NULL when there are too many. */
static QueenDrmEngine *
find_engine (QueenDrmClient *client, const char *name)
{
  QueenDrmEngine *engine;

  for (guint i = 0; i < client->n_engines; i++)
    if (strcmp (client->engines[i].name, name) == 0)
      return &client->engines[i];
  if (client->n_engines == QUEEN_DRM_ENGINES_MAX || strlen (name) >= sizeof engine->name)
    return NULL;
  engine = &client->engines[client->n_engines++];
  *engine = (QueenDrmEngine){ 0 };
  g_strlcpy (engine->name, name, sizeof engine->name);
  return engine;
}

static gboolean
parse_span (const char *value, guint64 *number)
{
  g_autofree char *digits = g_strdup (value);
  char *unit = strstr (digits, " ns");

  if (unit)
    *unit = '\0';
  return queen_kernel_file_parse (digits, number);
}

/* Returns: whether @key is about an engine. */
static gboolean
take_engine (QueenDrmClient *client, const char *key, const char *value)
{
  static const struct
  {
    const char *prefix;
    gsize offset;
  } kinds[] = {
    /* The longer prefix first, as the shorter one is its beginning. */
    { "drm-engine-capacity-", G_STRUCT_OFFSET (QueenDrmEngine, capacity) },
    { "drm-engine-", G_STRUCT_OFFSET (QueenDrmEngine, used) },
    { "drm-cycles-", G_STRUCT_OFFSET (QueenDrmEngine, cycles) },
    { "drm-total-cycles-", G_STRUCT_OFFSET (QueenDrmEngine, total_cycles) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (key, kinds[i].prefix))
      {
        guint64 number;
        QueenDrmEngine *engine = parse_span (value, &number)
                                     ? find_engine (client, key + strlen (kinds[i].prefix))
                                     : NULL;

        if (engine)
          G_STRUCT_MEMBER (guint64, engine, kinds[i].offset) = number;
        return TRUE;
      }
  return FALSE;
}

static void
take_memory (Reading *reading, const char *key, const char *value)
{
  for (int i = 0; i < N_COUNTS; i++)
    {
      const char *region =
          g_str_has_prefix (key, count_prefixes[i]) ? key + strlen (count_prefixes[i]) : NULL;
      const gboolean is_vram = region && g_str_has_prefix (region, "vram");
      guint64 bytes;

      /* i915 calls that of the GPU “local”. */
      if (!region || !queen_kernel_file_parse (value, &bytes))
        continue;
      if (is_vram || g_str_has_prefix (region, "local"))
        {
          reading->has_vram[i] = TRUE;
          reading->vram[i] += bytes;
        }
      else
        {
          reading->has_other[i] = TRUE;
          reading->other[i] += bytes;
        }
    }
}

static void
take_pair (QueenDrmClient *client, Reading *reading, const char *key, const char *value)
{
  if (strcmp (key, "drm-driver") == 0)
    reading->has_driver = TRUE;
  else if (strcmp (key, "drm-pdev") == 0)
    {
      g_autofree char *pci = queen_gpu_pci_dup (value);

      if (pci)
        g_strlcpy (client->pci, pci, sizeof client->pci);
    }
  else if (strcmp (key, "drm-client-id") == 0)
    reading->has_id = queen_kernel_file_parse (value, &client->id);
  else if (!take_engine (client, key, value))
    take_memory (reading, key, value);
}

static void
choose_memory (QueenDrmClient *client, const Reading *reading)
{
  for (int i = 0; i < N_COUNTS && !client->has_memory; i++)
    if (reading->has_vram[i])
      {
        client->has_memory = client->is_vram = TRUE;
        client->memory = reading->vram[i];
      }
  for (int i = 0; i < N_COUNTS && !client->has_memory; i++)
    if (reading->has_other[i])
      {
        client->has_memory = TRUE;
        client->memory = reading->other[i];
      }
}

gboolean
queen_drm_client_parse (const char *text, QueenDrmClient *client)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  Reading reading = { 0 };

  *client = (QueenDrmClient){ 0 };
  for (char **line = lines; *line; line++)
    {
      char *colon = strchr (*line, ':');

      if (!colon || !g_str_has_prefix (*line, "drm-"))
        continue;
      *colon = '\0';
      take_pair (client, &reading, *line, g_strstrip (colon + 1));
    }
  choose_memory (client, &reading);
  return reading.has_driver && reading.has_id && client->pci[0] != '\0';
}

/* The counters may fall a little, and catch up later. */
static guint64
grow (guint64 then, guint64 now)
{
  return now > then ? now - then : 0;
}

double
queen_drm_client_get_share (const QueenDrmClient *client,
                            const QueenDrmClient *before,
                            guint engine,
                            gint64 elapsed)
{
  const QueenDrmEngine *now = &client->engines[engine];
  const QueenDrmEngine *then = NULL;
  guint64 used, whole;

  for (guint i = 0; i < before->n_engines && !then; i++)
    if (strcmp (before->engines[i].name, now->name) == 0)
      then = &before->engines[i];
  if (!then)
    return 0;
  if (now->total_cycles > 0)
    {
      used = grow (then->cycles, now->cycles);
      whole = grow (then->total_cycles, now->total_cycles);
    }
  else
    {
      used = grow (then->used, now->used);
      whole = (guint64) MAX (elapsed, 0);
    }
  return whole > 0 ? MIN ((double) used / ((double) whole * (double) MAX (now->capacity, 1)), 1)
                   : 0;
}
