"""``beet genreclf --check``: which genres the model doubts, in a real library."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from plugin.conftest import press_ctrl_c

from genre_model import AudioDecodeError, SilentError

if TYPE_CHECKING:
    from pathlib import Path

    from plugin.conftest import BeetsHome, Printed, ScriptedClassifier

SURE_OF_BLUES = {"blues": 0.9, "hip hop": 0.08, "rock": 0.02}
SURE_OF_HIP_HOP = {"blues": 0.03, "hip hop": 0.95, "rock": 0.02}
QUITE_SURE = {"blues": 0.62, "hip hop": 0.03, "rock": 0.35}
NOT_SURE = {"blues": 0.4, "hip hop": 0.28, "rock": 0.32}


@pytest.fixture
def wrong(home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
    """Make a library of three wrong genres, a right one and two that say nothing."""
    add_rock_album(home, ["Close", "Right"])
    home.add_track("Far", genres=["Rock"])
    home.add_track("Farther", genres=["Blues"])
    home.add_track("Empty")
    home.add_track("Foreign", genres=["Polka"])
    classifier.answers |= {
        "Close": QUITE_SURE,
        "Far": SURE_OF_BLUES,
        "Farther": SURE_OF_HIP_HOP,
    }
    home.beet("ls")
    return classifier


def add_rock_album(home: BeetsHome, titles: list[str]) -> None:
    """Add an album of which the tracks, not the album itself, have a genre."""
    home.add_album("Record", titles)
    for item in home.items("album:Record"):
        item.genres = ["Rock"]
        item.store()


#: What is said of the library of ``wrong``.
LINES = [
    "Ann - Farther: Blues 0.03, heard hip hop 0.95, would write Hip Hop",
    "Ann - Far: Rock 0.02, heard blues 0.90, would write Blues",
    "Ann - Close: Rock 0.35, heard blues 0.62, would write Blues",
    "3 doubted, 1 not, 1 without a genre, 1 of genres that the model lacks (Polka 1)",
]


def remember_all(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    """Let every track be heard, and none be tagged."""
    home.beet("genreclf", "-f", "-c", "1")
    classifier.heard.clear()


def check_one(home: BeetsHome, *genres: str) -> Printed:
    """Check a library of one track, called Song."""
    home.add_track("Song", genres=list(genres))
    return home.beet("genreclf", "--check")


def test_lists_doubts_worst_first(home: BeetsHome, wrong: ScriptedClassifier) -> None:
    printed = home.beet("genreclf", "--check")

    assert printed.lines == LINES
    assert (printed.err, printed.exit_code) == ("", 0)
    assert wrong.heard


class TestWhereTheModelWouldAbstain:
    @pytest.fixture(autouse=True)
    def _song(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        home.add_track("Song", genres=["Rock"])
        classifier.answers["Song"] = NOT_SURE

    def test_it_doubts_nothing(self, home: BeetsHome) -> None:
        assert home.beet("genreclf", "--check").lines == [
            "0 doubted, 0 not, 1 where the model would abstain; --all lists them"
        ]

    def test_all_doubts_can_be_listed(self, home: BeetsHome) -> None:
        assert home.beet("genreclf", "--check", "--all").lines == [
            "Ann - Song: Rock 0.32, heard blues 0.40, would abstain",
            "0 doubted, 0 not, 1 where the model would abstain",
        ]

    def test_it_depends_on_the_threshold(self, home: BeetsHome) -> None:
        assert home.beet("genreclf", "--check", "-c", "0.4").lines == [
            "Ann - Song: Rock 0.32, heard blues 0.40, would write Blues",
            "1 doubted, 0 not",
        ]

    def test_ignored_labels_are_not_stood_by(self, home: BeetsHome) -> None:
        home.configure(ignore={"Ann": ["blues"]}, min_confidence=0.3)
        assert home.beet("genreclf", "--check").lines[0].startswith("0 doubted")

    def test_the_flag_belongs_to_the_check(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf", "--all")
        assert "genreclf: --all needs --check" in printed.err
        assert printed.exit_code == 1


def test_does_not_listen_where_nothing_can_be_said(
    home: BeetsHome, wrong: ScriptedClassifier
) -> None:
    home.beet("genreclf", "--check")
    assert sorted(path.stem for path in wrong.heard) == ["Close", "Far", "Farther", "Right"]


@pytest.mark.parametrize("is_remembered", [False, True])
@pytest.mark.parametrize("flags", [(), ("--listen-again",), ("-p",), ("-a",)])
def test_changes_nothing(
    home: BeetsHome, wrong: ScriptedClassifier, is_remembered: bool, flags: tuple[str, ...]
) -> None:
    # What would store, write and move if this were the mode that tags.
    home.configure(force=True, min_confidence=0.5, move=True)
    home.settings["paths"] = {"default": "$genres/$title", "singleton": "$genres/$title"}
    if is_remembered:
        remember_all(home, wrong)
    before = home.dump(), home.files()

    printed = home.beet("genreclf", "--check", *flags)

    assert "Ann - Close: Rock 0.35, heard blues 0.62, would write Blues" in printed.lines
    assert (home.dump(), home.files()) == before


class TestRemembered:
    def test_is_not_listened_to_again(
        self, home: BeetsHome, wrong: ScriptedClassifier
    ) -> None:
        remember_all(home, wrong)
        for name in ("Close", "Far", "Farther"):
            wrong.answers[name] = ZeroDivisionError("not to be asked")

        printed = home.beet("genreclf", "--check")

        assert printed.lines == LINES
        assert not wrong.heard

    def test_is_told_to_listen_again(
        self, home: BeetsHome, wrong: ScriptedClassifier
    ) -> None:
        remember_all(home, wrong)
        wrong.answers["Far"] = ("rock", 0.9)

        printed = home.beet("genreclf", "--check", "--listen-again")

        assert len(wrong.heard) == 4
        assert printed.lines[-1].startswith("2 doubted, 2 not, ")
        # It did not store what it heard.
        assert home.beet("genreclf", "--check").lines == LINES

    def test_by_another_model_says_nothing(
        self, home: BeetsHome, wrong: ScriptedClassifier
    ) -> None:
        remember_all(home, wrong)
        wrong.model_id = "scripted@11111111"
        wrong.answers["Far"] = ("rock", 0.9)

        printed = home.beet("genreclf", "--check")

        assert len(wrong.heard) == 4
        assert printed.lines[-1].startswith("2 doubted, 2 not, ")

    def test_of_some_tracks_the_others_are_listened_to(
        self, home: BeetsHome, wrong: ScriptedClassifier
    ) -> None:
        query = ("title:Close", ",", "title::Far")
        home.beet("genreclf", "-f", "-c", "1", "-s", "track", *query)
        wrong.heard.clear()
        assert home.beet("genreclf", "--check").lines == LINES
        assert [path.stem for path in wrong.heard] == ["Right"]


class TestSelection:
    def test_a_query_restricts(self, home: BeetsHome, wrong: ScriptedClassifier) -> None:
        printed = home.beet("genreclf", "--check", "title::^Far")
        assert printed.lines == [*LINES[:2], "2 doubted, 0 not"]
        assert len(wrong.heard) == 2

    def test_an_album_query_takes_the_tracks_of_albums(
        self, home: BeetsHome, wrong: ScriptedClassifier
    ) -> None:
        printed = home.beet("genreclf", "--check", "-a", "album:Record")
        assert printed.lines == [LINES[2], "1 doubted, 1 not"]
        assert len(wrong.heard) == 2

    def test_nothing_that_matches_is_a_warning(
        self, home: BeetsHome, wrong: ScriptedClassifier
    ) -> None:
        printed = home.beet("genreclf", "--check", "-a", "title:Far")
        assert printed.err == "genreclf: no album matches title:Far\n"
        assert (printed.out, printed.exit_code) == ("", 0)
        assert not wrong.heard


class TestSpellings:
    @pytest.mark.parametrize(
        ("genre", "present"),
        [
            ("hip hop", 0.08),
            ("Hip-Hop/Rap", 0.08),
            ("HipHop", 0.08),
            ("Gangsta Rap", 0.08),
            ("Punk Rock", 0.02),
            ("Rock & Roll", 0.02),
        ],
    )
    def test_are_understood_and_shown_as_they_are(
        self, home: BeetsHome, classifier: ScriptedClassifier, genre: str, present: float
    ) -> None:
        classifier.answers["Song"] = SURE_OF_BLUES
        printed = check_one(home, genre)
        assert (
            printed.lines[0]
            == f"Ann - Song: {genre} {present:.2f}, heard blues 0.90, would write Blues"
        )

    @pytest.mark.parametrize("genre", ["BLUES", "Delta Blues", "blues music"])
    def test_of_what_is_heard_are_not_doubted(
        self, home: BeetsHome, classifier: ScriptedClassifier, genre: str
    ) -> None:
        classifier.answers["Song"] = SURE_OF_BLUES
        assert check_one(home, genre).lines == ["0 doubted, 1 not"]

    def test_the_label_map_is_read_backwards(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.configure(label_map={"hip hop": "Urban"})
        classifier.answers["Song"] = SURE_OF_BLUES
        assert check_one(home, "Urban").lines == [
            "Ann - Song: Urban 0.08, heard blues 0.90, would write Blues",
            "1 doubted, 0 not",
        ]

    def test_what_the_plugin_wrote_is_never_foreign_to_it(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.configure(label_map={"hip hop": "Urban", "rock": ["Loud", "Hard"]}, count=2)
        home.add_track("Song")
        home.add_track("Other")
        classifier.answers["Other"] = ("hip hop", 0.9)
        home.beet("genreclf")
        assert home.item("Other").genres == ["Urban"]
        assert home.beet("genreclf", "--check").lines == ["0 doubted, 2 not"]

    def test_aliases_can_be_given(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.configure(aliases={"rock": ["guitar .*"]})
        classifier.answers["Song"] = SURE_OF_BLUES
        assert check_one(home, "Guitar Noise").lines == [
            "Ann - Song: Guitar Noise 0.02, heard blues 0.90, would write Blues",
            "1 doubted, 0 not",
        ]

    def test_aliases_can_be_switched_off(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.configure(aliases=False)
        assert check_one(home, "Gangsta").lines == [
            "0 doubted, 0 not, 1 of genres that the model lacks (Gangsta 1)"
        ]
        assert not classifier.heard


class TestSeveralGenres:
    def test_count_together(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        classifier.answers["Song"] = NOT_SURE
        assert check_one(home, "Hip Hop", "Rock").lines == ["0 doubted, 1 not"]

    def test_are_all_shown(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        classifier.answers["Song"] = SURE_OF_BLUES
        assert check_one(home, "Rock", "Hip Hop").lines[0] == (
            "Ann - Song: Rock; Hip Hop 0.10, heard blues 0.90, would write Blues"
        )

    def test_one_that_the_model_knows_is_enough(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        classifier.answers["Song"] = SURE_OF_BLUES
        assert check_one(home, "Polka", "Rock").lines == [
            "Ann - Song: Polka; Rock 0.02, heard blues 0.90, would write Blues",
            "1 doubted, 0 not",
        ]


def test_the_summary_names_the_commonest_genres_that_the_model_lacks(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    genres = ["Polka", "Fado", "Polka", "Tango", "Zydeco", "Fado", "Polka", "Raga", "Enka"]
    for number, genre in enumerate(genres):
        home.add_track(f"Song {number}", genres=[genre])
    home.add_track("Two", genres=["Fado", "Morna"])

    printed = home.beet("genreclf", "--check")

    summary = "0 doubted, 0 not, 10 of genres that the model lacks "
    named = "(Polka 3, Fado 3, Tango 1, Zydeco 1, Raga 1, ...)"
    assert (printed.out, printed.exit_code) == (f"{summary}{named}\n", 0)
    assert not classifier.heard


def test_bad_files_are_named_and_the_rest_is_listed(
    home: BeetsHome, wrong: ScriptedClassifier
) -> None:
    bad = home.add_track("Bad", genres=["Rock"])
    gone = home.add_track("Gone", genres=["Rock"])
    gone.unlink()
    wrong.answers["Bad"] = AudioDecodeError(f"{bad}: not audio")

    printed = home.beet("genreclf", "--check")

    assert printed.lines == [
        *LINES[:3],
        LINES[3].replace("1 not,", "1 not, 2 unreadable,"),
    ]
    assert printed.err.splitlines() == [
        f"genreclf: {bad}: not audio",
        f"genreclf: {gone}: no such file",
        "error: genreclf: 2 tracks failed; the warnings say why",
    ]
    assert printed.exit_code == 1


def test_too_little_to_hear_is_no_failure(
    home: BeetsHome, wrong: ScriptedClassifier
) -> None:
    home.add_track("Silence", genres=["Rock"])
    wrong.answers["Silence"] = SilentError("nothing but silence")

    printed = home.beet("genreclf", "--check")

    assert printed.lines == [
        *LINES[:3],
        LINES[3].replace("1 not,", "1 not, 1 with too little to hear,"),
    ]
    assert (printed.err, printed.exit_code) == ("", 0)


@pytest.mark.parametrize("by_flag", [True, False])
def test_quiet_leaves_out_the_summary_only(
    home: BeetsHome, wrong: ScriptedClassifier, by_flag: bool
) -> None:
    home.configure(quiet=not by_flag)
    printed = home.beet("genreclf", "--check", *(["-q"] if by_flag else []))
    assert printed.lines == LINES[:3]
    assert (printed.err, printed.exit_code) == ("", 0)
    assert wrong.heard


def test_a_bar_is_for_terminals_only(
    home: BeetsHome, wrong: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    watched = home.beet("genreclf", "--check")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    piped = home.beet("genreclf", "--check")

    assert "0/4 [" in watched.err
    assert piped.err == ""
    assert watched.out == piped.out
    assert wrong.heard


def test_no_bar_where_all_is_remembered(
    home: BeetsHome, wrong: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember_all(home, wrong)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert home.beet("genreclf", "--check").err == ""


def test_flags_that_would_tag_are_refused(
    home: BeetsHome, wrong: ScriptedClassifier
) -> None:
    printed = home.beet("genreclf", "--check", "--force", "--write")
    assert printed.err == "error: genreclf: --check does not go with --force, --write\n"
    assert (printed.out, printed.exit_code) == ("", 1)
    assert not wrong.heard


@pytest.mark.skipif(sys.platform == "win32", reason="a signal would end pytest")
@pytest.mark.usefixtures("default_signals")
def test_ctrl_c_lists_what_was_found_so_far(
    home: BeetsHome, classifier: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_rock_album(home, [f"Song {number:02}" for number in range(20)])
    home.configure(threads=1)
    classifier.answers = {f"Song {number:02}": SURE_OF_BLUES for number in range(20)}
    hear = classifier.predict_file

    def press(path: Path) -> Any:
        if len(classifier.heard) == 5:
            press_ctrl_c()
        return hear(path)

    monkeypatch.setattr(classifier, "predict_file", press)
    printed = home.beet("genreclf", "--check")

    *doubts, summary = printed.lines
    assert 0 < len(doubts) < 20
    assert summary == f"interrupted: {len(doubts)} doubted, 0 not"
    assert printed.exit_code == 130
