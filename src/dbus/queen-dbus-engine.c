/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-dbus-engine.h"

#include "build-config.h"
#include "queen-dbus-interfaces.h"

static void
free_sibling (gpointer data)
{
  QueenDBusSiblingView *self = data;

  g_free (self->path);
  g_free (self->name);
  g_free (self->address);
  g_free (self->version);
  g_free (self);
}

static QueenDBusSiblingView *
add_sibling (QueenDBusEngine *self, const char *name, const char *address, const char *version)
{
  QueenDBusSiblingView *sibling = g_new0 (QueenDBusSiblingView, 1);

  sibling->path = g_strconcat (QUEEN_DBUS_QUEENS_PATH "/", name, NULL);
  sibling->name = g_strdup (name);
  sibling->address = g_strdup (address ? address : "");
  sibling->version = g_strdup (version ? version : "");
  g_ptr_array_add (self->siblings, sibling);
  return sibling;
}

/* What she knows of herself is newer than what she has said to the others. */
static void
add_self (QueenDBusEngine *self,
          const QueenEngineReport *report,
          const char *address,
          gint64 started_at)
{
  QueenDBusSiblingView *own = add_sibling (self, report->name, address, QUEEN_VERSION);

  own->started_at = started_at;
  own->behind = report->lag;
  own->state = report->state;
  own->is_self = TRUE;
}

/* Whoever can say it in the engine is together with the others. */
static void
add_other (QueenDBusEngine *self, const QueenSibling *sibling)
{
  QueenDBusSiblingView *other =
      add_sibling (self, sibling->name, sibling->address, sibling->version);

  other->started_at = sibling->started_at;
  other->subscribers = (guint) MIN (sibling->subscribers, G_MAXUINT);
  other->behind = (guint64) sibling->lag;
  other->state = QUEEN_ENGINE_TOGETHER;
}

QueenDBusEngine *
queen_dbus_engine_new (const QueenEngineReport *report, const char *address, gint64 started_at)
{
  QueenDBusEngine *self = g_atomic_rc_box_new0 (QueenDBusEngine);
  gboolean is_together = report->state == QUEEN_ENGINE_TOGETHER;

  self->state = report->state;
  self->reason = g_strdup (report->reason ? report->reason : "");
  self->epoch = g_strdup (report->epoch);
  self->since = report->since;
  self->siblings = g_ptr_array_new_with_free_func (free_sibling);
  add_self (self, report, address, started_at);
  /* While she is alone nobody knows how the others are. */
  for (guint i = 0; is_together && i < report->siblings->len; i++)
    if (!((QueenSibling *) report->siblings->pdata[i])->is_self)
      add_other (self, report->siblings->pdata[i]);
  return self;
}

QueenDBusEngine *
queen_dbus_engine_ref (QueenDBusEngine *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_engine (gpointer data)
{
  QueenDBusEngine *self = data;

  g_free (self->reason);
  g_free (self->epoch);
  g_ptr_array_unref (self->siblings);
}

void
queen_dbus_engine_unref (QueenDBusEngine *self)
{
  g_atomic_rc_box_release_full (self, clear_engine);
}

const QueenDBusSiblingView *
queen_dbus_engine_lookup (const QueenDBusEngine *self, const char *path)
{
  for (guint i = 0; self && i < self->siblings->len; i++)
    {
      const QueenDBusSiblingView *sibling = self->siblings->pdata[i];

      if (g_str_equal (sibling->path, path))
        return sibling;
    }
  return NULL;
}

GVariant *
queen_dbus_engine_get_standing (const QueenDBusEngine *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (self)
    {
      g_variant_builder_add (&builder, "{sv}", "state",
                             g_variant_new_string (queen_engine_state_get_name (self->state)));
      if (*self->reason != '\0')
        g_variant_builder_add (&builder, "{sv}", "reason", g_variant_new_string (self->reason));
      g_variant_builder_add (&builder, "{sv}", "epoch", g_variant_new_string (self->epoch));
      g_variant_builder_add (&builder, "{sv}", "since",
                             g_variant_new_uint64 ((guint64) self->since));
    }
  return g_variant_builder_end (&builder);
}

GVariant *
queen_dbus_engine_list_paths (const QueenDBusEngine *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_OBJECT_PATH_ARRAY);

  for (guint i = 0; self && i < self->siblings->len; i++)
    g_variant_builder_add (&builder, "o",
                           ((QueenDBusSiblingView *) self->siblings->pdata[i])->path);
  return g_variant_builder_end (&builder);
}

