"""Function images: the hooks of each are run, on loopback or in network namespaces of the test's own."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.emulator.functions import SHIPPED, Function, find_function, known_functions, search_path

Ports = list[dict[str, str]]

needs_haproxy = pytest.mark.skipif(
    shutil.which("haproxy", path=search_path()) is None, reason="needs the command haproxy"
)
needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or any(not shutil.which(c, path=search_path()) for c in ("ip", "nft", "conntrack")),
    reason="needs root and the commands ip, nft and conntrack",
)


class Instance:
    """One instance of a function, with what the emulator gives it."""

    def __init__(self, name: str, ports: Ports, env: Mapping[str, str]) -> None:
        self.function: Function = find_function(name, [SHIPPED])
        self.directory = Path(tempfile.mkdtemp(prefix="fn-", dir="/tmp"))
        self.ports = ports
        self.namespace = env.get("NAMESPACE")
        self.environment = {
            **os.environ,
            "PATH": search_path(),
            "PYTHONDONTWRITEBYTECODE": "1",
            "INTERLACE_DIR": str(self.directory),
            "INTERLACE_CONFIG": str(self.directory / "config.json"),
            "INTERLACE_PORTS": str(self.directory / "ports.json"),
            "INTERLACE_INSTANCE": f"{name}-1",
            "INTERLACE_SERVICE": "shop",
            **env,
        }
        (self.directory / "ports.json").write_text(json.dumps(ports))
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, config: Mapping[str, Any]) -> None:
        settings = self.function.settings(config)
        (self.directory / "config.json").write_text(json.dumps(settings))
        if self.process:
            self.environment["INTERLACE_RUNNING"] = "1"
        if self.function.hooks.configure:
            self.run("configure")

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.words("start"),
            cwd=self.function.directory,
            env=self.environment,
            stderr=(self.directory / "stderr").open("wb"),
        )
        until(lambda: self.attempt("check").returncode == 0, f"{self.function.image} is healthy")

    def words(self, hook: str) -> list[str]:
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        return [*inside, *dict(self.function.hooks.items())[hook]]

    def attempt(self, hook: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(hook),
            cwd=self.function.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=40,
        )

    def run(self, hook: str) -> str:
        done = self.attempt(hook)
        assert done.returncode == 0, f"{hook}: {done.stderr}{done.stdout}"
        return done.stdout

    def copy_to(self, other: "Instance", directory: Path) -> str:
        """Give another instance this one's state."""
        directory.mkdir(exist_ok=True)
        for each in (self, other):
            each.environment["INTERLACE_STATE"] = str(directory)
        self.run("export")
        return other.run("import").strip()

    def report(self) -> Any:
        return json.loads(self.run("report"))

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def remove(self) -> None:
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.directory)


Deploy = Callable[..., Instance]


@pytest.fixture
def deploy() -> Iterator[Deploy]:
    """Makes instances, which end with the test."""
    made: list[Instance] = []

    def make(
        name: str, config: Mapping[str, Any] | None = None, ports: Ports | None = None, **env: str
    ) -> Any:
        instance = Instance(name, ports or [], env)
        made.append(instance)
        instance.configure(config or {})
        if instance.function.hooks.start:
            instance.start()
        return instance

    yield make
    for instance in made:
        instance.remove()


def until(condition: Callable[[], bool], what: str, limit_s: float = 10) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_s} s: {what}"
        time.sleep(0.03)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("", 0))
        port: int = listener.getsockname()[1]
        return port


