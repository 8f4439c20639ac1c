"""``beet genreclf`` on real files in a real library."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets.library import Item
from mediafile import MediaFile

from genre_model import AudioDecodeError, SilentError, TooLongError

if TYPE_CHECKING:
    from pathlib import Path

    from beets.library import Library
    from plugin.conftest import BeetsHome, ScriptedClassifier

PROVENANCE = [
    "genreclf_genres",
    "genreclf_confidence",
    "genreclf_model",
    "genreclf_previous",
]
MODEL_ID = "scripted@00000000"
ONE_FAILED = "error: genreclf: 1 track failed; the warnings say why"


def genres_in(path: Path) -> list[str] | None:
    genres: list[str] | None = MediaFile(path).genres
    return genres


def provenance(item: Item) -> list[object]:
    return [item.get(name, with_album=False) for name in PROVENANCE]


def test_fills_what_is_empty(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    path = home.add_track("Hustle")
    classifier.answers["Hustle"] = ("hip hop", 0.83)

    printed = home.beet("genreclf")

    item = home.item("Hustle")
    assert printed.lines == [
        "Ann - Hustle: Hip Hop 0.83",
        "1 tagged, 0 abstained, 0 unreadable",
    ]
    assert (printed.err, printed.exit_code) == ("", 0)
    assert item.genres == ["Hip Hop"]
    assert genres_in(path) == ["Hip Hop"]
    assert provenance(item) == ["Hip Hop", pytest.approx(0.83), MODEL_ID, ""]
    assert item.mtime == item.current_mtime()


def test_alias(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    home.add_track("Song")
    home.beet("gclf")
    assert home.item("Song").genres == ["Rock"]
    assert len(classifier.heard) == 1


def test_title_case_off(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    home.add_track("Song")
    home.configure(title_case=False)
    classifier.answers["Song"] = ("hip hop", 0.83)
    home.beet("genreclf")
    assert home.item("Song").genres == ["hip hop"]


def test_a_persons_genre_stays(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    home.add_track("Groomed", genres=["Acid Jazz", "Soul"])
    home.add_track("New")
    before = provenance(home.item("Groomed"))

    printed = home.beet("genreclf")

    assert home.item("Groomed").genres == ["Acid Jazz", "Soul"]
    assert provenance(home.item("Groomed")) == before
    assert [path.stem for path in classifier.heard] == ["New"]
    assert printed.lines[-1] == (
        "1 tagged, 0 abstained, 0 unreadable, 1 already had a genre"
    )


def test_nothing_is_loaded_where_every_track_has_a_genre(
    home: BeetsHome, classifier: ScriptedClassifier, tmp_path: Path
) -> None:
    home.add_track("Groomed", genres=["Soul"])
    home.configure(model=str(tmp_path / "missing.onnx"))
    assert home.beet("genreclf").exit_code == 0
    assert not classifier.heard


class TestForce:
    def test_replaces_and_remembers(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Pop", "Soul"])

        printed = home.beet("genreclf", "--force")

        assert classifier.heard
        assert printed.lines[0] == "Ann - Song: Rock 0.83 (was: Pop, Soul)"
        assert home.item("Song").genres == genres_in(path) == ["Rock"]
        assert home.item("Song")["genreclf_previous"] == "Pop; Soul"

    def test_by_configuration(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Pop"])
        home.configure(force=True)
        home.beet("genreclf")
        assert classifier.heard
        assert home.item("Song").genres == ["Rock"]

    def test_replacing_our_own_genre_keeps_the_memory(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Pop"])
        home.beet("genreclf", "-f")
        classifier.answers["Song"] = ("blues", 0.9)
        home.beet("genreclf", "-f", "--listen-again")
        assert provenance(home.item("Song")) == [
            "Blues",
            pytest.approx(0.9),
            MODEL_ID,
            "Pop",
        ]

    def test_replacing_a_later_genre_of_the_person_remembers_that_one(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Pop"])
        home.beet("genreclf", "-f")
        home.beet("modify", "-y", "title:Song", "genres=Polka")
        classifier.answers["Song"] = ("blues", 0.9)
        home.beet("genreclf", "-f", "--listen-again")
        assert home.item("Song")["genreclf_previous"] == "Polka"

    def test_an_unsure_model_erases_nothing(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = home.add_track("Song", genres=["Pop"])
        before = home.files()
        classifier.answers["Song"] = ("rock", 0.31 + 0.05)

        printed = home.beet("genreclf", "-f")

        assert printed.lines[0] == "Ann - Song: abstained: rock 0.36 < 0.6"
        assert home.item("Song").genres == genres_in(path) == ["Pop"]
        assert home.files() == before

    def test_agreeing_does_not_make_the_persons_genre_ours(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Rock"])
        before = home.files()

        printed = home.beet("genreclf", "-f")

        assert classifier.heard
        assert printed.lines == [
            "Ann - Song: Rock 0.83 (unchanged)",
            "0 tagged, 0 abstained, 0 unreadable, 1 unchanged",
        ]
        assert provenance(home.item("Song")) == [
            None,
            pytest.approx(0.83),
            MODEL_ID,
            None,
        ]
        assert home.files() == before


class TestUnsure:
    def test_leaves_genre_and_file_alone_and_says_how_sure(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Murky")
        home.add_track("Clear")
        home.add_track("Groomed", genres=["Pop"])
        before = home.files()[home.music / "Murky.mp3"]
        classifier.answers["Murky"] = ("rock", 0.4)

        printed = home.beet("genreclf")

        assert "Ann - Murky: abstained: rock 0.40 < 0.6" in printed.lines
        assert printed.lines[-1].startswith("1 tagged, 1 abstained, 0 unreadable")
        assert home.item("Murky").genres == []
        assert provenance(home.item("Murky")) == [
            None,
            pytest.approx(0.4),
            MODEL_ID,
            None,
        ]
        assert home.files()[home.music / "Murky.mp3"] == before
        assert home.titles("genreclf_confidence:..0.45") == ["Murky"]

    def test_is_not_asked_again(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Murky")
        classifier.answers["Murky"] = ("rock", 0.4)
        home.beet("genreclf")
        classifier.heard.clear()

        printed = home.beet("genreclf")

        assert printed.lines == [
            "0 tagged, 0 abstained, 0 unreadable, 1 abstained as before"
        ]
        assert not classifier.heard

    def test_is_new_where_a_genre_of_ours_stands(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        """What was heard is remembered, but nobody abstained before."""
        home.add_track("Clear")
        home.beet("genreclf")
        classifier.heard.clear()
        printed = home.beet("genreclf", "-p", "-f", "-c", "0.95")
        assert "Ann - Clear: abstained: rock 0.83 < 0.95" in printed.out
        assert "1 abstained, 0 unreadable" in printed.lines[-1]
        assert not classifier.heard

    def test_is_none_where_the_fallback_stands(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Murky")
        classifier.answers["Murky"] = ("rock", 0.4)
        home.configure(fallback="Unknown")
        home.beet("genreclf")
        printed = home.beet("genreclf", "-f")
        assert home.item("Murky").genres == ["Unknown"]
        assert printed.lines == [
            "0 tagged, 0 abstained, 0 unreadable, 1 abstained as before"
        ]

    def test_is_asked_again_by_another_model_or_when_told_to(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Murky")
        classifier.answers["Murky"] = ("rock", 0.4)
        home.beet("genreclf")

        home.beet("genreclf", "--listen-again")
        assert len(classifier.heard) == 2
        classifier.model_id = "scripted@11111111"
        home.beet("genreclf")
        assert len(classifier.heard) == 3

    def test_is_tagged_by_a_lower_threshold_without_listening_again(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Murky")
        classifier.answers["Murky"] = ("rock", 0.4)
        home.beet("genreclf")

        printed = home.beet("genreclf", "-c", "0.35")

        assert len(classifier.heard) == 1
        assert printed.lines[0] == "Ann - Murky: Rock 0.40"
        assert home.item("Murky").genres == ["Rock"]


class TestPretend:
    @pytest.mark.parametrize("flags", [["-p"], ["-p", "-f"], ["-p", "-f", "-w"]])
    def test_changes_nothing(
        self, home: BeetsHome, classifier: ScriptedClassifier, flags: list[str]
    ) -> None:
        home.configure(source="track")
        home.add_album("Record", ["One", "Two"])
        home.add_track("Murky")
        home.add_track("Groomed", genres=["Pop"])
        classifier.answers["Murky"] = ("rock", 0.4)
        home.beet("ls")
        before = home.dump(), home.files()

        printed = home.beet("genreclf", *flags)

        assert (home.dump(), home.files()) == before
        assert "Ann - One: Rock 0.83" in printed.lines
        assert "Ann - Murky: abstained: rock 0.40 < 0.6" in printed.lines
        assert printed.lines[-1].startswith("pretending: ")

    @pytest.mark.usefixtures("classifier")
    def test_says_that_the_genre_of_a_file_will_be_replaced(self, home: BeetsHome) -> None:
        song = home.add_track("Song")
        home.beet("genreclf", "-W")
        media_file = MediaFile(song)
        media_file.update({"genres": ["Polka"]})
        media_file.save()
        line = "Ann - Song: Rock 0.83 (written into the file) (was in the file: Polka)"
        assert home.beet("genreclf", "-p", "-f").lines[0] == line
        assert MediaFile(song).genres == ["Polka"]
        assert home.beet("genreclf", "-f").lines[0] == line
        assert MediaFile(song).genres == ["Rock"]

    @pytest.mark.usefixtures("classifier")
    def test_nothing_is_said_to_be_written_that_is_kept_out(self, home: BeetsHome) -> None:
        song = home.add_track("Song")
        home.settings["plugins"] = ["genreclf", "zero"]
        home.settings["zero"] = {"fields": "genres"}
        home.beet("genreclf")
        for flag in ("-f", "-w"):
            printed = home.beet("genreclf", flag)
            assert "written into the file" not in printed.out
        assert not MediaFile(song).genres

    @pytest.mark.usefixtures("classifier")
    def test_says_which_files_will_be_written(self, home: BeetsHome) -> None:
        home.add_track("Song")
        home.beet("genreclf", "-W")
        printed = home.beet("genreclf", "-p", "-f")
        summary = "0 tagged, 0 abstained, 0 unreadable, 1 written into the file"
        lines = ["Ann - Song: Rock 0.83 (written into the file)", summary]
        assert printed.lines == [lines[0], f"pretending: {summary}"]
        assert home.beet("genreclf", "-f").lines == lines

    def test_by_configuration(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song")
        home.configure(pretend=True)
        before = home.dump(), home.files()
        home.beet("genreclf")
        assert classifier.heard
        assert (home.dump(), home.files()) == before


@pytest.mark.parametrize("by_flag", [True, False])
def test_quiet(home: BeetsHome, classifier: ScriptedClassifier, by_flag: bool) -> None:
    home.add_track("Song")
    bad = home.add_track("Bad")
    classifier.answers["Bad"] = AudioDecodeError(f"{bad}: not audio")
    home.configure(quiet=not by_flag)

    printed = home.beet("genreclf", *(["-q"] if by_flag else []))

    assert printed.out == ""
    assert printed.err.splitlines() == [f"genreclf: {bad}: not audio", ONE_FAILED]
    assert printed.exit_code == 1
    assert home.item("Song").genres == ["Rock"]


class TestWrite:
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
    def test_flag_wins_over_import_write(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        configured: bool,
        flags: list[str],
        written: bool,
    ) -> None:
        home.add_track("Song")
        home.settings["import"]["write"] = configured
        before = home.files()

        home.beet("genreclf", *flags)

        assert classifier.heard
        assert home.item("Song").genres == ["Rock"]
        assert (home.files() != before) is written

    def test_a_file_that_cannot_be_tagged_keeps_library_and_file_equal(
        self, home: BeetsHome, classifier: ScriptedClassifier
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
        assert len(classifier.heard) == 2
        again = home.beet("genreclf")
        assert len(classifier.heard) == 2, "what was heard is known"
        assert again.err == printed.err, "but the next run tries to write it"

    @pytest.mark.skipif(
        sys.platform == "win32" or os.geteuid() == 0, reason="root writes anything"
    )
    def test_read_only_file(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        path = home.add_track("Song")
        path.chmod(stat.S_IRUSR)
        printed = home.beet("genreclf")
        assert classifier.heard
        assert str(path) in printed.err
        assert home.item("Song").genres == []

    def test_nothing_is_written_for_an_unwritable_file_without_write(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        path = write_audio(home.music / "Raw.aac", music(1))
        home.library().add(Item(path=os.fsencode(path), title="Raw", artist="Ann"))
        printed = home.beet("genreclf", "-W")
        assert classifier.heard
        assert printed.err == ""
        assert home.item("Raw").genres == ["Rock"]


def test_query(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    home.add_track("One")
    home.add_track("Two")
    home.beet("genreclf", "title:Two")
    assert [path.stem for path in classifier.heard] == ["Two"]
    assert home.item("One").genres == []


def test_bad_files_are_named_and_the_rest_goes_on(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    braces = home.add_track("Braces", "{title} {0} {.mp3")
    gone = home.add_track("Gone")
    gone.unlink()
    home.add_track("Song")
    classifier.answers[braces.stem] = AudioDecodeError(f"{braces}: not audio")

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


def test_a_bug_in_the_classifier_costs_one_track(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("Bad")
    home.add_track("Song")
    classifier.answers["Bad"] = ZeroDivisionError("{oops}")
    printed = home.beet("genreclf")
    line, *rest = printed.err.splitlines()
    assert rest == [ONE_FAILED]
    assert "Bad.mp3" in line
    assert "{oops}" in line
    assert home.item("Song").genres == ["Rock"]


def test_threads_see_absolute_paths_and_nothing_else(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    for number in range(10):
        home.add_track(f"Song {number}")
    home.configure(threads=4)
    home.beet("genreclf")
    assert sorted(classifier.heard) == sorted(home.music.glob("*.mp3"))
    assert {item.path for item in home.items()} == {
        os.fsencode(path) for path in home.music.glob("*.mp3")
    }


def test_order_of_lines_is_that_of_the_library(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    titles = [f"Song {number}" for number in range(8)]
    for title in reversed(titles):
        home.add_track(title)
    printed = home.beet("genreclf", "title+")
    assert classifier.heard
    assert printed.lines[:-1] == [f"Ann - {title}: Rock 0.83" for title in titles]


def test_rerunning_a_finished_job_hears_nothing(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_album("Record", ["One", "Two"])
    home.add_track("Murky")
    classifier.answers["Murky"] = ("rock", 0.4)
    home.beet("genreclf")
    before = home.dump(), home.files()
    classifier.heard.clear()

    printed = home.beet("genreclf")

    assert not classifier.heard
    assert (home.dump(), home.files()) == before
    assert printed.lines == [
        "0 tagged, 0 abstained, 0 unreadable, 1 abstained as before, 2 already had a genre"
    ]


def test_a_genre_that_a_person_cleared_is_filled_again(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("Song", genres=["Pop"])
    home.beet("genreclf", "-f")
    home.beet("modify", "-y", "title:Song", "genres=")
    home.beet("genreclf")
    assert len(classifier.heard) == 1
    assert home.item("Song").genres == ["Rock"]
    assert home.item("Song")["genreclf_previous"] == ""


def test_a_genre_of_ours_that_only_the_library_has_is_written_by_force(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.add_track("Song")
    home.beet("genreclf", "-W")
    assert not genres_in(home.item("Song").filepath)

    home.beet("genreclf", "-w", "-f")

    assert genres_in(home.item("Song").filepath) == ["Rock"]
    assert classifier.heard


def test_fields_are_queryable(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    for title, confidence in (("A", 0.95), ("B", 0.7), ("C", 0.4)):
        home.add_track(title)
        classifier.answers[title] = ("blues", confidence)
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


def test_an_audiobook_of_half_a_day_is_no_failure(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    path = home.add_track("Book")
    error = TooLongError(f"{path}: claims 13.5 hours, more than any track")
    classifier.answers["Book"] = error
    printed = home.beet("genreclf")
    assert printed.lines == [
        "Ann - Book: abstained: claims 13.5 hours, more than any track",
        "0 tagged, 1 abstained, 0 unreadable",
    ]
    assert (printed.err, printed.exit_code) == ("", 0)
    classifier.heard.clear()
    assert home.beet("genreclf").exit_code == 0
    assert not classifier.heard


class TestAlbumWhoseTracksDecide:
    @pytest.fixture(autouse=True)
    def _source(self, home: BeetsHome) -> None:
        home.configure(source="track")

    def test_takes_the_genre_of_most_tracks_and_gives_none_to_tracks(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two", "Three"])
        classifier.answers["Two"] = ("blues", 0.99)

        home.beet("genreclf")

        album = home.album("Record")
        assert album.genres == ["Rock"]
        assert album["genreclf_album_genres"] == "Rock"
        assert album["genreclf_album_previous"] == ""
        assert home.item("Two").genres == ["Blues"]
        assert home.item("Two")["genreclf_genres"] == "Blues"
        assert home.item("Two")["genreclf_confidence"] == pytest.approx(0.99)

    def test_one_track_names_no_album(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        titles = ["One", "Two", "Three", "Four", "Five", "Six"]
        home.add_album("Record", titles)
        home.settings["paths"] = {"default": "$genres/$title"}
        classifier.answers |= dict.fromkeys(titles, ("rock", 0.4))
        classifier.answers["Two"] = ("blues", 0.62)
        home.beet("genreclf", "--move")
        assert home.titles("genres:Blues") == ["Two"]
        assert home.album("Record").genres == []
        assert "Blues" not in {path.parent.name for path in home.files()}

    def test_a_track_that_nobody_has_heard_counts(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two", "Three"])
        home.beet("genreclf", "title:One")
        assert classifier.heard
        assert home.album("Record").genres == []

    def test_a_track_with_nothing_to_hear_does_not_count(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Pause", "Silence"])
        for title in ("Pause", "Silence"):
            classifier.answers[title] = SilentError(title)
        home.beet("genreclf")
        assert home.album("Record").genres == ["Rock"]

    def test_decides_the_folder_of_every_track(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two", "Three"])
        home.settings["paths"] = {"default": "$genres/$title"}
        classifier.answers["Two"] = ("blues", 0.99)
        home.beet("genreclf")
        home.beet("move")
        assert {path.parent.name for path in home.files()} == {"Rock"}

    def test_keeps_the_genre_that_a_person_gave_it(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two"], genres=["Acid Jazz"])
        home.beet("genreclf")
        assert classifier.heard
        assert home.album("Record").genres == ["Acid Jazz"]
        assert "genreclf_album_genres" not in home.album("Record")

    def test_force(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        home.add_album("Record", ["One", "Two"], genres=["Acid Jazz"])
        home.beet("genreclf", "-f")
        assert classifier.heard
        assert home.album("Record").genres == ["Rock"]
        assert home.album("Record")["genreclf_album_previous"] == "Acid Jazz"

    def test_counts_the_genres_that_a_person_gave_its_tracks(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two"])
        home.beet("modify", "-y", "title:One", "genres=Jazz")
        classifier.answers["Two"] = ("rock", 0.9)
        home.beet("genreclf")
        # A person is sure.
        assert home.album("Record").genres == ["Jazz"]

    def test_genre_of_ours_follows_its_tracks(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two", "Three"])
        classifier.answers |= dict.fromkeys(["One", "Two"], ("blues", 0.9))
        home.beet("genreclf")
        assert home.album("Record").genres == ["Blues"]

        del classifier.answers["Two"]
        home.beet("genreclf", "-f", "--listen-again")

        assert home.album("Record").genres == ["Rock"]
        assert home.album("Record")["genreclf_album_previous"] == ""

    def test_left_empty_by_an_interrupted_run_is_filled_by_the_next(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One", "Two"])
        home.beet("genreclf")
        album = home.album("Record")
        album.genres = []
        album.store(inherit=False)
        classifier.heard.clear()

        home.beet("genreclf")

        assert not classifier.heard
        assert home.album("Record").genres == ["Rock"]

    def test_of_which_no_track_is_ours_is_left_alone(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_album("Record", ["One"], genres=[])
        home.beet("modify", "-y", "title:One", "genres=Jazz")
        home.beet("genreclf")
        assert not classifier.heard
        assert home.album("Record").genres == []


def test_genre_added_while_listening_stays(
    home: BeetsHome,
    classifier: ScriptedClassifier,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home.add_track("Song")
    hear = classifier.predict_file

    def hear_slowly(path: Path) -> object:
        library: Library = home.library()
        item = library.items("title:Song")[0]
        item.genres = ["Polka"]
        item.store()
        return hear(path)

    monkeypatch.setattr(classifier, "predict_file", hear_slowly)
    printed = home.beet("genreclf")
    assert home.item("Song").genres == ["Polka"]
    assert printed.lines[-1].endswith("1 already had a genre")
