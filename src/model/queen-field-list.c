/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Members that are lists. An empty one says nothing, as none does: on D-Bus both are the same. */

#include "queen-field.h"

#include <string.h>

#include "queen-error.h"
#include "queen-heartbeat.h"
#include "text/queen-json-writer.h"

/* Returns: whether @said is an array of no more than so many; otherwise an error */
static gboolean
count_elements (const QueenJsonValue *said, guint most, guint *n, GError **error)
{
  if (said->type != QUEEN_JSON_ARRAY)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "must be an array");
  *n = 0;
  for (const QueenJsonValue *at = queen_json_get_first (said); at < queen_json_get_end (said);
       at = queen_json_get_end (at))
    ++*n;
  return *n <= most || queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE,
                                           "must have at most %u elements", most);
}

static gboolean
prefix_place (GError **error, guint place)
{
  g_prefix_error (error, "number %u: ", place);
  return FALSE;
}

/* Ids of models */

static const QueenField model_field = { .name = "model", .most = QUEEN_HEARTBEAT_MAX_MODEL_ID };

static char **
get_models (gconstpointer value)
{
  return *(char **const *) value;
}

static gboolean
models_is_said (gconstpointer value)
{
  return get_models (value) != NULL;
}

static gboolean
models_equals (gconstpointer a, gconstpointer b)
{
  const char *const *left = (const char *const *) get_models (a);
  const char *const *right = (const char *const *) get_models (b);

  return left && right ? g_strv_equal (left, right) : left == right;
}

static void
models_clear (gpointer value)
{
  g_strfreev (get_models (value));
}

static void
models_copy (gpointer value)
{
  *(char ***) value = g_strdupv (get_models (value));
}

static gsize
models_get_size (gconstpointer value)
{
  gsize size = sizeof (char *);
  char **models = get_models (value);

  if (!models)
    return 0;
  for (char **model = models; *model; model++)
    size += sizeof *model + strlen (*model) + 1;
  return size;
}

static gboolean
read_models (const QueenJsonValue *said, GPtrArray *models, GError **error)
{
  for (const QueenJsonValue *at = queen_json_get_first (said); at < queen_json_get_end (said);
       at = queen_json_get_end (at))
    {
      char *model = NULL;

      if (!queen_field_read (&model_field, &queen_field_text, at, &model, NULL, error))
        return prefix_place (error, models->len + 1);
      if (!model)
        return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "number %u: must not be empty",
                                   models->len + 1);
      g_ptr_array_add (models, model);
    }
  return TRUE;
}

static gboolean
models_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  g_autoptr (GPtrArray) models = g_ptr_array_new_with_free_func (g_free);
  guint n;

  if (!count_elements (said, QUEEN_VITALS_MAX_MODELS, &n, error) ||
      !read_models (said, models, error))
    return FALSE;
  if (n == 0)
    return TRUE;
  g_ptr_array_add (models, NULL);
  *(char ***) value = (char **) g_ptr_array_steal (models, NULL);
  return TRUE;
}

static void
models_append (gconstpointer value, GString *json)
{
  char before = '[';

  for (char **model = get_models (value); *model; model++)
    {
      g_string_append_c (json, before);
      queen_json_append_string (json, *model);
      before = ',';
    }
  g_string_append_c (json, ']');
}

static GVariant *
models_get_variant (gconstpointer value)
{
  static const char *const none[] = { NULL };
  const char *const *models = (const char *const *) get_models (value);

  return g_variant_new_strv (models ? models : none, -1);
}

static void
models_take_variant (gpointer value, GVariant *variant)
{
  if (g_variant_n_children (variant) > 0 && !models_is_said (value))
    *(char ***) value = g_variant_dup_strv (variant, NULL);
}

const QueenFieldType queen_field_models = {
  .signature = "as",
  .is_said = models_is_said,
  .equals = models_equals,
  .clear = models_clear,
  .copy = models_copy,
  .get_size = models_get_size,
  .read = models_read,
  .append = models_append,
  .get_variant = models_get_variant,
  .take_variant = models_take_variant,
};

/* Graphics cards: each is a small table of its own. */

#define GPU_FIELD(name) G_STRUCT_OFFSET (QueenVitalsGpu, name)
#define COLDEST (-274)
#define HOTTEST 10000

