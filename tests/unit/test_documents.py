"""Documents: whatever bytes come, either a model or every error with its line and field path."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.documents import read_descriptor, read_infrastructure
from domain.descriptor import Descriptor
from domain.errors import DocumentError, Issue
from domain.infrastructure import Infrastructure, Resources
from domain.models import Documented, Model
from domain.pricing import instance_cost

SHOP = (Path(__file__).resolve().parents[2] / "examples" / "secure-shop.yaml").read_text()

SMALL = """\
api_version: interlace/v1
kind: Service
name: small
version: 1.0.0
components:
  web:
    kind: microservice
    image: web:1
    resources: {vcpus: 1, memory: 512 MiB}
    connection_points: [http]
"""

INFRASTRUCTURE = """\
api_version: interlace/v1
kind: Infrastructure
pops:
  north: {vim: {kind: modelled}, capacity: {vcpus: 8, memory: 16 GiB, disk: 100 GiB}}
  south: {vim: {kind: modelled}, capacity: {vcpus: 8, memory: 16 GiB, disk: 100 GiB}}
links:
  backbone: {between: [north, south], bandwidth: 1 Gbit/s, latency: 4 ms}
"""


def issues(content: bytes | str) -> list[Issue]:
    data = content.encode() if isinstance(content, str) else content
    with pytest.raises(DocumentError) as caught:
        read_descriptor(data, "file.yaml")
    assert str(caught.value).startswith("file.yaml: ")
    return caught.value.issues


def the_issue(content: bytes | str) -> Issue:
    (issue,) = issues(content)
    return issue


def line_of(text: str, needle: str) -> int:
    return text[: text.index(needle)].count("\n") + 1


def test_the_example_is_read() -> None:
    shop = read_descriptor(SHOP.encode(), "secure-shop.yaml")
    assert shop.name == "secure-shop"
    assert shop.components["database"].resources.memory == 8192
    assert shop.links["queries"].latency == 8.0


def test_json_is_read_like_yaml() -> None:
    as_json = json.dumps(yaml.safe_load(SHOP), indent=2)
    assert read_descriptor(as_json.encode(), "shop.json") == read_descriptor(SHOP.encode(), "shop.yaml")


def test_an_error_in_json_has_its_line_too() -> None:
    text = json.dumps(yaml.safe_load(SMALL), indent=2).replace("512 MiB", "512 MB")
    issue = the_issue(text)
    assert (issue.line, issue.path) == (line_of(text, '"memory"'), "components.web.resources.memory")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_byte_order_mark_and_windows_line_ends_are_read(start: str, end: str) -> None:
    assert read_descriptor((start + SMALL.replace("\n", end)).encode(), "small.yaml").name == "small"


def test_a_descriptor_survives_json() -> None:
    shop = read_descriptor(SHOP.encode(), "secure-shop.yaml")
    assert Descriptor.model_validate_json(shop.model_dump_json()) == shop
    assert read_descriptor(shop.model_dump_json().encode(), "shop.json") == shop


@pytest.mark.parametrize(
    ("old", "new", "line", "path", "message"),
    [
        (
            "    image: web:1",
            "    imagee: web:1\n    image: web:1",
            8,
            "components.web.imagee",
            "unknown field",
        ),
        ("version: 1.0.0", "version: 1.0.0\nflavour: x", 5, "flavour", "unknown field"),
        ("512 MiB", "512 MB", 9, "components.web.resources.memory", "ambiguous, write MiB"),
        ("512 MiB", "512", 9, "components.web.resources.memory", "needs a unit"),
        ("512 MiB", "512 ms", 9, "components.web.resources.memory", "unknown unit 'ms'"),
        ("vcpus: 1", "vcpus: many", 9, "components.web.resources.vcpus", "valid integer"),
        ("vcpus: 1", "vcpus: -1", 9, "components.web.resources.vcpus", "greater than or equal to 0"),
        ("vcpus: 1, ", "", 9, "components.web.resources.vcpus", "required, but missing"),
        ("    image: web:1\n", "", 6, "components.web.image", "required, but missing"),
        ("version: 1.0.0\n", "", 1, "version", "required, but missing"),
        ("version: 1.0.0", "version: 1.0", 4, "version", "must be text"),
        ("interlace/v1", "interlace/v2", 1, "api_version", "interlace/v1"),
        ("microservice", "container", 7, "components.web.kind", "'vnf' or 'microservice'"),
        ("[http]", "http", 10, "components.web.connection_points", "valid tuple"),
        ("[http]", "[]", 10, "components.web.connection_points", "at least 1 item"),
        ("[http]", "[http, HTTP]", 10, "components.web.connection_points[1]", "'HTTP' is no name"),
        ("  web:", "  Web:", 6, "components.Web", "such as web"),
        ("name: small", 'name: "small\\n"', 3, "name", "is no name"),
        ("    image:", "    instances: 1000000000\n    image:", 8, "components.web.instances", "1000"),
        (
            "    image:",
            "    instances: 3\n    scaling: {min: 1, max: 2}\n    image:",
            6,
            "components.web",
            "instances is 3, but scaling allows 1 to 2",
        ),
        (
            "    image:",
            "    scaling: {min: 4, max: 2}\n    image:",
            8,
            "components.web.scaling",
            "min (4) is above max (2)",
        ),
        (
            "    image:",
            "    health_check: {type: http}\n    image:",
            8,
            "components.web.health_check",
            "a http check needs a port",
        ),
        (
            "components:",
            "endpoints: {users: {}}\ncomponents:",
            5,
            "endpoints.users",
            "either pop or location",
        ),
        (
            "components:",
            "placement: {budget_per_hour: .inf}\ncomponents:",
            5,
            "placement.budget_per_hour",
            "finite",
        ),
        (
            "vcpus: 1",
            "vcpus: 1000000000000000000000",
            9,
            "components.web.resources.vcpus",
            "less than or equal",
        ),
        ("512 MiB", "9000000000000 TiB", 9, "components.web.resources.memory", "too large"),
        ("    image:", "    licences: acme\n    image:", 8, "components.web.licences", "valid frozenset"),
        (
            "components:",
            "placement: {objective: quick}\ncomponents:",
            5,
            "placement.objective",
            "'cost', 'latency' or 'balance'",
        ),
        (
            "components:",
            "placement:\n  objective:\n    latency: .nan\ncomponents:",
            7,
            "placement.objective.latency",
            "finite",
        ),
        (
            "components:",
            "placement: {objective: {cost: 0}}\ncomponents:",
            5,
            "placement.objective",
            "every placement is as good as another",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_line(old: str, new: str, line: int, path: str, message: str) -> None:
    assert SMALL.count(old) == 1
    issue = the_issue(SMALL.replace(old, new))
    assert (issue.line, issue.path) == (line, path)
    assert message in issue.message


def test_the_other_kind_of_document_is_one_error() -> None:
    other = "api_version: interlace/v1\nkind: Infrastructure\npops: {}\n"
    with pytest.raises(DocumentError) as refused:
        read_descriptor(other.encode(), "europe.yaml")
    assert str(refused.value).splitlines() == [
        "europe.yaml: 1 error",
        "  line 2: kind: this is a document of kind Infrastructure; one of kind Service is wanted",
    ]
    with pytest.raises(DocumentError, match="of kind Service; one of kind Infrastructure is wanted"):
        read_infrastructure(SHOP.encode(), "shop.yaml")


def test_all_errors_come_at_once() -> None:
    text = (
        SMALL.replace("512 MiB", "512 MB").replace("vcpus: 1", "vcpus: x").replace("web:1", "''")
        + "more: 1\n"
    )
    assert [(issue.line, issue.path) for issue in issues(text)] == [
        (8, "components.web.image"),
        (9, "components.web.resources.vcpus"),
        (9, "components.web.resources.memory"),
        (11, "more"),
    ]


def test_the_message_is_what_a_user_needs() -> None:
    with pytest.raises(DocumentError) as caught:
        read_descriptor(SMALL.replace("512 MiB", "512 MB").encode(), "small.yaml")
    assert str(caught.value).splitlines() == [
        "small.yaml: 1 error",
        "  line 9: components.web.resources.memory: '512 MB': the unit 'MB' is ambiguous, "
        "write MiB (2**20 bytes) (units: KiB, MiB, GiB, TiB)",
    ]


@pytest.mark.parametrize(
    ("text", "line", "path"),
    [
        (SMALL + "name: again\n", 11, "name"),
        (SMALL + "  web: {}\n", 11, "components.web"),
        (SMALL.replace("vcpus: 1", "vcpus: 1, vcpus: 2"), 9, "components.web.resources.vcpus"),
        ('{"name": "a",\n "name": "b"}', 2, "name"),
    ],
)
def test_a_name_given_twice_is_refused_with_both_lines(text: str, line: int, path: str) -> None:
    issue = the_issue(text)
    assert issue.line == line
    assert issue.message.startswith(f"{path}: duplicate name")
    assert "first on line" in issue.message


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# only a comment\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_called_empty(content: bytes) -> None:
    assert the_issue(content).message == "the file is empty"


@pytest.mark.parametrize("content", [b"null", b"just words", b"[]", b"42"])
def test_what_is_no_mapping_is_refused(content: bytes) -> None:
    assert the_issue(content).line == 1


def test_a_file_of_50_mb_is_refused_without_being_parsed() -> None:
    content = b"[" * 50_000_000
    began = time.perf_counter()
    issue = the_issue(content)
    assert time.perf_counter() - began < 10
    assert issue.message == "the file is larger than the 1 MiB that such a document may have"


def bomb() -> str:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    return "\n".join(rows)


def test_a_yaml_bomb_is_refused_fast() -> None:
    began = time.perf_counter()
    issue = the_issue(bomb())
    assert time.perf_counter() - began < 60
    assert "once its aliases are expanded" in issue.message


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: *a}", "&a [[*a]]"])
def test_an_alias_that_contains_itself_is_refused(text: str) -> None:
    assert "an alias that contains itself" in the_issue(text).message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
@pytest.mark.parametrize("depth", [60, 2_000, 200_000])
def test_deep_nesting_is_refused_and_does_not_crash_the_process(opening: str, depth: int) -> None:
    assert "nested deeper than 50 levels" in the_issue(opening * depth).message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not text: byte 0 is not UTF-8"),
        (SMALL.encode("utf-16"), "not text: byte 0 is not UTF-8"),
        (b"a: \x00", "not YAML: unacceptable character"),
        (b"a: [1", "not YAML"),
        (b"a: 1\n b: 2", "not YAML"),
        (b"a: 1\n---\nb: 2", "not YAML: but found another document"),
        (b"a: *nowhere", "not YAML: found undefined alias"),
        (b"? [a]\n: b", "a key must be a plain name"),
        (b"a: !!python/object:os.system x", "a: could not determine a constructor"),
        (b"a: !!int x", "a: invalid literal"),
        (b"a: !!int ''", "a: '' is not a int"),
        (b"a: !!bool maybe", "a: 'maybe' is not a bool"),
        (b"a: !!timestamp soon", "a: 'soon' is not a timestamp"),
        (b"a: 2020-13-45", "a: month must be in 1..12"),
        (b"a: " + b"9" * 5000, "a: Exceeds the limit"),
    ],
)
def test_rubbish_is_refused_in_words(content: bytes, message: str) -> None:
    assert message in the_issue(content).message


def is_read_or_refused(content: bytes) -> None:
    for read in (read_descriptor, read_infrastructure):
        try:
            read(content, "file")
        except DocumentError as error:
            assert error.issues


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    is_read_or_refused(content)


@settings(deadline=None)
@given(st.text(alphabet="abc019:-[]{},&*!?|>'\"#%@ \n\t.~<=$", max_size=60))
def test_any_text_that_looks_like_yaml_is_read_or_refused(text: str) -> None:
    is_read_or_refused(text.encode())


TAGS = st.sampled_from(
    ["bool", "int", "float", "null", "str", "binary", "timestamp", "omap", "pairs", "set", "map", "seq"]
)


@settings(deadline=None)
@given(TAGS, st.text(alphabet="0123456789-:.+_xobeyTZ ", max_size=20))
def test_any_tag_on_any_value_is_read_or_refused(tag: str, value: str) -> None:
    is_read_or_refused(f"name: !!{tag} '{value}'\nversion: {value}".encode())


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["web", "web.http", "${web.address}", "${", "1 GiB", "9" * 400 + " MiB", "1 ms", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["web", "pop", "x"]), inner),
    max_leaves=6,
)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value of a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] * bool(path) + [found for key, value in items for found in places(value, (*path, key))]


@settings(deadline=None)
@given(st.sampled_from(places(yaml.safe_load(SHOP))), VALUES)
def test_any_value_in_any_place_is_read_or_refused(place: tuple[Any, ...], value: Any) -> None:
    document = yaml.safe_load(SHOP)
    node = document
    for key in place[:-1]:
        node = node[key]
    node[place[-1]] = value
    is_read_or_refused(yaml.safe_dump(document).encode())


def test_an_infrastructure_is_read() -> None:
    found = read_infrastructure(INFRASTRUCTURE.encode(), "infra.yaml")
    assert found.currency == "EUR"
    assert found.pops["north"].capacity.memory == 16 * 1024
    assert (found.links["backbone"].bandwidth, found.links["backbone"].latency) == (1000.0, 4.0)


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        (
            "[north, south]",
            "[north, west]",
            "links.backbone.between[1]",
            "no PoP 'west'; known: north, south",
        ),
        ("[north, south]", "[north, north]", "links.backbone", "both ends are 'north'"),
        ("4 ms", "4", "links.backbone.latency", "needs a unit"),
        (", latency: 4 ms", "", "links.backbone.latency", "required, but missing"),
        ("kind: Infrastructure", "kind: Service", "kind", "Infrastructure"),
        (
            "north: {vim: {kind: modelled}, capacity: {vcpus: 8",
            "north: {vim: {kind: modelled}, capacity: {vcpus: -8",
            "pops.north.capacity.vcpus",
            "greater than or equal to 0",
        ),
        (
            "north: {vim: {kind: modelled}, capacity: {vcpus: 8",
            "north: {vim: {kind: modelled}, capacity: {vcpus: .nan",
            "pops.north.capacity.vcpus",
            "finite",
        ),
        (
            "north: {vim: {kind: modelled}, capacity: {vcpus: 8",
            "north: {vim: {kind: modelled}, capacity: {vcpus: 1e300",
            "pops.north.capacity.vcpus",
            "integer",
        ),
        (
            "north: {vim: {kind: modelled}, capacity: {vcpus: 8, memory: 16 GiB",
            "north: {vim: {kind: modelled}, capacity: {vcpus: 8, memory: -16 GiB",
            "pops.north.capacity.memory",
            "not a quantity",
        ),
        (
            "north: {vim: {kind: modelled}, capacity: {vcpus: 8, memory: 16 GiB",
            "north: {vim: {kind: modelled}, capacity: {vcpus: 8, memory: .inf GiB",
            "pops.north.capacity.memory",
            "not a quantity",
        ),
        ("4 ms", "-4 ms", "links.backbone.latency", "not a quantity"),
        ("1 Gbit/s", "-1 Gbit/s", "links.backbone.bandwidth", "not a quantity"),
        ("pops:", "objective: fast\npops:", "objective", "'cost', 'latency' or 'balance'"),
        ("pops:", "objective: {balance: -1}\npops:", "objective.balance", "greater than or equal to 0"),
        ("pops:", "licences: {acme: -1}\npops:", "licences.acme", "greater than or equal to 0"),
        ("pops:", "licences: {acme: .inf}\npops:", "licences.acme", "finite"),
    ],
)
def test_a_wrong_infrastructure_is_refused(old: str, new: str, path: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_infrastructure(INFRASTRUCTURE.replace(old, new).encode(), "infra.yaml")
    (issue,) = caught.value.issues
    assert issue.path == path
    assert message in issue.message
    assert issue.line is not None


@pytest.mark.parametrize("price", ["-0.1", ".nan", ".inf", "1e40"])
def test_no_price_is_negative_or_beyond_all_prices(price: str) -> None:
    fields = {
        "prices.vcpu_hour": f"prices: {{vcpu_hour: {price}}}",
        "prices.licences.acme": f"prices: {{licences: {{acme: {price}}}}}",
        "energy.price_kwh": f"energy: {{price_kwh: {price}}}",
        "energy.watts_per_vcpu": f"energy: {{watts_per_vcpu: {price}}}",
        "energy.watts_per_instance": f"energy: {{watts_per_instance: {price}}}",
    }
    for path, text in fields.items():
        with pytest.raises(DocumentError) as caught:
            read_infrastructure(INFRASTRUCTURE.replace("north: {", f"north: {{{text}, ").encode(), "i.yaml")
        (issue,) = caught.value.issues
        assert (issue.path, issue.line) == (f"pops.north.{path}", 4)


def test_an_infrastructure_may_be_larger_than_a_descriptor() -> None:
    pop = "{vim: {kind: modelled, settings: {note: " + "x" * 400 + "}}, capacity: {vcpus: 1, memory: 1 GiB}}"
    pops = "".join(f"  p{number}: {pop}\n" for number in range(3000))
    text = f"api_version: interlace/v1\nkind: Infrastructure\npops:\n{pops}"
    assert len(text) > 1024 * 1024
    assert len(read_infrastructure(text.encode(), "large.yaml").pops) == 3000
    with pytest.raises(DocumentError, match="larger than the 16 MiB"):
        read_infrastructure(b"#" * (16 * 1024 * 1024 + 1), "larger.yaml")


def test_nothing_for_nothing_is_an_infrastructure() -> None:
    free = """
    vim: {kind: modelled}
    capacity: {vcpus: 0, memory: 0 MiB}
    prices: {vcpu_hour: 0, licences: {acme: 0}}