gboolean
queen_dbus_engine_stands_as (const QueenDBusEngine *self, const QueenDBusEngine *other)
{
  if (!self || !other)
    return self == other;
  return self->state == other->state && self->since == other->since &&
         g_str_equal (self->reason, other->reason) && g_str_equal (self->epoch, other->epoch);
}

gboolean
queen_dbus_engine_has_same (const QueenDBusEngine *self, const QueenDBusEngine *other)
{
  if (!self || !other || self->siblings->len != other->siblings->len)
    return self == other;
  for (guint i = 0; i < self->siblings->len; i++)
    if (!queen_dbus_engine_lookup (other,
                                   ((QueenDBusSiblingView *) self->siblings->pdata[i])->path))
      return FALSE;
  return TRUE;
}

GVariant *
queen_dbus_sibling_view_get_property (const QueenDBusSiblingView *self,
                                      const char *name,
                                      guint n_own)
{
  if (g_str_equal (name, "Id"))
    return g_variant_new_string (self->name);
  if (g_str_equal (name, "Self"))
    return g_variant_new_boolean (self->is_self);
  if (g_str_equal (name, "Address"))
    return g_variant_new_string (self->address);
  if (g_str_equal (name, "Version"))
    return g_variant_new_string (self->version);
  if (g_str_equal (name, "StartedAt"))
    return g_variant_new_uint64 ((guint64) self->started_at);
  if (g_str_equal (name, "State"))
    return g_variant_new_string (queen_engine_state_get_name (self->state));
  if (g_str_equal (name, "Subscribers"))
    return g_variant_new_uint32 (self->is_self ? n_own : self->subscribers);
  g_return_val_if_fail (g_str_equal (name, "Behind"), NULL);
  return g_variant_new_uint64 (self->behind);
}

GVariant *
queen_dbus_sibling_view_get_interfaces (const QueenDBusSiblingView *self, guint n_own)
{
  GDBusInterfaceInfo *info = queen_dbus_sibling_interface_info ();
  GVariantBuilder interfaces = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));
  GVariantBuilder properties = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (GDBusPropertyInfo **property = info->properties; *property; property++)
    g_variant_builder_add (&properties, "{sv}", (*property)->name,
                           queen_dbus_sibling_view_get_property (self, (*property)->name, n_own));
  g_variant_builder_add (&interfaces, "{sa{sv}}", info->name, &properties);
  return g_variant_builder_end (&interfaces);
}

GVariant *
queen_dbus_sibling_view_get_changes (const QueenDBusSiblingView *self,
                                     guint n_own,
                                     const QueenDBusSiblingView *sent,
                                     guint n_sent)
{
  static const char *const announced[] = { "Address", "Version", "StartedAt", "State",
                                           "Subscribers" };
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) changes = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (announced); i++)
    {
      g_autoptr (GVariant) now =
          g_variant_ref_sink (queen_dbus_sibling_view_get_property (self, announced[i], n_own));
      g_autoptr (GVariant) before =
          g_variant_ref_sink (queen_dbus_sibling_view_get_property (sent, announced[i], n_sent));

      if (!g_variant_equal (now, before))
        g_variant_builder_add (&builder, "{sv}", announced[i], now);
    }
  changes = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_n_children (changes) > 0 ? g_steal_pointer (&changes) : NULL;
}