def fetch(port: int, path: str = "/", data: bytes | None = None) -> tuple[int, bytes]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def raw(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def say(port: int, *lines: str) -> list[str]:
    return raw(port, "".join(f"{line}\n" for line in lines).encode()).decode().splitlines()


# What holds for all


@pytest.mark.parametrize("function", known_functions([SHIPPED]), ids=lambda function: str(function.name))
def test_what_it_needs_is_an_allowed_package_and_its_settings_are_described(function: Function) -> None:
    assert set(function.needs) <= {"nft", "haproxy", "conntrack", "ip", "curl", "tcpdump"}
    assert function.description
    assert function.forwarding == "terminating" or not function.hooks.start


@pytest.mark.parametrize("name", ["http1.py", "proxy.py", "tell.py"])
def test_each_directory_stands_alone_but_copies_do_not_drift(name: str) -> None:
    assert len({path.read_text() for path in SHIPPED.glob(f"*/{name}")}) == 1


# web, store, client


def test_web_serves_and_drains(deploy: Deploy) -> None:
    port = free_port()
    web = deploy("web", {"port": port})
    assert b"Served by web-1" in fetch(port)[1]
    assert json.loads(fetch(port, "/whoami")[1])["instance"] == "web-1"
    assert json.loads(fetch(port, "/item?id=1")[1])["name"] == "Tea"
    assert [fetch(port, path)[0] for path in ("/healthz", "/item?id=99", "/visits", "/x")] == [
        200,
        404,
        404,
        404,
    ]
    web.configure({"port": port, "title": "Tea <house>"})
    assert b"Tea &lt;house&gt;" in fetch(port)[1]
    assert web.report()["responses"] == {"200": 5, "404": 3}
    web.run("drain")
    with pytest.raises(urllib.error.URLError):
        fetch(port)


def test_visits_are_counted_in_the_store_and_survive_its_death(deploy: Deploy) -> None:
    data, port = free_port(), free_port()
    store = deploy("store", {"port": data}, STORE_PASSWORD="open")
    deploy("web", {"port": port, "database_port": data}, DATABASE_HOST="127.0.0.1", DATABASE_PASSWORD="open")
    with ThreadPoolExecutor(8) as pool:
        visits = [
            json.loads(body)["visits"] for _, body in pool.map(lambda _: fetch(port, "/visits"), range(40))
        ]
    assert sorted(visits) == list(range(1, 41))
    store.kill()
    assert fetch(port, "/visits")[0] == 503
    store.start()
    assert json.loads(fetch(port, "/visits")[1])["visits"] == 41


def test_the_store_answers_its_commands(deploy: Deploy) -> None:
    port = free_port()
    store = deploy("store", {"port": port})
    lines = [
        "PING",
        "SET a b c",
        "GET a",
        "GET b",
        "INCR n",
        "INCR n",
        "INCR a",
        "KEYS",
        "DEL a",
        "KEYS",
        "FLY",
    ]
    answers = say(port, *lines, "GET")
    assert answers[:5] == ["PONG", "OK", "VALUE b c", "NONE", "VALUE 1"]
    assert answers[5:10] == ["VALUE 2", "ERROR a is not a number", "KEYS a n", "OK", "KEYS n"]
    assert answers[10].startswith("ERROR no command 'FLY'; there are PING")
    assert answers[11] == "ERROR GET lacks a key or a value"
    assert store.report()["keys"] == 1


def test_the_store_wants_its_password(deploy: Deploy) -> None:
    port = free_port()
    deploy("store", {"port": port}, STORE_PASSWORD="open")
    refusal = "ERROR say AUTH and the password first"
    assert say(port, "PING", "AUTH no", "PING", "AUTH open", "PING") == [
        *(refusal, "ERROR wrong password", refusal, "OK", "PONG")
    ]


def test_what_the_store_acknowledged_survives_kill_9_and_a_torn_line(deploy: Deploy) -> None:
    port = free_port()
    store = deploy("store", {"port": port})
    with socket.create_connection(("127.0.0.1", port)) as connection:
        answers = connection.makefile()
        for number in range(200):
            connection.sendall(f"SET key{number} {number}\n".encode())
            assert answers.readline() == "OK\n"
        store.kill()
    with (store.directory / "store.log").open("ab") as log:
        log.write(b'["torn", "li')
    store.start()
    assert say(port, *(f"GET key{n}" for n in range(200))) == [f"VALUE {n}" for n in range(200)]
    assert say(port, "GET torn", "SET after 1") == ["NONE", "OK"]
    store.kill()
    store.start()
    assert say(port, "GET after") == ["VALUE 1"]


def test_the_store_hands_its_data_to_a_successor_and_holds_back_what_would_be_lost(
    deploy: Deploy, tmp_path: Path
) -> None:
    old_port, new_port = free_port(), free_port()
    old, new = deploy("store", {"port": old_port}), deploy("store", {"port": new_port})
    say(old_port, "SET tea 1", "SET cup 2", "DEL cup", "INCR visits")
    assert old.copy_to(new, tmp_path / "state") == "2 keys, 3 of them new"
    assert say(new_port, "KEYS", "INCR visits") == ["KEYS tea visits", "VALUE 2"]
    assert say(old_port, "GET tea", "SET tea 9", "GET tea") == ["VALUE 1"], "no change, and no answer to it"
    assert old.copy_to(new, tmp_path / "state") == "2 keys, 0 of them new", "given again, it counts once"
    assert say(new_port, "GET visits") == ["VALUE 2"]
    new.kill()
    new.start()
    assert say(new_port, "GET tea", "GET visits", "GET cup") == ["VALUE 1", "VALUE 2", "NONE"]


def test_of_two_changes_of_a_key_the_later_one_holds_whichever_store_it_was_made_in(
    deploy: Deploy, tmp_path: Path
) -> None:
    old_port, new_port = free_port(), free_port()
    old, new = deploy("store", {"port": old_port}), deploy("store", {"port": new_port})
    say(new_port, "SET a new", "SET b new")
    say(old_port, "SET b old", "SET c old")
    old.copy_to(new, tmp_path / "state")
    assert say(new_port, "GET a", "GET b", "GET c") == ["VALUE new", "VALUE old", "VALUE old"]


def test_a_log_of_the_store_without_times_is_still_read(deploy: Deploy) -> None:
    port = free_port()
    store = deploy("store", {"port": port})
    store.kill()
    (store.directory / "store.log").write_text('["a", "1"]\n["b", "2"]\n["a", null]\n')
    store.start()
    assert say(port, "KEYS", "SET b 3", "GET b") == ["KEYS b", "OK", "VALUE 3"]


def test_no_visit_is_lost_or_counted_twice_while_one_store_takes_over_from_another(
    deploy: Deploy, tmp_path: Path
) -> None:
    """What switches do between PoPs, a relay does here: connections go to one store, then to the other."""
    ports, target = [free_port(), free_port()], 0
    old, new = (deploy("store", {"port": port}) for port in ports)
    relay = socket.create_server(("127.0.0.1", 0))

    def passing() -> None:
        while True:
            with relay.accept()[0] as client, socket.create_connection(("127.0.0.1", ports[target])) as store:
                line = client.makefile("rb").readline()
                store.sendall(line)
                if answer := store.makefile("rb").readline():
                    client.sendall(answer)

    pool = ThreadPoolExecutor(2)
    pool.submit(passing)
    web_port = free_port()
    deploy("web", {"port": web_port, "database_port": relay.getsockname()[1]}, DATABASE_HOST="127.0.0.1")
    visiting = pool.submit(lambda: [fetch(web_port, "/visits") for _ in range(300)])
    time.sleep(0.1)
    old.copy_to(new, tmp_path / "state")
    time.sleep(0.2)
    target = 1
    visits = [json.loads(body)["visits"] for status, body in visiting.result() if status == 200]
    relay.shutdown(socket.SHUT_RDWR)
    relay.close()
    pool.shutdown(wait=False)
    assert visits == list(range(1, 301))


def test_the_client_loads_and_reports(deploy: Deploy) -> None:
    port = free_port()
    web = deploy("web", {"port": port})
    client = deploy("client")
    assert client.report()["requests"] == 0
    client.configure({"url": f"http://127.0.0.1:{port}/", "rate": 100})
    until(lambda: client.report()["ok"] >= 30, "30 requests")
    assert set(client.report()["latency_ms"]) == {"p50", "p90", "p99"}
    web.kill()
    until(lambda: client.report()["failed"] > 0, "a failure is seen")
    client.run("drain")
    report = client.report()
    assert report["requests"] == report["ok"] + report["failed"] == client.report()["requests"]


# application-firewall

ATTACKS = [
    *("' OR 1=1", "' or '1'='1", "1 OR 1=1", "admin'--", "') or ('a'='a", "' || '1'='1", "1) or (1=1"),
    *("1 UNION SELECT name,password FROM users", "1/**/UNION/**/SELECT/**/1,2", "x' union all select null--"),
    *("'; DROP TABLE users;--", "1; drop table users", "1;delete from users", "1;update users set admin=1"),
    *("1 AND SLEEP(5)", "1 waitfor delay '0:0:5'", "1' AND (SELECT COUNT(*) FROM users) > 0 --"),
    *("1' ORDER BY 3--", "/*!50000union*/ select 1", "1 union select @@version", "' or not 1=2"),
]
INNOCENT = [
    *("O'Brien", "union station", "credit union select account", "drop table lamp", "rock and roll"),
    *("it's 5 o'clock", "tables; chairs", "C# --verbose", "'Romeo' or 'Juliet'", "sleep (8 hours)", "1=1"),
    *("order by phone", "Tom & Jerry's", "5' 10\" tall", "3 or 4 stars", "Levi's 501 or 505", "100%"),
]


def test_the_application_firewall_tells_attacks_from_innocents(deploy: Deploy) -> None:
    quote = urllib.request.quote  # type: ignore[attr-defined]
    port, upstream = free_port(), free_port()
    deploy("web", {"port": upstream})
    firewall = deploy("application-firewall", {"listen": port, "upstream": f"127.0.0.1:{upstream}"})
    for attack in ATTACKS:
        for text in (
            quote(attack, safe=""),
            quote(quote(attack, safe=""), safe=""),
            quote(attack).replace("%20", "+"),
        ):
            status, body = fetch(port, f"/item?id={text}")
            assert (status, b"SQL injection" in body) == (403, True), text
        assert fetch(port, f"/item/{quote(attack, safe='')}")[0] == 403
    for text in INNOCENT:
        assert fetch(port, f"/?q={quote(text, safe='')}&page=1")[0] == 200, text
        assert fetch(port, f"/{quote(text, safe='')}")[0] == 404
    assert fetch(port, "/select-a-gift?name=O'Brien&q=union+station")[0] == 404
    report = firewall.report()
    assert report["blocked"] == sum(report["blocked_by_rule"].values()) == 4 * len(ATTACKS)
    assert report["passed"] == 2 * len(INNOCENT) + 1


class Upstream:
    """A server that answers what a test tells it to."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.answer = answer
        self.pool = ThreadPoolExecutor(1)
        self.pool.submit(self.serve)

    def serve(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with connection:
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += connection.recv(1)
                connection.sendall(self.answer(head))

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.pool.shutdown()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"rubbish\r\n\r\n", b"400"),
        (b"GET /\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70000 + b"\r\n\r\n", b"431"),
        (b"GET /x?" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", b"400"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET / HTTP/1.0\r\n\r\n", b"200"),
    ],
)
def test_a_proxy_answers_every_request(deploy: Deploy, request_: bytes, status: bytes) -> None:
    port, upstream = free_port(), free_port()
    deploy("web", {"port": upstream})
    deploy("application-firewall", {"listen": port, "upstream": f"127.0.0.1:{upstream}"})
    assert raw(port, request_).split(b" ", 2)[1] == status


def test_a_proxy_keeps_connections_and_streams_bodies_both_ways(deploy: Deploy) -> None:
    port, upstream = free_port(), free_port()
    deploy("web", {"port": upstream})
    firewall = deploy("application-firewall", {"listen": port, "upstream": f"127.0.0.1:{upstream}"})
    large = b"x" * 3_000_000
    first = b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(large) + large
    second = b"GET /whoami HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = raw(port, first + second + second)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert fetch(port, "/item?id=1'+or+1=1", large)[0] == 403
    assert firewall.report()["requests"] == 4


def test_a_proxy_passes_on_a_chunked_answer_and_one_without_length(deploy: Deploy) -> None:
    answers = {
        b"/a": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"4\r\nWiki\r\n5;x=y\r\npedia\r\n0\r\nT: x\r\n\r\n",
        b"/b": b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nto the end",
        b"/c": b"nonsense\r\n\r\n",
        b"/d": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    }
    upstream, port = Upstream(lambda head: answers[head.split()[1]]), free_port()
    try:
        deploy("application-firewall", {"listen": port, "upstream": f"127.0.0.1:{upstream.port}"})
        assert fetch(port, "/a") == (200, b"Wikipedia")
        assert fetch(port, "/b") == (200, b"to the end")
        assert fetch(port, "/c")[0] == 502
        assert fetch(port, "/d") == (204, b"")
    finally:
        upstream.close()


def test_a_proxy_says_that_its_upstream_is_down_and_takes_a_new_one(deploy: Deploy) -> None:
    port, new_port, upstream = free_port(), free_port(), free_port()
    firewall = deploy("application-firewall", {"listen": port, "upstream": f"127.0.0.1:{upstream}"})
    status, body = fetch(port, data=b"x" * 100_000)
    assert status == 502
    assert f"upstream 127.0.0.1:{upstream}".encode() in body
    other = free_port()
    deploy("web", {"port": other})
    firewall.configure({"listen": new_port, "upstream": f"127.0.0.1:{other}"})
    assert fetch(new_port)[0] == 200
    firewall.run("drain")
    with pytest.raises(urllib.error.URLError):
        fetch(new_port)


# wan-optimizer


def test_the_pair_returns_the_same_bytes_and_fewer_between(deploy: Deploy) -> None:
    text, noise = b"The same words, again and again. " * 20_000, os.urandom(200_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    pages = {b"/text": (b"text/plain", text), b"/jpeg": (b"image/jpeg", noise), b"/bmp": (b"image/bmp", text)}

    def answer(request: bytes) -> bytes:
        kind, content = pages[request.split()[1]]
        return head % (kind, len(content)) + content

    upstream, far, near = Upstream(answer), free_port(), free_port()
    try:
        compress = deploy(
            "wan-optimizer", {"role": "compress", "listen": far, "upstream": f"127.0.0.1:{upstream.port}"}
        )
        expand = deploy("wan-optimizer", {"role": "expand", "listen": near, "upstream": f"127.0.0.1:{far}"})
        for path, content in (("/text", text), ("/bmp", text), ("/jpeg", noise)):
            assert fetch(near, path) == (200, content)
        report = compress.report()
        assert report["bytes_before"] == expand.report()["bytes_after"] == 2 * len(text) + len(noise)
        assert report["bytes_after"] == expand.report()["bytes_before"] < len(noise) + len(text) // 20
        assert fetch(far, "/text") == (200, text)  # who does not ask for compression gets none
        with urllib.request.urlopen(f"http://127.0.0.1:{near}/text") as response:
            assert response.headers["Content-Length"] == str(len(text))
            assert not [name for name in response.headers if name.lower().startswith("x-interlace")]
    finally:
        upstream.close()


# load-balancer


@needs_haproxy
def test_backends_come_and_go_and_no_request_fails(deploy: Deploy) -> None:
    front, one, two = free_port(), free_port(), free_port()
    first = deploy("web", {"port": one}, INTERLACE_INSTANCE="one")
    deploy("web", {"port": two}, INTERLACE_INSTANCE="two")
    balancer = deploy("load-balancer", {"listen": front, "backends": f"127.0.0.1:{one}"})
    until(lambda: balancer.attempt("ready").returncode == 0, "the backend is up")
    answers: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        going = True

        def load() -> None:
            while going:
                status, body = fetch(front, "/whoami")
                answers.append(json.loads(body)["instance"] if status == 200 else str(status))

        loads = [pool.submit(load) for _ in range(4)]
        try:
            until(lambda: len(answers) > 100, "100 answers")
            balancer.configure({"listen": front, "backends": f"127.0.0.1:{one},127.0.0.1:{two}"})
            until(lambda: balancer.attempt("ready").returncode == 0, "both are up")
            until(lambda: answers[-50:].count("two") > 5, "the new one serves")
            balancer.configure({"listen": front, "backends": f"127.0.0.1:{two}"})
            first.kill()
            since = len(answers) + 8
            until(lambda: len(answers) > since + 100, "100 more answers")
            assert set(answers[since:]) == {"two"}
            balancer.configure({"listen": front, "backends": f"127.0.0.1:{two}", "algorithm": "leastconn"})
            until(lambda: len(answers) > since + 200, "100 more answers")
        finally:
            going = False
        for each in loads:
            each.result()
    assert set(answers) == {"one", "two"}
    text = (balancer.directory / "haproxy.cfg").read_text()
    assert f":{one} " not in text and f":{two} check" in text and "leastconn" in text
    assert list(balancer.report()["backends"]) == [f"127.0.0.1:{two}"]


@needs_haproxy
def test_the_load_balancer_says_who_is_down_and_drains(deploy: Deploy) -> None:
    front, down = free_port(), free_port()
    balancer = deploy("load-balancer", {"listen": front, "backends": "127.0.0.1", "backend_port": down})
    until(lambda: balancer.attempt("ready").returncode == 1, "the check has failed")
    assert f"do not answer yet: 127.0.0.1:{down}" in balancer.attempt("ready").stderr
    assert fetch(front)[0] == 503
    deploy("web", {"port": down})
    until(lambda: balancer.attempt("ready").returncode == 0, "the backend is seen", limit_s=30)
    assert fetch(front)[0] == 200
    balancer.run("drain")
    with pytest.raises(urllib.error.URLError):
        fetch(front)


@needs_haproxy
def test_who_only_knocks_at_the_load_balancer_asks_for_nothing(deploy: Deploy) -> None:
    """Health checks and probes connect and leave again; what a policy scales by counts its users alone."""
    front, web = free_port(), free_port()
    deploy("web", {"port": web})
    balancer = deploy("load-balancer", {"listen": front, "backends": f"127.0.0.1:{web}"})
    until(lambda: balancer.attempt("ready").returncode == 0, "the backend is up")
    for _ in range(10):
        socket.create_connection(("127.0.0.1", front)).close()
    for _ in range(3):
        assert fetch(front)[0] == 200
    assert balancer.report()["requests"] == 3


@needs_haproxy
def test_a_wrong_backend_is_told_in_words(deploy: Deploy) -> None:
    with pytest.raises(AssertionError, match=r"backend 'web-1:80' is not like 10\.0\.0\.1:8080"):
        deploy("load-balancer", {"listen": free_port(), "backends": "web-1:80"})
    with pytest.raises(AssertionError, match=r"HAProxy refuses the configuration: (?s:.*)99999"):
        deploy("load-balancer", {"listen": 99999})
    with pytest.raises(AssertionError, match="health_path is like /healthz, not "):
        deploy("load-balancer", {"health_path": "/x\nlisten evil"})


# In network namespaces: client - function - server


class Path3:
    """Three namespaces in a row; the middle one forwards."""

    def __init__(self) -> None:
        tag = uuid.uuid4().hex[:6]
        self.client, self.middle, self.server = (f"fn-{tag}-{name}" for name in ("c", "m", "s"))
        for name in (self.client, self.middle, self.server):
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        self.join(self.client, "10.71.1.1", "10.71.1.254", "in")
        self.join(self.server, "10.71.2.1", "10.71.2.254", "out")
        inside(self.middle, "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def join(self, name: str, address: str, gateway: str, port: str) -> None:
        ip("-n", name, "link", "add", "eth0", "type", "veth", "peer", "name", port, "netns", self.middle)
        for where, device, its in ((name, "eth0", address), (self.middle, port, gateway)):
            ip("-n", where, "address", "add", f"{its}/24", "dev", device)
            ip("-n", where, "link", "set", device, "up")
        ip("-n", name, "route", "add", "default", "via", gateway)

    @property
    def ports(self) -> Ports:
        return [
            {"name": "outside", "interface": "in", "address": "10.71.1.254", "mac": ""},
            {"name": "inside", "interface": "out", "address": "10.71.2.254", "mac": ""},
        ]

    def remove(self) -> None:
        for name in (self.client, self.middle, self.server):
            ip("netns", "delete", name)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, env={**os.environ, "PATH": search_path()})


def inside(namespace: str, *command: str) -> str:
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, *command], capture_output=True, text=True, check=True
    )
    return done.stdout


PROBE = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.5) as connection:
        print(connection.recv(100).decode())
except OSError:
    print("blocked")
"""
GREETER = """
import socket, sys, threading
def greet(connection, peer):
    with connection:
        connection.sendall(peer[0].encode())
        while data := connection.recv(100):
            connection.sendall(data)
def serve(port):
    with socket.create_server(("", port)) as listener:
        sys.stdout.write(f"{port}\\n")  # in one piece: both threads do it
        sys.stdout.flush()
        while True:
            threading.Thread(target=greet, args=listener.accept(), daemon=True).start()
for port in sys.argv[1:]:
    threading.Thread(target=serve, args=(int(port),)).start()
"""
ECHO_CLIENT = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)
print(connection.recv(100).decode(), flush=True)
for line in sys.stdin:
    connection.sendall(line.encode())
    print(connection.recv(100).decode().strip(), flush=True)
