"""Documents in JSON: read like YAML; what is broken in them is told as JSON, by line and column."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.documents import read_descriptor
from catalogue.json_texts import as_yaml
from domain.errors import DocumentError
from tests.unit.test_hostile_documents import DESCRIPTOR

AS_JSON = json.dumps(yaml.safe_load(DESCRIPTOR), indent=2)


def told(text: str, source: str = "shop.json") -> list[str]:
    with pytest.raises(DocumentError) as refused:
        read_descriptor(text.encode(), source)
    return str(refused.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"interlace/v1",\n', '"interlace/v1"\n', "  line 3: not JSON: Expecting ',' delimiter, at column 3"),
        ('"shop",', '"shop', "  line 4: not JSON: Invalid control character at, at column 16"),
        ('"Service"', "Service", "  line 3: not JSON: Expecting value, at column 11"),
        (
            '"Service",',
            '"Service",,',
            "  line 3: not JSON: Expecting property name enclosed in double quotes",
        ),
    ],
)
def test_broken_json_is_called_json(old: str, new: str, words: str) -> None:
    assert old in AS_JSON
    head, line = told(AS_JSON.replace(old, new, 1))
    assert head == "shop.json: 1 error"
    assert line.startswith(words)


def test_what_yaml_reads_but_json_does_not_is_no_json() -> None:
    assert "not JSON" in told(DESCRIPTOR)[1]


def test_broken_yaml_is_called_yaml_with_its_column() -> None:
    broken = DESCRIPTOR.replace("{vcpus: 1, memory: 1 GiB}", "{vcpus: 1, memory: [1 GiB}", 1)
    assert "line 11: not YAML: " in told(broken, "shop.yaml")[1]
    assert told(broken, "shop.yaml")[1].endswith("at column 41")


def test_deep_json_is_refused() -> None:
    for depth in (60, 200_000):
        assert "nested" in told("[" * depth + "]" * depth)[1]


def test_a_number_without_end_is_refused_in_json() -> None:
    assert "not JSON" in told('{"a": ' + "9" * 5000 + "}")[1]


def test_what_json_writes_as_two_is_one_character() -> None:
    text = AS_JSON.replace('"name"', '"description": "\\\\ud83d a \\ud83d\\ude00 b \\\\",\n  "name"', 1)
    assert read_descriptor(text.encode(), "shop.json").description == "\\ud83d a \U0001f600 b \\"


@settings(deadline=None, max_examples=60)
@given(st.recursive(st.text() | st.booleans() | st.none(), lambda inner: st.lists(inner), max_leaves=5))
def test_any_json_is_the_same_as_yaml(value: object) -> None:
    written = json.dumps([value], indent=1)
    assert yaml.load(as_yaml(written), Loader=yaml.CSafeLoader) == [value]
