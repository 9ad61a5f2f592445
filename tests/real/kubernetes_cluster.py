"""A cluster of the lab for tests of the Kubernetes adaptor, and PoPs of their own on it."""

import base64
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, Listening
from lab.faults.proxy import FaultProxy
from tests.contract.kubernetes_site import IMAGE, POP, KubernetesSite, cluster_site
from tests.real.labs import running

NAMED = "INTERLACE_LAB_KUBECONFIG"
"""Environment variable: the kubeconfig of a lab that runs already."""


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Of a lab that is up: the one that tests share, unless another is named."""
    return Path(os.environ.get(NAMED) or running("kubernetes").environment["KUBECONFIG"])


@pytest.fixture
def site(kubeconfig: Path, tmp_path: Path) -> Iterator[KubernetesSite]:
    """A PoP that nobody else sees."""
    with cluster_site(tmp_path, kubeconfig) as made:
        yield made


@contextmanager
def behind_proxy(kubeconfig: Path, home: Path) -> Iterator[tuple[KubernetesSite, FaultProxy]]:
    """A PoP whose cluster is reached through a proxy that fails what it is told to."""
    config = yaml.safe_load(kubeconfig.read_text())
    server = config["clusters"][0]["cluster"]["server"]
    authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
    trusted = ssl.create_default_context(cadata=_pem(authority))
    with FaultProxy(server, trusted) as proxy:
        config["clusters"][0]["cluster"] = {"server": proxy.url}
        mine = home / "proxied"
        mine.write_text(yaml.safe_dump(config))
        with cluster_site(home, mine) as made:
            yield made, proxy
            proxy.clear()


def spec(
    name: str = "shop-web-1",
    image: str = IMAGE,
    vcpus: int = 1,
    workers: int = 2,
    component: str = "web",
    single: bool = False,
    exposed: bool = False,
    service: str = "shop",
) -> InstanceSpec:
    """An instance that listens on port 80."""
    tags = {"service": service, "component": component, "instance": name, "operation": "op-1", "tenant": "t"}
    return InstanceSpec(
        name=name,
        pop=POP,
        image=image,
        resources=Resources.of(vcpus, 128, 1),
        kind=ComponentKind.MICROSERVICE,
        config={"workers": workers},
        environment={"MODE": "test"},
        secrets={"PASSWORD": "shop-password"},
        connection_points=("http",),
        listens=(Listening(connection_point="http", protocol="tcp", port=80),),
        exposed=frozenset({"http"}) if exposed else frozenset(),
        single=single,
        tags=tags,
    )


def quiet(_: str) -> None:
    """A progress that nobody looks at."""


def _pem(encoded: str) -> str:
    return base64.b64decode(encoded).decode()