"""
    text = INFRASTRUCTURE.replace("pops:\n", f"pops:\n  none:{free}").replace("1 Gbit/s", "0 bit/s")
    found = read_infrastructure(text.encode(), "infra.yaml")
    assert found.pops["none"].capacity.vcpus == 0
    assert found.links["backbone"].bandwidth == 0.0


DOCS = Path(__file__).resolve().parents[2] / "docs" / "descriptor.md"


def test_the_examples_of_the_documentation_are_read() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    service, infrastructure = [text for text in examples if text.startswith("api_version")]
    assert read_descriptor(service.encode(), DOCS.name).name == "hello"
    assert set(read_infrastructure(infrastructure.encode(), DOCS.name).pops) == {"hamburg", "munich"}


def test_the_price_of_the_documentation_is_right() -> None:
    (text,) = [
        each for each in re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL) if "pops:" in each
    ]
    where = read_infrastructure(text.encode(), DOCS.name)
    price = instance_cost(Resources.of(2, 2048, 0), {"acme-firewall"}, where.pops["hamburg"], where)
    assert f"= {price:.4f} EUR an hour" in DOCS.read_text()


def test_every_field_is_documented() -> None:
    text = DOCS.read_text()
    schemas = [model.model_json_schema() for model in (Descriptor, Infrastructure)]
    parts = [part for schema in schemas for part in (schema, *schema["$defs"].values())]
    fields = {field for part in parts for field in part.get("properties", {})}
    assert {field for field in fields if not re.search(rf"[`.]{field}[`.]", text)} == set()


def test_what_is_said_of_fields_is_in_the_schema() -> None:
    """Of each part of a document, also of one that is added some day."""
    parts = {name for model in (Descriptor, Infrastructure) for name in model.model_json_schema()["$defs"]}
    models = [
        each for each in every(Model) if each.__module__.startswith("domain.") and each.__name__ in parts
    ]
    assert len(models) > 20
    assert [each for each in models if not issubclass(each, Documented)] == []
    settings = Infrastructure.model_json_schema()["$defs"]["VimSettings"]["properties"]
    assert all(field["description"] for field in settings.values())


def every(model: type[Model]) -> list[type[Model]]:
    return [model, *(deeper for each in model.__subclasses__() for deeper in every(each))]


def test_wrong_fields_do_not_hide_what_is_wrong_between_fields() -> None:
    text = SMALL.replace("512 MiB", "512 MB") + "placement: {anti_affinity: [[webb]]}\nfoo: 1\n"
    with pytest.raises(DocumentError) as caught:
        read_descriptor(text.encode(), "small.yaml")
    paths = {issue.path for issue in caught.value.issues}
    assert paths == {"components.web.resources.memory", "foo", "placement.anti_affinity[0][0]"}


def test_a_field_that_cannot_be_guessed_brings_no_false_errors() -> None:
    text = SMALL.replace("image: web:1", "image: web:1\n    connection_points: 7", 1)
    text = "\n".join(line for line in text.splitlines() if "connection_points: [" not in line)
    with pytest.raises(DocumentError) as caught:
        read_descriptor(text.encode(), "small.yaml")
    assert [issue.path for issue in caught.value.issues] == ["components.web.connection_points"]
