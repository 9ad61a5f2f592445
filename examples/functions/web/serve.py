#!/usr/bin/env python3
"""A shop: /, /whoami, /healthz, /item?id=, /visits. Its data is in the store at DATABASE_HOST, if set."""

import html
import json
import os
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from durations import Durations  # type: ignore[import-not-found]

INSTANCE = os.environ.get("INTERLACE_INSTANCE", "web")
POP = os.environ.get("INTERLACE_POP", "")
STORE_TIMEOUT = 2.0
STORE_PATIENCE = 4.5
"""How long a store is asked again that gives no answer, as while a successor takes over."""
LONGEST_BODY = 16 * 1024 * 1024

PAGE = """<!doctype html>
<html><head><title>{title}</title></head><body>
<h1>{title}</h1>
<p>Served by {instance}{place}.</p>
<ul>{items}</ul>
</body></html>
"""
ITEMS = {"1": "Tea", "2": "Teapot", "3": "Cup"}


def config() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(os.environ["INTERLACE_CONFIG"]).read_text())
    return found


class State:
    """What the threads share."""

    config = config()
    counts: Counter[str] = Counter()
    requests = 0
    errors = 0
    durations = Durations()
    """These three: of what users ask for, not of checks whether it works."""
    in_flight = 0
    draining = False
    changed = threading.Condition()

    @classmethod
    def asked(cls, status: int, seconds: float) -> None:
        cls.durations.took(seconds)
        with cls.changed:
            cls.requests += 1
            cls.errors += status >= 500


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shop"
    timeout = 10  # for each read: a client that sends slowly, or nothing, holds no thread
    wbufsize = -1  # head and body in one segment
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        with State.changed:
            State.in_flight += 1
        try:
            self.serve()
        finally:
            with State.changed:
                State.in_flight -= 1
                State.changed.notify_all()

    do_HEAD = do_POST = do_GET  # noqa: N815

    def serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LONGEST_BODY or "Transfer-Encoding" in self.headers:
            self.send_error(400, explain="a body has a Content-Length, of 16 MiB at most")
            return
        self.rfile.read(int(length))
        began = time.monotonic()
        url = urlsplit(self.path)
        pages = {"/": home, "/whoami": whoami, "/healthz": healthz, "/item": item, "/visits": visits}
        try:
            status, kind, content = pages.get(url.path, missing)(parse_qs(url.query))
        except (OSError, ValueError) as error:
            status, kind, content = 503, "text/plain", f"the store does not answer: {error}\n"
        data = content.encode()
        State.counts[str(status)] += 1
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        if State.draining:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()
        if url.path != "/healthz":
            State.asked(status, time.monotonic() - began)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are counted, not logged."""


Page = tuple[int, str, str]
Query = dict[str, list[str]]


def home(query: Query) -> Page:
    items = "".join(f'<li><a href="/item?id={key}">{name}</a></li>' for key, name in ITEMS.items())
    place = f" at {html.escape(POP)}" if POP else ""
    title = html.escape(State.config["title"])
    return 200, "text/html", PAGE.format(title=title, instance=INSTANCE, place=place, items=items)


def whoami(query: Query) -> Page:
    return as_json({"instance": INSTANCE, "pop": POP, "service": os.environ.get("INTERLACE_SERVICE", "")})


def healthz(query: Query) -> Page:
    return (503, "text/plain", "draining\n") if State.draining else (200, "text/plain", "ok\n")


def item(query: Query) -> Page:
    key = query.get("id", [""])[0]
    return as_json({"id": key, "name": ITEMS[key]}) if key in ITEMS else missing(query)


def visits(query: Query) -> Page:
    host = os.environ.get("DATABASE_HOST")
    if not host:
        return 404, "text/plain", "no store: DATABASE_HOST is not set\n"
    return as_json({"visits": int(stored(host, "INCR visits")), "instance": INSTANCE})


def missing(query: Query) -> Page:
    return 404, "text/plain", "there is no such page\n"


def as_json(content: dict[str, Any]) -> Page:
    return 200, "application/json", json.dumps(content) + "\n"


def stored(host: str, command: str) -> str:
    """The value that the store answers a command with."""
    deadline = time.monotonic() + STORE_PATIENCE
    while True:
        try:
            return asked(host, command)
        except ConnectionRefusedError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def asked(host: str, command: str) -> str:
    password = os.environ.get("DATABASE_PASSWORD")
    commands = [*([f"AUTH {password}"] if password else []), command]
    with socket.create_connection((host, State.config["database_port"]), STORE_TIMEOUT) as connection:
        connection.sendall("".join(f"{each}\n" for each in commands).encode())
        answers = connection.makefile()
        for _ in commands:
            answer = answers.readline().strip()
            if not answer:
                raise ConnectionResetError("it closed the connection")
            if answer.startswith("ERROR"):
                raise ValueError(answer)
    return answer.removeprefix("VALUE ")


class Server(ThreadingHTTPServer):
    request_queue_size = 128


class Control(socketserver.StreamRequestHandler):
    """Answers a word from tell.py."""

    web: Server

    def handle(self) -> None:
        word = self.rfile.readline().decode().strip()
        self.wfile.write(f"{getattr(self, word)()}\n".encode())

    def check(self) -> str:
        return f"{State.in_flight} requests in flight"

    def reload(self) -> str:
        new = config()
        if new["port"] != State.config["port"]:
            return f"error: the port cannot change while it runs (now {State.config['port']})"
        State.config = new
        return "ok"

    def drain(self) -> str:
        State.draining = True
        self.web.shutdown()
        self.web.socket.close()
        with State.changed:
            State.changed.wait_for(lambda: State.in_flight == 0)
        return "ok"

    def report(self) -> str:
        asked = {"requests": State.requests, "errors": State.errors}
        told = {"responses": State.counts, "in_flight": State.in_flight}
        return json.dumps({**asked, **told, "durations_s": State.durations.report()})


def main() -> None:
    control = Path(os.environ["INTERLACE_DIR"]) / "control.sock"
    control.unlink(missing_ok=True)
    Control.web = Server(("", State.config["port"]), Handler)
    threading.Thread(target=Control.web.serve_forever, daemon=True).start()
    socketserver.ThreadingUnixStreamServer(str(control), Control).serve_forever()


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"web: {error}")
    except KeyboardInterrupt:
        pass
