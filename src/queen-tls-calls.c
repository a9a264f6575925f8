/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-tls-calls.h"

#include "queen-record-stream.h"
#include "queen-tls-limits.h"

#define NAME "queen"
#define PRIORITY 1000 /* over what the system has */

/* What is read of a connection */

#define QUEEN_TYPE_CALL_INPUT (queen_call_input_get_type ())
G_DECLARE_FINAL_TYPE (QueenCallInput, queen_call_input, QUEEN, CALL_INPUT, GFilterInputStream)

struct _QueenCallInput
{
  GFilterInputStream parent_instance;

  QueenRecordStream *records; /* below TLS */
};

static void queen_call_input_init_pollable (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenCallInput,
                               queen_call_input,
                               G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      queen_call_input_init_pollable))

static GPollableInputStream *
get_decoded (gpointer self)
{
  return G_POLLABLE_INPUT_STREAM (
      g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (self)));
}

static gssize
queen_call_input_read (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  QueenRecordStream *records = QUEEN_CALL_INPUT (stream)->records;
  gssize n;

  queen_record_stream_begin_read (records);
  n = g_input_stream_read (G_INPUT_STREAM (get_decoded (stream)), buffer, size, cancellable, error);
  if (n > 0)
    queen_record_stream_end_read (records);
  return n;
}

static gssize
queen_call_input_read_nonblocking (GPollableInputStream *stream,
                                   void *buffer,
                                   gsize size,
                                   GError **error)
{
  QueenRecordStream *records = QUEEN_CALL_INPUT (stream)->records;
  gssize n;

  queen_record_stream_begin_read (records);
  n = g_pollable_input_stream_read_nonblocking (get_decoded (stream), buffer, size, NULL, error);
  if (n > 0)
    queen_record_stream_end_read (records);
  return n;
}

static gboolean
queen_call_input_can_poll (GPollableInputStream *stream)
{
  return g_pollable_input_stream_can_poll (get_decoded (stream));
}

static gboolean
queen_call_input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (get_decoded (stream));
}

static GSource *
queen_call_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) decoded =
      g_pollable_input_stream_create_source (get_decoded (stream), cancellable);

  return g_pollable_source_new_full (stream, decoded, NULL);
}

static void
queen_call_input_init_pollable (GPollableInputStreamInterface *iface)
{
  iface->can_poll = queen_call_input_can_poll;
  iface->is_readable = queen_call_input_is_readable;
  iface->create_source = queen_call_input_create_source;
  iface->read_nonblocking = queen_call_input_read_nonblocking;
}

static void
queen_call_input_finalize (GObject *object)
{
  g_clear_object (&QUEEN_CALL_INPUT (object)->records);

  G_OBJECT_CLASS (queen_call_input_parent_class)->finalize (object);
}

static void
queen_call_input_class_init (QueenCallInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = queen_call_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = queen_call_input_read;
}

static void
queen_call_input_init (QueenCallInput *self)
{
}

GType
queen_tls_calls_get_input_type (void)
{
  return QUEEN_TYPE_CALL_INPUT;
}

/* A connection: the system's, but for what it reads from, and what is read of it. As long as that
 * is no socket to glib-networking, which asks before it shakes hands, it does not know whose
 * tickets it would keep, and keeps none. libsoup looks at the socket later. */

#define BASE "base-io-stream"
#define IDENTITY "server-identity"

enum
{
  BASE_ID = 1,
  IDENTITY_ID
};

static gpointer connection_parent_class;
static GParamSpec *known_base; /* the parent's properties of these names */
static GParamSpec *known_identity;

static GQuark
get_records_quark (void)
{
  return g_quark_from_static_string ("queen-tls-records");
}

static GQuark
get_input_quark (void)
{
  return g_quark_from_static_string ("queen-tls-input");
}

static void
set_known (GObject *object, const GValue *value, GParamSpec *known)
{
  GObjectClass *owner = g_type_class_peek (known->owner_type);

  owner->set_property (object, known->param_id, value, known);
}

