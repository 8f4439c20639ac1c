"""``beet genreclf --check``: label issues in a real library."""

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

#: The output for the library of ``wrong``.
LINES = [
    "Ann - Farther: Blues 0.03, heard hip hop 0.95, would write Hip Hop",
    "Ann - Far: Rock 0.02, heard blues 0.90, would write Blues",
    "Ann - Close: Rock 0.35, heard blues 0.62, would write Blues",
    "3 doubted, 1 not, 1 without a genre, 1 of genres that the model lacks (Polka 1)",
]


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


def remember_all(home: BeetsHome, classifier: ScriptedClassifier) -> None:
    """Let every track be predicted, and none be tagged."""
    home.beet("genreclf", "-f", "-c", "1")
    classifier.heard.clear()


def check_one(home: BeetsHome, *genres: str) -> Printed:
    """Check a library of one track, called Song."""
    home.add_track("Song", genres=list(genres))
    return home.beet("genreclf", "--check")


@pytest.mark.parametrize(
    ("args", "expected", "heard"),
    [
        ([], LINES, ["Close", "Far", "Farther", "Right"]),
        (["-q"], LINES[:3], ["Close", "Far", "Farther", "Right"]),
        (["title::^Far"], [*LINES[:2], "2 doubted, 0 not"], ["Far", "Farther"]),
        (["-a", "album:Record"], [LINES[2], "1 doubted, 1 not"], ["Close", "Right"]),
    ],
)
def test_lists_issues_worst_first(
    home: BeetsHome,
    wrong: ScriptedClassifier,
    args: list[str],
    expected: list[str],
    heard: list[str],
) -> None:
    printed = home.beet("genreclf", "--check", *args)
    assert printed.lines == expected
    assert (printed.err, printed.exit_code) == ("", 0)
    # Nothing else: of other tracks nothing can be said.
    assert sorted(path.stem for path in wrong.heard) == heard


@pytest.mark.parametrize(
    ("options", "flags", "expected"),
    [
        ({}, [], ["0 doubted, 0 not, 1 where the model would abstain; --all lists them"]),
        (
            {},
            ["--all"],
            [
                "Ann - Song: Rock 0.32, heard blues 0.40, would abstain",
                "0 doubted, 0 not, 1 where the model would abstain",
            ],
        ),
        (
            {},
            ["-c", "0.4"],
            [
                "Ann - Song: Rock 0.32, heard blues 0.40, would write Blues",
                "1 doubted, 0 not",
            ],
        ),
        (
            {"ignore": {"Ann": ["blues"]}, "min_confidence": 0.3},
            [],
            ["0 doubted, 0 not, 1 where the model would abstain; --all lists them"],
        ),
    ],
)
def test_where_the_model_would_abstain_there_is_no_issue(
    home: BeetsHome,
    classifier: ScriptedClassifier,
    options: dict[str, Any],
    flags: list[str],
    expected: list[str],
) -> None:
    home.configure(**options)
    home.add_track("Song", genres=["Rock"])
    classifier.answers["Song"] = NOT_SURE
    assert home.beet("genreclf", "--check", *flags).lines == expected


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--all"], "genreclf: --all needs --check"),
        (
            ["--check", "--force", "--write"],
            "genreclf: --check does not go with --force, --write",
        ),
    ],
)
def test_flags_that_do_not_fit_are_refused(
    home: BeetsHome, wrong: ScriptedClassifier, flags: list[str], expected: str
) -> None:
    printed = home.beet("genreclf", *flags)
    assert printed.err == f"error: {expected}\n"
    assert (printed.out, printed.exit_code) == ("", 1)
    assert not wrong.heard


def test_nothing_that_matches_is_a_warning(
    home: BeetsHome, wrong: ScriptedClassifier
) -> None:
    printed = home.beet("genreclf", "--check", "-a", "title:Far")
    assert printed.err == "genreclf: no album matches title:Far\n"
    assert (printed.out, printed.exit_code) == ("", 0)
    assert not wrong.heard


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

    assert LINES[2] in printed.lines
    assert (home.dump(), home.files()) == before


