"""`interlace simulate-policy`: the documented command, its figures, and what is wrong with its input."""

import csv
import json
import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from domain.errors import DocumentError, InputError, InterlaceError
from interfaces.cli.main import app
from lab.traffic import rows
from monitoring.simulation.queueing import QUEUE, answered
from monitoring.simulation.series import Column, read_series

ROOT = Path(__file__).resolve().parents[2]
SERVICE: dict[str, Any] = {
    "api_version": "interlace/v1",
    "kind": "Service",
    "name": "shop",
    "version": "1",
    "components": {
        name: {
            "kind": "microservice",
            "image": f"{name}:1",
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["http"],
            "instances": 2,
            "scaling": {"min": 1, "max": 8},
        }
        for name in ("web", "api")
    },
}
TARGET = {"component": "web", "kind": "target", "metric": "cpu", "target": 0.5, "cooldown_in": "2 min"}


def said(*words: object) -> Result:
    return CliRunner().invoke(app, ["simulate-policy", *map(str, words)])


def answer(*words: object) -> Any:
    result = said(*words, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def service(at: Path, *scaling: dict[str, Any]) -> Path:
    file = at / "shop.json"
    file.write_text(json.dumps({**SERVICE, "policies": {"scaling": scaling or [TARGET]}}))
    return file


def series(at: Path, *loads: float | str, step: int = 15, metric: str = "requests_per_s") -> Path:
    file = at / "series.csv"
    lines = [f"time,{metric}", *(f"{number * step},{load}" for number, load in enumerate(loads))]
    file.write_text("\n".join(lines) + "\n")
    return file


def refused(*words: object) -> str:
    result = said(*words)
    assert isinstance(result.exception, InterlaceError), result.output
    assert isinstance(result.exception, InputError)
    assert result.exception.exit_code == 2
    return str(result.exception)


def test_the_documented_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [command] = re.findall(
        r"^interlace simulate-policy .*\\\n.*$", (ROOT / "docs/policies.md").read_text(), re.M
    )
    words = shlex.split(command.replace("\\\n", " "))[2:]
    monkeypatch.chdir(ROOT)
    picture, looks = tmp_path / "shop.svg", tmp_path / "shop.csv"
    result = said(*words, "-o", picture, "--csv", looks)
    assert result.exit_code == 0, result.exception
    assert "web of secure-shop: 2026-03-02 00:00:00Z to 2026-03-04 23:58:00Z, 72.0 h\n" in result.stdout
    assert re.search(r"web-threshold +2 -> 3 +\S+ is above 800", result.stdout)
    assert re.search(r"^targets not kept +[\d.]+ min +1256.0 min$", result.stdout, re.M)
    assert ET.fromstring(picture.read_text()).tag.endswith("svg")
    assert len(list(csv.DictReader(looks.open()))) == 17_273


def test_the_example_is_what_its_generator_makes() -> None:
    lines = (ROOT / "examples/shop-traffic.csv").read_text().splitlines()[1:]
    assert lines == [f"{moment:%Y-%m-%dT%H:%MZ},{load:.0f}" for moment, load in rows()]


def test_what_it_would_have_done_and_cost(tmp_path: Path) -> None:
    loads = [100.0] * 20 + [300.0] * 20 + [100.0] * 40
    shop = service(tmp_path)
    found = answer(shop, series(tmp_path, *loads), "--capacity-per-instance", 100, "--price-per-hour", 2)
    ours, fixed = found["courses"]
    assert [(each["before"], each["after"]) for each in ours["acts"]] == [(2, 4), (4, 6), (6, 2)]
    assert ours["acts"][0]["at"] == "1970-01-01T00:05:00Z"
    assert ours["acts"][0]["reason"] == "1 for a target of 0.5"
    assert fixed["name"] == "fixed at 2"
    assert fixed["acts"] == []
    assert fixed["account"]["instance_hours"] == pytest.approx(2 * 80 * 15 / 3600, abs=1e-5)
    assert ours["account"]["cost"] == pytest.approx(ours["account"]["instance_hours"] * 2, abs=1e-5)
    assert found["targets"] == ["cpu <= 0.55"]
    assert fixed["violations"] == [
        {
            "target": "cpu <= 0.55",
            "start": "1970-01-01T00:05:00Z",
            "end": "1970-01-01T00:10:00Z",
            "worst": 1.0,
        }
    ]
    assert fixed["account"]["violated_minutes"] == 5.0
    assert 0 < ours["account"]["violated_minutes"] < 2.5


def test_nothing_serves_before_it_has_started(tmp_path: Path) -> None:
    shop, load = service(tmp_path), series(tmp_path, *[100.0] * 4, *[180.0] * 20)
    quick, slow = (
        answer(shop, load, "--capacity-per-instance", 100, "--startup", startup)["courses"][0]["account"]
        for startup in ("4 s", "90 s")
    )
    assert quick["violated_minutes"] == 0.25
    assert slow["violated_minutes"] == 1.5


def test_it_looks_as_often_as_the_descriptor_says_unless_another_interval_is_given(tmp_path: Path) -> None:
    shop, load = tmp_path / "shop.json", series(tmp_path, *[0.5] * 8, metric="cpu")
    shop.write_text(json.dumps({**SERVICE, "policies": {"interval": "30 s", "scaling": [TARGET]}}))
    assert answer(shop, load)["interval_s"] == 30
    assert answer(shop, load, "--interval", "15 s")["interval_s"] == 15
    assert answer(service(tmp_path), load)["interval_s"] == 15


def test_figures_as_they_were_recorded(tmp_path: Path) -> None:
    found = answer(service(tmp_path), series(tmp_path, *[0.5] * 4, *[0.9] * 4, metric="cpu"))
    assert found["courses"][0]["acts"][0]["reason"] == "0.9 for a target of 0.5"
    assert found["world"] == "all figures as they were recorded, whatever the number of instances"


def test_a_hole_in_the_series_is_no_data_and_is_told(tmp_path: Path) -> None:
    loads: list[float | str] = [100.0] * 10 + ["", "NaN", "+Inf"] + [100.0] * 3
    found = answer(service(tmp_path), series(tmp_path, *loads), "--capacity-per-instance", 100)
    [note] = found["courses"][0]["notes"]
    assert note == {
        "at": "1970-01-01T00:02:30Z",
        "until": "1970-01-01T00:03:00Z",
        "text": "web-target does nothing: nobody reports web.cpu",
    }
    assert found["courses"][0]["account"]["unknown_minutes"] == 0.75


def test_a_series_of_longer_steps_holds_between_its_rows_but_not_over_a_hole(tmp_path: Path) -> None:
    file = tmp_path / "slow.csv"
    file.write_text("time,requests_per_s\n0,100\n300,100\n600,100\n3600,100\n3900,100\n")
    found = answer(service(tmp_path), file, "--capacity-per-instance", 100)
    assert found["courses"][0]["account"]["unknown_minutes"] == pytest.approx(
        (3600 - 600 - 450) / 60, abs=0.5
    )
    assert "its last sample is" in found["courses"][0]["notes"][0]["text"]


def test_what_prometheus_answers(tmp_path: Path) -> None:
    result = [
        {
            "metric": {"__name__": "requests_per_s", "component": "web", "instance": f"web-{number}"},
            "values": [[1000 + 15 * step, "60" if step < 5 else "NaN"] for step in range(8)],
        }
        for number in (1, 2)
    ]
    file = tmp_path / "answer.json"
    file.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}))
    found = answer(service(tmp_path), file, "--capacity-per-instance", 100)
    assert found["courses"][0]["acts"][0]["reason"] == "0.6 for a target of 0.5"
    assert found["courses"][1]["account"]["unknown_minutes"] == 0.75


