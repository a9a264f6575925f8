/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#pragma once

/* What the files of a registry share, and nobody else sees: how it lives (queen-registry.c), how
 * much there may be of what can be long (queen-registry-lists.c), how entries come and go
 * (queen-registry-entries.c), who makes room for whom (queen-registry-room.c), who has few
 * (queen-registry-parties.c), what other queens say (queen-registry-apply.c), how it goes on from
 * one epoch of the queen to the next (queen-registry-restore.c), and who is held
 * (queen-registry-holds.c). */

#include "loop/queen-alarm.h"
#include "queen-field.h"
#include "queen-grace.h"
#include "queen-registry.h"
#include "queen-roll.h"
#include "queen-senders.h"
#include "text/queen-sharded-table.h"

G_BEGIN_DECLS

#define QUEEN_REGISTRY_MAX_TRIED 256  /* who are asked to make room */
#define QUEEN_REGISTRY_SENDERS_PART 4 /* one sender brings no more than this part of all */

struct _QueenRegistry
{
  GObject parent_instance;

  QueenComponentKind kind;
  QueenSequencer *sequencer;
  QueenRegistrySettings settings;

  QueenShardedTable *entries; /* the id of each QueenEntry, which is in it; without values, as each
                               * would take 16 bytes more */
  QueenRoll
      *roll; /* of QueenEntry, in the order in which they were first seen; those online count */
  /* Of QueenEntry, by deadline. Each heartbeat gets the same time, so whoever beats goes to the end
   * and the queues stay in order without ever being sorted. Online, too, are the patient ones: who
   * has asked for more time, each for as much as it likes, or was heard by another queen earlier
   * than the last of the others. */
  GQueue online;
  GQueue offline;
  GSequence *patient;
  GSequence *offline_order; /* of those in `offline`, for finding the place of one among them */
  GSequence *offline_lists; /* of those in `offline` that have lists, whose are longest first */
  QueenSenders *senders;
  GQueue uncounted; /* of QueenEntry: what those have brought who are not counted */
  QueenGrace grace;
  gint64 looked_at; /* µs, monotonic: when it was last seen who is silent */
  guint n_available;
  gsize n_bytes;      /* of the components */
  gsize n_list_bytes; /* of what their lists take */
  guint64 n_heartbeats;
  guint64 last_sequence;
  guint64 n_displaced;
  guint64 revision;
  QueenAlarm *alarm;

  QueenAlarm *sweep_alarm; /* of looking at all whose hive may be held; NULL where nobody is */
  guint64 sweep_behind;    /* the sequence of who was looked at last */
  gboolean is_sweeping;
  gboolean must_sweep_again; /* from the beginning, when the end is reached */

  QueenCallCheckFunc call_check; /* NULL where nobody is called */
  gpointer call_check_data;
};

/* In one piece, as there may be tens of thousands. */
typedef struct
{
  QueenComponent *component;
  guint32 size;         /* of that, bytes */
  guint32 n_list_bytes; /* that its lists take */
  QueenSender *sender;  /* who brought it; NULL when that is not counted */
  QueenRollPlace place;
  gint64 deadline; /* µs, monotonic: of the component, unless it was put off */
  GList deadline_link;
  GSequenceIter *order_link; /* in `patient` or `offline_order`; NULL when it is in `online` */
  GList sender_link;         /* in its sender's queue */
  /* Its lists are where they are found when they have to make room, however many others have none,
   * or short ones: in its sender's `lists` and in `offline_lists`; NULL where they are not. */
  GSequenceIter *lists_link;
  GSequenceIter *offline_lists_link;
  char id[];
} QueenEntry;

/** Returns: (transfer full): a table for the ids of entries, which it frees */
QueenShardedTable *queen_registry_new_entries (void);

/** Returns: (nullable): the entry of that id */
QueenEntry *queen_registry_find_entry (QueenRegistry *self, const char *id);

/**
 * queen_registry_check_call:
 * @last: (nullable): the same as it was until now
 *
 * Has @component know why it is not called.
 */
void queen_registry_check_call (QueenRegistry *self,
                                QueenComponent *component,
                                const QueenComponent *last);

/** Returns: (nullable): who was seen first */
QueenEntry *queen_registry_get_first (QueenRegistry *self);

/** Returns: (nullable): who was seen next after @entry */
QueenEntry *queen_registry_get_next (QueenEntry *entry);

/**
 * queen_registry_make_sequence:
 * @first_seen: ns since 1970
 *
 * Returns: a number for one that was first seen after all others
 */
guint64 queen_registry_make_sequence (QueenRegistry *self, gint64 first_seen);

/** Returns: (transfer none): an entry of which nothing is known yet */
QueenEntry *queen_registry_add_entry (QueenRegistry *self, const char *id, guint64 sequence);

/** Takes @component over as what is known of @entry. */
void queen_registry_enter (QueenRegistry *self, QueenEntry *entry, QueenComponent *component);

