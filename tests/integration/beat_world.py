# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
"""What the tests of “queenctl beat” share: servers that stand in for real ones, queens, agents.

QUEEN_RBEE, QUEENCTL and QUEEN_PRELOADS say what is run.
"""

import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request

DEADLINE = 30  # seconds; reached only by a failure
HASTE = {"LD_PRELOAD": f"{os.environ.get('QUEEN_PRELOADS')}/preload-haste.so", "QUEEN_TEST_HASTE": "20"}
VLLM = ('vllm:num_requests_running{{engine="0",model_name="tiny"}} {running}\n'
        'vllm:num_requests_waiting{{engine="0",model_name="tiny"}} {waiting}\n'
        'vllm:kv_cache_usage_perc{{engine="0"}} 0.25\n'
        'vllm:iteration_tokens_total_count{{engine="0"}} {progress}\n')


def wait_for(condition, what=None):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"never came: {what or condition}")


def is_wrapped():
    """A sanitizer wants to be loaded before all others."""
    return b"__asan_init" in pathlib.Path(os.environ["QUEENCTL"]).read_bytes()


class Server:
    """Answers what the test says: a text, a status and a text, or a function of the handler."""

    def __init__(self, answers=None, port=0, context=None, host="127.0.0.1"):
        self.answers = answers or {}
        self.asked = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def setup(self):
                super().setup()
                outer.connections.add(self.connection)

            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                answer = outer.answers.get(self.path, (404, "{}"))
                if callable(answer):
                    answer = answer(self)
                if answer is not None:
                    self.say(*(answer if isinstance(answer, tuple) else (200, answer)))

            def do_POST(self):
                self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def say(self, status, text, **headers):
                body = text.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):
                pass

        self.connections = set()
        self.server = Quiet((host, port), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        self.url = f"http{'s' if context else ''}://{host}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Vllm(Server):
    """vLLM as field notes have it: its health stays 200 whatever its engine does."""

    def __init__(self, model="tiny", **options):
        super().__init__(**options)
        self.running = self.waiting = self.progress = 0
        self.answers = {
            "/metrics": lambda _: VLLM.format(**vars(self)),
            "/health": "",
            "/v1/models": json.dumps({"data": [{"id": model, "owned_by": "vllm"}]}),
            "/version": '{"version":"0.9.1"}',
        }


class Recorder(Server):
    """A queen who takes everything, and remembers it."""

    def __init__(self, **options):
        super().__init__(**options)
        self.beats = []  # each with its time and all of its members
        self.batches = []
        self.answers = {"/v1/heartbeats": self.take}

    def take(self, handler):
        lines = [json.loads(line) for line in handler.body.decode().splitlines()]
        now = time.monotonic()
        self.batches.append(lines)
        for line in lines:
            kind = "worker" if "worker" in line else "hive"
            self.beats.append({"at": now, "kind": kind, **line[kind]})
        return json.dumps({"accepted": len(lines), "rejected": []})

    def of(self, name):
        return [beat for beat in list(self.beats) if beat["id"] == name]

    def last(self, name):
        return (self.of(name) or [{}])[-1]

    def await_beat(self, name, **members):
        return wait_for(lambda: next((beat for beat in self.of(name) if all(
            beat.get(key) == value for key, value in members.items())), None),
            f"{name} {members}: {self.last(name)}")


class Raw:
    """Speaks bytes."""

    def __init__(self, speak):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.is_over = False
        self.n_sent = 0
        threading.Thread(target=self.serve, args=(speak,), daemon=True).start()

    def serve(self, speak):
        while not self.is_over:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(speak, connection), daemon=True).start()

    def talk(self, speak, connection):
        try:
            connection.recv(65536)
            speak(self, connection)
        except OSError:
            pass
        connection.close()

    def stop(self):
        self.is_over = True
        self.listener.close()


class World:
    """All that a promise starts, so that none of it outlives it."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="queen-beat-")
        self.path = pathlib.Path(self.folder.name).resolve()
        self.children = []
        self.servers = []
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("QUEEN_RBEE_")},
            "LC_ALL": "C.UTF-8", "HOME": str(self.path),
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent",
            "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent",
        }

    def serve(self, server):
        self.servers.append(server)
        return server

    def popen(self, *command, **environment):
        said = open(self.path / f"said-{len(self.children)}", "w+", encoding="utf-8")
        child = subprocess.Popen(list(map(str, command)), stderr=said, stdout=said,
                                 env={**self.environment, **environment}, cwd=self.path)
        child.said = lambda: pathlib.Path(said.name).read_text(encoding="utf-8")
        self.children.append(child)
        return child

    def start_queen(self, *options, port=0, **environment):
        queen = self.popen(os.environ["QUEEN_RBEE"], f"--port={port}", "--ui-port=off",
                           *(options or ("--bus=none",)), **environment)
        wait_for(lambda: "ready on" in queen.said() or queen.poll() is not None, "the queen")
        queen.url = re.search(r"https?://127\.0\.0\.1:\d+", queen.said()).group()
        queen.port = int(queen.url.rsplit(":", 1)[1])
        return queen

    def beat(self, *arguments, **environment):
        return self.popen(os.environ["QUEENCTL"], "beat", *arguments, **environment)

    def end_children(self):
        for child in self.children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def check_children(self):
        """What they have to say of themselves, now that they have ended."""
        for child in self.children:
            for word in ("CRITICAL", "WARNING **", "Sanitizer", "runtime error"):
                assert word not in child.said(), child.said()

    def stop(self):
        self.end_children()
        for server in self.servers:
            server.stop()
        self.folder.cleanup()


def ask(queen, path):
    try:
        with urllib.request.urlopen(queen.url + path, timeout=DEADLINE) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        return {"refused": refusal.code}


def await_worker(queen, name, **members):
    return wait_for(lambda: (lambda worker: worker if all(
        worker.get(key) == value for key, value in members.items()) else None)(
            ask(queen, f"/v1/workers/{name}")), f"{name} {members}")


def make_identity(folder, *addresses):
    """A certificate for this machine, which may have more addresses, that vouches for itself."""
    names = ",".join(["IP:127.0.0.1", "DNS:localhost", *(f"IP:{address}" for address in addresses)])
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=here",
                    "-addext", f"subjectAltName={names}",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, stderr=subprocess.DEVNULL, timeout=DEADLINE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def keep(promises, prefix):
    """Runs them, each in a world of its own. Speaks TAP."""
    # Whoever runs the tests may ignore some, as nohup does; what is started here would ignore them, too.
    for name in ("HUP", "QUIT", "USR1", "USR2", "ALRM", "TERM"):
        signal.signal(getattr(signal, f"SIG{name}"), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = sys.argv[1:]
    print(f"1..{len(promises)}", flush=True)
    has_failed = False
    for number, (name, promise) in enumerate(promises, 1):
        if wanted and name not in wanted:
            print(f"ok {number} /{prefix}/{name} # SKIP not asked for", flush=True)
            continue
        world = World()
        try:
            promise(world)
            world.end_children()
            world.check_children()
            print(f"ok {number} /{prefix}/{name}", flush=True)
        except (AssertionError, AttributeError, KeyError, OSError, IndexError,
                subprocess.SubprocessError) as problem:
            has_failed = True
            said = "\n".join(child.said() for child in world.children)
            where = traceback.extract_tb(problem.__traceback__)[-1]
            print("# " + f"line {where.lineno}: {where.line}\n{problem!r}\n{said}".replace("\n", "\n# "))
            print(f"not ok {number} /{prefix}/{name}", flush=True)
        finally:
            world.stop()
    sys.exit(1 if has_failed else 0)
