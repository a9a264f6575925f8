/* SPDX-License-Identifier: GPL-3.0-or-later
 * SPDX-FileCopyrightText: the queen-rbee authors
 *
 * The settings. One row is one of them: an option of the command line, a key of the key file and a
 * field of QueenConfig. A new one takes a row here, a row of the README's table, and its use. All
 * else that lists them is made from here: the help, and by build-aux/describe-settings the key
 * file, the manual's options and the completions. /house/settings compares them.
 *
 *   SETTING (type of the field, name of the field, members of QueenSetting…)
 *
 * Whoever includes this has defined SETTING, and includes it as often as there are things to be
 * made; so there is no guard. CHOICE and TOLD are defined by those who use the members, see
 * queen-settings.c and list-settings.c. TOLD holds what only people read: it is not in the daemon.
 * For what each member means, and what may stand in a text, see queen-settings.h. */

SETTING (int,
         port,
         .name = "port",
         .short_name = 'p',
         .type = QUEEN_SETTING_NUMBER,
         .most = 65535,
         .initial = "8500",
         .help = N_ ("Listen on this port (8500); 0 takes a free one"),
         .argument = N_ ("PORT"),
         TOLD (.text = "Listen on this port; 0 takes a free one.",
               .file = "With queen-rbee.socket, its ListenStream= are in the place of port, bind "
                       "and ui-port."))

SETTING (
    char **,
    bind,
    .name = "bind",
    .type = QUEEN_SETTING_ADDRESS,
    .is_list = TRUE,
    .initial = "127.0.0.1;::1",
    .help = N_ ("Listen at this address, or at unix:PATH (127.0.0.1 and ::1); may be repeated"),
    .argument = N_ ("ADDRESS"),
    TOLD (.text = "Listen at this numeric address, or, as `unix:/run/queen-rbee/http.sock`, at "
                  "a Unix socket.",
          .manual = "A Unix socket is for proxies on this machine: it has no port, is never "
                    "encrypted, and whoever may write to its file may connect\n"
                    ".Pq Fl Fl socket-mode .\n"
                    "The file is removed when she ends. One that is left from a crash is "
                    "replaced; one at which somebody listens, or that is no socket, is not."))

SETTING (
    int,
    socket_mode,
    .name = "socket-mode",
    .type = QUEEN_SETTING_MODE,
    .initial = "0660",
    .help = N_ ("Who may connect to a unix:PATH, as the mode of its file (0660)"),
    .argument = N_ ("MODE"),
    TOLD (.text = "The mode of the file of a Unix socket. Whoever may write to it may connect."))

SETTING (char *,
         socket_owner,
         .name = "socket-owner",
         .type = QUEEN_SETTING_OWNER,
         .help = N_ ("Whose file a unix:PATH is: USER, USER:GROUP or :GROUP"),
         .argument = N_ ("OWNER"),
         TOLD (.example = ":www-data",
               .text = "Whose the file of a Unix socket is, as chown takes it: a user, a group, or "
                       "both with a colon between.",
               .file = "She can give it to any group that her user is in."))

/* -1 for none */
SETTING (int,
         ui_port,
         .name = "ui-port",
         .type = QUEEN_SETTING_NUMBER_OR_OFF,
         .most = 65535,
         .initial = "3002",
         .help = N_ ("Listen on this port, too, for the page (3002); off for none"),
         .argument = N_ ("PORT"),
         TOLD (.text = "Listen on this port, too, for the page; `off` for none."))

SETTING (int,
         capacity,
         .name = "capacity",
         .type = QUEEN_SETTING_NUMBER,
         .least = 1,
         .most = 1000000,
         .initial = "100",
         .help = N_ ("How many events a slow subscriber may be behind before it loses the "
                     "oldest (100)"),
         .argument = N_ ("EVENTS"),
         TOLD (.text = "How many events a slow subscriber may be behind before it loses the "
                       "oldest."))