const QueenField queen_field_gpu_fields[] = {
  { "index", .type = &queen_field_int, .offset = GPU_FIELD (index), .greatest = 65535 },
  { "name", .type = &queen_field_text, .offset = GPU_FIELD (name),
    .most = QUEEN_HEARTBEAT_MAX_TEXT },
  { "uuid", .type = &queen_field_text, .offset = GPU_FIELD (uuid),
    .most = QUEEN_HEARTBEAT_MAX_TEXT },
  { "vendor", .type = &queen_field_text, .offset = GPU_FIELD (vendor),
    .most = QUEEN_HEARTBEAT_MAX_TEXT },
  { "busy", .type = &queen_field_part, .offset = GPU_FIELD (busy), .greatest = 1 },
  { "memory_used", .type = &queen_field_bytes, .offset = GPU_FIELD (memory_used),
    .greatest = QUEEN_VITALS_MAX_GPU_MEMORY },
  { "memory_total", .type = &queen_field_bytes, .offset = GPU_FIELD (memory_total),
    .greatest = QUEEN_VITALS_MAX_GPU_MEMORY },
  { "temperature", .type = &queen_field_real, .offset = GPU_FIELD (temperature), .least = COLDEST,
    .greatest = HOTTEST },
  { "power", .type = &queen_field_real, .offset = GPU_FIELD (power) },
  { "age", .type = &queen_field_real, .offset = GPU_FIELD (age) },
  {},
};

static gpointer
get_gpu_value (const QueenField *field, const QueenVitalsGpu *gpu)
{
  return G_STRUCT_MEMBER_P (gpu, field->offset);
}

static QueenVitalsGpus *
new_gpus (guint n)
{
  QueenVitalsGpus *gpus = g_malloc0 (sizeof *gpus + n * sizeof *gpus->gpus);

  gpus->n = n;
  for (guint i = 0; i < n; i++)
    {
      QueenVitalsGpu *gpu = &gpus->gpus[i];

      gpu->index = gpu->memory_used = gpu->memory_total = queen_vitals_unsaid.memory_used;
      gpu->busy = gpu->temperature = gpu->power = gpu->age = queen_vitals_unsaid.cpu;
    }
  return gpus;
}

static QueenVitalsGpus *
get_gpus (gconstpointer value)
{
  return *(QueenVitalsGpus *const *) value;
}

static gboolean
gpus_is_said (gconstpointer value)
{
  return get_gpus (value) != NULL;
}

static void
gpus_clear (gpointer value)
{
  QueenVitalsGpus *gpus = get_gpus (value);

  for (guint i = 0; gpus && i < gpus->n; i++)
    for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
      if (field->type->clear)
        field->type->clear (get_gpu_value (field, &gpus->gpus[i]));
  g_free (gpus);
}

static void
gpus_copy (gpointer value)
{
  QueenVitalsGpus *gpus = get_gpus (value), *copy;

  if (!gpus)
    return;
  copy = g_memdup2 (gpus, sizeof *gpus + gpus->n * sizeof *gpus->gpus);
  for (guint i = 0; i < copy->n; i++)
    for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
      if (field->type->copy)
        field->type->copy (get_gpu_value (field, &copy->gpus[i]));
  *(QueenVitalsGpus **) value = copy;
}

static gsize
gpus_get_size (gconstpointer value)
{
  const QueenVitalsGpus *gpus = get_gpus (value);
  gsize size = gpus ? sizeof *gpus + gpus->n * sizeof *gpus->gpus : 0;

  for (guint i = 0; gpus && i < gpus->n; i++)
    for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
      if (field->type->get_size)
        size += field->type->get_size (get_gpu_value (field, &gpus->gpus[i]));
  return size;
}

