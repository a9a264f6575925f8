/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

#include <gio/gio.h>

#include "queen-dbus-job-view.h"
#include "queen-dbus-wire.h"

G_BEGIN_DECLS

#define QUEEN_DBUS_JOBS_PATH "/dev/rbee/Queen1/jobs"

/**
 * QueenDBusJobCounts:
 *
 * How many jobs there are, shown or not.
 */
typedef struct
{
  guint queued;
  guint running;
} QueenDBusJobCounts;

/**
 * QueenDBusJobObject:
 * @path: its object path
 * @now: (nullable): the job as it is; %NULL when it is not shown any more
 * @sent: (nullable): as the bus was told last; %NULL when it was never told
 * @is_listed: somebody who asked has been told of it, be it that the bus has not
 *
 * The place of a job on the bus.
 */
typedef struct
{
  char *path;
  QueenDBusJobView *now;
  QueenDBusJobView *sent;
  GList dirty_link; /* the jobs' own */
  gboolean is_dirty;
  gboolean is_listed;
  gboolean is_owed; /* the jobs' own */
} QueenDBusJobObject;

/** So many may be gone of which the bus has heard only because somebody asked: while she does not
 * have her name, nobody can be told that they are. */
#define QUEEN_DBUS_JOBS_MAX_OWED 1024

/**
 * QueenDBusJobs:
 *
 * The jobs that are shown, as the D-Bus thread knows them, with what the bus has not been told yet.
 * They belong to that thread.
 */
typedef struct _QueenDBusJobs QueenDBusJobs;

QueenDBusJobs *queen_dbus_jobs_new (void);

/**
 * queen_dbus_jobs_take:
 * @changes: (element-type utf8 QueenDBusJobView): how each is now by its id; %NULL for one that is
 * not shown any more
 */
void queen_dbus_jobs_take (QueenDBusJobs *self, GHashTable *changes);

/** Returns: (transfer none) (nullable): one of which the bus does not know how it is now */
QueenDBusJobObject *queen_dbus_jobs_get_dirty (QueenDBusJobs *self);

/** queen_dbus_jobs_set_clean: the bus knows now how @object is; it may be gone then. */
void queen_dbus_jobs_set_clean (QueenDBusJobs *self, QueenDBusJobObject *object);

/** Returns: where all of them would end in the answer to GetManagedObjects, or a bit before */
gsize queen_dbus_jobs_measure (QueenDBusJobs *self, gsize offset);

/** queen_dbus_jobs_add_to: @objects: of `a{oa{sa{sv}}}` */
void queen_dbus_jobs_add_to (QueenDBusJobs *self, GVariantBuilder *objects);

/**
 * queen_dbus_jobs_export:
 *
 * Shows them on @connection. There may be one connection at a time.
 */
gboolean queen_dbus_jobs_export (QueenDBusJobs *self, GDBusConnection *connection, GError **error);

/** queen_dbus_jobs_unexport: shows them nowhere. */
void queen_dbus_jobs_unexport (QueenDBusJobs *self);

void queen_dbus_jobs_free (QueenDBusJobs *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QueenDBusJobs, queen_dbus_jobs_free)

G_END_DECLS
