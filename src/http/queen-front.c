/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors */

#include "queen-front.h"

#include <glib/gi18n.h>
#include <systemd/sd-daemon.h>

#include "net/queen-listener.h"
#include "net/queen-tls.h"
#include "queen-answer.h"
#include "queen-error.h"
#include "queen-forwarded.h"

struct _QueenFront
{
  QueenFrontSettings settings;
  QueenAccess *access;
  QueenProxies *proxies;
  QueenTls *tls; /* NULL when nothing is encrypted */
  QueenRouter *router;
  QueenServer *server;
  QueenDirect *direct; /* NULL when all goes through the server */
  QueenGate *gate;
  QueenListener *listener;
};

/* Listening */

static void
on_accept (int fd, const struct sockaddr_storage *address, gpointer data)
{
  QueenFront *self = data;

  if (self->settings.is_probe (fd, address, self->settings.data))
    queen_gate_admit_probe (self->gate, fd, address);
  else
    queen_gate_admit (self->gate, fd, address);
}

/* systemd's sockets are in the place of all that the settings say of addresses and ports. */
static gboolean
adopt_sockets (QueenFront *self, int n_sockets, GError **error)
{
  for (int i = 0; i < n_sockets; i++)
    if (!queen_listener_adopt (self->listener, SD_LISTEN_FDS_START + i, error))
      return FALSE;
  return TRUE;
}

/* Returns: (transfer container): those that are no Unix sockets, NULL-terminated */
static const char **
list_addresses (const QueenFrontSettings *settings)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new ();

  for (const char *const *each = settings->bind; *each; each++)
    if (!queen_socket_file_get_path (*each))
      g_ptr_array_add (addresses, (gpointer) *each);
  g_ptr_array_add (addresses, NULL);
  return (const char **) g_ptr_array_steal (addresses, NULL);
}

static gboolean
open_ports (QueenFront *self, GError **error)
{
  const QueenFrontSettings *settings = &self->settings;
  g_autofree const char **addresses = list_addresses (settings);
  gboolean is_optional = !settings->is_bind_given;
  g_autoptr (GError) ui_error = NULL;

  if (!*addresses)
    return TRUE;
  if (!queen_listener_listen (self->listener, addresses, settings->port, is_optional, error))
    return FALSE;
  if (settings->ui_port < 0 ||
      queen_listener_listen (self->listener, addresses, (guint16) settings->ui_port, is_optional,
                             &ui_error))
    return TRUE;
  if (settings->is_ui_port_given)
    {
      g_propagate_error (error, g_steal_pointer (&ui_error));
      return FALSE;
    }
  g_warning ("no page on its usual port: %s (see --ui-port)", ui_error->message);
  return TRUE;
}

static gboolean
open_sockets (QueenFront *self, GError **error)
{
  const QueenFrontSettings *settings = &self->settings;

  if (!open_ports (self, error))
    return FALSE;
  for (const char *const *each = settings->bind; *each; each++)
    {
      const char *path = queen_socket_file_get_path (*each);

      if (path && !queen_listener_listen_unix (self->listener, path, &settings->rights, error))
        return FALSE;
    }
  return TRUE;
}

/* Nobody is accepted yet. */
static gboolean
listen_everywhere (QueenFront *self, GError **error)
{
  int n_sockets = sd_listen_fds (TRUE);

  if (n_sockets < 0)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("the sockets that systemd hands over cannot be had: %s"),
                   g_strerror (-n_sockets));
      return FALSE;
    }
  self->listener =
      queen_listener_new (self->tls ? "https" : "http", self->settings.clock, self->settings.tally,
                          queen_answer_too_many, on_accept, self);
  return n_sockets > 0 ? adopt_sockets (self, n_sockets, error) : open_sockets (self, error);
}

/* Who may come */

/* Returns: (transfer none): NULL for a Unix socket */
static GInetAddress *
get_inet_address (GSocketAddress *address)
{
  return G_IS_INET_SOCKET_ADDRESS (address)
             ? g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address))
             : NULL;
}

/* Returns: (transfer full): one that other machines can reach; NULL when there is none */
static char *
dup_exposed_address (QueenFront *self)
{
  GPtrArray *addresses = queen_listener_get_addresses (self->listener);

  for (guint i = 0; i < addresses->len; i++)
    {
      GInetAddress *address = get_inet_address (addresses->pdata[i]);

      if (address && !g_inet_address_get_is_loopback (address))
        return g_inet_address_to_string (address);
    }
  return NULL;
}

/* What other machines can reach is closed until somebody says that it is to be open. */
static gboolean
check_exposure (QueenFront *self, GError **error)
{
  g_autofree char *exposed = dup_exposed_address (self);

  if (!exposed || self->settings.is_insecure)
    return TRUE;
  if (!queen_access_has_tokens (self->access))
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("other machines can reach %s, and could all send heartbeats: give "
                      "--token-file, or --insecure if that is what you want"),
                   exposed);
      return FALSE;
    }
  if (!self->tls)
    {
      g_set_error (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                   _ ("other machines can reach %s, and tokens could be read on the way: give "
                      "--tls-certificate and --tls-key, or --insecure if that is what you want"),
                   exposed);
      return FALSE;
    }
  return TRUE;
}

