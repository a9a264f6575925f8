/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "model/queen-component-fields.h"

#include <string.h>

#include "model/queen-component-json.h"
#include "model/queen-heartbeat.h"
#include "state-text.h"

#define N_MOST 64 /* members */

/* What stands for whatever members of that type say, as JSON. */
static const char *
get_sample (const QueenField *field)
{
  static const struct
  {
    const QueenFieldType *type;
    const char *json;
  } samples[] = {
    { &queen_field_text, "\"some text\"" },
    { &queen_field_id, "\"some-id\"" },
    { &queen_field_reason, "\"a reason\"" },
    { &queen_field_port, "9301" },
    { &queen_field_health, "\"degraded\"" },
    { &queen_field_url, "\"https://[::1]:8080/v1\"" },
    { &queen_field_api, "\"ollama\"" },
    { &queen_field_int, "1" },
    { &queen_field_bytes, "0" },
    { &queen_field_part, "0.000" },
    { &queen_field_real, "0.9312" },
    { &queen_field_moment, "\"2025-10-24T20:11:00.123456000+00:00\"" },
    { &queen_field_models, "[\"one\",\"t\\\"wo\"]" },
    { &queen_field_gpus,
      "[{\"index\":0,\"name\":\"H100\",\"uuid\":\"GPU-1\",\"vendor\":\"nvidia\",\"busy\":0.500,"
      "\"memory_used\":0,\"memory_total\":85899345920,\"temperature\":-1.000,\"power\":280.500,"
      "\"age\":0.400},{\"index\":null,\"name\":null,\"uuid\":null,\"vendor\":null,\"busy\":0.000,"
      "\"memory_used\":null,\"memory_total\":null,\"temperature\":null,\"power\":null,"
      "\"age\":null}]" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (samples); i++)
    if (samples[i].type == field->type)
      return samples[i].json;
  g_error ("give an example of what %s is", field->name);
}

static const char *
get_json_name (const QueenField *field)
{
  return field->nest ? field->member : field->name;
}

/* One that says @field, and what must stand beside it. */
static QueenComponent *
make_component (QueenComponentKind kind, const QueenField *field)
{
  g_autoptr (GString) body = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  QueenComponent *component;

  g_string_printf (body, "{\"%s\":{\"id\":\"a\",\"%s\":\"ready\"",
                   queen_component_kind_get_name (kind),
                   kind == QUEEN_COMPONENT_WORKER ? "status" : "operational_status");
  if (field && field->nest)
    {
      g_string_append_printf (body, ",\"%s\":{", field->nest);
      if (!field->is_required)
        g_string_append (body, "\"status\":\"healthy\",");
      g_string_append_printf (body, "\"%s\":%s}", field->member, get_sample (field));
    }
  else if (field)
    g_string_append_printf (body, ",\"%s\":%s", field->name, get_sample (field));
  g_string_append (body, "}}");
  component = queen_heartbeat_parse (kind, body->str, body->len, &error);
  g_assert_no_error (error);
  component->heartbeats = 1;
  return component;
}

/* As it is written. */
static void
assert_same (const QueenField *field, const QueenComponent *a, const QueenComponent *b)
{
  g_autoptr (GString) left = g_string_new (NULL);
  g_autoptr (GString) right = g_string_new (NULL);

  g_assert_true (queen_field_is_said (field, b));
  queen_field_append_json (field, a, left);
  queen_field_append_json (field, b, right);
  g_assert_cmpstr (left->str, ==, right->str);
}

static void
check_copy (const QueenField *field, const QueenComponent *component, const QueenComponent *bare)
{
  g_autoptr (QueenComponent) copy = queen_component_copy_offline (component, 0, 0);

  assert_same (field, component, copy);
  g_assert_cmpint (queen_component_says_same (component, bare), ==, field->is_passing);
  g_assert_false (queen_field_is_said (field, bare));
}

static void
check_json (const QueenField *field, const QueenComponent *component, const QueenComponent *bare)
{
  g_autofree char *said = g_strdup_printf ("\"%s\":%s", get_json_name (field), get_sample (field));
  g_autofree char *unsaid = g_strdup_printf ("\"%s\":null", field->name);
  g_autoptr (GString) json = g_string_new (NULL);

  queen_component_append_json (component, json);
  g_assert_nonnull (strstr (json->str, said));
  g_string_truncate (json, 0);
  queen_component_append_json (bare, json);
  g_assert_null (strstr (json->str, said));
  g_assert_true (field->nest || strstr (json->str, unsaid));
}

static void
check_state (const QueenField *field, QueenComponent *component)
{
  g_autoptr (QueenState) state = queen_state_new ();
  g_autoptr (QueenState) again = NULL;
  g_autoptr (GString) text = NULL;
  g_autoptr (GError) error = NULL;
  QueenStateEntry entry = { queen_component_ref (component), 1 };

  state->epoch = g_strdup ("0");
  state->next = 1;
  g_array_append_val (state->entries[component->kind], entry);
  text = write_state (state);
  again = parse_state (text->str, text->len, &error);
  g_assert_no_error (error);
  assert_same (field, component,
               g_array_index (again->entries[component->kind], QueenStateEntry, 0).component);
}

static void
check_variant (const QueenField *field, const QueenComponent *component)
{
  g_autoptr (QueenComponent) again = queen_component_new (component->kind);
  g_autoptr (GVariant) value = g_variant_ref_sink (queen_field_get_variant (field, component));
  g_autoptr (GVariant) odd = g_variant_ref_sink (g_variant_new ("(i)", 1));

  g_assert_cmpstr (g_variant_get_type_string (value), ==, field->type->signature);
  queen_field_take_variant (field, again, odd);
  g_assert_false (queen_field_is_said (field, again));
  queen_field_take_variant (field, again, value);
  assert_same (field, component, again);
}

/* Who is no queen may say of a hive what only workers have. */
static void
check_variant_of_others (const QueenField *field, const QueenComponent *component)
{
  QueenComponentKind kind =
      component->kind == QUEEN_COMPONENT_HIVE ? QUEEN_COMPONENT_WORKER : QUEEN_COMPONENT_HIVE;
  g_autoptr (QueenComponent) other = queen_component_new (kind);
  g_autoptr (GVariant) value = g_variant_ref_sink (queen_field_get_variant (field, component));

  queen_field_take_variant (field, other, value);
  g_assert_cmpint (queen_field_is_said (field, other), ==, queen_field_is_said_by (field, kind));
}

/* Whatever a heartbeat says comes out again, wherever it goes. */
static void
test_everywhere (void)
{
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    for (const QueenField *const *field = queen_component_fields_list_said (kind); *field; field++)
      {
        g_autoptr (QueenComponent) component = make_component (kind, *field);
        g_autoptr (QueenComponent) bare = make_component (kind, NULL);

        g_assert_true (queen_field_is_said (*field, component));
        check_copy (*field, component, bare);
        check_json (*field, component, bare);
        check_state (*field, component);
        check_variant (*field, component);
        check_variant_of_others (*field, component);
      }
}

/* What is said of nobody goes to D-Bus, too, and is read by nobody. */
static void
test_queen (void)
{
  g_autoptr (QueenComponent) component = make_component (QUEEN_COMPONENT_HIVE, NULL);

  for (const QueenField *field = queen_component_fields; field->name; field++)
    {
      g_autoptr (GVariant) value = g_variant_ref_sink (queen_field_get_variant (field, component));

      g_assert_cmpstr (g_variant_get_type_string (value), ==, field->type->signature);
      g_assert_true (queen_component_fields_find_property (field->property) == field);
    }
  g_assert_null (queen_component_fields_find_property ("NoSuchThing"));
}

/* Each order is one: no two members have the same place, and none is left free. */
static void
check_places (const QueenField *const *fields, QueenComponentKind kind)
{
  gboolean is_kept[N_MOST] = { FALSE };

  for (guint i = 0; fields[i]; i++)
    {
      const QueenField *field = fields[i];

      g_assert_cmpuint (field->place[kind], ==, i + 1);
      g_assert_cmpuint (field->place_in_state, >, 0);
      g_assert_cmpuint (field->place_in_state, <, N_MOST);
      g_assert_false (is_kept[field->place_in_state]);
      is_kept[field->place_in_state] = TRUE;
      g_assert_true (!field->nest == !field->member);
      g_assert_true (!fields[i + 1] || field->is_vital <= fields[i + 1]->is_vital);
      g_assert_true (field->is_passing || field->type->equals);
      g_assert_cmpstr (queen_field_get_top_name (
                           *queen_field_index_find (queen_component_fields_get_index (kind),
                                                    queen_field_get_top_name (field))),
                       ==, queen_field_get_top_name (field));
      g_assert_nonnull (field->label);
      g_assert_true (!field->option || (field->argument && field->help));
    }
}

static void
test_table (void)
{
  for (const QueenField *field = queen_component_fields; field->name; field++)
    for (const QueenField *other = field + 1; other->name; other++)
      {
        g_assert_cmpstr (field->name, !=, other->name);
        g_assert_cmpstr (field->property, !=, other->property);
        g_assert_true (!field->option || g_strcmp0 (field->option, other->option) != 0);
      }
  for (int kind = 0; kind < QUEEN_COMPONENT_N_KINDS; kind++)
    {
      const QueenField *const *fields = queen_component_fields_list_said (kind);

      check_places (fields, kind);
      g_assert_cmpuint (g_strv_length ((char **) fields), ==,
                        g_strv_length ((char **) queen_component_fields_list_kept (kind)));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/component-fields/said/comes-out-wherever-it-goes", test_everywhere);
  g_test_add_func ("/component-fields/known/has-its-property", test_queen);
  g_test_add_func ("/component-fields/table/each-has-a-place-of-its-own", test_table);

  return g_test_run ();
}
