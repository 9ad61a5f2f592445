"""What an OpenStack PoP may be told, and how what we make there is named."""

import base64
import json
from typing import Any

import pytest

from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.naming import (
    group_name,
    group_prefix,
    labels,
    network_mark,
    network_of,
    service_mark,
    services_marked,
    shortened,
)
from adaptors.vim.openstack.settings import settings_of
from adaptors.vim.openstack.userdata import user_data
from adaptors.vim.registry import open_vim
from domain.errors import InputError
from domain.infrastructure import Resources
from domain.instances import PopAccess
from tests.unit.test_openstack_servers import TAGS, spec


def access(credential: str | None = "my-cloud", **settings: Any) -> PopAccess:
    return PopAccess(
        name="berlin", capacity=Resources.of(4, 4096, 40), credential=credential, settings=settings
    )


def test_all_may_be_left_out() -> None:
    assert settings_of(access()).flavors == ("find", "create", "nearest")


def test_every_wrong_field_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        settings_of(access(volumes="all", build_timeout=3, colour="red", flavors=["find", "guess"]))
    words = str(caught.value)
    assert "PoP berlin" in words
    assert all(field in words for field in ("volumes", "build_timeout", "colour", "flavors.1"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cidr": "10.64.0.0/33"}, "10.64.0.0/16"),
        ({"cidr": "10.64.0.1/16"}, "host bits"),
        ({"cidr": "10.64.0.0/28", "subnet_prefix": 24}, "smaller than a subnet"),
        ({"address": "floating"}, "external_network"),
        ({"flavors": []}, "at least one"),
    ],
)
def test_what_cannot_work_is_told(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"PoP berlin.*{words}"):
        settings_of(access(**settings))


def test_a_credential_is_needed(tmp_path: Any) -> None:
    with pytest.raises(InputError, match=r"PoP berlin.*clouds\.yaml"):
        open_vim("openstack", access(credential=None), tmp_path)


def test_long_names_are_shortened_and_stay_apart() -> None:
    one, other = shortened("n" * 300 + "1"), shortened("n" * 300 + "2")
    assert len(one) == len(other) == 255
    assert one != other
    assert shortened("short") == "short"


def test_tags_are_words_that_neutron_and_nova_take() -> None:
    found = labels({"service": "s" * 63, "operation": "a/b,c"})
    assert "interlace" in found
    assert "interlace.operation=a-b-c" in found
    assert max(map(len, found)) <= 60


def test_marks_tell_whose_it_is() -> None:
    mark = service_mark("berlin", TAGS)
    assert services_marked("berlin", mark) == ("t", "shop")
    assert services_marked("ber", mark) is None
    assert services_marked("berlin", network_mark("berlin", "shop-network-1")) is None
    assert network_of("berlin", network_mark("berlin", "shop-network-1")) == "shop-network-1"
    assert network_of("berlin", mark) is None


def test_a_services_groups_are_not_anothers() -> None:
    mine = group_prefix("berlin", TAGS)
    other = group_name("berlin", {**TAGS, "service": "shop-b"})
    foreign = group_name("berlin", {**TAGS, "tenant": "other"})
    assert group_name("berlin", TAGS).startswith(mine)
    assert not other.startswith(mine)
    assert not foreign.startswith(mine)


def test_user_data_writes_config_environment_and_secrets() -> None:
    told = spec(environment={"GREETING": "it's me"})
    text = base64.b64decode(user_data(told, {"PASSWORD": "a b"})).decode()
    head, _, body = text.partition("\n")
    files = {each["path"]: each for each in json.loads(body)["write_files"]}
    assert head == "#cloud-config"
    assert json.loads(files["/etc/interlace/config.json"]["content"]) == told.config
    environment = files["/etc/interlace/environment"]
    assert environment["permissions"] == "0600"
    assert environment["content"] == "GREETING='it'\"'\"'s me'\nPASSWORD='a b'\n"


def test_more_user_data_than_nova_takes_is_refused() -> None:
    with pytest.raises(Refusal, match="Nova takes 65535"):
        user_data(spec(environment={"BLOB": "x" * 60000}), {})
