"""What VIMs say of instances, as both sources give it; and silence, which is no illness."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.healing import Health
from monitoring.metrics import Snapshot
from monitoring.sources.direct import DirectSource
from monitoring.sources.prometheus import PrometheusSource
from tests.unit.metrics_world import LABELS, exposed, in_turn, line, site
from tests.unit.policy_world import START, World, policies
from tests.unit.test_metrics_prometheus import vector

AT = datetime(2026, 1, 1, tzinfo=UTC)
SEEN = AT.timestamp() - 3
UP, GAP = "interlace_instance_up", "interlace_scrape_gap_info"
ILL = "not healthy: its process is stopped by a signal"
UNMEASURED = "a modelled VIM measures nothing of its instances"


def scraped(*lines: str) -> dict[str, Health]:
    with site(in_turn("\n".join((*lines, "")).encode())) as there:
        source = DirectSource(there.url, pause=lambda _: None)
        return dict(source.snapshot("shop", AT).health)


def kept(*series: tuple[dict[str, str], object]) -> dict[str, Health]:
    with site(in_turn(vector(*series))) as there:
        return dict(PrometheusSource(there.url).snapshot("shop", AT).health)


def seen(up: float | None, *reasons: str, at: object = SEEN, **labels: str) -> dict[str, Health]:
    """Of one instance, from the two sources, which must agree."""
    own = {**LABELS, **labels}
    lines = [exposed(float(str(at)), **labels).decode()]
    series: list[tuple[dict[str, str], object]] = [({**own, "metric": "observed"}, at)]
    if up is not None:
        lines.append(line(UP, up, **labels))
        series.append(({**own, "metric": "up"}, up))
    for reason in reasons:
        lines.append(line(GAP, 1, reason=reason, **labels))
        series.append(({**own, "metric": "gaps", "reason": reason}, 1))
    found = scraped(*lines)
    assert found == kept(*series)
    return found


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_an_instance_that_is_up_is_well() -> None:
    assert seen(1, UNMEASURED) == {"web-1": Health(component="web", well=True, at=at(SEEN))}


def test_one_that_is_not_is_ill_in_the_words_of_its_vim() -> None:
    told = "its process is stopped by a signal"
    assert seen(0, UNMEASURED, ILL) == {"web-1": Health(component="web", well=False, told=told, at=at(SEEN))}


def test_one_that_nobody_could_look_at_is_neither_and_why_is_told() -> None:
    found = seen(None, "no answer within 3.0 s")["web-1"]
    assert (found.well, found.told) == (None, "no answer within 3.0 s")


@pytest.mark.parametrize("up", [float("nan"), 0.5, 7])
def test_a_value_that_says_neither_is_silence(up: float) -> None:
    assert seen(up)["web-1"].well is None


def test_one_that_was_looked_at_at_no_time_is_silence() -> None:
    assert seen(0, at="1e300")["web-1"].well is None


def test_one_that_moves_is_as_it_was_seen_last() -> None:
    there = {**LABELS, "pop": "south"}
    found = kept(
        ({**there, "metric": "observed"}, SEEN),
        ({**there, "metric": "up"}, 1),
        ({**LABELS, "metric": "observed"}, SEEN - 10),
        ({**LABELS, "metric": "up"}, 0),
    )
    assert found["web-1"].well is True


def test_what_is_no_instance_of_ours_is_left_out() -> None:
    strange = [{**LABELS, "component": "Böse\n"}, {**LABELS, "instance": ""}, {"service": "shop"}]
    assert kept(*(({**each, "metric": "observed"}, SEEN) for each in strange)) == {}


def test_a_source_that_is_away_knows_nothing_of_anybody() -> None:
    assert DirectSource("http://127.0.0.1:9", pause=lambda _: None).snapshot("shop", AT).health == {}


# What comes of it.

HEALED = policies(healing=({"action": "restart", "unhealthy_for": "15 s"},))


def look(world: World, well: bool | None, late: float = 0) -> list[str]:
    """The instances that are healed, by what was said of web-1 so many seconds before."""
    said = Health(component="web", well=well, told="stopped", at=world.now - timedelta(seconds=late))
    return [each.instance for each in world.seen(Snapshot(at=world.now, health={"web-1": said})).heals]


def test_what_the_source_says_is_healed_by() -> None:
    world = World(HEALED)
    assert [look(world, False), look(world, False)] == [[], ["web-1"]]


@pytest.mark.parametrize("late", [31, -6])
def test_what_is_stale_or_from_the_future_heals_nothing(late: float) -> None:
    world = World(HEALED)
    assert [look(world, False, late) for _ in range(6)] == [[]] * 6


def test_silence_between_two_illnesses_begins_anew() -> None:
    world = World(HEALED)
    assert [look(world, each) for each in (False, None, False, False)] == [[], [], [], ["web-1"]]


def test_what_is_known_otherwise_counts_before_what_the_source_says() -> None:
    world = World(HEALED)
    ill = Snapshot(at=START, health={"web-1": Health(component="web", well=False)})
    well = {"web-1": Health(component="web", well=True)}
    decided = [world.seen(ill.model_copy(update={"at": world.now}), well) for _ in range(4)]
    assert not any(each.heals for each in decided)
