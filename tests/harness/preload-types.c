/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Says which types that have interfaces are first met by another thread than the first one. */

#include <dlfcn.h>
#include <glib-object.h>
#include <stdio.h>
#include <unistd.h>

/* GDBus has one that is deprecated. Nothing but itself names it, so nobody else waits for it. */
#define UNNAMED "GSimpleAsyncResult"

void
g_type_add_interface_static (GType type, GType interface, const GInterfaceInfo *info)
{
  void (*real) (GType, GType, const GInterfaceInfo *) =
      dlsym (RTLD_NEXT, "g_type_add_interface_static");

  if (gettid () != getpid () && !g_str_equal (g_type_name (type), UNNAMED))
    dprintf (STDERR_FILENO, "type %s is first met by a thread\n", g_type_name (type));
  real (type, interface, info);
}
