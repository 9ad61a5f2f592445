"""Reading an exposition again and again gives what taking it apart anew gives."""

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitoring.sources.exposed import Exposed
from monitoring.sources.readings import Reading, by_service, reading

TEXT = r"""# HELP cpu_total Processor time, {so} "to say".
# TYPE cpu_total counter
cpu_total{service="shop",instance="web-1"} 1.5
cpu_total{instance="web-2",service="shop",} 2e3 1700000000000
cpu_total{service="other",instance="a} \"b\" \\ c, d=\"e\""} 3

up 1
answers_bucket{service="shop",le="+Inf"} +Inf
lost{ service = "shop" } NaN
"""


def read(exposed: Exposed, text: str) -> dict[str, Reading]:
    lines = text.encode().split(b"\n")
    return {service: each.reading() for service, each in exposed.by_service(lines).items()}


def test_it_reads_as_the_client_library_does() -> None:
    exposed = Exposed()
    whole = by_service(reading(text_string_to_metric_families(TEXT)))
    for _ in range(2):
        found = read(exposed, TEXT)
        assert found.keys() == whole.keys() == {"shop", "other", ""}
        lost = {service: dict(each.series) for service, each in found.items()}
        assert math.isnan(*lost["shop"].pop("lost").values())
        expected = {service: dict(each.series) for service, each in whole.items()}
        del expected["shop"]["lost"]
        assert lost == expected


def test_values_are_new_and_series_come_and_go() -> None:
    exposed = Exposed()
    read(exposed, 'a{service="x"} 1\nb{service="y"} 1\n')
    found = read(exposed, 'a{service="x"} 2\nc{service="x"} 3\n')
    assert {name: list(each.values()) for name, each in found["x"].series.items()} == {"a": [2.0], "c": [3.0]}
    assert "y" not in found


@pytest.mark.parametrize(
    "text",
    ['a{service="x"}', 'a{service="x"} one', 'a{service="x} 1', "a 1 2 3", "<html>", 'a{service="x"'],
)
def test_what_is_no_exposition_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read(Exposed(), text)


def test_of_the_same_series_nothing_is_kept_twice() -> None:
    exposed = Exposed()
    text = 'a{service="x",instance="1"} 1\nb{service="x",instance="1"} 1\n'
    first = exposed.by_service(text.encode().split(b"\n"))["x"]
    second = exposed.by_service(text.replace(" 1", " 2").encode().split(b"\n"))["x"]
    assert second.series is first.series and list(second.values) == [2.0, 2.0]
    assert first.series[0].labels is first.series[1].labels
    assert list(first.values) == [1.0, 1.0]