SETTING (gint64,
         heartbeat_interval,
         .name = "heartbeat-interval",
         .type = QUEEN_SETTING_SPAN,
         .least = 10 * QUEEN_MSEC,
         .most = QUEEN_HOUR,
         .initial = "2.5s",
         .help = N_ ("Time between two heartbeats of the queen (2.5s)"),
         .argument = N_ ("SPAN"),
         TOLD (.text = "Time between two heartbeats of the queen."))

SETTING (gint64,
         timeout,
         .name = "timeout",
         .type = QUEEN_SETTING_SPAN,
         .least = 10 * QUEEN_MSEC,
         .most = 30 * QUEEN_DAY,
         .initial = "90s",
         .help = N_ ("Silence after which a worker or hive counts as offline (90s)"),
         .argument = N_ ("SPAN"),
         TOLD (.text = "Silence after which a worker or hive counts as offline.",
               .file = "They beat every 30 s."))

SETTING (gint64,
         forget_after,
         .name = "forget-after",
         .type = QUEEN_SETTING_SPAN,
         .least = 10 * QUEEN_MSEC,
         .most = 365 * QUEEN_DAY,
         .initial = "1h",
         .help = N_ ("Time after which one that is offline is forgotten (1h)"),
         .argument = N_ ("SPAN"),
         TOLD (.text = "Time after which one that is offline is forgotten."))

SETTING (gint64,
         flush_interval,
         .name = "flush-interval",
         .type = QUEEN_SETTING_SPAN,
         .most = QUEEN_SECOND,
         .initial = "2ms",
         .help = N_ ("Time that two flushes of the stream keep apart under load (2ms)"),
         .argument = N_ ("SPAN"),
         TOLD (.text = "Time that two flushes of the stream keep apart under load."))

SETTING (
    gint64,
    stall_timeout,
    .name = "stall-timeout",
    .type = QUEEN_SETTING_SPAN,
    .least = 10 * QUEEN_MSEC,
    .most = QUEEN_HOUR,
    .initial = "20s",
    .help = N_ ("Time after which a subscriber is let go that takes nothing of what waits for it "
                "(20s)"),
    .argument = N_ ("SPAN"),
    TOLD (.text = "Time after which a subscriber is let go that takes nothing of what waits for "
                  "it."))

SETTING (gint64,
         drain,
         .name = "drain",
         .type = QUEEN_SETTING_SPAN,
         .most = QUEEN_HOUR,
         .initial = "5s",
         .help = N_ ("Time that jobs get to come to their end when the queen is stopped (5s)"),
         .argument = N_ ("SPAN"),
         TOLD (.text = "Time that jobs get to come to their end when the queen is stopped. The "
                       "service manager is told to wait for as long."))

SETTING (int,
         max_components,
         .name = "max-components",
         .type = QUEEN_SETTING_NUMBER,
         .least = 1,
         .most = 10000000,
         .initial = "65536",
         .help = N_ ("How many workers, and how many hives, may be known at once (65536)"),
         .argument = N_ ("COUNT"),
         TOLD (.text = "How many workers, and how many hives, may be known at once. Past that the "
                       "one that has been offline longest is forgotten for a newcomer."))

/* 0 for as many as go well with the limit of descriptors */
SETTING (int,
         max_subscribers,
         .name = "max-subscribers",
         .type = QUEEN_SETTING_NUMBER,
         .least = 1,
         .most = 10000000,
         .help = N_ ("How many may listen at once (12000, or what the limit of open files has room "
                     "for)"),
         .argument = N_ ("COUNT"),
         TOLD (.example = "12000",
               .text = "How many may listen at once.",
               .file = "Without this it is fewer when there are few descriptors.",
               .manual = "The default is 12000, or 60 percent of the descriptors that\n"
                         ".Dv RLIMIT_NOFILE\n"
                         "allows, if that is less."))

