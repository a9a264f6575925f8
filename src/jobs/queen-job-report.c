/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* What the queen answers by herself, as text for people: clients of the seed's print each line. */

#include <string.h>

#include "model/queen-component-json.h"
#include "queen-job-operation.h"

#define PAGE 256        /* components that are looked at in one go */
#define MAX_LISTED 1000 /* of them: as much as a job's ring has room for */
#define MAX_COLUMNS 5
#define BETWEEN " │ "
#define UNDER_BETWEEN "─┼─"

/* A table: its columns are in the alphabetical order of their heads, as the seed has them. */
typedef struct
{
  const char *const *heads;
  guint n_columns;
  GPtrArray *cells; /* row after row */
} Table;

static void
append_cell (GString *line, const char *text, gsize width, gboolean is_last)
{
  gsize length = strlen (text);

  g_string_append (line, text);
  for (; !is_last && length < width; length++)
    g_string_append_c (line, ' ');
}

static gsize
get_width (const Table *table, guint column)
{
  gsize width = strlen (table->heads[column]);

  for (guint i = column; i < table->cells->len; i += table->n_columns)
    width = MAX (width, strlen (table->cells->pdata[i]));
  return width;
}

static char *
make_row (const Table *table, const gsize *widths, const char *const *cells)
{
  GString *line = g_string_new (NULL);

  for (guint i = 0; i < table->n_columns; i++)
    {
      if (i > 0)
        g_string_append (line, BETWEEN);
      append_cell (line, cells[i], widths[i], i + 1 == table->n_columns);
    }
  return g_string_free (line, FALSE);
}

static char *
make_rule (const Table *table, const gsize *widths)
{
  GString *line = g_string_new (NULL);

  for (guint i = 0; i < table->n_columns; i++)
    {
      if (i > 0)
        g_string_append (line, UNDER_BETWEEN);
      for (gsize n = widths[i]; n > 0; n--)
        g_string_append (line, "─");
    }
  return g_string_free (line, FALSE);
}

static void
append_table (GPtrArray *lines, const Table *table)
{
  gsize widths[MAX_COLUMNS];

  for (guint i = 0; i < table->n_columns; i++)
    widths[i] = get_width (table, i);
  g_ptr_array_add (lines, make_row (table, widths, table->heads));
  g_ptr_array_add (lines, make_rule (table, widths));
  for (guint i = 0; i + table->n_columns <= table->cells->len; i += table->n_columns)
    g_ptr_array_add (lines,
                     make_row (table, widths, (const char *const *) (table->cells->pdata + i)));
}

/* Who is there */

static void
add_cell (Table *table, const char *text)
{
  g_ptr_array_add (table->cells, g_strdup (text ? text : "-"));
}

static void
add_worker (Table *table, const QueenComponent *worker)
{
  g_autofree char *port = g_strdup_printf ("%u", worker->port);

  add_cell (table, worker->device);
  add_cell (table, worker->model_id);
  add_cell (table, port);
  add_cell (table, queen_status_get_name (worker->status));
  add_cell (table, worker->id);
}

static void
add_hive (Table *table, const QueenComponent *hive)
{
  add_cell (table, hive->id);
  add_cell (table, hive->hostname);
  add_cell (table, queen_status_get_name (hive->status));
}

static void
add_online (Table *table,
            QueenRegistry *registry,
            void (*add) (Table *table, const QueenComponent *component))
{
  QueenComponent *page[PAGE];
  guint64 last = 0;
  guint n, n_listed = 0;

  while (n_listed < MAX_LISTED && (n = queen_registry_list_behind (registry, last, page, PAGE)) > 0)
    {
      for (guint i = 0; i < n; i++)
        if (queen_component_is_online (page[i]) && n_listed < MAX_LISTED)
          {
            add (table, page[i]);
            n_listed++;
          }
      last = page[n - 1]->sequence;
    }
}

static void
report_online (GPtrArray *lines,
               QueenRegistry *registry,
               const char *title,
               const char *none,
               Table *table,
               void (*add) (Table *table, const QueenComponent *component))
{
  guint n = queen_registry_get_n_online (registry);

  if (n == 0)
    {
      g_ptr_array_add (lines, g_strdup (none));
      return;
    }
  table->cells = g_ptr_array_new_with_free_func (g_free);
  add_online (table, registry, add);
  g_ptr_array_add (lines, g_strdup (title));
  append_table (lines, table);
  if (n > MAX_LISTED)
    g_ptr_array_add (lines, g_strdup_printf ("… and %u more", n - MAX_LISTED));
  g_ptr_array_unref (table->cells);
}

