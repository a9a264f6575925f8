/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-smi-line.h"

#include <string.h>

#define MEBIBYTE (G_GUINT64_CONSTANT (1024) * 1024)

enum
{
  INDEX,
  UUID,
  PCI,
  TEMPERATURE,
  BUSY,
  MEMORY_USED,
  MEMORY_TOTAL,
  POWER,
  NAME,
  N_FIELDS,
};

/* Anything else, such as “[N/A]”, “[Not Supported]” or “[Unknown Error]”, is unknown. */
static gboolean
parse_value (const char *text, double *value)
{
  char *end;

  if (*text == '\0' || strspn (text, "0123456789.-") != strlen (text))
    return FALSE;
  *value = g_ascii_strtod (text, &end);
  return *end == '\0';
}

/* It says so instead of values: “[GPU is lost]”, “[Unknown Error]”. */
static char *
find_problem (char **fields)
{
  for (int i = TEMPERATURE; i <= POWER; i++)
    if (strstr (fields[i], "lost") || strstr (fields[i], "Error") || strstr (fields[i], "reset"))
      return queen_gpu_text_dup (fields[i], strlen (fields[i]));
  return NULL;
}

static char *
dup_text (const char *field)
{
  return *field && *field != '[' ? queen_gpu_text_dup (field, strlen (field)) : NULL;
}

static void
set_values (QueenGpu *gpu, char **fields)
{
  double value;

  if (parse_value (fields[TEMPERATURE], &value))
    queen_gpu_set_temperature (gpu, value);
  if (parse_value (fields[BUSY], &value))
    queen_gpu_set_busy (gpu, value / 100);
  if (parse_value (fields[MEMORY_TOTAL], &value) && value > 0 && value < G_MAXINT32)
    queen_gpu_set_memory_total (gpu, (guint64) value * MEBIBYTE);
  if (parse_value (fields[MEMORY_USED], &value) && value >= 0 && value < G_MAXINT32)
    queen_gpu_set_memory_used (gpu, (guint64) value * MEBIBYTE);
  if (parse_value (fields[POWER], &value))
    queen_gpu_set_power (gpu, value);
}

QueenGpu *
queen_smi_line_parse (const char *line, gint64 read_at, guint *index)
{
  g_auto (GStrv) fields = g_strsplit (line, ",", N_FIELDS);
  guint64 number;
  QueenGpu *gpu;

  if (g_strv_length (fields) != N_FIELDS)
    return NULL;
  for (int i = 0; i < N_FIELDS; i++)
    g_strstrip (fields[i]);
  if (!g_ascii_string_to_unsigned (fields[INDEX], 10, 0, QUEEN_GPU_MAX - 1, &number, NULL))
    return NULL;
  *index = (guint) number;
  gpu = queen_gpu_new ("nvidia", "nvidia-smi", read_at);
  gpu->name = dup_text (fields[NAME]);
  gpu->uuid = dup_text (fields[UUID]);
  gpu->pci = queen_gpu_pci_dup (fields[PCI]);
  gpu->problem = find_problem (fields);
  set_values (gpu, fields);
  return gpu;
}
