/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queenctl-notification.h"

#define APPLICATION_ID "dev.rbee.Queen"

GVariant *
queenctl_notification_new (const char *summary, const char *body)
{
  GVariantBuilder hints;

  g_variant_builder_init (&hints, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&hints, "{sv}", "desktop-entry", g_variant_new_string (APPLICATION_ID));
  return g_variant_new ("(susssasa{sv}i)", "queenctl", 0, APPLICATION_ID, summary, body, NULL,
                        &hints, -1);
}