def test_a_series_without_a_name_is_given_one(tmp_path: Path) -> None:
    result = [{"metric": {}, "values": [[0, "0.9"], [15, "0.9"]]}]
    text = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()
    assert read_series(text, "a.json", "cpu").columns == {Column("cpu"): (0.9, 0.9)}
    with pytest.raises(DocumentError, match=r"data.result\[0\].metric: the series has no name"):
        read_series(text, "a.json")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("when,cpu\n0,1\n", "line 1: the first column is 'when', not 'time'"),
        ("time\n0\n", "line 1: there is no column beside the time"),
        ("time,cpu,cpu\n0,1,1\n", "line 1: two columns are called 'cpu'"),
        (
            "time,cpu\n0,1\n15,many\n30,1\n",
            "line 3: cpu: 'many' is no number (leave it empty where there is none)",
        ),
        ("time,cpu\n0,1\n15\n", "line 3: 1 cells, where the header has 2"),
        ("time,cpu\n0,1\nyesterday,1\n", "line 3: time: 'yesterday' is no time: write ISO 8601"),
        ("time,cpu\n30,1\n15,1\n", "line 3: time: 15 is not after the row before it"),
        ("time,cpu\n15,1\n15,1\n", "line 3: time: 15 is not after the row before it"),
        ("time,cpu\n1e300,1\n", "line 2: time: '1e300' is no time: seconds since 1970 are meant"),
        ("time,cpu\n0,1\n", "there is but one row"),
        ("{", "line 1: not JSON"),
        (
            '{"status": "error", "error": "too many samples"}',
            "Prometheus answered an error: too many samples",
        ),
        ('{"data": {"resultType": "vector", "result": []}}', "no answer of Prometheus to a range"),
        ('{"data": {"resultType": "matrix", "result": []}}', "the answer holds no series"),
        (
            '{"data": {"resultType": "matrix", "result": [{"metric": {"__name__": "x"}, "values": [[1]]}]}}',
            "data.result[0].values[0]",
        ),
    ],
)
def test_a_wrong_series_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "series.csv"
    file.write_text(text)
    message = refused(service(tmp_path), file)
    assert message.startswith(f"{file}: 1 error")
    assert told in message


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
@example(b"\n\ntime,cpu\n0,1\n1,1\n")
@example(b'time,cpu\n0,"1\n')
@example(b"time,cpu\n0,1\n\x00,1\n")
@example(b"time,cpu\n0," + b"1" * 200_000)
@example(b"{" * 100_000)
def test_any_bytes_are_a_series_or_refused(content: bytes) -> None:
    try:
        found = read_series(content, "any")
    except DocumentError as error:
        assert error.issues
    else:
        assert all(len(values) == len(found.times) for values in found.columns.values())


