# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
"""What the tests of jobs share: workers without a model, and clients that read as others do.

QUEEN_RBEE and QUEEN_STAND_IN_WORKER say what is run.
"""

import json
import os
import socket
import ssl
import urllib.error
import urllib.request

from beat_world import DEADLINE, wait_for

MODEL = "tiny"
ANYBODY = ssl._create_unverified_context()  # it is the queens who have to know whom they speak to


def call(url, path, body=None, method=None, **headers):
    """One request. Returns status, headers and what came, as JSON if it is some."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=data, method=method, headers={
        **({"Content-Type": "application/json"} if data is not None else {}),
        **{name.replace("_", "-"): value for name, value in headers.items()}})
    try:
        with urllib.request.urlopen(request, timeout=DEADLINE, context=ANYBODY) as answer:
            status, got, text = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refusal:
        status, got, text = refusal.code, refusal.headers, refusal.read()
    try:
        return status, got, json.loads(text)
    except ValueError:
        return status, got, text.decode()


class Worker:
    """A worker without a model, which the queen knows; one who encrypts it does not speak to itself."""

    def __init__(self, world, queen, name, *options):
        speaks = queen.url.startswith("http:")
        self.child = world.popen(os.environ["QUEEN_STAND_IN_WORKER"], f"--id={name}",
                                 *([f"--queen={queen.url}"] if speaks else []), *options)
        self.url = "http://127.0.0.1:" + wait_for(
            lambda: self.child.said().splitlines()[:1], name)[0].split()[1]
        if not speaks:
            self.beat(queen, name)
        wait_for(lambda: call(queen.url, f"/v1/workers/{name}")[0] == 200, f"{name} is known")

    def beat(self, queen, name, model=MODEL, **members):
        """Tells of it under that name: one that has failed often gets nothing for a while."""
        status, _, answer = call(queen.url, "/v1/worker-heartbeat", {
            "worker": {"id": name, "model_id": model, "device": "CPU", "status": "ready",
                       "port": int(self.url.rsplit(":", 1)[1]), "api": "openai", **members},
            "timestamp": "2026-11-26T00:00:00Z"})
        assert status == 200, answer

    def order(self, **orders):
        assert call(self.url, "/control", orders)[0] == 200

    def counts(self):
        return call(self.url, "/control")[2]

    def wait(self, **counts):
        query = "&".join(f"{name}={value}" for name, value in counts.items())
        status, _, counts = call(self.url, "/control/wait?" + query)
        assert status == 200, counts
        return counts


def start(world, *options, workers=1):
    queen = world.start_queen(*options)
    return queen, [Worker(world, queen, f"w{i}") for i in range(1, workers + 1)]


def infer(prompt="hello", **members):
    return {"operation": "infer", "model": MODEL, "prompt": prompt, "max_tokens": 8,
            "temperature": 0.7, **members}


def submit(queen, body, **headers):
    status, _, answer = call(queen.url, "/v1/jobs", body, **headers)
    assert status == 200, (status, answer)
    assert list(answer) == ["job_id", "sse_url"], answer
    assert answer["sse_url"] == f"/v1/jobs/{answer['job_id']}/stream", answer
    return answer["job_id"]


def show(queen, job, **headers):
    return call(queen.url, f"/v1/jobs/{job}", **headers)[2]


def await_status(queen, job, *statuses):
    return wait_for(lambda: (lambda shown: shown if shown["status"] in statuses else None)(
        show(queen, job)), f"{job} {statuses}")


class Wire:
    """A connection, byte by byte."""

    def __init__(self, queen):
        host = getattr(queen, "host", "127.0.0.1")
        self.socket = socket.create_connection((host, queen.port), DEADLINE)
        if queen.url.startswith("https:"):
            self.socket = ANYBODY.wrap_socket(self.socket)
        self.bytes = b""
        self.has_ended = False

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)
        return self

    def read_more(self):
        part = self.socket.recv(65536)
        self.has_ended = not part
        self.bytes += part

    def read_head(self):
        while b"\r\n\r\n" not in self.bytes:
            self.read_more()
            assert not self.has_ended, self.bytes
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), dict(
            line.lower().split(": ", 1) for line in lines[1:])

    def read_chunks(self):
        """The chunks of a body, as they come; the last one ends it."""
        while True:
            while b"\r\n" not in self.bytes:
                self.read_more()
                assert not self.has_ended, self.bytes
            line, _, rest = self.bytes.partition(b"\r\n")
            size = int(line, 16)
            while len(rest) < size + 2:
                self.read_more()
                assert not self.has_ended, self.bytes
                rest = self.bytes.partition(b"\r\n")[2]
            self.bytes = rest[size + 2:]
            if size == 0:
                return
            yield rest[:size].decode()

    def read_rest(self):
        while not self.has_ended:
            self.read_more()
        return self.bytes

    def close(self):
        self.socket.close()


class SeedClient:
    """Reads as the seed's JobClient does: to it everything that is no “data: ” line is text, too."""

    def __init__(self, queen):
        self.queen = queen
        self.lines = []

    def submit(self, body):
        """Members are sorted, and 0.7 is what a float of 32 bits is; only job_id is read."""
        data = json.dumps(dict(sorted(body.items())), separators=(",", ":"))
        data = data.replace('"temperature":0.7', '"temperature":0.699999988079071')
        wire = Wire(self.queen).send("POST /v1/jobs HTTP/1.1\r\ncontent-type: application/json\r\n"
                                     f"accept: */*\r\nhost: localhost:{self.queen.port}\r\n"
                                     f"content-length: {len(data.encode())}\r\n\r\n{data}")
        _, headers = wire.read_head()
        while len(wire.bytes) < int(headers["content-length"]):
            wire.read_more()
        wire.close()
        return json.loads(wire.bytes)["job_id"]

    def stream(self, job):
        wire = Wire(self.queen).send(f"GET /v1/jobs/{job}/stream HTTP/1.1\r\naccept: */*\r\n"
                                     f"host: localhost:{self.queen.port}\r\n\r\n")
        status, _ = wire.read_head()
        assert status == 200, status
        text = ""
        for chunk in wire.read_chunks():
            text += chunk
            *lines, text = text.split("\n")
            for line in map(str.strip, lines):
                if not line:
                    continue
                line = line.removeprefix("data: ") if line.startswith("data: ") else f"NO DATA {line}"
                self.lines.append(line)
                if "[DONE]" in line:
                    wire.close()
                    return self
        raise AssertionError(f"the end without [DONE]: {self.lines}")

    def run(self, body):
        return self.stream(self.submit(body))

    def has_failed(self):
        """As the seed's keeper judges it."""
        return any("failed:" in line or ("Job" in line and "failed" in line) for line in self.lines)

    def text(self):
        tokens = [json.loads(line) for line in self.lines if line.startswith("{")]
        return "".join(token["t"] for token in tokens if token["type"] == "token")


