"""`interlace policies report` and `watch`: what they write and show, and what they refuse."""

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from catalogue.store import Catalogue
from domain.watching import Severity
from interfaces.cli.loop_charts import Look, drawn
from interfaces.cli.loop_views import Lines
from interfaces.cli.loop_watching import Notes, Recording
from interfaces.cli.reported import alarms_of, decisions_of
from interfaces.report.story import Note
from monitoring.metrics import Snapshot
from tests.forked import interlace
from tests.unit.metrics_world import LABELS, Reply, Site, exposed, line, site
from tests.unit.policed_world import NOW, alarmed, decided, policed_at
from tests.unit.report_world import ALARMS, DECISIONS, START, SUBJECT, moment, snapshots

SEEN = {**LABELS, "metric": "observed"}


@contextmanager
def policed(home: Path) -> Iterator[Catalogue]:
    store = policed_at(home)
    try:
        yield store
    finally:
        store.close()


def remembering(path: str, form: Mapping[str, str]) -> Reply:
    """A Prometheus that knows of web-1: its processor, and when it was seen, at each step."""
    start, end, step = (float(form[name]) for name in ("start", "end", "step"))
    times = [start + number * step for number in range(int((end - start) / step) + 1)]
    found = [
        {"metric": SEEN, "values": [[at, str(at)] for at in times]},
        {"metric": {**LABELS, "metric": "cpu"}, "values": [[at, "0.75"] for at in times]},
        {"metric": {**LABELS, "metric": "up"}, "values": [[at, "1"] for at in times]},
    ]
    return 200, json.dumps({"status": "success", "data": {"resultType": "matrix", "result": found}}).encode()


def exporting(path: str, form: Mapping[str, str]) -> Reply:
    """An exporter that has seen web-1 just now, which answers 100 requests a second."""
    now = time.time()
    return 200, exposed(
        now, line("interlace_instance_up", 1), line("interlace_instance_requests_total", now * 100)
    )


def report(home: Path, *words: str) -> str:
    """What was written."""
    file = home / "report.html"
    done = interlace(home, "policies", "report", "shop", "-o", str(file), *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"wrote {file}: ")
    return file.read_text() + done.stdout


def test_a_report_has_what_prometheus_and_the_catalogue_remember(tmp_path: Path) -> None:
    with policed(tmp_path) as store, site(remembering) as there:
        decided(store, 2)
        decided(store, 90)  # minutes ago: before all that is asked for
        alarmed(store, "web-1", Severity.CRITICAL)
        text = report(tmp_path, "--source", f"prometheus+{there.url}", "--since", "10 min")
    assert "web: 2 to 3 instances" in text and "web: 90 to 91" not in text
    assert "the check says: refused" in text and ">critical</span>" in text
    assert "web-cpu: target 60" in text and re.search(r'data-curve="\d.0">75</output>', text)
    assert "3 charts, 1 decisions, 1 alarms" in text
    [(_, form)] = there.asked
    assert float(form["end"]) - float(form["start"]) == pytest.approx(600)


def test_without_a_source_it_says_what_is_missing(tmp_path: Path) -> None:
    with policed(tmp_path) as store:
        decided(store, 2)
    text = report(tmp_path)
    assert "web: 2 to 3 instances" in text and "Nothing was measured in this time." in text
    assert "not had  figures: no source was named; --source prometheus+http" in text


def test_a_prometheus_that_is_away_leaves_the_decisions(tmp_path: Path) -> None:
    with policed(tmp_path) as store:
        decided(store, 2)
    text = report(tmp_path, "--source", "prometheus+http://127.0.0.1:9")
    assert "web: 2 to 3 instances" in text and "not had  Prometheus at http://127.0.0.1:9: no answer" in text


def test_of_a_service_that_is_gone_there_is_what_was_kept(tmp_path: Path) -> None:
    with policed(tmp_path) as store, site(remembering) as there:
        decided(store, 2, service="gone")
        file = tmp_path / "report.html"
        words = ("policies", "report", "gone", "-o", str(file), "--source", f"prometheus+{there.url}")
        done = interlace(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "web: 2 to 3 instances" in file.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "shop", "-o", "report.pdf"), "report.pdf: a report is a page: name it .html"),
        (("report", "shop", "-o", "none/a.html"), "none/a.html: there is no directory none"),
        (("report", "shop", "-o", "a.html", "--since", "soon"), "since: "),
        (("report", "shpo", "-o", "a.html"), "no service 'shpo', and nothing is kept of one; did you mean"),
        (("report", "shop", "-o", "a.html", "--source", "here"), "metrics source 'here': it must be like"),
        (("watch", "shop", "-o", "report.pdf"), "report.pdf: a report is a page: name it .html"),
        (("watch", "shpo", "--for", "1 s"), "no service 'shpo'"),
        (("watch", "shop", "--interval", "1 ms"), "interval: "),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    with policed(tmp_path):
        pass
    done = interlace(tmp_path, "policies", *words)
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert not Path("a.html").exists()