/* By the addresses that she listens at she may be called, too. */
static char **
list_hosts (QueenFront *self)
{
  g_autoptr (GStrvBuilder) hosts = g_strv_builder_new ();
  GPtrArray *addresses = queen_listener_get_addresses (self->listener);

  if (self->settings.access.hosts)
    g_strv_builder_addv (hosts, (const char **) self->settings.access.hosts);
  for (guint i = 0; i < addresses->len; i++)
    {
      GInetAddress *address = get_inet_address (addresses->pdata[i]);
      g_autofree char *text = address ? g_inet_address_to_string (address) : NULL;

      if (text)
        g_strv_builder_add (hosts, text);
    }
  return g_strv_builder_end (hosts);
}

static gboolean
make_access (QueenFront *self, GError **error)
{
  g_auto (GStrv) hosts = list_hosts (self);
  QueenAccessSettings settings = self->settings.access;

  settings.hosts = (const char *const *) hosts;
  settings.clock = self->settings.clock;

  self->access = queen_access_new (&settings, error);
  return self->access != NULL;
}

static gboolean
make_tls (QueenFront *self, GError **error)
{
  const char *certificate = self->settings.tls_certificate;
  const char *key = self->settings.tls_key;

  if (!certificate && !key)
    return TRUE;
  if (!certificate || !key)
    {
      g_set_error_literal (error, QUEEN_ERROR, QUEEN_ERROR_SETTING,
                           _ ("--tls-certificate and --tls-key go together"));
      return FALSE;
    }
  self->tls = queen_tls_new (certificate, key, self->settings.clock, error);
  return self->tls != NULL;
}

static gboolean
make_proxies (QueenFront *self, GError **error)
{
  self->proxies =
      queen_proxies_new (self->settings.trusted_proxies, self->settings.proxy_header, error);
  return self->proxies != NULL;
}

/* Subscribers are told by the same loop; else it is the engine that has to answer. */
static QueenRunHold
get_hold (gpointer stream)
{
  if (queen_stream_is_behind (stream))
    return QUEEN_RUN_HELD;
  return queen_stream_holds_publishers (stream) ? QUEEN_RUN_HELD_ELSEWHERE : QUEEN_RUN_FREE;
}

static gboolean
make_gate (QueenFront *self, GError **error)
{
  const QueenGateSettings settings = {
    .rules = { self->access, queen_router_get_max_body, queen_router_speaks_openai, self->router },
    .tls = self->tls,
    .proxies = self->proxies,
    .caps = self->settings.caps,
    .clock = self->settings.clock,
    .budgets = self->settings.budgets,
    .tally = self->settings.tally,
    .on_request = self->direct ? queen_direct_answer : queen_server_answer,
    .data = self->direct ? (gpointer) self->direct : self->server,
    .get_hold = self->settings.stream ? get_hold : NULL,
    .hold_data = self->settings.stream,
  };

  self->gate = queen_gate_new (&settings, error);
  return self->gate != NULL;
}

static gboolean
is_read_right_over (guint owner, gpointer data)
{
  return !queen_access_may_read_on (data, owner);
}

static void
on_tokens_reloaded (QueenAccess *access, QueenFront *self)
{
  queen_audience_end_owned (self->settings.audience, is_read_right_over, access);
  queen_gate_end_owned (self->gate, is_read_right_over, access);
}

static gboolean
open_front (QueenFront *self, GError **error)
{
  if (!make_tls (self, error) || !listen_everywhere (self, error) || !make_access (self, error) ||
      !check_exposure (self, error) || !make_proxies (self, error))
    return FALSE;
  self->router = queen_router_new (self->access, self->settings.tally);
  self->server = queen_server_new (self->router, self->settings.tally);
  if (self->settings.direct == QUEEN_DIRECT_ON)
    self->direct = queen_direct_new (self->server, self->router);
  if (!make_gate (self, error))
    return FALSE;
  g_signal_connect (self->access, "reloaded", G_CALLBACK (on_tokens_reloaded), self);
  return TRUE;
}

QueenFront *
queen_front_new (const QueenFrontSettings *settings, GError **error)
{
  g_autoptr (QueenFront) self = g_new0 (QueenFront, 1);

  self->settings = *settings;
  return open_front (self, error) ? g_steal_pointer (&self) : NULL;
}

void
queen_front_free (QueenFront *self)
{
  /* From the outside to the inside, so that nobody is called by one who has gone. */
  g_clear_object (&self->listener);
  g_clear_object (&self->gate);
  g_clear_pointer (&self->direct, queen_direct_free);
  g_clear_object (&self->server);
  g_clear_object (&self->router);
  if (self->access)
    g_signal_handlers_disconnect_by_data (self->access, self);
  g_clear_object (&self->access);
  g_clear_object (&self->tls);
  g_clear_pointer (&self->proxies, queen_proxies_free);
  g_free (self);
}

void
queen_front_start (QueenFront *self)
{
  queen_listener_start (self->listener);
}

void
queen_front_stop (QueenFront *self)
{
  queen_listener_stop (self->listener);
  queen_gate_stop (self->gate);
}

QueenRouter *
queen_front_get_router (QueenFront *self)
{
  return self->router;
}

QueenAccess *
queen_front_get_access (QueenFront *self)
{
  return self->access;
}

QueenTls *
queen_front_get_tls (QueenFront *self)
{
  return self->tls;
}

QueenGate *
queen_front_get_gate (QueenFront *self)
{
  return self->gate;
}

GPtrArray *
queen_front_get_addresses (QueenFront *self)
{
  return queen_listener_get_addresses (self->listener);
}

const char *const *
queen_front_get_urls (QueenFront *self)
{
  return queen_listener_get_urls (self->listener);
}

const char *
queen_front_get_address (QueenFront *self)
{
  return self->settings.advertise ? self->settings.advertise : queen_front_get_urls (self)[0];
}