class TestRemembered:
    @pytest.mark.parametrize("is_terminal", [False, True])
    def test_is_not_predicted_again(
        self,
        home: BeetsHome,
        wrong: ScriptedClassifier,
        monkeypatch: pytest.MonkeyPatch,
        is_terminal: bool,
    ) -> None:
        remember_all(home, wrong)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
        printed = home.beet("genreclf", "--check")
        assert printed.lines == LINES
        assert printed.err == "", "no progress bar"
        assert not wrong.heard

    @pytest.mark.parametrize(
        ("flags", "model_id"),
        [(["--listen-again"], "scripted@00000000"), ([], "scripted@11111111")],
    )
    def test_is_ignored_on_demand_or_by_another_model(
        self,
        home: BeetsHome,
        wrong: ScriptedClassifier,
        flags: list[str],
        model_id: str,
    ) -> None:
        remember_all(home, wrong)
        known, wrong.model_id = wrong.model_id, model_id
        wrong.answers["Far"] = ("rock", 0.9)

        printed = home.beet("genreclf", "--check", *flags)

        assert len(wrong.heard) == 4
        assert printed.lines[-1].startswith("2 doubted, 2 not, ")
        # It did not store the prediction.
        wrong.model_id = known
        assert home.beet("genreclf", "--check").lines == LINES

    def test_of_some_tracks_the_others_are_predicted(
        self, home: BeetsHome, wrong: ScriptedClassifier
    ) -> None:
        query = ("title:Close", ",", "title::Far")
        home.beet("genreclf", "-f", "-c", "1", "-s", "track", *query)
        wrong.heard.clear()
        assert home.beet("genreclf", "--check").lines == LINES
        assert [path.stem for path in wrong.heard] == ["Right"]


#: options, genres; the first line, where blues is predicted
GENRES = [
    ({}, ["hip hop"], "hip hop 0.08"),
    ({}, ["Hip-Hop/Rap"], "Hip-Hop/Rap 0.08"),
    ({}, ["Gangsta Rap"], "Gangsta Rap 0.08"),
    ({}, ["Rock & Roll"], "Rock & Roll 0.02"),
    ({}, ["BLUES"], None),
    ({}, ["Delta Blues"], None),
    ({}, ["Rock", "Hip Hop"], "Rock; Hip Hop 0.10"),
    ({}, ["Polka", "Rock"], "Polka; Rock 0.02"),
    # The label map is read backwards.
    ({"label_map": {"hip hop": "Urban"}}, ["Urban"], "Urban 0.08"),
    ({"aliases": {"rock": ["guitar .*"]}}, ["Guitar Noise"], "Guitar Noise 0.02"),
]


@pytest.mark.parametrize(("options", "genres", "current"), GENRES)
def test_genres_are_understood_and_shown_as_they_are(
    home: BeetsHome,
    classifier: ScriptedClassifier,
    options: dict[str, Any],
    genres: list[str],
    current: str | None,
) -> None:
    home.configure(**options)
    classifier.answers["Song"] = SURE_OF_BLUES
    printed = check_one(home, *genres)
    if current is None:
        assert printed.lines == ["0 doubted, 1 not"]
    else:
        line = f"Ann - Song: {current}, heard blues 0.90, would write Blues"
        assert printed.lines == [line, "1 doubted, 0 not"]


def test_what_the_plugin_wrote_is_never_lacking(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.configure(label_map={"hip hop": "Urban", "rock": ["Loud", "Hard"]}, count=2)
    home.add_track("Song")
    home.add_track("Other")
    classifier.answers["Other"] = ("hip hop", 0.9)
    home.beet("genreclf")
    assert home.item("Other").genres == ["Urban"]
    assert home.beet("genreclf", "--check").lines == ["0 doubted, 2 not"]


def test_aliases_can_be_switched_off(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    home.configure(aliases=False)
    assert check_one(home, "Gangsta").lines == [
        "0 doubted, 0 not, 1 of genres that the model lacks (Gangsta 1)"
    ]
    assert not classifier.heard


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


def test_bad_files_are_named_and_silence_is_counted(
    home: BeetsHome, wrong: ScriptedClassifier
) -> None:
    bad = home.add_track("Bad", genres=["Rock"])
    gone = home.add_track("Gone", genres=["Rock"])
    home.add_track("Silence", genres=["Rock"])
    gone.unlink()
    wrong.answers["Bad"] = AudioDecodeError(f"{bad}: not audio")
    wrong.answers["Silence"] = SilentError("nothing but silence")

    printed = home.beet("genreclf", "--check")

    counted = "1 not, 2 unreadable, 1 with too little to hear,"
    assert printed.lines == [*LINES[:3], LINES[3].replace("1 not,", counted)]
    assert printed.err.splitlines() == [
        f"genreclf: {bad}: not audio",
        f"genreclf: {gone}: no such file",
        "error: genreclf: 2 tracks failed; the warnings say why",
    ]
    assert printed.exit_code == 1


def test_silence_alone_is_no_failure(
    home: BeetsHome, classifier: ScriptedClassifier
) -> None:
    classifier.answers["Song"] = SilentError("nothing but silence")
    printed = check_one(home, "Rock")
    assert printed.lines == ["0 doubted, 0 not, 1 with too little to hear"]
    assert (printed.err, printed.exit_code) == ("", 0)


def test_a_bar_is_for_terminals_only(
    home: BeetsHome, wrong: ScriptedClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    printed = home.beet("genreclf", "--check")
    assert "0/4 [" in printed.err
    assert printed.lines == LINES
    assert wrong.heard


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

    *issues, summary = printed.lines
    assert 0 < len(issues) < 20
    assert summary == f"interrupted: {len(issues)} doubted, 0 not"
    assert printed.exit_code == 130