def test_a_watch_shows_each_look_and_writes_what_it_saw(tmp_path: Path) -> None:
    file = tmp_path / "seen.html"
    with policed(tmp_path) as store, site(exporting) as there:
        alarmed(store, "web-1")
        words = ("--source", there.url, "--interval", "1 s", "--for", "4 s", "-o", str(file))
        done = interlace(tmp_path, "policies", "watch", "shop", *words)
    assert done.returncode == 0, done.stderr
    looks = [each for each in done.stdout.splitlines() if "  ACTIVE  " in each]
    assert 2 <= len(looks) <= 4 and re.search(r"load web 100 requests/s; instances web 1", looks[-1])
    assert "raised   major ill web-1: the check says: refused" in done.stdout
    assert re.search(r'data-curve="0.0">100</output>', file.read_text())


def test_a_source_that_is_away_is_said_and_the_watch_goes_on(tmp_path: Path) -> None:
    with policed(tmp_path):
        pass
    words = ("--source", "http://127.0.0.1:9", "--interval", "0.5 s", "--for", "1 s")
    done = interlace(tmp_path, "policies", "watch", "shop", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not had  the exporter at http://127.0.0.1:9: no answer") == 1
    assert done.stdout.count("ACTIVE  nothing is measured") >= 2


def test_lines_tell_once_what_happens_and_each_time_what_is_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = Lines(SUBJECT)
    note = Note(at=moment(10), text="more load")
    open_ = DECISIONS[0].model_copy(update={"outcome": "under way", "ended_at": None})
    first = Look(state="ACTIVE", start=START, snapshots=snapshots()[:9], decisions=(open_,), notes=(note,))
    shown.show(first)
    shown.show(first.model_copy(update={"decisions": DECISIONS, "alarms": ALARMS}))
    said = capsys.readouterr().out
    assert said.count("noted    more load") == 1
    assert said.count("decided  web: 1 to 3 instances (web-target: ") == 1
    assert said.count("done     web: 1 to 3 instances, after 4.0 s") == 1
    assert "failed   web leaves north, after 4.0 s: no other PoP has <room> & board" in said
    assert said.count("raised   major ill web-1") == said.count("cleared  major ill web-1") == 1
    assert "cleared  minor threshold web-migration" not in said
    assert said.count("ACTIVE  load web 55 requests/s; instances web 1; latency web p95 16.8 ms") == 2


@pytest.mark.parametrize(("width", "height"), [(110, 40), (80, 24), (40, 12), (10, 5)])
def test_a_chart_fits_the_terminal(width: int, height: int) -> None:
    look = Look(
        state="ACTIVE", start=START, snapshots=snapshots(), decisions=DECISIONS, alarms=ALARMS, notes=()
    )
    text = drawn(SUBJECT, look, width, height)
    assert len(text.plain.splitlines()) <= max(height, 10)
    if width >= 80:
        assert max(len(each) for each in text.plain.splitlines()[:-6]) <= width
        marks = next(each for each in text.plain.splitlines() if "▲" in each)
        assert [sign for sign in marks if sign != " "] == ["▲", "▼", "✚", "➜"]
        assert "▲ 09:00:14 web: 1 to 3 instances done after 4.0 s" in text.plain
        assert "! minor threshold web-migration" in text.plain
    with open(os.devnull, "w") as nowhere:
        Console(file=nowhere, force_terminal=True, width=width).print(text)


def test_notes_are_taken_line_by_line_and_their_end_is_the_end() -> None:
    notes = Notes(["more load\n", "\n", "a fault\n"])
    assert notes.over.wait(60)
    assert [each.text for each in notes.so_far()] == ["more load", "a fault"]
    assert not Notes(None).over.is_set()


def test_a_watch_of_days_keeps_what_it_saw_ever_more_coarsely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interfaces.cli.loop_watching._MOST", 40)
    with policed(tmp_path) as store:
        recording = Recording(store, "shop", "a test", Notes(None))
        for number in range(200):
            looked = recording.look(Snapshot(at=moment(number), gaps=(f"gap {number}",)))
        story = recording.story()
    assert len(looked.snapshots) <= 41
    kept = [int(words.split()[1]) for words, _ in story.gaps]
    assert sorted(kept)[0] == 0 and sorted(kept)[-20:] == list(range(180, 200))


def test_what_was_over_before_is_not_told(tmp_path: Path) -> None:
    with policed(tmp_path) as store:
        decided(store, 5)
        decided(store, 9, outcome="under way")
        alarmed(store, "web-1")
        start = NOW - timedelta(minutes=1)
        assert [each.outcome for each in decisions_of(store, "shop", start)] == ["under way"]
        assert [each.subject for each in alarms_of(store, "shop", start)] == ["web-1"]
        assert alarms_of(store, "calm", datetime.now(UTC)) == ()


def test_a_site_is_asked_for_one_service_alone(tmp_path: Path) -> None:
    with policed(tmp_path), site(exporting) as there:
        interlace(tmp_path, "policies", "watch", "shop", "--source", there.url, "--for", "500 ms")
    asked: Site = there
    assert {form.get("service") for _, form in asked.asked} == {"shop"}