class EventReader:
    """A parser of event streams, which can be cut off and come back."""

    def __init__(self, queen, job, last_id=None, path=None, headers=""):
        self.wire = Wire(queen).send(
            f"GET {path or f'/v1/jobs/{job}/stream'} HTTP/1.1\r\nHost: localhost\r\n"
            f"Accept: text/event-stream\r\n{headers}"
            + (f"Last-Event-ID: {last_id}\r\n" if last_id else "") + "\r\n")
        self.status, self.headers = self.wire.read_head()
        self.last_id = last_id
        self.events = []
        self.frames = []  # as they came, without what is no part of an event

    def read(self, until=lambda reader: False):
        """Reads on until that holds, or the end."""
        text = ""
        for chunk in self.wire.read_chunks():
            text += chunk
            *frames, text = text.split("\n\n")
            for frame in frames:
                self.take(frame)
            if until(self):
                break
        return self

    def take(self, frame):
        event = {"name": None, "data": None}
        for line in frame.splitlines():
            name, _, value = line.partition(":")
            if name == "id":
                self.last_id = value.removeprefix(" ")
            elif name == "event":
                event["name"] = value.removeprefix(" ")
            elif name == "data":
                event["data"] = value.removeprefix(" ")
        if event["data"] is not None:
            self.events.append(event)
            self.frames.append("\n".join(line for line in frame.splitlines()
                                         if line.startswith(("id:", "event:", "data:"))))

    def named(self, name):
        return [json.loads(event["data"]) for event in self.events if event["name"] == name]

    def tokens(self):
        said = [json.loads(event["data"]) for event in self.events
                if event["name"] is None and event["data"].startswith("{")]
        return [event["t"] for event in said if event["type"] == "token"]

    def close(self):
        self.wire.close()
