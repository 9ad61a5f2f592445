"""What the benchmark of policies is to show, by one of its seeds."""

from bench.policies import outcome


def test_target_tracking_beats_a_plain_threshold_rule() -> None:
    """Fewer minutes of violation, by fewer scalings, at no more instance-hours than a rule of like cost."""
    rule, target = (outcome(name, [1], 0) for name in ("threshold 0.7 / 0.4", "target 0.65"))
    assert target.violated_minutes < rule.violated_minutes / 2
    assert target.actions < rule.actions / 2
    assert target.instance_hours <= rule.instance_hours
