"""What every emulated switch must do, whatever moves its packets."""

import hashlib
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from adaptors.chaining.records import Records
from adaptors.chaining.switches import open_switch, switch_names
from adaptors.machine import namespaces
from adaptors.machine.abilities import Datapath, examine
from adaptors.machine.commands import Machine
from bench.chaining import MTU, Bed, Port, bed, both_ways, hop, socket_in, through
from domain.errors import VimRefusedError, VimUnavailableError
from domain.networking import Label, Protocol, Rule

POP, FAR, SERVICE = "paris", "lyon", "shop"
_SERVER_PORT = 7001
_SO_RCVBUFFORCE = 33
_SOON_S = 0.3
_PATIENCE_S = 30.0


@pytest.fixture(params=["ovs", "nft"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    abilities, machine = examine(tmp_path)
    if machine is None or abilities.privileges != "root":
        pytest.skip(f"needs root and network namespaces: {abilities.why}")
    if request.param not in abilities.datapaths:
        pytest.skip(abilities.why)
    with bed(machine, request.param, POP) as made:
        yield made
    _assert_nothing_left(machine)
    shutil.rmtree(machine.place.run)


def test_nothing_passes_without_rules(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    assert not _pings(site, left, right)
    assert not _udp_passes(left, right)
    assert site.switch(POP).networks() == frozenset()
    assert site.switch(POP).packets(SERVICE) == {}


@pytest.mark.parametrize("protocol", ["any", "udp", "tcp", "icmp"])
def test_a_rule_takes_its_protocol_and_no_other(site: Bed, protocol: Protocol) -> None:
    left, right = site.pair(POP, SERVICE)
    site.switch(POP).program(SERVICE, both_ways(left, right, protocol))
    assert _udp_passes(left, right) == (protocol in ("any", "udp"))
    assert _tcp_passes(left, right) == (protocol in ("any", "tcp"))
    assert _pings(site, left, right) == (protocol in ("any", "icmp"))


def test_ports_are_told_apart(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    site.switch(POP).program(SERVICE, [hop(left, right, right, "udp", destination_port=7003, source_port=9)])
    assert _udp_passes(left, right, 9, 7003)
    assert not _udp_passes(left, right, 9, 7004)
    assert not _udp_passes(left, right, 10, 7003)


def test_without_rules_again_nothing_passes(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    site.switch(POP).program(SERVICE, both_ways(left, right))
    assert site.switch(POP).networks() == {SERVICE}
    site.switch(POP).program(SERVICE, [])
    site.switch(POP).program(SERVICE, [])
    assert not _udp_passes(left, right)
    assert site.switch(POP).networks() == frozenset()


def test_a_higher_priority_goes_first(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    other = site.port(POP, "other", right.address)
    high = hop(left, other, right).model_copy(update={"name": "high", "priority": 200})
    site.switch(POP).program(SERVICE, [hop(left, right, right), high])
    assert _udp_passes(left, other)
    assert not _udp_passes(left, right)


@pytest.mark.alone
def test_tcp_carries_much_without_a_fault(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    middle = site.middle(POP, "firewall", left, right)
    site.switch(POP).program(SERVICE, through(left, middle, right))
    sent = os.urandom(1 << 16) * 256
    started = time.monotonic()
    assert _sent_by_tcp(left, right, sent) == hashlib.sha256(sent).digest()
    assert time.monotonic() - started < _PATIENCE_S


def test_a_datagram_of_the_whole_mtu_passes(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    site.switch(POP).program(SERVICE, both_ways(left, right))
    size = str(MTU - 28)
    words = ["ping", "-c1", "-W1", "-M", "do", "-s", size, right.address]
    assert site.machine.attempt(words, namespace=left.namespace).code == 0


def test_shares_divide_flows_by_the_low_bits_of_a_port(site: Bed) -> None:
    left, even = site.pair(POP, SERVICE)
    odd = site.port(POP, "odd", even.address)
    rules = [
        hop(left, to, even, "udp", share_of="source_port", share_value=value, share_mask=1)
        for value, to in enumerate((even, odd))
    ]
    site.switch(POP).program(SERVICE, rules)
    for source in range(20000, 20006):
        assert _udp_passes(left, odd if source % 2 else even, source)
        assert not _udp_passes(left, even if source % 2 else odd, source, wait_s=0.05)


def test_labels_lead_through_a_second_switch(site: Bed) -> None:
    far = site.switch(FAR)
    far.ensure()
    left, right = site.port(POP, "left", "10.0.0.1"), site.port(FAR, "right", "10.0.0.2")
    site.route(left, right.address)
    site.route(right, left.address)
    tunnel = "x0123456789ab"
    ends = [site.machine.place.switch(pop) for pop in (POP, FAR)]
    site.machine.ip([f"link add {tunnel} type veth peer name {tunnel} netns {ends[1]}"], ends[0])
    for pop, near, away in ((POP, left, right), (FAR, right, left)):
        site.switch(pop).attach(tunnel)
        out = hop(near, away, away).model_copy(update={"out_interface": tunnel})
        site.switch(pop).program(SERVICE, [out, _by_label(tunnel, away, near)])
    assert _udp_passes(left, right)
    assert _udp_passes(right, left)
    assert _tcp_passes(left, right)
    _wait(lambda: min(far.packets(SERVICE).values()) > 0)


@pytest.mark.alone
def test_a_changed_chain_loses_no_packet(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    ways = _two_ways(site, left, right)
    switch = site.switch(POP)
    switch.program(SERVICE, ways[0])
    with socket_in(right.namespace, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 24)
        receiver.bind(("", _SERVER_PORT))
        sending = threading.Thread(target=_send_many, args=(left, right, 5000))
        sending.start()
        turns = 0
        while sending.is_alive():
            turns += 1
            switch.program(SERVICE, ways[turns % 2])
        sending.join()
        assert turns >= 10
        assert _count(receiver) == 5000
    assert set(switch.packets(SERVICE)) == {rule.name for rule in ways[turns % 2]}


def test_services_with_the_same_addresses_never_meet(site: Bed) -> None:
    pairs = {name: site.pair(POP, name) for name in ("shop", "game")}
    switch = site.switch(POP)
    for name, pair in pairs.items():
        switch.program(name, both_ways(*pair))
    with socket_in(pairs["game"][1].namespace, socket.SOCK_DGRAM) as bystander:
        bystander.bind(("", _SERVER_PORT))
        _send_many(*pairs["shop"], 500)
        for _ in range(5):
            switch.program("game", both_ways(*pairs["game"]))
        switch.program("shop", [])
        bystander.settimeout(_SOON_S)
        with pytest.raises(TimeoutError):
            bystander.recv(100)
    assert _udp_passes(*pairs["game"])
    assert not _udp_passes(*pairs["shop"])
    assert switch.networks() == {"game"}


def test_packets_are_counted_by_rule(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    there, back = both_ways(left, right)
    switch.program(SERVICE, [there, back])
    assert switch.packets(SERVICE) == {there.name: 0, back.name: 0}
    with socket_in(right.namespace, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("", _SERVER_PORT))
        _send_many(left, right, 100)
        _wait(lambda: switch.packets(SERVICE) == {there.name: 100, back.name: 0})


@pytest.mark.parametrize(
    "killed", [("ovs-vswitchd",), ("ovsdb-server",), ("ovs-vswitchd", "ovsdb-server"), ("everything",)]
)
def test_a_killed_switch_comes_back(site: Bed, killed: tuple[str, ...]) -> None:
    if site.datapath == "nft":
        pytest.skip("nft runs no process")
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    switch.program(SERVICE, both_ways(left, right))
    records = Records(site.machine.place, POP)
    for name, process in records.running().processes.items():
        if name in killed or killed == ("everything",):
            process.signal(signal.SIGKILL)
    if killed == ("everything",):
        (records.directory / "conf.db").write_text("not a database")
    _wait(lambda: not switch.healthy())
    started = time.monotonic()
    site.switch(POP).ensure()
    assert time.monotonic() - started < 30
    assert switch.healthy()
    assert _udp_passes(left, right)
    site.switch(POP).attach(site.port(POP, "late", "10.0.0.3", attach=False).interface)


def test_what_a_lost_namespace_held_can_be_attached_again(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    switch.program(SERVICE, both_ways(left, right))
    namespaces.remove(site.machine, site.machine.place.switch(POP))
    assert not switch.healthy()
    switch.ensure()
    for port in (left, right):
        namespaces.remove(site.machine, port.namespace)
    again = site.pair(POP, SERVICE)
    switch.program(SERVICE, both_ways(*again))
    assert _udp_passes(*again)


@pytest.mark.alone
def test_ensure_of_a_healthy_switch_costs_next_to_nothing(site: Bed) -> None:
    switch = site.switch(POP)
    took = []
    for _ in range(20):
        started = time.perf_counter()
        switch.ensure()
        took.append(time.perf_counter() - started)
    assert min(took) < 0.005


def test_a_device_made_anew_under_its_name_works_once_attached(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    switch.program(SERVICE, both_ways(left, right))
    for port in (left, right):
        namespaces.remove(site.machine, port.namespace)
    _wait(lambda: not _device_exists(site, left) and not _device_exists(site, right))
    again = site.pair(POP, SERVICE)
    assert again == (left, right)
    assert _udp_passes(*again)


def test_a_way_out_that_is_gone_drops(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    namespaces.remove(site.machine, right.namespace)
    _wait(lambda: not _device_exists(site, right))
    switch.program(SERVICE, both_ways(left, right))
    switch.detach(right.interface)
    switch.detach(right.interface)
    switch.detach("never-there")
    assert switch.networks() == {SERVICE}
    switch.program(SERVICE, [])
    assert switch.networks() == frozenset()


def test_a_detached_port_takes_part_no_more(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    switch.program(SERVICE, both_ways(left, right))
    switch.detach(left.interface)
    assert not _udp_passes(left, right)
    switch.attach(left.interface)
    switch.attach(left.interface)
    assert _udp_passes(left, right)


def test_a_rule_may_come_before_its_port(site: Bed) -> None:
    left, right = (site.port(POP, f"{n}", f"10.0.0.{n}", attach=False) for n in (1, 2))
    site.route(left, right.address)
    switch = site.switch(POP)
    switch.program(SERVICE, both_ways(left, right))
    for port in (left, right):
        switch.attach(port.interface)
    assert _udp_passes(left, right)


def test_a_failed_attach_names_the_pop_and_the_cause(site: Bed) -> None:
    with pytest.raises(VimUnavailableError, match=r"paris.*Cannot find device"):
        site.switch(POP).attach("nowhere")
    with pytest.raises(VimUnavailableError, match=r"nowhere-pop.*there is none"):
        site.switch("nowhere-pop").attach("nowhere")


@pytest.mark.parametrize(
    "wrong",
    [
        {"in_interface": 'p"; drop'},
        {"label": Label(source_mac="02:00:00:00:00:01,x", destination_mac="02:00:00:00:00:02")},
        {"ingress": {"destination": "10.0.0.0/8"}},
        {"ingress": {"destination": "10.0.0.1", "protocol": "icmp", "destination_port": 80}},
    ],
)
def test_what_cannot_be_programmed_is_refused(site: Bed, wrong: dict[str, object]) -> None:
    left, right = site.pair(POP, SERVICE)
    good = hop(left, right, right)
    bad = Rule.model_validate({**good.model_dump(), "label": good.label, **wrong})
    with pytest.raises(VimRefusedError, match=r"paris: rule .*"):
        site.switch(POP).program(SERVICE, [good, bad])
    assert site.switch(POP).networks() == frozenset()


def test_remove_leaves_nothing_and_can_be_repeated(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    switch.program(SERVICE, both_ways(left, right))
    switch.remove()
    switch.remove()
    assert not switch.healthy()
    assert switch_names(site.machine) == []
    assert site.machine.place.switch(POP) not in namespaces.names(site.machine)
    switch.ensure()
    assert switch.networks() == frozenset()


def test_names_of_63_characters_work(site: Bed) -> None:
    pop, service = "p" * 63, "s" * 63
    switch = site.switch(pop)
    switch.ensure()
    pair = site.pair(pop, "i" * 61)
    switch.program(service, both_ways(*pair))
    assert _udp_passes(*pair)
    assert switch_names(site.machine) == sorted([POP, pop])
    assert switch.networks() == {service}


def test_many_attach_and_program_at_once(site: Bed) -> None:
    ports = [site.port(POP, f"n{n}", f"10.0.1.{n}", attach=False) for n in range(20)]
    couples = list(zip(ports[::2], ports[1::2], strict=True))
    started = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda port: site.switch(POP).attach(port.interface), ports))
        assert time.monotonic() - started < _PATIENCE_S
        list(pool.map(lambda pair: site.switch(POP).program(pair[0].interface, both_ways(*pair)), couples))
    assert site.switch(POP).networks() == {left.interface for left, _ in couples}
    for left, right in couples:
        site.route(left, right.address)
        assert _udp_passes(left, right)


def test_programming_again_puts_right_what_was_changed_by_hand(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    rules = both_ways(left, right)
    switch.program(SERVICE, rules)
    assert _udp_passes(left, right)
    for harm in _harms(site, left):
        site.machine.run(["sh", "-c", harm], namespace=site.machine.place.switch(POP))
        _wait(
            lambda: not _udp_passes(left, right)
        )  # the datapath forgets the flows that it has cached after a moment
        switch.program(SERVICE, rules)
        assert _udp_passes(left, right, wait_s=2), f"after {harm}"


def test_what_stays_keeps_its_count_when_it_is_programmed_again(site: Bed) -> None:
    left, right = site.pair(POP, SERVICE)
    switch = site.switch(POP)
    rules = both_ways(left, right)
    switch.program(SERVICE, rules)
    assert _udp_passes(left, right)
    _wait(lambda: sum(switch.packets(SERVICE).values()) > 0)
    before = switch.packets(SERVICE)
    switch.program(SERVICE, rules)
    if site.datapath == "ovs":
        assert switch.packets(SERVICE) == before


def _harms(site: Bed, left: Port) -> list[str]:
    """Shell commands by which somebody might break a switch that runs."""
    down = f"ip link set dev {left.interface} down"
    if site.datapath == "nft":
        return [down, "nft flush ruleset", "nft add table netdev none; nft flush ruleset"]
    directory = Records(site.machine.place, POP).directory
    control, database = f"unix:{directory}/br-int.mgmt", f"unix:{directory}/db.sock"
    flows = "ovs-ofctl -O OpenFlow14"
    return [
        down,
        f"{flows} del-flows {control}",
        f"{flows} mod-flows {control} actions=drop",
        f"{flows} add-flow {control} priority=60000,actions=drop",
        f"ovs-vsctl --db={database} --timeout=5 del-port br-int {left.interface}",
    ]


def test_the_datapath_that_a_switch_was_built_with_wins(site: Bed) -> None:
    other: Datapath = "nft" if site.datapath == "ovs" else "ovs"
    assert open_switch(site.machine, POP, other).datapath == site.datapath


def _two_ways(site: Bed, left: Port, right: Port) -> list[tuple[Rule, ...]]:
    """Through one firewall or another; what is within the other when the chain changes still gets out."""
    middles = [site.middle(POP, f"firewall-{n}", left, right) for n in range(2)]
    out = [hop(far, right, right) for _, far in middles]
    return [(*through(left, middles[n], right), out[1 - n]) for n in range(2)]


def _by_label(tunnel: str, source: Port, target: Port) -> Rule:
    label = Label(source_mac=source.mac, destination_mac=target.mac)
    out = target.interface
    return Rule(name="arrives", in_interface=tunnel, label=label, out_interface=out, priority=10)


def _pings(site: Bed, left: Port, right: Port) -> bool:
    words = ["ping", "-c1", "-W1", right.address]
    return site.machine.attempt(words, namespace=left.namespace).code == 0


def _udp_passes(
    left: Port, right: Port, source: int = 0, target: int = _SERVER_PORT, wait_s: float = _SOON_S
) -> bool:
    with (
        socket_in(left.namespace, socket.SOCK_DGRAM) as sender,
        socket_in(right.namespace, socket.SOCK_DGRAM) as receiver,
    ):
        sender.bind(("", source))
        receiver.bind(("", target))
        receiver.settimeout(wait_s)
        sender.sendto(b"hello", (right.address, target))
        try:
            return receiver.recv(100) == b"hello"
        except TimeoutError:
            return False


def _tcp_passes(left: Port, right: Port) -> bool:
    try:
        return _sent_by_tcp(left, right, b"hello") == hashlib.sha256(b"hello").digest()
    except TimeoutError:
        return False


def _sent_by_tcp(left: Port, right: Port, data: bytes) -> bytes:
    with (
        socket_in(left.namespace, socket.SOCK_STREAM) as client,
        socket_in(right.namespace, socket.SOCK_STREAM) as server,
    ):
        server.bind(("", _SERVER_PORT))
        server.listen()
        client.settimeout(1.0)
        client.connect((right.address, _SERVER_PORT))
        served, _ = server.accept()
        client.settimeout(_PATIENCE_S)
        served.settimeout(_PATIENCE_S)
        with served, ThreadPoolExecutor(1) as pool:
            arriving = pool.submit(_digest, served)
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            return arriving.result()


def _digest(served: socket.socket) -> bytes:
    digest = hashlib.sha256()
    while data := served.recv(1 << 18):
        digest.update(data)
    return digest.digest()


def _send_many(left: Port, right: Port, count: int) -> None:
    with socket_in(left.namespace, socket.SOCK_DGRAM) as sender:
        for _ in range(count):
            sender.sendto(bytes(200), (right.address, _SERVER_PORT))
            time.sleep(0.0004)


def _count(receiver: socket.socket) -> int:
    receiver.settimeout(1.0)
    count = 0
    while True:
        try:
            receiver.recv(1000)
        except TimeoutError:
            return count
        count += 1


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _device_exists(site: Bed, port: Port) -> bool:
    words = ["ip", "link", "show", "dev", port.interface]
    return site.machine.attempt(words, namespace=site.machine.place.switch(POP)).code == 0


def _assert_nothing_left(machine: Machine) -> None:
    run = machine.place.run
    assert namespaces.names(machine) == []
    assert [path for path in run.rglob("*") if not path.is_dir()] == []
    assert [each.pid for each in psutil.process_iter(["cmdline"]) if _speaks_of(each, str(run))] == []


def _speaks_of(process: psutil.Process, path: str) -> bool:
    return any(path in word for word in process.info["cmdline"] or ())
