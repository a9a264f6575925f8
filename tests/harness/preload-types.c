/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

/* Says which types that have interfaces are first met by another thread than the first one. */

#include <dlfcn.h>
#include <glib-object.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* GDBus has one that is deprecated. Nothing but itself names it, so nobody else waits for it. */
#define UNNAMED "GSimpleAsyncResult"

void
g_type_add_interface_static (GType type, GType interface, const GInterfaceInfo *info)
{
  void (*real) (GType, GType, const GInterfaceInfo *) =
      dlsym (RTLD_NEXT, "g_type_add_interface_static");
  /* Looked up likewise, as a shell that starts the daemon loads this, too, and has no GLib. */
  const char *(*get_name) (GType) = dlsym (RTLD_NEXT, "g_type_name");
  const char *name = get_name (type);

  if (gettid () != getpid () && strcmp (name, UNNAMED) != 0)
    dprintf (STDERR_FILENO, "type %s is first met by a thread\n", name);
  real (type, interface, info);
}