static void
set_base (GObject *object, const GValue *value)
{
  QueenRecordStream *records = queen_record_stream_new (g_value_get_object (value));
  g_auto (GValue) below = G_VALUE_INIT;

  g_object_set_qdata_full (object, get_records_quark (), records, g_object_unref);
  g_value_init (&below, G_TYPE_IO_STREAM);
  g_value_set_object (&below, records);
  set_known (object, &below, known_base);
}

/* Who is called by a number is looked for by it in the certificate, but not told: RFC 6066 § 3 has
 * names alone, and GnuTLS refuses who says “::1”, while glib-networking says whatever is written
 * where a name may be. */
static void
set_identity (GObject *object, const GValue *value)
{
  gpointer identity = g_value_get_object (value);
  GNetworkAddress *named = G_IS_NETWORK_ADDRESS (identity) ? identity : NULL;
  g_autoptr (GSocketAddress) number =
      named ? g_inet_socket_address_new_from_string (g_network_address_get_hostname (named),
                                                     g_network_address_get_port (named))
            : NULL;
  g_auto (GValue) numbered = G_VALUE_INIT;

  g_value_init (&numbered, G_TYPE_SOCKET_CONNECTABLE);
  g_value_set_object (&numbered, number);
  set_known (object, number ? &numbered : value, known_identity);
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  (id == BASE_ID ? set_base : set_identity) (object, value);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GObjectClass *owner = g_type_class_peek (known_identity->owner_type);

  if (id == IDENTITY_ID)
    owner->get_property (object, known_identity->param_id, value, known_identity);
  else
    g_value_set_object (value, queen_record_stream_get_outside (
                                   g_object_get_qdata (object, get_records_quark ())));
}

static GInputStream *
get_input (GIOStream *stream)
{
  QueenCallInput *input = g_object_get_qdata (G_OBJECT (stream), get_input_quark ());
  GInputStream *decoded;

  if (input)
    return G_INPUT_STREAM (input);
  decoded = G_IO_STREAM_CLASS (connection_parent_class)->get_input_stream (stream);
  input =
      g_object_new (QUEEN_TYPE_CALL_INPUT, "base-stream", decoded, "close-base-stream", TRUE, NULL);
  input->records = g_object_ref (g_object_get_qdata (G_OBJECT (stream), get_records_quark ()));
  g_object_set_qdata_full (G_OBJECT (stream), get_input_quark (), input, g_object_unref);
  return G_INPUT_STREAM (input);
}

/* Their numbers are the owner's own business, and there is no other way to it than this list. */
static GParamSpec *
find_known (GObjectClass *klass, const char *name)
{
  for (GSList *link = klass->construct_properties; link; link = link->next)
    if (g_str_equal (((GParamSpec *) link->data)->name, name))
      return link->data;
  return NULL;
}

static void
init_connection_class (gpointer klass, gpointer unused)
{
  connection_parent_class = g_type_class_peek_parent (klass);
  known_base = find_known (connection_parent_class, BASE);
  known_identity = find_known (connection_parent_class, IDENTITY);
  if (!known_base || !known_identity)
    return;
  G_OBJECT_CLASS (klass)->set_property = set_property;
  G_OBJECT_CLASS (klass)->get_property = get_property;
  g_object_class_override_property (klass, BASE_ID, BASE);
  g_object_class_override_property (klass, IDENTITY_ID, IDENTITY);
  G_IO_STREAM_CLASS (klass)->get_input_stream = get_input;
}

/* Returns: one derived from @known, or that, if none can be */
static GType
make_connection_type (GType known)
{
  GTypeInfo info = { .class_init = init_connection_class };
  GTypeQuery query;
  GType type = 0;

  g_type_query (known, &query);
  info.class_size = (guint16) query.class_size;
  info.instance_size = (guint16) query.instance_size;
  if (query.type != 0 && !G_TYPE_IS_FINAL (known))
    type = g_type_register_static (known, "QueenTlsCall", &info, 0);
  if (type == 0)
    g_warning ("nothing can be made of %s: records of TLS are not counted", g_type_name (known));
  return type != 0 ? type : known;
}

