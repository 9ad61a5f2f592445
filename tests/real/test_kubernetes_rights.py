"""The rights that the documentation asks for are enough, and credentials that change are taken up."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from adaptors.vim.kubernetes.connection import Request
from adaptors.vim.port import ConnectedVim
from domain.errors import VimRefusedError
from domain.instances import InstanceStatus
from domain.networking import PopNetwork
from tests.contract.kubernetes_site import POP, KubernetesSite, cluster_site
from tests.real.kubernetes_cluster import kubeconfig, quiet, site, spec
from tests.real.test_kubernetes_networks import FROM_USERS, NETWORK, TAGS

__all__ = ["kubeconfig", "site"]
pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "vim" / "kubernetes.md"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture
def token(site: KubernetesSite) -> Iterator[str]:
    """Of a service account that has just the role of the documentation."""
    name, connection = site.realm, site.api.connection
    found = re.search(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found is not None
    role = yaml.safe_load(found[1]) | {"metadata": {"name": name}}
    account = {"metadata": {"name": name}}
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    binding = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    connection.request(Request("POST", accounts, body=account))
    connection.request(Request("POST", f"{_RBAC}/clusterroles", body=role))
    connection.request(Request("POST", f"{_RBAC}/clusterrolebindings", body=binding))
    asked: dict[str, Any] = {"spec": {"expirationSeconds": 3600}}
    answer = connection.request(Request("POST", f"{accounts}/{name}/token", body=asked))
    yield answer["status"]["token"]
    for path in (f"{_RBAC}/clusterrolebindings", f"{_RBAC}/clusterroles", accounts):
        connection.request(Request("DELETE", f"{path}/{name}"))


def write(kubeconfig: Path, target: Path, user: dict[str, Any]) -> Path:
    """A kubeconfig with the lab's cluster and another user for its first context."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = user
    target.write_text(yaml.safe_dump(config))
    return target


def test_the_documented_rights_are_enough(kubeconfig: Path, tmp_path: Path, token: str) -> None:
    mine = write(kubeconfig, tmp_path / "least", {"token": token})
    with cluster_site(tmp_path, mine) as least:
        vim = least.open(storage_class="lab", exposure="node-port", scheduling_timeout="30 s")
        assert isinstance(vim, ConnectedVim)
        vim.create(spec(exposed=True), quiet)
        vim.create(spec("shop-db-1", component="db", single=True), quiet)
        light = least.open()
        light.create(spec("shop-app-1", component="app"), quiet)
        light.create(spec("shop-app-2", component="app"), quiet)
        light.configure("shop-app-1", {"workers": 4}, quiet)
        part = PopNetwork(pop=POP, tags=TAGS, admissions=(FROM_USERS,))
        vim.connect(NETWORK, part, quiet)
        assert vim.unconnected(NETWORK, part) == ()
        assert {each.status for each in vim.list({})} == {InstanceStatus.RUNNING}
        assert vim.capacity()[1].vcpus == 4
        vim.disconnect(NETWORK, quiet)
        for each in vim.list({}):
            vim.delete(each.name, quiet)
        assert vim.list({}) == ()


def test_a_token_that_was_replaced_is_read_again(kubeconfig: Path, tmp_path: Path, token: str) -> None:
    file = tmp_path / "token"
    file.write_text("an old one")
    mine = write(kubeconfig, tmp_path / "rotated", {"tokenFile": str(file)})
    with cluster_site(tmp_path, mine) as rotated:
        vim = rotated.open()
        with pytest.raises(VimRefusedError, match="not accepted"):
            vim.capacity()
        file.write_text(token)
        assert vim.capacity()[0].vcpus == 4


def test_a_command_gives_the_credential_and_is_asked_again_when_it_has_expired(
    kubeconfig: Path, tmp_path: Path, token: str
) -> None:
    asked, program = tmp_path / "asked", tmp_path / "login.py"
    program.write_text(
        dedent(f"""
        import json, pathlib
        asked = pathlib.Path({str(asked)!r})
        asked.write_text((asked.read_text() if asked.exists() else "") + "x")
        status = {{"token": {token!r}, "expirationTimestamp": "2020-01-01T00:00:00Z"}}
        kind = {{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential"}}
        print(json.dumps(kind | {{"status": status}}))
        """)
    )
    command = {"command": sys.executable, "args": [str(program)]}
    api = {"apiVersion": "client.authentication.k8s.io/v1beta1", "interactiveMode": "Never"}
    mine = write(kubeconfig, tmp_path / "exec", {"exec": api | command})
    with cluster_site(tmp_path, mine) as logged_in:
        assert logged_in.open().capacity()[0].vcpus == 4
        first = len(asked.read_text())
        assert logged_in.open().capacity()[0].vcpus == 4
        assert len(asked.read_text()) > first >= 1


def test_a_kubeconfig_that_changes_takes_effect_at_once(kubeconfig: Path, tmp_path: Path, token: str) -> None:
    mine = write(kubeconfig, tmp_path / "changing", {"token": "wrong"})
    with cluster_site(tmp_path, mine) as changing:
        vim = changing.open()
        with pytest.raises(VimRefusedError, match="not accepted"):
            vim.capacity()
        write(kubeconfig, mine, {"token": token})
        os.utime(mine, ns=(1, 1))
        assert vim.capacity()[0].vcpus == 4
        write(kubeconfig, mine, {"token": "wrong"})
        with pytest.raises(VimRefusedError):
            vim.capacity()
        write(kubeconfig, mine, {"token": token})