/** The reverse of queen_registry_enter(). Returns: (transfer full): what was known of @entry */
QueenComponent *queen_registry_leave (QueenRegistry *self, QueenEntry *entry);

/** Has @entry's lists nowhere until queen_registry_enter(): queen_registry_leave() leaves them. */
void queen_registry_unlink_lists (QueenEntry *entry);

/** Ends @entry. Returns: (transfer full): what was known of it */
QueenComponent *queen_registry_remove_entry (QueenRegistry *self, QueenEntry *entry);

/** Has @entry, which is online, missed no earlier than at @deadline (µs, monotonic). */
void queen_registry_put_off (QueenRegistry *self, QueenEntry *entry, gint64 deadline);

/**
 * queen_registry_set_sender:
 * @entry: one that is in no queue
 * @name: (nullable): who brings it from now on
 */
void queen_registry_set_sender (QueenRegistry *self, QueenEntry *entry, const char *name);

/** Has @component, which nobody has seen yet, know who has brought @entry. */
void queen_registry_sign (const QueenEntry *entry, QueenComponent *component);

/**
 * queen_registry_settle:
 * @component: what has been heard; its times are there
 * @last: (nullable): what was known of it before
 * @heard: µs, monotonic: when it was heard
 *
 * Fills in what is only a registry's: its place, its deadline, its hold, and how it is called.
 */
void queen_registry_settle (QueenRegistry *self,
                            QueenComponent *component,
                            const QueenComponent *last,
                            gint64 heard);

/**
 * queen_registry_take:
 * @entry: (nullable): %NULL for a new component; otherwise it has left its queue
 * @component: (transfer none): what queen_registry_settle() has settled
 * @last: (nullable): as there
 * @sender: (nullable): who brings it
 *
 * Takes it over as what is known.
 */
void queen_registry_take (QueenRegistry *self,
                          QueenEntry *entry,
                          QueenComponent *component,
                          const QueenComponent *last,
                          const char *sender);

/**
 * queen_registry_count_party:
 * @name: (nullable): of a sender, or a party
 *
 * Returns: how many it has brought, and all that count as one with it; those who are not counted
 *   are one
 */
guint queen_registry_count_party (QueenRegistry *self, const char *name);

/**
 * queen_registry_make_room:
 * @queue: of who is offline, the longest one first
 *
 * The first one in @queue makes room for another.
 *
 * Returns: %FALSE when there is none
 */
gboolean queen_registry_make_room (QueenRegistry *self, GQueue *queue);

/** Takes @component over as what is known of @entry, whose deadlines are the same ones. */
void queen_registry_replace (QueenRegistry *self, QueenEntry *entry, QueenComponent *component);

/** Goes on with what queen_registry_heed_hive_holds() has begun; @data is a #QueenRegistry. */
void queen_registry_on_sweep (gpointer data);

/**
 * queen_registry_check_place:
 * @component: one that is not known yet
 * @name: (nullable): of its sender
 * @error: %QUEEN_ERROR_REGISTRY_FULL
 *
 * Returns: whether there is a place for @component, or somebody who would make room for it
 */
gboolean queen_registry_check_place (QueenRegistry *self,
                                     const QueenComponent *component,
                                     const char *name,
                                     GError **error);

/** After queen_registry_check_place(): whoever has to makes room. */
void queen_registry_clear_place (QueenRegistry *self, const char *name);

/** Forgets @entry, so that there is room for another one; one that is online goes offline first. */
void queen_registry_displace (QueenRegistry *self, QueenEntry *entry);

/** Returns: how many bytes the lists of models and GPUs take that @component has */
gsize queen_registry_measure_lists (const QueenComponent *component);

/**
 * queen_registry_admit_lists:
 * @entry: (nullable): what is known of it; %NULL for a new component
 * @component: what is to be known
 * @name: (nullable): of its sender
 * @error: %QUEEN_ERROR_REGISTRY_FULL
 *
 * Most have no lists, or short ones, and each may have very long ones: so there is room for some
 * such, and not for all. Those who are offline and have lists make some, the longest ones first,
 * and then those of the party whose lists take most, if those of @name take clearly less.
 *
 * Returns: whether there is room for the lists of @component
 */
gboolean queen_registry_admit_lists (QueenRegistry *self,
                                     QueenEntry *entry,
                                     const QueenComponent *component,
                                     const char *name,
                                     GError **error);

/**
 * queen_registry_find_room_for_lists:
 *
 * The same as queen_registry_admit_lists(), however much @name has.
 */
gboolean queen_registry_find_room_for_lists (QueenRegistry *self,
                                             QueenEntry *entry,
                                             const QueenComponent *component,
                                             const char *name,
                                             GError **error);

/** Wakes up for the first deadline. */
void queen_registry_set_alarm (QueenRegistry *self);

/**
 * queen_registry_expire_some:
 *
 * Lets some of those go whose time is up.
 *
 * Returns: whether there is more to do at once
 */
gboolean queen_registry_expire_some (QueenRegistry *self);

G_END_DECLS
