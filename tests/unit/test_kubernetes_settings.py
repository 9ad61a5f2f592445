"""Settings of a Kubernetes PoP, and what opening it costs."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from adaptors.vim.kubernetes.settings import KubernetesSettings, settings_of
from adaptors.vim.registry import open_vim
from domain.errors import InputError, VimRefusedError
from domain.infrastructure import Resources
from domain.instances import PopAccess
from domain.steering import ImageTraits


def access(credential: str | None = "my-cluster", **settings: Any) -> PopAccess:
    return PopAccess(
        name="berlin", capacity=Resources.of(4, 4096, 40), settings=settings, credential=credential
    )


def test_every_wrong_setting_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        settings_of(access(exposure="internet", egress=["10.0.0.0/33"], timeout=5, colour="red"))
    words = str(caught.value)
    assert "PoP berlin" in words
    assert all(field in words for field in ("exposure", "egress", "timeout", "colour"))


@pytest.mark.parametrize("prefix", ["-x", "Upper-", "a_b-", "x" * 31])
def test_a_prefix_that_cannot_begin_a_name_is_refused(prefix: str) -> None:
    with pytest.raises(InputError, match="namespace_prefix"):
        settings_of(access(namespace_prefix=prefix))


def test_an_external_address_needs_an_exposure() -> None:
    with pytest.raises(InputError, match="address: external needs exposure"):
        settings_of(access(address="external"))


@pytest.mark.parametrize(
    ("image", "pulled"),
    [
        ("nginx", "registry.example/team/nginx"),
        ("library/nginx:1", "registry.example/team/library/nginx:1"),
        ("other.example/nginx", "other.example/nginx"),
        ("localhost:5000/nginx", "localhost:5000/nginx"),
        ("localhost/nginx", "localhost/nginx"),
    ],
)
def test_images_without_a_registry_come_from_the_pops(image: str, pulled: str) -> None:
    assert KubernetesSettings(registry="registry.example/team/").image(image) == pulled
    assert KubernetesSettings().image(image) == image


def test_traits_are_said_by_version_or_by_name() -> None:
    functions = {"db": {"stateful": True}, "db:2": {"single": True}}
    settings = settings_of(access(functions=functions))
    assert settings.traits("db:1") == ImageTraits(stateful=True)
    assert settings.traits("db:2") == ImageTraits(single=True)
    assert settings.traits("web") == ImageTraits()


def test_a_pop_without_a_credential_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"berlin.*needs a credential.*context"):
        open_vim("kubernetes", access(credential=None), tmp_path)


def test_without_a_kubeconfig_the_first_call_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    vim = open_vim("kubernetes", access(), tmp_path)
    with pytest.raises(VimRefusedError, match=r"berlin.*no kubeconfig.*nowhere.*'my-cluster'"):
        vim.capacity()


def test_to_open_one_costs_nothing_and_loads_no_client(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from tests.unit.test_kubernetes_settings import access\n"
        "from adaptors.vim.registry import open_vim\n"
        "open_vim('kubernetes', access(), Path('.'))\n"
        "assert 'kubernetes' not in sys.modules and 'urllib3' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path)
    open_vim("kubernetes", access(), tmp_path)
    best = min(_opening(tmp_path) for _ in range(20))
    assert best < 0.001


def _opening(home: Path) -> float:
    started = time.perf_counter()
    open_vim("kubernetes", access(), home)
    return time.perf_counter() - started
