"""``beet genreclf-eval``: a model against the genres of a real library."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from plugin.six_tracks import BLUES, HEADLINE, HIP_HOP, ROCK, add_six_tracks

from beetsplug.genreclf.ui.reporter import TerminalReporter
from genre_model import AudioDecodeError, SilentError

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

DISAGREEMENTS = [
    "Ann - Wrong blues: Delta Blues 0.05, heard rock 0.90",
    "Ann - Wrong rock: Rock 0.20, heard blues 0.70",
]


@pytest.fixture
def six(home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
    """Make a library of six tracks."""
    add_six_tracks(home)
    return classifier


def headline(home: BeetsHome, *args: str) -> str:
    """Return the one line, cut before the interval."""
    printed = home.beet("genreclf-eval", "-q", *args)
    assert (printed.err, printed.exit_code) == ("", 0)
    (line,) = printed.lines
    return line.removeprefix("scripted@00000000: ").split(" (")[0]


@pytest.mark.usefixtures("six")
class TestReport:
    def test_has_a_headline_scores_confusions_and_disagreements(
        self, home: BeetsHome
    ) -> None:
        printed = home.beet("genreclf-eval")
        assert (printed.err, printed.exit_code) == ("", 0)
        lines = printed.lines
        assert lines[0] == HEADLINE
        rows = [line.split() for line in lines]
        # Sure by 0.8 are the two that are predicted as rock, and hip hop: 3 of 4 right.
        assert ["0.8", "0.667", "0.750"] in rows
        assert ["rock", "0.500", "0.500", "0.500", "2", "blues", "(1)"] in rows
        assert ["hip", "hop", "1.000", "1.000", "1.000", "2"] in rows
        place = lines.index("  row: genre of the library, column: heard")
        assert lines[place + 1 : place + 5] == [
            "           blues hiphop   rock",
            "  blues        1      .      1",
            "  hip hop      .      2      .",
            "  rock         1      .      1",
        ]
        assert lines[-3:] == ["2 of 2 disagreements, worst first:", *DISAGREEMENTS]

    @pytest.mark.parametrize("flag", ["-n", "--number"])
    def test_lists_as_many_as_are_wanted(self, home: BeetsHome, flag: str) -> None:
        lines = home.beet("genreclf-eval", flag, "1").lines
        assert lines[-2:] == ["1 of 2 disagreements, worst first:", DISAGREEMENTS[0]]
        assert not set(home.beet("genreclf-eval", flag, "0").lines) & set(DISAGREEMENTS)

    def test_refuses_a_number_that_cannot_be(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-eval", "-n", "-1")
        said = "error: genreclf-eval: --number must be 0 or more, not -1\n"
        assert (printed.err, printed.out, printed.exit_code) == (said, "", 1)

    @pytest.mark.parametrize("by_flag", [True, False])
    def test_quiet_prints_the_headline_only(self, home: BeetsHome, by_flag: bool) -> None:
        home.configure(quiet=not by_flag)
        printed = home.beet("genreclf-eval", *(["-q"] if by_flag else []))
        assert printed.lines == [HEADLINE]

    def test_leaves_out_genres_that_no_track_has(self, home: BeetsHome) -> None:
        lines = home.beet("genreclf-eval", "genres:Hop").lines
        assert lines[0].startswith("scripted@00000000: 2 tracks, accuracy 1.000 ")
        assert lines[-1] == "  hip hop      2"
        assert not [line for line in lines if "rock" in line]


@pytest.mark.parametrize("flags", [(), ("--listen-again",), ("-a",), ("-q",)])
def test_changes_nothing(
    home: BeetsHome, six: ScriptedClassifier, flags: tuple[str, ...]
) -> None:
    home.configure(force=True, min_confidence=0, move=True)
    home.settings["paths"] = {"default": "$genres/$title", "singleton": "$genres/$title"}
    home.add_album("Record", ["Song"])
    for item in home.items("title:Song"):
        item.genres = ["Rock"]
        item.store()
    before = home.dump(), home.files(), sorted(home.folder.iterdir())
    home.beet("genreclf-eval", *flags)
    assert six.heard
    assert (home.dump(), home.files(), sorted(home.folder.iterdir())) == before


@pytest.mark.parametrize(("flags", "n_heard"), [([], 0), (["--listen-again"], 6)])
def test_what_is_remembered_is_not_predicted_again_unless_told(
    home: BeetsHome, six: ScriptedClassifier, flags: list[str], n_heard: int
) -> None:
    home.beet("genreclf", "-f", "-c", "1")
    six.heard.clear()
    assert home.beet("genreclf-eval", "-q", *flags).lines == [HEADLINE]
    assert len(six.heard) == n_heard


class TestSelection:
    @pytest.mark.usefixtures("six")
    def test_a_query_matches_tracks_or_albums(self, home: BeetsHome) -> None:
        assert headline(home, "title:rock") == "2 tracks, accuracy 0.500"
        home.add_album("Record", ["One", "Two"])
        for item in home.items("album:Record"):
            item.genres = ["Rock"]
            item.store()
        assert headline(home, "-a", "album:Record") == "2 tracks, accuracy 1.000"

    @pytest.mark.parametrize(
        ("args", "said"),
        [
            (["title:Nothing"], "no track matches title:Nothing"),
            (["-a", "title:Wrong"], "no album matches title:Wrong"),
        ],
    )
    def test_nothing_that_matches_is_a_warning(
        self, home: BeetsHome, six: ScriptedClassifier, args: list[str], said: str
    ) -> None:
        printed = home.beet("genreclf-eval", *args)
        assert (printed.err, printed.out) == (f"genreclf: {said}\n", "")
        assert printed.exit_code == 0
        assert not six.heard

    def test_what_genreclf_wrote_does_not_count(
        self, home: BeetsHome, six: ScriptedClassifier
    ) -> None:
        home.add_track("Tagged")
        home.beet("genreclf", "title:Tagged")
        assert home.item("Tagged").genres == ["Rock"]
        six.heard.clear()

        printed = home.beet("genreclf-eval")

        assert printed.lines[0] == HEADLINE
        assert "Tagged" not in [path.stem for path in six.heard]
        (note,) = [line for line in printed.lines if "left out" in line]
        assert "genreclf wrote" in note

    def test_nor_do_tracks_that_say_nothing(
        self, home: BeetsHome, six: ScriptedClassifier
    ) -> None:
        genres = ["Polka", "Fado", "Polka", "Tango", "Zydeco", "Raga", "Enka"]
        for number, genre in enumerate(genres):
            home.add_track(f"Foreign {number}", genres=[genre])
        home.add_track("Empty")
        home.add_track("Silence", genres=["Rock"])
        six.answers["Silence"] = SilentError("nothing but silence")

        printed = home.beet("genreclf-eval")

        assert printed.lines[0] == HEADLINE
        notes = [line for line in printed.lines if "left out" in line]
        assert "nothing in genres" in notes[0]
        named = "Polka 2, Fado 1, Tango 1, Zydeco 1, Raga 1, ..."
        assert notes[1:] == [
            f"  left out: 7 tracks have a genre that the model lacks ({named})",
            "  left out: 1 track has too little to hear",
        ]
        assert (printed.err, printed.exit_code) == ("", 0)
        assert len(six.heard) == 7

    @pytest.mark.usefixtures("classifier")
    def test_nothing_left_is_an_error(self, home: BeetsHome) -> None:
        home.add_track("Foreign", genres=["Polka"])
        printed = home.beet("genreclf-eval")
        assert (printed.out, printed.exit_code) == ("", 1)
        assert printed.err == (
            "error: genreclf-eval: nothing to evaluate: 1 track has a genre that the "
            "model lacks (Polka 1)\n"
        )


class TestLabels:
    def test_are_in_the_field_that_the_user_names(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        for title, style in {"One": "Rock ; Blues", "Two": "; Blues", "Three": ""}.items():
            home.add_track(title, genres=["Hip Hop"])
            item = home.item(title)
            item["style"] = style
            item.store()
        assert headline(home, "--label-field", "style") == "2 tracks, accuracy 0.500"
        classifier.answers["Two"] = BLUES
        home.configure(training={"label_field": "style"})
        assert headline(home) == "2 tracks, accuracy 1.000"
        printed = home.beet("genreclf-eval", "--label-field", "sytle")
        said = "error: genreclf-eval: nothing to evaluate: 3 tracks have nothing in sytle"
        assert (printed.err, printed.exit_code) == (f"{said}\n", 1)

    @pytest.mark.usefixtures("classifier")
    def test_of_another_field_count_though_the_genre_is_from_genreclf(
        self, home: BeetsHome
    ) -> None:
        home.add_track("Song")
        home.beet("genreclf")
        item = home.item("Song")
        item["style"] = "Blues"
        item.store()
        assert headline(home, "--label-field", "style") == "1 track, accuracy 0.000"

    def test_first_or_all(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        home.add_track("Both", genres=["Rock", "Blues"])
        home.add_track("Unknown first", genres=["Polka", "Blues"])
        classifier.answers |= {"Both": BLUES, "Unknown first": BLUES}
        first = home.beet("genreclf-eval")
        assert headline(home) == "1 track, accuracy 0.000"
        assert first.lines[-1] == "Ann - Both: Rock 0.20, heard blues 0.70"
        assert headline(home, "--labels", "all") == "2 tracks, accuracy 1.000"
        printed = home.beet("genreclf-eval", "--labels", "some")
        assert "training.labels: must be first or all, not 'some'" in printed.err
        assert printed.exit_code == 1

    @pytest.mark.parametrize(("scores", "accuracy"), [(ROCK, 1), (BLUES, 1), (HIP_HOP, 0)])
    def test_a_genre_that_means_two_labels_is_right_if_either_is(
        self,
        home: BeetsHome,
        classifier: ScriptedClassifier,
        scores: dict[str, float],
        accuracy: int,
    ) -> None:
        home.add_track("Song", genres=["Blues/Rock"])
        classifier.answers["Song"] = scores
        assert headline(home) == f"1 track, accuracy {accuracy}.000"

    @pytest.mark.usefixtures("classifier")
    def test_are_renamed_as_for_training_and_as_for_tagging(self, home: BeetsHome) -> None:
        home.add_track("Song", genres=["Polka"])
        home.add_track("Kept", genres=["Rock"])
        home.add_track("Dropped", genres=["Blues"])
        # "Guitar" means nothing to this model.
        label_map = {"polka": "Rock", "rock": "Guitar", "blues": []}
        home.configure(training={"label_map": label_map})
        assert headline(home) == "2 tracks, accuracy 1.000"
        home.configure(label_map={"rock": "Guitar"}, training={})
        home.add_track("Other", genres=["Guitar"])
        assert headline(home, "title:Other") == "1 track, accuracy 1.000"


class TestSeveralLabels:
    """A model of which several labels can be right at once."""

    @pytest.fixture
    def several(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> ScriptedClassifier:
        classifier.multi_label = True
        home.add_track("Both", genres=["Rock", "Blues"])
        home.add_track("One", genres=["Hip Hop"])
        classifier.answers |= {
            "Both": {"blues": 0.9, "hip hop": 0.1, "rock": 0.2},
            "One": {"blues": 0.1, "hip hop": 0.7, "rock": 0.6},
        }
        return classifier

    def test_are_measured_each(self, home: BeetsHome, several: ScriptedClassifier) -> None:
        printed = home.beet("genreclf-eval", "--labels", "all")
        # Rock is heard in the wrong one.
        assert "2 tracks, accuracy 1.000 " in printed.lines[0]
        assert "macro-F1 0.667" in printed.lines[0]
        rows = [line.split() for line in printed.lines]
        assert ["rock", "0.000", "0.000", "0.000", "1"] in rows
        assert ["blues", "1.000", "1.000", "1.000", "1"] in rows
        assert any("a track of several genres counts for each" in r for r in printed.lines)
        assert not [line for line in printed.lines if "--labels all" in line]
        assert several.heard

    @pytest.mark.usefixtures("several")
    def test_are_missed_where_the_first_genre_counts(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-eval")
        assert "2 tracks, accuracy 0.500 " in printed.lines[0]
        assert [line for line in printed.lines if "--labels all" in line]


class TestTrouble:
    def test_bad_files_are_named_and_the_rest_is_measured(
        self, home: BeetsHome, six: ScriptedClassifier
    ) -> None:
        bad = home.add_track("Bad", genres=["Rock"])
        gone = home.add_track("Gone", genres=["Rock"])
        gone.unlink()
        six.answers["Bad"] = AudioDecodeError(f"{bad}: not audio")

        printed = home.beet("genreclf-eval")

        assert printed.lines[0] == HEADLINE
        assert "  left out: 2 tracks have a file that cannot be read" in printed.lines
        assert printed.err.splitlines() == [
            f"genreclf: {bad}: not audio",
            f"genreclf: {gone}: no such file",
            "error: genreclf-eval: 2 tracks failed; the warnings say why",
        ]
        assert printed.exit_code == 1

    def test_all_files_may_be_bad(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        bad = home.add_track("Bad", genres=["Rock"])
        classifier.answers["Bad"] = AudioDecodeError(f"{bad}: not audio")
        printed = home.beet("genreclf-eval")
        assert printed.err.splitlines()[-1] == (
            "error: genreclf-eval: nothing to evaluate: 1 track has a file that cannot be "
            "read"
        )
        assert (printed.out, printed.exit_code) == ("", 1)

    def test_a_model_may_not_exist(self, home: BeetsHome) -> None:
        home.add_track("Song", genres=["Rock"])
        printed = home.beet("genreclf-eval", "--model", "none-such")
        assert printed.err.startswith("error: genreclf-eval: no model 'none-such'; there ")
        assert (printed.out, printed.exit_code) == ("", 1)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal would end pytest")
@pytest.mark.usefixtures("default_signals")
@pytest.mark.parametrize(
    ("told", "times", "expected"),
    [
        (
            "advance",
            1,
            [
                "interrupted: heard 1 of 3 tracks",
                HEADLINE.replace("6 tracks", "1 track")
                .replace("0.667", "1.000")
                .replace("0.300 to 0.903", "0.207 to 1.000"),
            ],
        ),
        ("expect", 1, ["interrupted: heard 0 of 3 tracks"]),
        # The second press ends it at once.
        ("advance", 2, []),
    ],
)
@pytest.mark.usefixtures("classifier")
def test_ctrl_c_scores_what_was_predicted_so_far(
    home: BeetsHome,
    monkeypatch: pytest.MonkeyPatch,
    told: str,
    times: int,
    expected: list[str],
) -> None:
    for title in ("One", "Two", "Three"):
        home.add_track(title, genres=["Rock"])
    home.configure(threads=1)

    def press(*_told: object) -> None:
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(TerminalReporter, told, press)
    printed = home.beet("genreclf-eval", "-q")
    assert (printed.lines, printed.err, printed.exit_code) == (expected, "", 130)
