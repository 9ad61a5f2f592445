"""What packets measure on a machine that does other work too."""

from collections.abc import Callable


def best(good: Callable[[float], bool], measure: Callable[[], float], tries: int = 20) -> None:
    """Measure until it is good: other work only makes it worse, and what is wrong is never good.

    Raises:
        AssertionError: Not one of the tries was good; it names them.
    """
    seen: list[float] = []
    for _ in range(tries):
        seen.append(round(measure(), 2))
        if good(seen[-1]):
            return
    raise AssertionError(f"measured {seen}")