static void
report_workers (GPtrArray *lines, QueenRegistry *workers)
{
  static const char *const heads[] = { "device", "model", "port", "status", "worker_id" };
  Table table = { heads, G_N_ELEMENTS (heads), NULL };

  report_online (lines, workers, "Workers that are online:",
                 "No worker is online. Workers tell of themselves by heartbeats.", &table,
                 add_worker);
}

static void
report_hives (GPtrArray *lines, QueenRegistry *hives)
{
  static const char *const heads[] = { "alias", "host", "status" };
  Table table = { heads, G_N_ELEMENTS (heads), NULL };

  report_online (lines, hives, "Hives that are online:",
                 "No hive is online. Hives tell of themselves by heartbeats.", &table, add_hive);
}

/* As JSON, in which nothing is missing that is known. */
static char *
report_one (GPtrArray *lines, QueenRegistry *registry, const char *id)
{
  QueenComponent *component = queen_registry_lookup (registry, id);
  const char *kind = queen_component_kind_get_name (queen_registry_get_kind (registry));
  g_autoptr (GString) json = NULL;

  if (!component)
    return g_strdup_printf ("there is no %s “%s”", kind, id);
  json = g_string_new (NULL);
  queen_component_append_json (component, json);
  g_ptr_array_add (lines, g_strdup (json->str));
  return NULL;
}

/* Until somebody releases it. */
static char *
retire (GPtrArray *lines, QueenCluster *cluster, const QueenJobOperation *operation)
{
  const char *submitter = operation->request.submitter;
  const QueenHoldRequest request = {
    .kind = QUEEN_COMPONENT_WORKER,
    .id = operation->id,
    .reason = "retired by active_worker_retire",
    .holder = *submitter != '\0' ? submitter : QUEEN_HOLDS_HERE,
  };
  g_autoptr (GError) error = NULL;
  QueenHold *hold = queen_cluster_hold (cluster, &request, &error);

  if (!hold)
    return g_strdup (error->message);
  g_ptr_array_add (lines,
                   g_strdup_printf ("“%s” gets nothing new (hold %s)", operation->id, hold->id));
  return NULL;
}

char **
queen_job_report_new (const QueenJobOperation *operation, QueenCluster *cluster, char **failure)
{
  QueenRegistry *workers = queen_cluster_get_registry (cluster, QUEEN_COMPONENT_WORKER);
  QueenRegistry *hives = queen_cluster_get_registry (cluster, QUEEN_COMPONENT_HIVE);
  const char *name = operation->request.operation;
  GPtrArray *lines = g_ptr_array_new ();

  *failure = NULL;
  if (g_str_equal (name, "status") || g_str_equal (name, "active_worker_list"))
    report_workers (lines, workers);
  else if (g_str_equal (name, "hive_list"))
    report_hives (lines, hives);
  else if (operation->kind == QUEEN_JOB_RETIRE)
    *failure = retire (lines, cluster, operation);
  else if (g_str_equal (name, "active_worker_get"))
    *failure = report_one (lines, workers, operation->id);
  else
    *failure = report_one (lines, hives, operation->id);
  g_ptr_array_add (lines, NULL);
  return (char **) g_ptr_array_free (lines, FALSE);
}

static QueenJob *
answer_by_ourselves (const QueenJobOperation *operation,
                     QueenJobs *jobs,
                     QueenCluster *cluster,
                     GError **error)
{
  g_autofree char *failure = NULL;
  g_auto (GStrv) lines = queen_job_report_new (operation, cluster, &failure);

  return queen_jobs_answer (jobs, &operation->request, (const char *const *) lines, failure, error);
}

QueenJob *
queen_job_operation_submit (const QueenJobOperation *operation,
                            QueenJobs *jobs,
                            QueenCluster *cluster,
                            GError **error)
{
  if (operation->kind == QUEEN_JOB_REPORT || operation->kind == QUEEN_JOB_RETIRE)
    return answer_by_ourselves (operation, jobs, cluster, error);
  return queen_jobs_submit (jobs, &operation->request, NULL, error);
}