/* likewise */
SETTING (int,
         max_connections,
         .name = "max-connections",
         .type = QUEEN_SETTING_NUMBER,
         .least = 1,
         .most = 10000000,
         .help = N_ ("How many requests may be under way at once (16384, or likewise)"),
         .argument = N_ ("COUNT"),
         TOLD (.example = "16384",
               .text = "How many requests may be under way at once.",
               .file = "Without this it is fewer when there are few descriptors.",
               .manual = "The default is 16384, or what\n"
                         ".Dv RLIMIT_NOFILE\n"
                         "leaves beside subscribers and calls to workers. When there are as many, "
                         "the oldest one that is not whole makes room. Three quarters are for "
                         "those that wait for a worker, or for another answer."))

/* 0 for a quarter of each, this machine left out */
SETTING (int,
         max_per_peer,
         .name = "max-per-peer",
         .type = QUEEN_SETTING_NUMBER,
         .least = 1,
         .most = 10000000,
         .help = N_ ("How many of each one address may have (a quarter; this machine all)"),
         .argument = N_ ("COUNT"),
         TOLD (.example = "1000",
               .text = "How many subscribers, and how many requests under way, one address may "
                       "have; an IPv6 network of 64 bits is one address, and so is a user who "
                       "comes through a Unix socket.",
               .file = "Without this it is a quarter, and this machine is spared.",
               .manual = "The default is a quarter of what there may be, and this machine is "
                         "spared; a\n"
                         ".Ar count\n"
                         "holds for this machine, too."))

SETTING (char **,
         cors_origins,
         .name = "cors-origin",
         .type = QUEEN_SETTING_ORIGIN,
         .is_list = TRUE,
         .help = N_ ("Let pages of this web origin in, besides those of this machine; null for "
                     "those that have none, * to let all read; may be repeated"),
         .argument = N_ ("ORIGIN"),
         TOLD (.example = "https://ui.example.org;https://ops.example.org",
               .text = "Let pages of this web origin in, besides those of this machine. `null` is "
                       "for pages that have none, such as files, and `*` lets the pages of all "
                       "others read, without cookies."))

SETTING (char **,
         allowed_hosts,
         .name = "allowed-host",
         .type = QUEEN_SETTING_HOST,
         .is_list = TRUE,
         .help = N_ ("Answer to this host name, too, besides those of this machine; may be "
                     "repeated"),
         .argument = N_ ("HOST"),
         TOLD (.example = "queen.example.org",
               .text = "Answer to this host name, too, besides those of this machine."))

SETTING (char *,
         token_file,
         .name = "token-file",
         .type = QUEEN_SETTING_FILE,
         .credential = "tokens",
         .help = N_ ("Take heartbeats only with a token of this file, one NAME:TOKEN or "
                     "NAME:TOKEN:SCOPES in a line"),
         .argument = N_ ("FILE"),
         TOLD (.example = "/srv/queen-rbee/tokens",
               .text = "Take heartbeats only with a token of this file.",
               .file = "It has one NAME:TOKEN or NAME:TOKEN:SCOPES in a line, with scopes out of "
                       "beat, read, jobs, hold, hives and admin, and commas between. Without "
                       "scopes it is beat,read,jobs.\n"
                       "The system service runs as a user of its own, who may not read root's "
                       "files. Keep the file root's and say in “systemctl edit queen-rbee”, under "
                       "[Service]: LoadCredential=tokens:/etc/queen-rbee/tokens\n"
                       "She finds it then without any setting; after a change of the file she is "
                       "restarted, not reloaded.",
               .manual = "See\n"
                         ".Sx TOKENS .",
               .at_sighup = "has it read again"))

SETTING (gboolean,
         are_reads_protected,
         .name = "protect-reads",
         .type = QUEEN_SETTING_FLAG,
         .initial = "false",
         .help = N_ ("Let nobody read without a token, either"),
         TOLD (.text = "Let nobody read without a token, either.",
               .manual = "This requires a token file."))

