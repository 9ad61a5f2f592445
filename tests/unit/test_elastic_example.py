"""The example that looks after itself: its documents are right, and its policies follow the load shown."""

import json
from pathlib import Path

from examples.closed_loop import BUSY, QUIET
from tests.forked import interlace

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_its_documents_are_accepted(tmp_path: Path) -> None:
    for words in (("infra", "apply", "three-sites.yaml"), ("onboard", "elastic-shop.yaml")):
        done = interlace(tmp_path, *words[:-1], str(EXAMPLES / words[-1]))
        assert done.returncode == 0, done.stderr


def test_its_replicas_are_one_for_the_quiet_load_and_three_for_the_busy_one(tmp_path: Path) -> None:
    loads = [BUSY if 10 <= second < 60 else QUIET for second in range(0, 120, 2)]
    lines = [f"{2 * number},{load}" for number, load in enumerate(loads)]
    series = tmp_path / "load.csv"
    series.write_text("\n".join(("time,requests_per_s", *lines)))
    words = ("--capacity-per-instance", "200", "--instances", "1", "--json")
    done = interlace(tmp_path, "simulate-policy", str(EXAMPLES / "elastic-shop.yaml"), str(series), *words)
    assert done.returncode == 0, done.stderr
    acts = json.loads(done.stdout)["courses"][0]["acts"]
    numbers = [acts[0]["before"], *(each["after"] for each in acts)]
    assert max(numbers) == 3 and numbers[0] == numbers[-1] == 1
    assert numbers == sorted(numbers[: numbers.index(3) + 1]) + sorted(
        numbers[numbers.index(3) + 1 :], reverse=True
    )
