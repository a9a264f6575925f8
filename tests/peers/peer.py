# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: the queen-rbee authors
"""What the peers' tests share: a real queen, the README's examples, and TAP."""

import contextlib
import ctypes
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import zlib

DEADLINE = 20  # s that anything may take on a busy machine
SOON = 1.5  # s: what nobody holds back has come by then, on a busy machine
AT_ONCE = 0.1  # s: the fastest of several, likewise
LIBC = ctypes.CDLL(None)  # before the first fork


def die_with_parent():
    LIBC.prctl(1, signal.SIGKILL)


def free_port():
    """Below those that connections of other programs are given in the time until it is bound."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def process(command, **more):
    """A child that ends with the block, in order if it can."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, **more)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextlib.contextmanager
def queen(*options, port=0):
    """A queen of which nothing is heard but what happens: no pulse pushes a buffer on. Yields her
    process and her port."""
    command = [os.environ["QUEEN_RBEE"], f"--port={port}", "--ui-port=off", "--bus=none",
               "--heartbeat-interval=1h", *options]
    with process(command, stderr=subprocess.PIPE, text=True) as child:
        for line in child.stderr:
            ready = re.search(r"ready on http://127\.0\.0\.1:(\d+)", line)
            if ready:
                yield child, int(ready[1])
                break
        else:
            raise AssertionError("the queen did not start")
        child.stderr.close()


class Worker:
    """A stand-in worker that runs."""

    def __init__(self, port):
        self.port = port

    def order(self, **orders):
        """Has it do something, such as step=1; returns what has happened there so far."""
        status, _, body = request(self.port, "POST", "/control", json.dumps(orders))
        assert status == 200, body
        return json.loads(body)

    def wait(self, counts):
        """Waits for counts such as “gone=1&running=0”."""
        status, _, body = request(self.port, "GET", f"/control/wait?{counts}&within={DEADLINE - 1}")
        assert status == 200, body
        return json.loads(body)


@contextlib.contextmanager
def worker(queen_port, *options):
    """A stand-in worker that the queen knows."""
    command = [os.environ["QUEEN_STAND_IN_WORKER"], f"--queen=http://127.0.0.1:{queen_port}", *options]
    with process(command, stdout=subprocess.PIPE, text=True) as child:
        line = child.stdout.readline()
        assert line.startswith("port "), line
        yield Worker(int(line.split()[1]))
        child.stdout.close()


class Answer:
    """A streamed answer of OpenAI's API, which is read event by event."""

    def __init__(self, port, prompt, **members):
        body = {"model": "tiny", "stream": True, "messages": [{"role": "user", "content": prompt}],
                **members}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self.connection.request("POST", "/v1/chat/completions", json.dumps(body),
                                {"Content-Type": "application/json"})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()

    def next(self):
        """The data of the next event; None at the end."""
        while True:
            line = self.answer.readline()
            if not line:
                return None
            if line.startswith(b"data: "):
                return line[len(b"data: "):].rstrip(b"\n").decode()

    def next_token(self):
        """The next text; None at the end."""
        while True:
            data = self.next()
            if data in (None, "[DONE]"):
                return None
            choices = json.loads(data)["choices"]
            if choices and choices[0]["delta"].get("content"):
                return choices[0]["delta"]["content"]

    def close(self):
        # The answer has a file of its own, and the kernel's connection ends with the last one.
        self.answer.close()
        self.connection.close()


def readme_block(language, section="Behind a proxy"):
    """The one fenced block of that language in that section of the README."""
    with open(os.environ["QUEEN_README"], encoding="utf-8") as file:
        text = file.read().split(f"\n## {section}\n")[1].split("\n## ")[0]
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) == 1, f"{len(blocks)} blocks of {language} in “{section}”"
    return blocks[0]


def readme_row(name, column):
    """What the README's table with that second column has in code for name."""
    with open(os.environ["QUEEN_README"], encoding="utf-8") as file:
        table = re.search(rf"^\|[^|]*\| {column} \|\n\|---\|---\|\n((\|.*\n)+)", file.read(), re.M)
    row = re.search(rf"^\| {name} \| `(.*)` \|$", table[1], re.M | re.I)
    return row[1]


def request(port, method, path, body=None, headers=None, is_chunked=False):
    """Status, headers in lower case, body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request(method, path, body, headers or {}, encode_chunked=is_chunked)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def beat(port, name, is_chunked=False):
    body = json.dumps({"worker_id": name, "status": "ready"}).encode()
    headers = {"Content-Type": "application/json"}
    if is_chunked:
        headers["Transfer-Encoding"] = "chunked"
        body = iter([body[:7], body[7:]])
    status, _, answer = request(port, "POST", "/v1/worker-heartbeat", body, headers, is_chunked)
    assert status == 200, answer


class Stream:
    """A subscriber who reads line by line, and what is gzip as far as it has come."""

    def __init__(self, port, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self.connection.request("GET", "/v1/heartbeats/stream", headers=headers or {})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.status
        is_packed = self.answer.getheader("Content-Encoding") == "gzip"
        self.unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS) if is_packed else None
        self.text = b""

    def read_line(self):
        """The next line; less than one at the end, which is that of a gzip stream if it is one."""
        if not self.unpacker:
            return self.answer.readline()
        while b"\n" not in self.text:
            piece = self.answer.read1(65536)
            if not piece:
                assert self.unpacker.eof, "the gzip stream has no end"
                break
            self.text += self.unpacker.decompress(piece)
        line, end, self.text = self.text.partition(b"\n")
        return line + end

    def next(self):
        """The next event as (name, data); None at the end."""
        event = {}
        while True:
            line = self.read_line().decode()
            if not line:
                return None
            if line == "\n" and "data" in event:
                return event["event"], json.loads(event["data"])
            if ": " in line:
                name, value = line.rstrip("\n").split(": ", 1)
                event[name] = value

    def close(self):
        self.connection.close()


def build_go(go, source, folder):
    """The path of the program."""
    target = os.path.join(folder, "client")
    environment = {**os.environ, "HOME": folder, "GOCACHE": f"{folder}/cache", "GO111MODULE": "off",
                   "CGO_ENABLED": "0"}
    subprocess.run([go, "build", "-o", target, source], env=environment, check=True, timeout=240)
    return target


def wait_for(what, get):
    """What get has got. Polls, as nobody tells when another program listens."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with contextlib.suppress(OSError, http.client.HTTPException):
            got = get()
            if got:
                return got
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {DEADLINE} s")


def run_tests(tests):
    """Runs {name: function}, each of which may return why it is skipped, and prints TAP."""
    print(f"1..{len(tests)}", flush=True)
    has_failed = False
    for number, (name, function) in enumerate(tests.items(), 1):
        try:
            reason = function()
            print(f"ok {number} {name}" + (f" # SKIP {reason}" if reason else ""), flush=True)
        except Exception as error:  # pylint: disable=broad-except
            has_failed = True
            print(f"not ok {number} {name}", flush=True)
            print(f"# {type(error).__name__}: {error}".replace("\n", "\n# "), flush=True)
    sys.exit(1 if has_failed else 0)