SETTING (QueenDirectUse,
         direct,
         .name = "direct",
         .type = QUEEN_SETTING_CHOICE,
         .choices = CHOICES (CHOICE ("on", QUEEN_DIRECT_ON), CHOICE ("off", QUEEN_DIRECT_OFF)),
         .initial = "on",
         .help = N_ ("Take heartbeats and lists around the HTTP library: on or off (on)"),
         .argument = N_ ("USE"),
         TOLD (.text = "Take heartbeats and lists the short way, around the HTTP library.",
               .file = "`off` is for finding out whether that makes a difference; there is none "
                       "but the time that it takes.",
               .manual = "With `off` they go the way of all other requests, which takes longer; "
                         "there is no other difference."))

SETTING (
    QueenAdmin,
    admin,
    .name = "admin",
    .type = QUEEN_SETTING_CHOICE,
    .choices = CHOICES (CHOICE ("loopback", QUEEN_ADMIN_LOOPBACK),
                        CHOICE ("token", QUEEN_ADMIN_TOKEN),
                        CHOICE ("off", QUEEN_ADMIN_OFF)),
    .initial = "loopback",
    .help = N_ ("Who may forget workers and hives, and end the queen, over HTTP: loopback (her "
                "own user and root on this machine), token, or off (loopback)"),
    .argument = N_ ("WHO"),
    TOLD (.text = "Who may forget workers and hives, and end her, over HTTP.",
          .file = "`loopback` is her own user and root on this machine, and whoever has a token "
                  "with the scope admin; `token` is the latter alone; `off` is nobody.\n"
                  "The system service says token on its command line, which goes before this "
                  "file: any proxy on this machine may run as one of the former. To change it: "
                  "systemctl edit queen-rbee.",
          .manual = "With `loopback` it is her own user and root, on this machine: not by the "
                    "address, which a proxy has, too, but by the user at the other end of the "
                    "connection, as the kernel tells it. Whom it does not tell of may not, nor "
                    "may a request that says that it comes through a proxy. Whoever has a "
                    "token with the scope `admin` may, too. With `token` only the latter may, "
                    "and with `off` nobody. The system service has `token`. No web page ever "
                    "ends her."))

SETTING (char **,
         trusted_proxies,
         .name = "trusted-proxy",
         .type = QUEEN_SETTING_PROXY,
         .is_list = TRUE,
         .help = N_ ("Believe this proxy whose requests it hands on: an address, a network or "
                     "unix:; may be repeated"),
         .argument = N_ ("ADDRESS"),
         TOLD (.example = "127.0.0.1;10.0.0.0/8",
               .text = "Believe this proxy whose requests it hands on: an address, a network such "
                       "as 10.0.0.0/8, or `unix:` for whoever comes through a Unix socket.",
               .file = "Each client then has its own share, and not the proxy's.",
               .manual = "The client is the last one that the proxy names, or the last before "
                         "further trusted proxies, and has a share of its own\n"
                         ".Pq Fl Fl max-per-peer ."))

SETTING (QueenProxyHeader,
         proxy_header,
         .name = "proxy-header",
         .type = QUEEN_SETTING_CHOICE,
         .choices = CHOICES (CHOICE ("X-Forwarded-For", QUEEN_PROXY_HEADER_X_FORWARDED_FOR),
                             CHOICE ("Forwarded", QUEEN_PROXY_HEADER_FORWARDED)),
         .initial = "X-Forwarded-For",
         .help = N_ ("Where trusted proxies say it: X-Forwarded-For or Forwarded "
                     "(X-Forwarded-For)"),
         .argument = N_ ("HEADER"),
         TOLD (.text = "The header in which trusted proxies say it: `X-Forwarded-For`, or "
                       "`Forwarded` (RFC 7239)."))