def test_a_series_that_is_too_large_is_refused_and_not_cut(tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    file.write_text("time,cpu\n" + "".join(f"{number},0.12345678\n" for number in range(10**6)))
    assert "larger than 16 MiB" in refused(service(tmp_path), file)


def test_every_wrong_row_is_told(tmp_path: Path) -> None:
    message = refused(service(tmp_path), series(tmp_path, 1, "a", 2, "b"))
    assert message.count("is no number") == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--component", "wbe"], "no component 'wbe' with scaling policies; did you mean 'web'?"),
        (["--policy", "web-targe"], "no scaling policy 'web-targe' of web; did you mean 'web-target'?"),
        (["--target", "latency"], "target 'latency': write an expression and its bound"),
        (
            ["--target", "cpuu < 3"],
            "target 'cpuu < 3': at character 1: no metric 'cpuu'; did you mean 'cpu'?",
        ),
        (["--target", "cpu < 3 < 4"], "write an expression and its bound"),
        (["--interval", "15"], "--interval: '15' has no unit: write it like '5 s'"),
        (
            ["--interval", "1 ms"],
            "looks, each 0.001 s over 0 h; at most 500000 are run: say a longer --interval",
        ),
        (["--capacity-per-instance", "0"], "--capacity-per-instance 0: it must be above 0"),
        (
            ["--capacity-per-instance", "5", "--load", "request_per_s"],
            "no column 'request_per_s' for the whole",
        ),
        (["--instances", "9"], "--instances 9: scaling of web allows 1 to 8"),
        (["--infrastructure", "no.yaml"], "cannot read no.yaml"),
        (["--price-per-hour", "inf"], "--price-per-hour inf: a number is wanted"),
        (["--target", "cpu < 1e999"], "'1e999' is too large a number"),
        (["--price-per-hour", "1", "--infrastructure", "no.yaml"], "exclude each other"),
        (["-o", "shop.png"], "shop.png: a simulation is drawn as .svg"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, words: list[str], told: str) -> None:
    assert told in refused(service(tmp_path), series(tmp_path, *[1.0] * 40), *words)


def test_of_several_components_one_is_to_be_named(tmp_path: Path) -> None:
    both = service(tmp_path, TARGET, {**TARGET, "component": "api"})
    load = series(tmp_path, *[0.5] * 10, metric="api.cpu")
    assert refused(both, load) == "say whose policies: --component web or --component api"
    assert answer(both, load, "--component", "api")["courses"][0]["notes"] == []


def test_a_descriptor_without_policies_has_nothing_to_simulate(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(SERVICE))
    assert "has no scaling policies" in refused(file, series(tmp_path, 1, 2))


def test_a_column_of_nobody_is_refused(tmp_path: Path) -> None:
    message = refused(service(tmp_path), series(tmp_path, 1, 2, metric="wbe.cpu"))
    assert "'wbe' is no component or chain of shop; did you mean 'web'?" in message


def test_the_price_is_that_of_the_cheapest_pop(tmp_path: Path) -> None:
    pops = {
        name: {
            "vim": {"kind": "modelled"},
            "capacity": {"vcpus": 4, "memory": "8 GiB"},
            "prices": {"vcpu_hour": price},
        }
        for name, price in (("north", 3.0), ("south", 2.0))
    }
    file = tmp_path / "infra.json"
    file.write_text(json.dumps({"api_version": "interlace/v1", "kind": "Infrastructure", "pops": pops}))
    found = answer(service(tmp_path), series(tmp_path, 0.5, 0.5, metric="cpu"), "--infrastructure", file)
    assert (found["price_per_hour"], found["currency"]) == (2.0, "EUR")
    assert found["world"].endswith("; priced as at south")


# The queue: M/M/1 and M/M/2 have closed forms.


def test_one_server_is_that_of_the_books() -> None:
    found = answered(50, 1, 100)
    assert found.utilisation == 0.5
    assert found.latency_ms == pytest.approx(1000 / (100 - 50))
    assert found.latency_p95_ms == pytest.approx(1000 * 2.995732 / 50, rel=1e-4)


def test_two_servers_are_those_of_the_books() -> None:
    rho = 0.6
    assert answered(2 * rho * 10, 2, 10).latency_ms == pytest.approx(100 / (1 - rho**2))


def test_beyond_the_capacity_there_are_errors_and_the_queue_is_full() -> None:
    found = answered(250, 2, 100)
    assert (found.answered_per_s, found.refused_per_s, found.utilisation) == (200, 50, 1.0)
    assert found.latency_ms == pytest.approx((1 + QUEUE) * 10)


def test_no_load_is_served_at_once() -> None:
    found = answered(0, 3, 100)
    assert (found.utilisation, found.latency_ms) == (0, 10)
