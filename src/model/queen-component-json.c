/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-component-json.h"

#include "queen-component-fields.h"

/* A member with all that stands around it, so that a long list is not put together from crumbs. */
typedef struct
{
  const QueenField *field;
  GString *before;  /* its name, and the beginning of its nest */
  gboolean is_last; /* of its nest */
  GString *unsaid;  /* of the first that is vital: how all of them look when none is said */
  guint n_unsaid;   /* how many that are */
} Member;

static Member
make_member (const QueenField *const *fields, gsize i)
{
  const QueenField *field = fields[i];
  gboolean is_first = field->nest && (i == 0 || g_strcmp0 (fields[i - 1]->nest, field->nest));
  gboolean is_last =
      field->nest && (!fields[i + 1] || g_strcmp0 (fields[i + 1]->nest, field->nest));
  Member member = { field, g_string_new (i == 0 ? "{" : ","), is_last };

  if (is_first)
    g_string_append_printf (member.before, "\"%s\":{", field->nest);
  g_string_append_printf (member.before, "\"%s\":", field->member ? field->member : field->name);
  return member;
}

/* Vital members stand together. */
static void
make_unsaid (Member *member)
{
  Member *first = member;

  first->unsaid = g_string_new (NULL);
  for (; member->field && member->field->is_vital; member++)
    {
      g_string_append_printf (first->unsaid, "%snull", member->before->str);
      first->n_unsaid++;
    }
}

static Member *
make_members (QueenComponentKind kind)
{
  const QueenField *const *fields = queen_component_fields_list (kind);
  GArray *made = g_array_new (TRUE, TRUE, sizeof (Member));
  Member *members, *first;

  for (gsize i = 0; fields[i]; i++)
    {
      Member member = make_member (fields, i);

      g_array_append_val (made, member);
    }
  members = first = (Member *) g_array_free (made, FALSE);
  while (!first->field->is_vital)
    first++;
  make_unsaid (first);
  return members;
}

/* Returns: (array): up to one without a field */
static const Member *
get_members (QueenComponentKind kind)
{
  static Member *members[QUEEN_COMPONENT_N_KINDS];

  if (g_once_init_enter (&members[kind]))
    g_once_init_leave (&members[kind], make_members (kind));
  return members[kind];
}

/* Returns: whether it is a text, or a list, of which a heartbeat may say much */
static gboolean
may_be_long (const QueenField *field, QueenComponentKind kind)
{
  return field->type->clear && field->place[kind] > 0;
}

static void
append_member (const QueenComponent *component,
               const Member *member,
               gboolean is_short,
               GString *json)
{
  const QueenField *field = member->field;
  gboolean is_left_out = is_short && may_be_long (field, component->kind);

  if (field->is_required || (!is_left_out && queen_field_is_said (field, component)))
    {
      g_string_append_len (json, member->before->str, (gssize) member->before->len);
      queen_field_append_json (field, component, json);
    }
  else if (!field->nest)
    {
      g_string_append_len (json, member->before->str, (gssize) member->before->len);
      g_string_append (json, "null");
    }
  if (member->is_last)
    g_string_append_c (json, '}');
}

static void
append_members (const QueenComponent *component, gboolean is_short, GString *json)
{
  for (const Member *member = get_members (component->kind); member->field; member++)
    if (queen_field_has_place (member->field, component))
      append_member (component, member, is_short, json);
    else
      {
        g_string_append_len (json, member->unsaid->str, (gssize) member->unsaid->len);
        member += member->n_unsaid - 1;
      }
}

void
queen_component_append_json (const QueenComponent *component, GString *json)
{
  append_members (component, FALSE, json);
  g_string_append_c (json, '}');
}

void
queen_component_append_short_json (const QueenComponent *component, GString *json)
{
  append_members (component, TRUE, json);
  g_string_append (json, ",\"shortened\":true}");
}

void
queen_component_append_shortest_json (const QueenComponent *component, GString *json)
{
  const Member *member = get_members (component->kind);

  for (; member->field->type != &queen_field_holds; member++)
    append_member (component, member, TRUE, json);
  g_string_append (json, ",\"shortened\":true}");
}