static gboolean
read_gpu (const QueenJsonValue *said, QueenVitalsGpu *gpu, GError **error)
{
  if (said->type != QUEEN_JSON_OBJECT)
    return queen_error_refuse (error, QUEEN_ERROR_UNPROCESSABLE, "must be an object");
  for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
    {
      const QueenJsonValue *member = queen_json_get_member (said, field->name);

      if (!member || member->type == QUEEN_JSON_NULL ||
          queen_field_read (field, field->type, member, get_gpu_value (field, gpu), NULL, error))
        continue;
      g_prefix_error (error, "%s: ", field->name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
gpus_read (const QueenField *field, const QueenJsonValue *said, gpointer value, GError **error)
{
  QueenVitalsGpus *gpus;
  guint n, i = 0;

  if (!count_elements (said, QUEEN_VITALS_MAX_GPUS, &n, error))
    return FALSE;
  if (n == 0)
    return TRUE;
  gpus = new_gpus (n);
  *(QueenVitalsGpus **) value = gpus;
  for (const QueenJsonValue *at = queen_json_get_first (said); at < queen_json_get_end (said);
       at = queen_json_get_end (at))
    if (!read_gpu (at, &gpus->gpus[i++], error))
      return prefix_place (error, i);
  return TRUE;
}

static void
append_gpu (const QueenVitalsGpu *gpu, GString *json)
{
  char before = '{';

  for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
    {
      gconstpointer value = get_gpu_value (field, gpu);

      g_string_append_printf (json, "%c\"%s\":", before, field->name);
      before = ',';
      if (!field->type->is_said (value))
        g_string_append (json, "null");
      else if (field->type->get_text)
        queen_json_append_string (json, field->type->get_text (value));
      else
        field->type->append (value, json);
    }
  g_string_append_c (json, '}');
}

static void
gpus_append (gconstpointer value, GString *json)
{
  const QueenVitalsGpus *gpus = get_gpus (value);

  for (guint i = 0; i < gpus->n; i++)
    {
      g_string_append_c (json, i == 0 ? '[' : ',');
      append_gpu (&gpus->gpus[i], json);
    }
  g_string_append_c (json, ']');
}

/* Only what is said. */
static GVariant *
new_gpu_variant (const QueenVitalsGpu *gpu)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
    {
      gconstpointer value = get_gpu_value (field, gpu);

      if (!field->type->is_said (value))
        continue;
      if (field->type->get_text)
        g_variant_builder_add (&builder, "{sv}", field->name,
                               g_variant_new_string (field->type->get_text (value)));
      else
        g_variant_builder_add (&builder, "{sv}", field->name, field->type->get_variant (value));
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
gpus_get_variant (gconstpointer value)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  const QueenVitalsGpus *gpus = get_gpus (value);

  for (guint i = 0; gpus && i < gpus->n; i++)
    g_variant_builder_add_value (&builder, new_gpu_variant (&gpus->gpus[i]));
  return g_variant_builder_end (&builder);
}

static void
take_gpu_variant (QueenVitalsGpu *gpu, GVariant *variant)
{
  for (const QueenField *field = queen_field_gpu_fields; field->name; field++)
    {
      g_autoptr (GVariant) said =
          g_variant_lookup_value (variant, field->name, G_VARIANT_TYPE (field->type->signature));

      /* Where what is not said is left out, −1 is a temperature. */
      if (said && g_variant_is_of_type (said, G_VARIANT_TYPE_DOUBLE))
        *(double *) get_gpu_value (field, gpu) = g_variant_get_double (said);
      else if (said)
        field->type->take_variant (get_gpu_value (field, gpu), said);
    }
}

static void
gpus_take_variant (gpointer value, GVariant *variant)
{
  gsize n = g_variant_n_children (variant);
  QueenVitalsGpus *gpus;

  if (n == 0 || n > QUEEN_VITALS_MAX_GPUS || gpus_is_said (value))
    return;
  gpus = new_gpus ((guint) n);
  for (guint i = 0; i < gpus->n; i++)
    {
      g_autoptr (GVariant) one = g_variant_get_child_value (variant, i);

      take_gpu_variant (&gpus->gpus[i], one);
    }
  *(QueenVitalsGpus **) value = gpus;
}

const QueenFieldType queen_field_gpus = {
  .signature = "aa{sv}",
  .is_said = gpus_is_said,
  .clear = gpus_clear,
  .copy = gpus_copy,
  .get_size = gpus_get_size,
  .read = gpus_read,
  .append = gpus_append,
  .get_variant = gpus_get_variant,
  .take_variant = gpus_take_variant,
};
