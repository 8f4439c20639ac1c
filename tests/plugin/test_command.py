"""``beet genreclf`` on real files in a real library."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets.library import Item

from genre_model import AudioDecodeError, TooLongError

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome

pytestmark = pytest.mark.usefixtures("classifier")

MODEL_ID = "scripted@00000000"
ONE_FAILED = "error: genreclf: 1 track failed; the warnings say why"


def provenance(item: Item) -> list[object]:
    names = ("genres", "confidence", "model", "previous")
    return [item.get(f"genreclf_{name}", with_album=False) for name in names]


def test_fills_what_is_empty(home: BeetsHome) -> None:
    home.add_track("Hustle")
    home.classifier.answers["Hustle"] = ("hip hop", 0.83)

    printed = home.beet("genreclf")

    item = home.item("Hustle")
    assert printed.lines == [
        "Ann - Hustle: Hip Hop 0.83",
        "1 tagged, 0 abstained, 0 unreadable",
    ]
    assert (printed.err, printed.exit_code) == ("", 0)
    assert home.genres("Hustle") == (["Hip Hop"], ["Hip Hop"])
    assert provenance(item) == ["Hip Hop", pytest.approx(0.83), MODEL_ID, ""]
    assert item.mtime == item.current_mtime()


def test_only_tracks_without_a_genre_are_predicted(home: BeetsHome) -> None:
    home.add_track("Groomed", genres=["Acid Jazz", "Soul"])
    home.add_track("New")
    printed = home.beet("genreclf")
    assert home.item("Groomed").genres == ["Acid Jazz", "Soul"]
    assert provenance(home.item("Groomed")) == [None] * 4
    assert [path.stem for path in home.classifier.heard] == ["New"]
    assert printed.lines[-1] == "1 tagged, 0 abstained, 0 unreadable, 1 already had a genre"


def test_update_predicts_only_what_another_model_tagged(home: BeetsHome) -> None:
    home.add_track("Ours", genres=["Pop"])
    home.add_track("Changed Since")
    home.add_track("Murky")
    home.classifier.answers["Murky"] = ("rock", 0.4)
    home.beet("genreclf", "-f")
    home.beet("modify", "-yM", "title:Changed", "genres=Polka")
    home.add_track("Groomed", genres=["Acid Jazz"])
    before = {item.title: (item.genres, provenance(item)) for item in home.items()}
    home.classifier.heard.clear()
    home.classifier.model_id = "scripted@11111111"
    home.classifier.answers = dict.fromkeys(before, ("blues", 0.9))

    assert home.beet("genreclf", "--update", "title:Murky").exit_code == 0
    printed = home.beet("genreclf", "--update")

    assert printed.lines == [
        "Ann - Ours: Blues 0.90 (was: Rock)",
        "1 tagged, 0 abstained, 0 unreadable, 3 not written by genreclf",
    ]
    assert [path.stem for path in home.classifier.heard] == ["Ours"]
    assert home.genres("Ours") == (["Blues"], ["Blues"])
    before.pop("Ours")
    assert before == {
        item.title: (item.genres, provenance(item))
        for item in home.items()
        if item.title != "Ours"
    }


@pytest.mark.parametrize("flags", [["-p"], ["-p", "-f"], ["-p", "-f", "-w"]])
def test_pretending_changes_nothing(home: BeetsHome, flags: list[str]) -> None:
    home.configure(source="track")
    home.add_album("Record", ["One", "Two"])
    home.add_track("Murky")
    home.add_track("Groomed", genres=["Pop"])
    home.classifier.answers["Murky"] = ("rock", 0.4)
    home.beet("ls")
    before = home.dump(), home.files()

    printed = home.beet("genreclf", *flags)

    assert (home.dump(), home.files()) == before
    assert "Ann - One: Rock 0.83" in printed.lines
    assert "Ann - Murky: abstained: rock 0.40 < 0.6" in printed.lines
    assert printed.lines[-1].startswith("pretending: ")


@pytest.mark.parametrize("by_flag", [True, False])
def test_quiet(home: BeetsHome, by_flag: bool) -> None:
    home.add_track("Song")
    bad = home.add_track("Bad")
    home.classifier.answers["Bad"] = AudioDecodeError(f"{bad}: not audio")
    home.configure(quiet=not by_flag)

    printed = home.beet("genreclf", *(["-q"] if by_flag else []))

    assert printed.out == ""
    assert printed.err.splitlines() == [f"genreclf: {bad}: not audio", ONE_FAILED]
    assert printed.exit_code == 1
    assert home.item("Song").genres == ["Rock"]


@pytest.mark.parametrize(
    ("configured", "flags", "written"),
    [
        (True, [], True),
        (False, [], False),
        (True, ["-W"], False),
        (True, ["--nowrite"], False),
        (False, ["-w"], True),
        (False, ["--write"], True),
    ],
)
def test_write_flag_wins_over_import_write(
    home: BeetsHome, configured: bool, flags: list[str], written: bool
) -> None:
    home.add_track("Song")
    home.settings["import"]["write"] = configured
    before = home.files()

    home.beet("genreclf", *flags)

    assert home.classifier.heard
    assert home.item("Song").genres == ["Rock"]
    assert (home.files() != before) is written


def test_write_a_file_that_cannot_be_tagged_keeps_library_and_file_equal(
    home: BeetsHome,
) -> None:
    # Raw AAC: decodable, but mediafile knows no tags for it.
    path = write_audio(home.music / "Raw.aac", music(1))
    home.library().add(Item(path=os.fsencode(path), title="Raw", artist="Ann"))
    home.add_track("Song")

    printed = home.beet("genreclf")

    line, *rest = printed.err.splitlines()
    assert rest == [ONE_FAILED]
    assert line.startswith(f"genreclf: {path}: genre neither written nor stored: ")
    assert printed.lines == [
        "Ann - Song: Rock 0.83",
        "1 tagged, 0 abstained, 0 unreadable, 1 not written",
    ]
    assert home.item("Raw").genres == []
    assert "genreclf_genres" not in home.item("Raw")
    assert len(home.classifier.heard) == 2
    again = home.beet("genreclf")
    assert again.err == printed.err, "the next run tries again"
    assert home.beet("genreclf", "-W").err == ""
    assert home.item("Raw").genres == ["Rock"]
    assert len(home.classifier.heard) == 2


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="root writes anything"
)
def test_write_read_only_file(home: BeetsHome) -> None:
    path = home.add_track("Song")
    path.chmod(stat.S_IRUSR)
    printed = home.beet("genreclf")
    assert home.classifier.heard
    assert str(path) in printed.err
    assert home.item("Song").genres == []


def test_query(home: BeetsHome) -> None:
    home.add_track("One")
    home.add_track("Two")
    home.beet("genreclf", "title:Two")
    assert [path.stem for path in home.classifier.heard] == ["Two"]
    assert home.item("One").genres == []


def test_bad_files_are_named_and_the_rest_goes_on(home: BeetsHome) -> None:
    braces = home.add_track("Braces", "{title} {0} {.mp3")
    gone = home.add_track("Gone")
    gone.unlink()
    home.add_track("Song")
    home.classifier.answers[braces.stem] = AudioDecodeError(f"{braces}: not audio")

    printed = home.beet("genreclf")

    assert sorted(printed.err.splitlines()) == sorted(
        [
            f"genreclf: {braces}: not audio",
            f"genreclf: {gone}: no such file",
            "error: genreclf: 2 tracks failed; the warnings say why",
        ]
    )
    assert printed.lines == [
        "Ann - Song: Rock 0.83",
        "1 tagged, 0 abstained, 2 unreadable",
    ]
    assert printed.exit_code == 1
    assert provenance(home.item("Braces")) == [None] * 4
    assert provenance(home.item("Gone")) == [None] * 4


def test_a_bug_in_the_classifier_costs_one_track(home: BeetsHome) -> None:
    home.add_track("Bad")
    home.add_track("Song")
    home.classifier.answers["Bad"] = ZeroDivisionError("{oops}")
    printed = home.beet("genreclf")
    line, *rest = printed.err.splitlines()
    assert rest == [ONE_FAILED]
    assert "Bad.mp3" in line
    assert "{oops}" in line
    assert home.item("Song").genres == ["Rock"]


def test_threads_predict_absolute_paths_in_the_order_of_the_library(
    home: BeetsHome,
) -> None:
    titles = [f"Song {number}" for number in range(10)]
    for title in reversed(titles):
        home.add_track(title)
    home.configure(threads=4)
    printed = home.beet("genreclf", "title+")
    assert sorted(home.classifier.heard) == sorted(home.music.glob("*.mp3"))
    assert printed.lines[:-1] == [f"Ann - {title}: Rock 0.83" for title in titles]


def test_fields_are_queryable(home: BeetsHome) -> None:
    for title, confidence in (("A", 0.95), ("B", 0.7), ("C", 0.4)):
        home.add_track(title)
        home.classifier.answers[title] = ("blues", confidence)
    home.add_track("Z", genres=["Pop"])
    home.beet("genreclf")

    assert home.titles("genreclf_confidence:0.5..") == ["A", "B"]
    assert home.titles("genreclf_confidence:..0.45") == ["C"]
    assert home.titles("genreclf_genres:Blues") == ["A", "B"]
    assert home.titles(f"genreclf_model:{MODEL_ID}") == ["A", "B", "C"]
    assert home.titles("genreclf_model::^$") == ["Z"]
    assert home.item("C")["genreclf_scores"] == "blues 0.4000; hip hop 0.3000; rock 0.3000"
    listed = home.beet("ls", "-f", "$title $genreclf_confidence", "title:A")
    assert listed.lines == ["A 0.950"]


def test_an_audiobook_of_half_a_day_is_no_failure(home: BeetsHome) -> None:
    path = home.add_track("Book")
    error = TooLongError(f"{path}: claims 13.5 hours, more than any track")
    home.classifier.answers["Book"] = error
    printed = home.beet("genreclf")
    assert printed.lines == [
        "Ann - Book: abstained: claims 13.5 hours, more than any track",
        "0 tagged, 1 abstained, 0 unreadable",
    ]
    assert (printed.err, printed.exit_code) == ("", 0)
    home.classifier.heard.clear()
    assert home.beet("genreclf").exit_code == 0
    assert not home.classifier.heard


def test_beet_update_does_not_spread_the_genre_of_a_touched_file(home: BeetsHome) -> None:
    """It copies the first track's genre to the album, and to all tracks, at a change."""
    home.add_album("Record", ["One", "Two"])
    home.beet("modify", "-y", "-M", "title:Two", "genres=Polka")
    path = home.item("One").filepath
    os.utime(path, (path.stat().st_mtime + 100,) * 2)
    home.beet("genreclf", "-W")
    assert home.classifier.heard
    home.beet("update")
    assert [item.genres for item in home.items()] == [["Rock"], ["Polka"]]
