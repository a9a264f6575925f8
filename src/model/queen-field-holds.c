/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* By what a component is held: what is its own first, and then what is its hive's. A hive may have
 * very many workers, so these do not repeat all that is said of it: one stands for all of its
 * holds, and with little of why. */

#include "queen-field.h"
#include "text/queen-timestamp.h"

#define MAX_TAKEN 64 /* more than anybody can have */
#define LAST_TIME (G_MAXINT64 / QUEEN_NSEC_PER_USEC)

static gboolean
holds_is_said (gconstpointer component)
{
  return queen_component_is_held (component);
}

static void
holds_append (gconstpointer value, GString *json)
{
  const QueenComponent *component = value;
  const QueenHoldList *own = component->holds, *of_hive = component->hive_holds;

  g_string_append_c (json, '[');
  for (guint i = 0; own && i < own->n; i++)
    {
      g_string_append (json, i > 0 ? "," : "");
      queen_hold_append_json (own->holds[i], NULL, json);
    }
  if (of_hive)
    {
      g_string_append (json, own ? "," : "");
      queen_hold_append_json (queen_hold_list_get_longest (of_hive), component->hive_id, json);
    }
  g_string_append_c (json, ']');
}

/* On D-Bus, where there is no null: what does not apply is left out. */

static void
add_text (const char *name, const char *text, gpointer builder)
{
  if (text)
    g_variant_builder_add (builder, "{sv}", name, g_variant_new_string (text));
}

static void
add_time (const char *name, gint64 time, gpointer builder)
{
  if (time != 0)
    g_variant_builder_add (builder, "{sv}", name,
                           g_variant_new_uint64 ((guint64) (time / QUEEN_NSEC_PER_USEC)));
}

static void
add_hold (GVariantBuilder *builder, const QueenHold *hold, const char *hive_id)
{
  static const QueenHoldTeller teller = { add_text, add_time };

  g_variant_builder_open (builder, G_VARIANT_TYPE_VARDICT);
  queen_hold_tell (hold, hive_id, &teller, builder);
  g_variant_builder_close (builder);
}

static GVariant *
holds_get_variant (gconstpointer value)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  const QueenComponent *component = value;
  const QueenHoldList *own = component->holds, *of_hive = component->hive_holds;

  for (guint i = 0; own && i < own->n; i++)
    add_hold (&builder, own->holds[i], NULL);
  if (of_hive)
    add_hold (&builder, queen_hold_list_get_longest (of_hive), component->hive_id);
  return g_variant_builder_end (&builder);
}

static gint64
get_time (GVariant *said, const char *name)
{
  guint64 time = 0;

  g_variant_lookup (said, name, "t", &time);
  return (gint64) MIN (time, LAST_TIME) * QUEEN_NSEC_PER_USEC;
}

static char *
get_text (GVariant *said, const char *name)
{
  const char *text = "";

  g_variant_lookup (said, name, "&s", &text);
  return (char *) text;
}

static void
take_hold (QueenComponent *component, GVariant *said)
{
  gboolean is_of_hive = *get_text (said, "hive_id") != '\0';
  QueenHoldList **list = is_of_hive ? &component->hive_holds : &component->holds;
  g_autoptr (QueenHoldList) before = *list;
  const char *caller = get_text (said, "caller");

  *list = queen_hold_list_with (before, queen_hold_new (&(QueenHold){
                                            .id = get_text (said, "id"),
                                            .reason = get_text (said, "reason"),
                                            .holder = get_text (said, "holder"),
                                            .caller = *caller ? (char *) caller : NULL,
                                            .since = get_time (said, "since"),
                                            .until = get_time (said, "until"),
                                        }));
}

static void
holds_take_variant (gpointer value, GVariant *variant)
{
  gsize n = holds_is_said (value) ? 0 : MIN (g_variant_n_children (variant), MAX_TAKEN);

  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) said = g_variant_get_child_value (variant, i);

      take_hold (value, said);
    }
}

const QueenFieldType queen_field_holds = {
  .signature = "aa{sv}",
  .is_said = holds_is_said,
  .append = holds_append,
  .get_variant = holds_get_variant,
  .take_variant = holds_take_variant,
};
