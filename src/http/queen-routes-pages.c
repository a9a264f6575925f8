/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-routes.h"

#include <libsoup/soup.h>

#include "model/queen-component-fields.h"
#include "queen-page-resource.h"
#include "text/queen-json-writer.h"

#define ROOT "/dev/rbee/Queen1/page"
#define INDEX "/index.html"
#define MEMBERS "/model/members.js"

/* One way to send a page's bytes. A strong tag names exactly these bytes, so each way has its own:
 * RFC 9110 § 8.8.1. */
typedef struct
{
  GBytes *bytes;
  char *tag;
} Variant;

typedef struct
{
  char *path;
  QueenRoute route;
  const char *type;
  Variant plain;
  Variant packed; /* gzip; made when the first browser asks for it */
} Page;

static const char *
find_type (const char *path)
{
  static const struct
  {
    const char *suffix;
    const char *type;
  } types[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".svg", "image/svg+xml" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_has_suffix (path, types[i].suffix))
      return types[i].type;
  return "application/octet-stream";
}

static Variant
make_variant (GBytes *bytes)
{
  g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);

  return (Variant){ bytes, g_strdup_printf ("\"%.32s\"", sum) };
}

static void
clear_variant (Variant *variant)
{
  g_clear_pointer (&variant->bytes, g_bytes_unref);
  g_clear_pointer (&variant->tag, g_free);
}

static GBytes *
pack (GBytes *bytes)
{
  g_autoptr (GZlibCompressor) compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) packer =
      g_converter_output_stream_new (memory, G_CONVERTER (compressor));
  gsize length;
  const void *data = g_bytes_get_data (bytes, &length);

  g_output_stream_write_all (packer, data, length, NULL, NULL, NULL);
  g_output_stream_close (packer, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

/* Answering */

static const Variant *
choose_variant (Page *page, QueenExchange *exchange)
{
  if (!queen_exchange_takes_gzip (exchange))
    return &page->plain;
  if (!page->packed.bytes)
    page->packed = make_variant (pack (page->plain.bytes));
  return &page->packed;
}

static void
on_page (QueenExchange *exchange, gpointer data)
{
  Page *page = data;
  const Variant *variant = choose_variant (page, exchange);

  queen_exchange_add_header (exchange, "ETag", variant->tag);
  queen_exchange_add_header (exchange, "Cache-Control", "no-cache");
  queen_exchange_vary (exchange);
  /* Ids are whatever a sender likes, so nothing that is written into the page may ever run. */
  queen_exchange_add_header (exchange, "Content-Security-Policy",
                             "default-src 'self'; base-uri 'none'; form-action 'none'; "
                             "frame-ancestors 'none'");
  queen_exchange_add_header (exchange, "Referrer-Policy", "no-referrer");
  if (queen_exchange_knows (exchange, variant->tag))
    {
      queen_exchange_answer (exchange, SOUP_STATUS_NOT_MODIFIED, NULL, NULL);
      return;
    }
  queen_exchange_answer_shared (exchange, SOUP_STATUS_OK, page->type, variant->bytes);
  if (variant == &page->packed)
    queen_exchange_set_packed (exchange);
}

/* Finding the pages */

static void
free_page (Page *page)
{
  clear_variant (&page->plain);
  clear_variant (&page->packed);
  g_free (page->path);
  g_free (page);
}

/* @bytes: (transfer full) */
static void
add_page (QueenRouter *router, const char *path, GBytes *bytes)
{
  Page *page = g_new0 (Page, 1);

  page->path = g_strdup (g_str_equal (path, INDEX) ? "/" : path);
  page->route = (QueenRoute){ page->path, "GET", QUEEN_ACCESS_PUBLIC, on_page };
  page->type = find_type (path);
  page->plain = make_variant (bytes);
  queen_router_add (router, &page->route, 1, page, (GDestroyNotify) free_page);
}

static GBytes *
find_page (GResource *resource, const char *path)
{
  g_autofree char *name = g_strconcat (ROOT, path, NULL);

  return g_resource_lookup_data (resource, name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

static void
add_folder (QueenRouter *router, GResource *resource, const char *folder)
{
  g_autofree char *name = g_strconcat (ROOT, folder, NULL);
  g_auto (GStrv) children =
      g_resource_enumerate_children (resource, name, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  for (char **child = children; child && *child; child++)
    {
      g_autofree char *path = g_strconcat (folder, *child, NULL);

      if (g_str_has_suffix (path, "/"))
        add_folder (router, resource, path);
      else
        add_page (router, path, find_page (resource, path));
    }
}

/* What can be told of any member of a component: a module of which the page has no file, as it is
 * the table itself. */
static GBytes *
make_members (void)
{
  GString *module = g_string_new ("/** @type {[string, string][]} names in JSON and for people */\n"
                                  "export const MEMBERS = [\n");

  for (const QueenField *field = queen_component_fields; field->name; field++)
    if (!field->nest && !queen_field_is_of_queen (field))
      {
        g_string_append (module, "  [");
        queen_json_append_string (module, field->name);
        g_string_append (module, ", ");
        queen_json_append_string (module, field->label);
        g_string_append (module, "],\n");
      }
  g_string_append (module, "];\n");
  return g_string_free_to_bytes (module);
}

void
queen_routes_add_pages (QueenRouter *router)
{
  add_folder (router, queen_page_get_resource (), "/");
  add_page (router, MEMBERS, make_members ());
}
