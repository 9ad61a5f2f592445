"""The OpenStack lab itself: it comes up, and goes on after any kill."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import yaml

from lab.daemons import Daemons
from lab.openstack.lab import OpenstackLab
from lab.openstack.layout import Layout
from lab.port import LabStatus
from tests.real.openstack_world import booted, clear, connect, eventually

pytestmark = pytest.mark.real

POP1 = {
    *("memcached", "mariadb", "epmd", "rabbitmq", "pop1/keystone", "pop1/placement", "pop1/glance"),
    *("pop1/neutron", "pop1/cinder", "pop1/nova-api", "pop1/nova-conductor", "pop1/nova-scheduler"),
    *("pop1/nova-compute1", "pop1/nova-compute2"),
}


def command(verb: str, directory: Path, *more: str) -> list[str]:
    start = [str(Path(sys.executable).with_name("interlace")), "lab", "openstack", verb]
    return [*start, "--directory", str(directory), *more]


def interlace(verb: str, directory: Path, *more: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(verb, directory, *more), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def mentioning(directory: Path) -> list[str]:
    """The command lines of all processes that name a directory, or were started for it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(str(directory) in word for word in words):
            found.append(" ".join(process.cmdline()))
    return found


class TestOneLabFromStartToEnd:
    """In their order: each goes on from what the one before left."""

    @pytest.fixture(scope="class")
    def directory(self, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
        where = tmp_path_factory.mktemp("openstack") / "lab"
        yield where
        OpenstackLab(where).down(print, purge=True)

    def test_nothing_is_started_by_a_look(self, directory: Path) -> None:
        status = OpenstackLab(directory).status()
        assert (status.up, status.services, status.environment) == (False, (), {})
        assert not directory.exists()

    def test_one_cloud_comes_up_from_the_command_line(self, directory: Path) -> None:
        told = interlace("up", directory, "--pops", "1", "--json")
        status = LabStatus.model_validate_json(told.stdout)
        assert status.up
        assert {service.name for service in status.services if service.state == "up"} == POP1
        file = Path(status.environment["OS_CLIENT_CONFIG_FILE"])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert set(yaml.safe_load(file.read_text())["clouds"]) == {"pop1", "pop1-tenant"}
        assert "memory" in told.stderr

    def test_all_of_it_listens_on_loopback_only(self, directory: Path) -> None:
        mine = {one.pid for one in OpenstackLab(directory).status().services}
        pids = {child.pid for pid in mine if pid for child in psutil.Process(pid).children(True)} | mine
        listening = [
            one for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.pid in pids
        ]
        assert len(listening) >= 9
        assert {one.laddr[0] for one in listening if one.laddr} <= {"127.0.0.1", "::1"}

    def test_up_again_is_quick_and_changes_no_process(self, directory: Path) -> None:
        before = {one.name: one.pid for one in OpenstackLab(directory).status().services}
        began = time.monotonic()
        after = OpenstackLab(directory, 1).up(print)
        assert {one.name: one.pid for one in after.services} == before
        assert time.monotonic() - began < 30

    def test_a_server_outlives_the_kill_of_everything(self, directory: Path) -> None:
        lab, file = OpenstackLab(directory, 1), Layout(directory).clouds_yaml
        with connect(file, "pop1-tenant") as cloud:
            server = booted(cloud, "survivor")
        daemons = Daemons(directory)
        for name in daemons.names():
            daemons.kill(name)
        assert {one.state for one in lab.status().services} == {"down"}
        assert lab.up(print).up
        with connect(file, "pop1-tenant") as cloud:
            assert cloud.compute.get_server(server.id).status == "ACTIVE"
            cloud.compute.stop_server(server)
            cloud.compute.wait_for_server(server, "SHUTOFF", interval=0.3)
            clear(cloud, "survivor")

    def test_an_up_that_is_killed_is_finished_by_the_next(self, directory: Path) -> None:
        lab = OpenstackLab(directory, 1)
        lab.down(print)
        starting = subprocess.Popen(command("up", directory, "--pops", "1"), start_new_session=True)
        eventually(lambda: "pop1/neutron" in Daemons(directory).names(), 120)
        os.killpg(starting.pid, signal.SIGKILL)
        starting.wait()
        assert not lab.status().up
        assert lab.up(print).up

    def test_a_port_that_somebody_took_is_given_up(self, directory: Path) -> None:
        lab = OpenstackLab(directory, 1)
        lab.down(print)
        ports = Layout(directory).ports_file
        before = yaml.safe_load(ports.read_text())["of"]
        with socket.create_server(("127.0.0.1", before["pop1/glance"])):
            assert lab.up(print).up
            after = yaml.safe_load(ports.read_text())["of"]
            assert {name for name in before if before[name] != after[name]} == {"pop1/glance"}
            with connect(Layout(directory).clouds_yaml, "pop1") as cloud:
                image = next(image.id for image in cloud.image.images() if image.name == "cirros")
                assert cloud.image.download_image(image).content == b"cirros\n"

    def test_what_died_is_told_with_its_last_words(self, directory: Path) -> None:
        lab = OpenstackLab(directory, 1)
        Daemons(directory).kill("pop1/neutron")
        status = lab.status()
        assert not status.up
        assert [one.name for one in status.services if one.state == "down"] == ["pop1/neutron"]
        told = subprocess.run(command("status", directory), capture_output=True, text=True, check=False)
        assert told.returncode == 1
        assert "pop1/neutron" in told.stdout

    def test_down_leaves_no_process_and_purge_no_file(self, directory: Path) -> None:
        assert mentioning(directory)
        assert not interlace("down", directory).stderr.startswith("error")
        assert mentioning(directory) == []
        assert not OpenstackLab(directory).status().up
        assert Layout(directory).data.exists()
        interlace("down", directory, "--purge")
        assert not directory.exists()