SETTING (
    char *,
    tls_certificate,
    .name = "tls-certificate",
    .type = QUEEN_SETTING_FILE,
    .credential = "tls-certificate",
    .help = N_ ("Encrypt every connection with this certificate (PEM)"),
    .argument = N_ ("FILE"),
    TOLD (.example = "/srv/queen-rbee/certificate.pem",
          .text = "Encrypt every connection with this certificate and its private key, both "
                  "PEM.",
          .file = "A key on an elliptic curve is much faster than one of RSA. The system "
                  "service takes them without a setting, too:\n"
                  "LoadCredential=tls-certificate:/etc/queen-rbee/certificate.pem\n"
                  "LoadCredential=tls-key:/etc/queen-rbee/key.pem",
          .manual = "Behind the certificate may stand those that vouch for it. No password may "
                    "protect the key, and one on an elliptic curve is much faster than one of "
                    "RSA. Every address, loopback too, then begins with\n"
                    ".Dq https:// .\n"
                    "A certificate that has ended, has not begun, or ends within a week is "
                    "warned of in the log, at start, when it is read again, and once a day. "
                    "Clients may come back by a ticket for two hours, unless it is read again "
                    "meanwhile.",
          .at_sighup = "has both read again, for connections that come from then on"))

SETTING (char *,
         tls_key,
         .name = "tls-key",
         .type = QUEEN_SETTING_FILE,
         .credential = "tls-key",
         .help = N_ ("The private key that belongs to the certificate (PEM)"),
         .argument = N_ ("FILE"),
         TOLD (.example = "/srv/queen-rbee/key.pem"))

SETTING (gboolean,
         is_insecure,
         .name = "insecure",
         .type = QUEEN_SETTING_FLAG,
         .initial = "false",
         .help = N_ ("Listen for other machines, and go to an engine there, without the tokens, "
                     "password and TLS that this takes otherwise"),
         TOLD (.text = "Listen for other machines, and go to an engine there, without the tokens, "
                       "password and TLS that this takes otherwise."))

SETTING (
    char **,
    worker_networks,
    .name = "worker-network",
    .type = QUEEN_SETTING_NETWORK,
    .is_list = TRUE,
    .help = N_ ("Call workers and hives in this network, too, besides where their heartbeats "
                "come from; may be repeated"),
    .argument = N_ ("NETWORK"),
    TOLD (.example = "10.0.0.0/8",
          .text = "Call workers and hives in this network, too: an address, or a network such "
                  "as 10.0.0.0/8.",
          .file = "Without this a worker is called only at the address that its heartbeat came "
                  "from, whatever it says of where it is.",
          .manual = "Without this one is called only at the address that its heartbeat came "
                    "from: else whoever may send one could have her speak to anybody. This "
                    "machine itself, that is loopback, link-local addresses and all of its "
                    "own, is for those whose heartbeats come from loopback or the bus, "
                    "whatever the\n"
                    ".Ar network ."))

SETTING (
    char *,
    worker_token_file,
    .name = "worker-token-file",
    .type = QUEEN_SETTING_FILE,
    .credential = "worker-tokens",
    .help = N_ ("Show workers and hives the tokens of this file, one HOST TOKEN in a line"),
    .argument = N_ ("FILE"),
    TOLD (.example = "/srv/queen-rbee/worker-tokens",
          .text = "Show workers and hives that ask for one the tokens of this file.",
          .file = "It has one HOST TOKEN in a line, with a blank between: the host of a "
                  "worker's or hive's url, with or without the port. In place of a host, id=ID "
                  "is the one with that id. "
                  "The system service takes it without a setting, too:\n"
                  "LoadCredential=worker-tokens:/etc/queen-rbee/worker-tokens",
          .manual = "A line is the host of a worker's or hive's url, with or without the port; "
                    "a blank; and the token. In place of a host,\n"
                    ".Li id= Ns Ar ID\n"
                    "is the one with that id. A host goes before an id, and is the safer one: "
                    "an id is what a heartbeat says.",
          .at_sighup = "has it read again"))