/* The backend: the system's, but for that */

#define QUEEN_TYPE_TLS_CALLS (queen_tls_calls_get_type ())
G_DECLARE_FINAL_TYPE (QueenTlsCalls, queen_tls_calls, QUEEN, TLS_CALLS, GObject)

struct _QueenTlsCalls
{
  GObject parent_instance;
};

static void queen_tls_calls_init_backend (GTlsBackendInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (QueenTlsCalls,
                               queen_tls_calls,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_TLS_BACKEND,
                                                      queen_tls_calls_init_backend))

/* Returns: what GIO would have taken without this one: the first one of the others */
static GTlsBackend *
find_known_backend (void)
{
  GIOExtensionPoint *point = g_io_extension_point_lookup (G_TLS_BACKEND_EXTENSION_POINT_NAME);
  GList *link = g_io_extension_point_get_extensions (point);

  while (g_io_extension_get_type (link->data) == QUEEN_TYPE_TLS_CALLS)
    link = link->next; /* GIO has one of its own, which can do nothing */
  return g_object_new (g_io_extension_get_type (link->data), NULL);
}

static GTlsBackend *
get_known (void)
{
  static GTlsBackend *known; /* as long as the process */

  if (g_once_init_enter (&known))
    g_once_init_leave (&known, find_known_backend ());
  return known;
}

static gboolean
supports_known_tls (GTlsBackend *backend)
{
  return g_tls_backend_supports_tls (get_known ());
}

static gboolean
supports_known_dtls (GTlsBackend *backend)
{
  return g_tls_backend_supports_dtls (get_known ());
}

static GTlsDatabase *
get_known_database (GTlsBackend *backend)
{
  GTlsBackendInterface *iface = G_TLS_BACKEND_GET_INTERFACE (get_known ());

  return iface->get_default_database ? iface->get_default_database (get_known ()) : NULL;
}

static GType
get_connection_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, make_connection_type (
                                  g_tls_backend_get_client_connection_type (get_known ())));
  return type;
}

static GType
get_known_certificate_type (void)
{
  return g_tls_backend_get_certificate_type (get_known ());
}

static GType
get_known_server_type (void)
{
  return g_tls_backend_get_server_connection_type (get_known ());
}

static GType
get_known_file_database_type (void)
{
  return g_tls_backend_get_file_database_type (get_known ());
}

static GType
get_known_dtls_client_type (void)
{
  return g_tls_backend_get_dtls_client_connection_type (get_known ());
}

static GType
get_known_dtls_server_type (void)
{
  return g_tls_backend_get_dtls_server_connection_type (get_known ());
}

static void
queen_tls_calls_init_backend (GTlsBackendInterface *iface)
{
  iface->supports_tls = supports_known_tls;
  iface->supports_dtls = supports_known_dtls;
  iface->get_default_database = get_known_database;
  iface->get_certificate_type = get_known_certificate_type;
  iface->get_client_connection_type = get_connection_type;
  iface->get_server_connection_type = get_known_server_type;
  iface->get_file_database_type = get_known_file_database_type;
  iface->get_dtls_client_connection_type = get_known_dtls_client_type;
  iface->get_dtls_server_connection_type = get_known_dtls_server_type;
}

static void
queen_tls_calls_class_init (QueenTlsCallsClass *klass)
{
}

static void
queen_tls_calls_init (QueenTlsCalls *self)
{
}

/* GIO takes the one that stands before the others when it is first asked for one. */
void
queen_tls_calls_prepare (void)
{
  static gsize is_prepared;

  if (g_once_init_enter (&is_prepared))
    {
      queen_tls_limits_prepare ();
      g_io_extension_point_register (G_TLS_BACKEND_EXTENSION_POINT_NAME); /* if GIO has not yet */
      g_io_extension_point_implement (G_TLS_BACKEND_EXTENSION_POINT_NAME, QUEEN_TYPE_TLS_CALLS,
                                      NAME, PRIORITY);
      g_once_init_leave (&is_prepared, 1);
    }
}
