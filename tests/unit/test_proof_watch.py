"""Where a proof's worker fails on purpose."""

from pathlib import Path

from reliability.points import Moment, Point
from workers.watch import Watch


def test_what_is_to_fail_fails_at_each_further_attempt(tmp_path: Path) -> None:
    watch = Watch(tmp_path)
    place = Point(moment=Moment.BEFORE, activity="service.commit", subject="")
    first, second, third = (watch.note("shop", place, attempt) for attempt in (1, 2, 3))
    assert not watch.is_to_fail("shop", first)
    watch.fail("shop", second)
    assert [watch.is_to_fail("shop", each) for each in (first, second, third)] == [False, True, True]
    assert not watch.is_to_fail("other", second)
    elsewhere = watch.note("shop", place.model_copy(update={"moment": Moment.AFTER}), 3)
    assert not watch.is_to_fail("shop", elsewhere)