SETTING (char *,
         worker_ca_file,
         .name = "worker-ca-file",
         .type = QUEEN_SETTING_FILE,
         .help = N_ ("Trust workers and hives whose certificates these vouch for (PEM), in place "
                     "of the system's"),
         .argument = N_ ("FILE"),
         TOLD (.example = "/srv/queen-rbee/worker-ca.pem",
               .text = "Trust workers and hives whose certificates these vouch for (PEM), in place "
                       "of those that the system trusts."))

SETTING (char *,
         state_directory,
         .name = "state-directory",
         .type = QUEEN_SETTING_DIRECTORY,
         .variable = "STATE_DIRECTORY",
         .help = N_ ("Remember in this directory, across restarts, who is known"),
         .argument = N_ ("DIRECTORY"),
         TOLD (.example = "/var/lib/queen-rbee",
               .text = "Remember in this directory, across restarts, who is known.",
               .file = "The system service has one.",
               .manual = "It is in the file\n"
                         ".Pa state ,\n"
                         "which is written a few seconds after something has changed, and when she "
                         "ends. After a crash she goes on from what was written last. No other "
                         "queen may use the directory meanwhile. The default is\n"
                         ".Ev STATE_DIRECTORY ;\n"
                         "without either nothing is remembered."))

SETTING (char **,
         engines,
         .name = "engine",
         .type = QUEEN_SETTING_ENGINE,
         .is_list = TRUE,
         .help = N_ ("Be one queen with all others at this Redis; may be repeated, for the places "
                     "where its master may be"),
         .argument = N_ ("URL"),
         TOLD (.example = "rediss://queen@redis.example.org:6379/0?cluster=house",
               .text = "Be one queen with all others that share this Redis or Valkey: "
                       "`redis://[USER@]HOST[:PORT][/DATABASE]?cluster=NAME`.",
               .file = "With rediss: in front it is encrypted, and "
                       "redis+unix:///run/redis/redis-server.sock?cluster=NAME is a Unix socket. "
                       "With &sentinel=MASTER behind it, it is the Sentinel that says where the "
                       "master is. Several are the places where one Redis may be. Queens are "
                       "together if they say the same cluster.",
               .manual = "With `rediss:` it is encrypted, and\n"
                         ".Li redis+unix:///run/redis/redis-server.sock?cluster= Ns Ar NAME\n"
                         "is a Unix socket; there,\n"
                         ".Li db=\n"
                         "and\n"
                         ".Li user=\n"
                         "stand behind the cluster. With\n"
                         ".Li &sentinel= Ns Ar MASTER\n"
                         "it is a Sentinel, which is asked where the master of that name is. "
                         "Several are places where the one Redis may be: the first that is a "
                         "master is taken. A cluster is called by up to 64 of a to z, 0 to 9 and "
                         "the hyphen; queens are together if they say the same one. Beyond this "
                         "machine it takes TLS, a user and a password, or\n"
                         ".Fl Fl insecure ."))

SETTING (char *,
         engine_password_file,
         .name = "engine-password-file",
         .type = QUEEN_SETTING_FILE,
         .credential = "engine-password",
         .help = N_ ("Show the engine the password in the first line of this file"),
         .argument = N_ ("FILE"),
         TOLD (.example = "/srv/queen-rbee/engine-password",
               .text = "Show the engine the password in the first line of this file.",
               .file = "The system service takes it without a setting, too:\n"
                       "LoadCredential=engine-password:/etc/queen-rbee/engine-password",
               .at_sighup = "has it read again"))

SETTING (char *,
         engine_ca_file,
         .name = "engine-ca-file",
         .type = QUEEN_SETTING_FILE,
         .help = N_ ("Trust an engine whose certificate these vouch for (PEM), in place of the "
                     "system's"),
         .argument = N_ ("FILE"),
         TOLD (.example = "/srv/queen-rbee/engine-ca.pem",
               .text = "Trust an engine whose certificate these vouch for (PEM), in place of those "
                       "that the system trusts.",
               .at_sighup = "has it read again"))

