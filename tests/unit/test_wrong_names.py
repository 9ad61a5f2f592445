"""Names that are spelt wrong: told in words, with what was perhaps meant."""

import pytest

from catalogue.documents import read_descriptor, read_infrastructure
from domain.errors import DocumentError
from domain.spelling import hint, in_words, near, perhaps
from tests.unit.test_hostile_documents import DESCRIPTOR, INFRASTRUCTURE


def told(text: str, old: str, new: str) -> str:
    """The one complaint about a document in which something was replaced once."""
    assert old in text
    read = read_descriptor if "kind: Service" in text else read_infrastructure
    with pytest.raises(DocumentError) as refused:
        read(text.replace(old, new, 1).encode(), "wrong.yaml")
    (issue,) = refused.value.issues
    return issue.message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "name: shop",
            "name: My Shop",
            "'My Shop' is no name: a name is lower-case letters, digits and inner",
        ),
        ("name: shop", "name: My Shop", "such as my-shop"),
        ("  base:", "  Base:", "such as base"),
        ("name: shop", f"name: {'a' * 64}", "at most 63"),
        (
            'version: "1"',
            "version: newest",
            "'newest' is no version: up to three numbers and perhaps a suffix",
        ),
        ("[web.http, base.sql]", "[web/http, base.sql]", "such as web.http or customers"),
    ],
)
def test_a_wrong_name_in_a_descriptor_is_told_in_words(old: str, new: str, words: str) -> None:
    message = told(DESCRIPTOR, old, new)
    assert words in message
    assert "pattern" not in message
    assert "^" not in message


def test_a_wrong_currency_is_told_in_words() -> None:
    message = told(INFRASTRUCTURE, "licences:", "currency: euro\nlicences:")
    assert message == "'euro' is no currency: three upper-case letters, such as EUR"


def test_a_number_where_a_text_is_wanted_is_told_how_to_write_it() -> None:
    assert told(DESCRIPTOR, 'version: "1"', "version: 1.0") == 'must be text: write it in quotes, as "1.0"'


@pytest.mark.parametrize(
    ("text", "old", "new", "meant"),
    [
        (DESCRIPTOR, "image: w:1", "image: w:1\n    conection_points: [http]", "'connection_points'"),
        (DESCRIPTOR, "budget_per_hour", "budget_per_hours", "'budget_per_hour'"),
        (DESCRIPTOR, "latency: 10 ms", "latency: 10 ms, bandwith: 1 Mbit/s", "'bandwidth'"),
        (DESCRIPTOR, "memory: 1 GiB", "memory: 1 GiB, vcpu: 1", "'vcpus'"),
        (
            DESCRIPTOR,
            "placement:",
            "placement:\n  rules: [{components: [web], alowed_pops: [north]}]",
            "'allowed_pops'",
        ),
        (INFRASTRUCTURE, "vcpu_hour: 0.02", "vcpu_hour: 0.02, vcpus_hour: 1", "'vcpu_hour'"),
        (INFRASTRUCTURE, "[north, south]", "[north, sout]", "'south'"),
    ],
)
def test_a_misspelt_field_or_name_is_told_with_what_was_perhaps_meant(
    text: str, old: str, new: str, meant: str
) -> None:
    assert told(text, old, new).endswith(f"did you mean {meant}?")


def test_what_is_like_nothing_gets_no_guess() -> None:
    assert told(DESCRIPTOR, "placement:", "qqq: 1\nplacement:") == "unknown field"
    assert told(INFRASTRUCTURE, "[north, south]", "[north, xyz]") == "no PoP 'xyz'; known: north, south"


def test_few_of_many_names_are_listed() -> None:
    many = [f"pop-{number:02}" for number in range(20)]
    assert hint("xyz", many) == f"known: {', '.join(many[:8])} and 12 more"
    assert hint("xyz", []) == "known: none"
    assert perhaps("xyz", many) == ""
    assert near("pop-7", many, most=2) == ["pop-17", "pop-07"]


def test_a_pattern_without_words_is_told_as_it_is() -> None:
    assert in_words("^x+$", "y") == "'y' is no such text: it must match ^x+$"