"""


@pytest.fixture
def row() -> Iterator[Path3]:
    row = Path3()
    yield row
    row.remove()


@pytest.fixture
def greeter(row: Path3) -> Iterator[None]:
    """In the server's namespace: says on two ports who came, then echoes."""
    command = ["ip", "netns", "exec", row.server, "python3", "-c", GREETER, "443", "23"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert {process.stdout.readline(), process.stdout.readline()} == {b"443\n", b"23\n"}
            yield
        finally:
            process.kill()


def reach(row: Path3, port: int) -> str:
    return inside(row.client, "python3", "-c", PROBE, "10.71.2.1", str(port)).strip()


@needs_namespaces
def test_the_edge_firewall_permits_blocks_and_keeps_open_connections(
    deploy: Deploy, row: Path3, greeter: None
) -> None:
    firewall = deploy("edge-firewall", {"allow": "tcp/443"}, row.ports, NAMESPACE=row.middle)
    assert (reach(row, 443), reach(row, 23)) == ("10.71.1.1", "blocked")
    command = ["ip", "netns", "exec", row.client, "python3", "-c", ECHO_CLIENT, "10.71.2.1", "443"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as open_one:
        assert open_one.stdout and open_one.stdin
        assert open_one.stdout.readline() == "10.71.1.1\n"
        firewall.configure({"allow": "tcp/23 from 10.71.0.0/16, icmp"})
        assert (reach(row, 443), reach(row, 23)) == ("blocked", "10.71.1.1")
        open_one.stdin.write("still here\n")
        open_one.stdin.flush()
        assert open_one.stdout.readline() == "still here\n"
    assert "bytes from" in inside(row.client, "ping", "-c", "1", "-W", "1", "10.71.2.1")
    firewall.configure({"policy": "accept", "deny": "tcp/20-30"})
    assert (reach(row, 443), reach(row, 23)) == ("10.71.1.1", "blocked")
    report = firewall.report()
    assert report["rules"]["allow/tcp/443"]["packets"] == 2  # the first of each connection, counted on
    assert report["rules"]["deny/tcp/20-30"]["packets"] >= 1
    assert report["accepted"]["packets"] > 10 and report["dropped"]["bytes"] > 100
    assert "rules in force" in firewall.run("check")


@needs_namespaces
def test_the_edge_firewall_refuses_a_rule_it_does_not_understand(deploy: Deploy, row: Path3) -> None:
    firewall = deploy("edge-firewall", {"allow": "tcp/443"}, row.ports, NAMESPACE=row.middle)
    for wrong in (
        "tcp:443",
        "tcp/0",
        "tcp/70000",
        "tcp/9-3",
        "icmp/8",
        "tcp/1; drop",
        "tcp/1 from 10.0.0.300",
    ):
        with pytest.raises(AssertionError, match="configure: edge-firewall: "):
            firewall.configure({"allow": wrong})
    assert set(firewall.report()["rules"]) >= {"allow/tcp/443"}


@needs_namespaces
def test_nat_translates(deploy: Deploy, row: Path3, greeter: None) -> None:
    nat = deploy("nat", {}, row.ports, NAMESPACE=row.middle)
    assert [reach(row, 443), reach(row, 23)] == ["10.71.2.254"] * 2
    nat.configure({})
    assert reach(row, 443) == "10.71.2.254"
    assert nat.report() == {"translations": 3, "active": 3}


@needs_namespaces
def test_a_monitor_goes_on_from_the_counts_of_its_predecessor(
    deploy: Deploy, row: Path3, tmp_path: Path
) -> None:
    old, new = (deploy("traffic-monitor", {}, row.ports, NAMESPACE=row.middle) for _ in range(2))
    inside(row.client, "ping", "-q", "-c", "50", "-i", "0.005", "10.71.2.1")
    assert old.report()["packets"] == new.report()["packets"] == 100, "both see what the kernel counts"
    for _ in range(2):
        assert old.copy_to(new, tmp_path / "state") == "counts of 100 packets"
    sums = new.report()
    assert (sums["packets"], sums["bytes"]) == (200, 200 * 84)
    assert sums["sizes"]["64-127"] == 200
    assert sums["subnets"]["10.71.1.0/24"] == {"packets": 100, "bytes": 100 * 84}


def test_the_monitor_counts_exactly_what_was_sent(deploy: Deploy, row: Path3) -> None:
    monitor = deploy("traffic-monitor", {}, row.ports, NAMESPACE=row.middle)
    ip("-n", row.client, "address", "add", "10.71.3.1/32", "dev", "eth0")
    send = """
import socket
for source, count, size in (("10.71.1.1", 3000, 20), ("10.71.1.1", 1000, 172), ("10.71.3.1", 1000, 1472)):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        for number in range(count):
            sender.sendto(bytes(size), ("10.71.2.1", 9))
"""
    ip(
        "netns",
        "exec",
        row.server,
        "nft",
        "add table ip quiet; add chain ip quiet out { type filter hook output priority 0; policy drop; }",
    )  # no ICMP that the port is closed
    inside(row.client, "python3", "-c", send)
    until(lambda: bool(monitor.report()["packets"] >= 5000), "all passed")
    small, middle, large = 3000 * 48, 1000 * 200, 1000 * 1500
    empty = {"64-127": 0, "256-511": 0, "512-1023": 0, "1501-65535": 0}
    there = {"packets": 5000, "bytes": small + middle + large}
    assert monitor.report() == {
        **there,
        "sizes": {"0-63": 3000, "128-255": 1000, "1024-1500": 1000, **empty},
        "subnets": {
            "10.71.1.0/24": {"packets": 4000, "bytes": small + middle},
            "10.71.3.0/24": {"packets": 1000, "bytes": large},
        },
        "destinations": {"10.71.2.0/24": there},
    }
    monitor.configure({"prefix_length": 16})
    inside(row.client, "python3", "-c", send)
    until(lambda: bool(monitor.report()["packets"] >= 10000), "all passed")
    assert monitor.report()["subnets"] == {"10.71.0.0/16": there}