SETTING (char *,
         engine_certificate,
         .name = "engine-certificate",
         .type = QUEEN_SETTING_FILE,
         .credential = "engine-certificate",
         .help = N_ ("Show an engine that asks for one this certificate, with its key (PEM)"),
         .argument = N_ ("FILE"),
         TOLD (.example = "/srv/queen-rbee/engine-certificate.pem",
               .text = "Show an engine that asks for one this certificate. Its private key stands "
                       "in the same file (PEM).",
               .file = "Redis asks for one unless it says tls-auth-clients no.",
               .at_sighup = "has it read again"))

SETTING (char *,
         queen_token_file,
         .name = "queen-token-file",
         .type = QUEEN_SETTING_FILE,
         .credential = "queen-token",
         .help = N_ ("Ask the other queens for jobs that they have, as one who knows this file"),
         .argument = N_ ("FILE"),
         TOLD (.example = "/srv/queen-rbee/queen-token",
               .text = "Ask the other queens for their jobs, as one who knows what is in this "
                       "file, the same at each: 32 characters or more (`openssl rand -hex 32`).",
               .file = "The system service takes it without a setting, too:\n"
                       "LoadCredential=queen-token:/etc/queen-rbee/queen-token",
               .at_sighup = "has it read again"))

SETTING (char *,
         advertise,
         .name = "advertise",
         .type = QUEEN_SETTING_URL,
         .help = N_ ("Tell the other queens to call her at this URL"),
         .argument = N_ ("URL"),
         TOLD (.example = "https://queen-1.example.org:8500",
               .text = "Have other queens call her there, and not where she listens first."))

SETTING (gint64,
         engine_timeout,
         .name = "engine-timeout",
         .type = QUEEN_SETTING_SPAN,
         .least = 100 * QUEEN_MSEC,
         .most = 60 * QUEEN_SECOND,
         .initial = "1s",
         .help = N_ ("Silence of the engine after which the queen goes on alone (1s)"),
         .argument = N_ ("SPAN"),
         TOLD (.text = "Silence of the engine after which the queen goes on alone, until it is "
                       "back."))

/* G_BUS_TYPE_STARTER for the session bus if there is one, and the system bus otherwise */
SETTING (
    GBusType,
    bus,
    .name = "bus",
    .type = QUEEN_SETTING_CHOICE,
    .choices = CHOICES (CHOICE ("auto", G_BUS_TYPE_STARTER),
                        CHOICE ("session", G_BUS_TYPE_SESSION),
                        CHOICE ("system", G_BUS_TYPE_SYSTEM),
                        CHOICE ("none", G_BUS_TYPE_NONE)),
    .initial = "auto",
    .help = N_ ("Show the cluster on this bus: auto, session, system or none (auto)"),
    .argument = N_ ("BUS"),
    TOLD (.text = "The D-Bus to show the cluster on: `session`, `system`, `none`, or `auto` for "
                  "the session bus if there is one and the system bus otherwise.",
          .manual = "Without a bus she says so in the log, and serves HTTP all the same."))

SETTING (GLogLevelFlags,
         log_level,
         .name = "log-level",
         .type = QUEEN_SETTING_CHOICE,
         .choices = CHOICES (CHOICE ("error", G_LOG_LEVEL_CRITICAL),
                             CHOICE ("warning", G_LOG_LEVEL_WARNING),
                             CHOICE ("info", G_LOG_LEVEL_INFO),
                             CHOICE ("debug", G_LOG_LEVEL_DEBUG)),
         .initial = "info",
         .help = N_ ("Least important messages to log: error, warning, info or debug (info)"),
         .argument = N_ ("LEVEL"),
         TOLD (.text = "Least important messages to log: `error`, `warning`, `info` or `debug`."))

#undef SETTING
