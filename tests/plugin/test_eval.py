"""``beet genreclf-eval``: a model against the genres of a real library."""

from __future__ import annotations

import os
import re
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from audio_files import music, write_audio
from beets.library import Item

from beetsplug.genreclf.evaluation.report import abbreviations, confusion_lines
from beetsplug.genreclf.models.out_of_fold import write_out_of_fold
from beetsplug.genreclf.ui.reporter import TerminalReporter
from genre_model import AudioDecodeError, Evaluation, SilentError
from genre_model.features.audio_fingerprint import fingerprint_file
from genre_model.model.model_file import read_model, with_card

if TYPE_CHECKING:
    from collections.abc import Callable

    from plugin.conftest import BeetsHome, ScriptedClassifier

    #: When to press Ctrl-C, and how often.
    Press = Callable[[str, int], None]

ROCK = {"blues": 0.05, "hip hop": 0.05, "rock": 0.9}
BLUES = {"blues": 0.7, "hip hop": 0.1, "rock": 0.2}
HIP_HOP = {"blues": 0.03, "hip hop": 0.95, "rock": 0.02}
#: title -> the genre that stands there, and what is heard
LIBRARY = {
    "Wrong rock": ("Rock", BLUES),
    "Right rock": ("Rock", ROCK),
    "Wrong blues": ("Delta Blues", ROCK),
    "Right blues": ("Blues", BLUES),
    "Rapped": ("Hip-Hop/Rap", HIP_HOP),
    "Hopped": ("hip hop", HIP_HOP),
}
#: 4 of 6 are right. F1 of rock and of blues: each has 2 tracks and is heard twice, once
#: rightly, so 1/2; that of hip hop: 1.
HEADLINE = (
    "scripted@00000000: 6 tracks, accuracy 0.667 (95 % interval 0.300 to 0.903), "
    "macro-F1 0.667, 1.000 in the top 3"
)
DISAGREEMENTS = [
    "Ann - Wrong blues: Delta Blues 0.05, heard rock 0.90",
    "Ann - Wrong rock: Rock 0.20, heard blues 0.70",
]
BEFORE = (
    " of these tracks trained the model; they are judged by what was said of them before"
)


@pytest.fixture
def six(home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
    """Make a library of six tracks."""
    for title, (genre, scores) in LIBRARY.items():
        home.add_track(title, genres=[genre])
        classifier.answers[title] = scores
    home.beet("ls")
    return classifier


def headline(home: BeetsHome, *args: str) -> str:
    """Return the one line, cut before the interval."""
    printed = home.beet("genreclf-eval", "-q", *args)
    assert (printed.err, printed.exit_code) == ("", 0)
    (line,) = printed.lines
    return line.removeprefix("scripted@00000000: ").split(" (")[0]


@pytest.mark.usefixtures("six")
class TestReport:
    def test_begins_with_the_headline(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-eval")
        assert printed.lines[0] == HEADLINE
        assert (printed.err, printed.exit_code) == ("", 0)

    def test_lays_out_the_judgement(self, home: BeetsHome) -> None:
        lines = [line.split() for line in home.beet("genreclf-eval").lines]
        # Sure by 0.8 are the two that are heard as rock, and hip hop: 3 of these 4 right.
        assert ["0.8", "0.667", "0.750"] in lines
        assert ["rock", "0.500", "0.500", "0.500", "2", "blues", "(1)"] in lines
        assert ["hip", "hop", "1.000", "1.000", "1.000", "2"] in lines

    def test_shows_the_confusions(self, home: BeetsHome) -> None:
        lines = home.beet("genreclf-eval").lines
        place = lines.index("  row: genre of the library, column: heard")
        assert lines[place + 1 : place + 5] == [
            "           blues hiphop   rock",
            "  blues        1      .      1",
            "  hip hop      .      2      .",
            "  rock         1      .      1",
        ]

    def test_ends_with_the_disagreements_worst_first(self, home: BeetsHome) -> None:
        lines = home.beet("genreclf-eval").lines
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


def test_a_model_knows_its_tracks_by_their_audio(home: BeetsHome) -> None:
    path = write_audio(home.music / "any name.flac", music(8))
    seconds, fingerprint = fingerprint_file(path)
    card = read_model().card
    heard = card.training | {"recordings_heard": [[seconds, fingerprint]]}
    content = with_card(read_model().content, replace(card, training=heard))
    (home.folder / "mine.onnx").write_bytes(content)
    home.configure(model=str(home.folder / "mine.onnx"))
    other = Item.from_path(write_audio(home.music / "blues.00000.flac", music(8, seed=1)))
    other.update({"title": "Other", "genres": ["Blues"]})
    home.library().add(other)
    item = Item.from_path(path)
    item.update({"title": "Song", "genres": ["Blues"]})
    home.library().add(item)
    line, leak = home.beet("genreclf-eval", "-q").lines
    assert re.match(r"genre_crnn_v1@\w{8}: 2 tracks, accuracy ", line)
    assert leak.endswith(" was trained on 1 of these tracks; expect less on other tracks")


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


class TestRemembered:
    def test_is_not_listened_to_again(
        self, home: BeetsHome, six: ScriptedClassifier
    ) -> None:
        home.beet("genreclf", "-f", "-c", "1")
        six.heard.clear()
        assert home.beet("genreclf-eval", "-q").lines == [HEADLINE]
        assert not six.heard

    def test_is_told_to_listen_again(
        self, home: BeetsHome, six: ScriptedClassifier
    ) -> None:
        home.beet("genreclf", "-f", "-c", "1")
        six.heard.clear()
        assert home.beet("genreclf-eval", "-q", "--listen-again").lines == [HEADLINE]
        assert len(six.heard) == 6


class TestSelection:
    @pytest.mark.usefixtures("six")
    def test_a_query_restricts(self, home: BeetsHome) -> None:
        assert headline(home, "title:rock") == "2 tracks, accuracy 0.500"

    @pytest.mark.usefixtures("six")
    def test_an_album_query_takes_the_tracks_of_albums(self, home: BeetsHome) -> None:
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
    def test_stand_where_the_person_says(
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

    @pytest.mark.usefixtures("classifier")
    def test_may_be_in_no_field_at_all(self, home: BeetsHome) -> None:
        home.add_track("Song", genres=["Rock"])
        printed = home.beet("genreclf-eval", "--label-field", "sytle")
        assert printed.err.startswith("error: genreclf-eval: nothing to evaluate: 1 track")
        assert "sytle" in printed.err
        assert printed.exit_code == 1

    def test_first_or_all(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        home.add_track("Both", genres=["Rock", "Blues"])
        home.add_track("Unknown first", genres=["Polka", "Blues"])
        classifier.answers |= {"Both": BLUES, "Unknown first": BLUES}
        first = home.beet("genreclf-eval")
        assert headline(home) == "1 track, accuracy 0.000"
        assert first.lines[-1] == "Ann - Both: Rock 0.20, heard blues 0.70"
        assert headline(home, "--labels", "all") == "2 tracks, accuracy 1.000"

    @pytest.mark.usefixtures("six")
    def test_are_first_or_all_and_nothing_else(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-eval", "--labels", "some")
        assert "training.labels: must be first or all, not 'some'" in printed.err
        assert printed.exit_code == 1

    def test_a_genre_that_means_two_labels_is_right_if_either_is(
        self, home: BeetsHome, classifier: ScriptedClassifier
    ) -> None:
        home.add_track("Song", genres=["Blues/Rock"])
        assert headline(home) == "1 track, accuracy 1.000"
        classifier.answers["Song"] = BLUES
        assert headline(home) == "1 track, accuracy 1.000"
        classifier.answers["Song"] = HIP_HOP
        assert headline(home) == "1 track, accuracy 0.000"

    @pytest.mark.usefixtures("classifier")
    def test_are_renamed_as_for_training(self, home: BeetsHome) -> None:
        home.add_track("Song", genres=["Polka"])
        home.add_track("Kept", genres=["Rock"])
        home.add_track("Dropped", genres=["Blues"])
        # "Guitar" means nothing to this model.
        label_map = {"polka": "Rock", "rock": "Guitar", "blues": []}
        home.configure(training={"label_map": label_map})
        assert headline(home) == "2 tracks, accuracy 1.000"

    @pytest.mark.usefixtures("classifier")
    def test_the_label_map_of_tagging_is_read_backwards(self, home: BeetsHome) -> None:
        home.configure(label_map={"rock": "Guitar"})
        home.add_track("Song", genres=["Guitar"])
        assert headline(home) == "1 track, accuracy 1.000"


class TestTrainedTracks:
    """Tracks that the model knows by heart."""

    @pytest.fixture
    def trained(self, home: BeetsHome, six: ScriptedClassifier) -> ScriptedClassifier:
        """Let the model be trained on the tracks that are blues."""
        items = home.items("genres:Blues")
        said_before = {"rock": 0.6, "blues": 0.3, "hip hop": 0.1}
        scores = {str(item.id): said_before for item in items}
        write_out_of_fold(six.model_id, items, scores, multi_label=False)
        six.card.training = {"method": "head", "n_tracks": 2}
        return six

    @pytest.mark.parametrize("flags", [(), ("--listen-again",)])
    def test_are_judged_by_what_was_said_before(
        self, home: BeetsHome, trained: ScriptedClassifier, flags: tuple[str, ...]
    ) -> None:
        printed = home.beet("genreclf-eval", *flags)
        assert "6 tracks, accuracy 0.500 " in printed.lines[0]
        assert printed.lines[1] == f"  2{BEFORE}"
        assert "Ann - Right blues: Blues 0.30, heard rock 0.60" in printed.lines
        assert not [path for path in trained.heard if "blues" in path.stem]

    @pytest.mark.usefixtures("trained")
    def test_are_not_mentioned_where_none_is(self, home: BeetsHome) -> None:
        printed = home.beet("genreclf-eval", "title:rock")
        assert not [line for line in printed.lines if BEFORE in line or "LEAKY" in line]

    def test_of_another_model_say_nothing(
        self, home: BeetsHome, trained: ScriptedClassifier
    ) -> None:
        trained.model_id = "other@11111111"
        printed = home.beet("genreclf-eval", "-q")
        leak = "other@11111111 may have been trained on some of these tracks (0 are known)"
        assert printed.lines == [
            HEADLINE.replace("scripted@00000000", "other@11111111"),
            f"  LEAKY: {leak}; expect less on other tracks",
        ]

    def test_of_another_library_are_met_by_chance(
        self, home: BeetsHome, trained: ScriptedClassifier
    ) -> None:
        trained.card.training["n_tracks"] = 5
        assert "LEAKY" in home.beet("genreclf-eval", "-q").lines[1]

    @pytest.mark.parametrize("n_tracks", [None, "many", [2]])
    def test_of_a_stranger_are_unknown(
        self, home: BeetsHome, six: ScriptedClassifier, n_tracks: object
    ) -> None:
        six.card.training = {"method": "head", "n_tracks": n_tracks}
        assert "LEAKY" in home.beet("genreclf-eval", "-q").lines[1]

    def test_of_gtzan_are_known_by_their_names(
        self, home: BeetsHome, six: ScriptedClassifier
    ) -> None:
        six.card.training = {"track_ids": ["Wrong rock", "Rapped", "blues.00000"]}
        printed = home.beet("genreclf-eval", "-q")
        leak = "scripted@00000000 was trained on 2 of these tracks"
        assert printed.lines == [
            HEADLINE,
            f"  LEAKY: {leak}; expect less on other tracks",
        ]

    @pytest.mark.parametrize("ids", [None, 7, "Rapped", {"Rapped": 1}, [["Rapped"], 1]])
    def test_are_not_believed_to_be_named_by_anything(
        self, home: BeetsHome, six: ScriptedClassifier, ids: object
    ) -> None:
        six.card.training = {"track_ids": ids}
        assert home.beet("genreclf-eval", "-q").lines == [HEADLINE]

    def test_are_checked_by_what_was_said_before(
        self, home: BeetsHome, trained: ScriptedClassifier
    ) -> None:
        # By heart it would doubt none.
        trained.answers = {
            title: {"Rock": ROCK, "Hip-Hop/Rap": HIP_HOP, "hip hop": HIP_HOP}.get(
                genre, BLUES
            )
            for title, (genre, _) in LIBRARY.items()
        }
        printed = home.beet("genreclf", "--check")
        assert printed.lines == [
            "Ann - Right blues: Blues 0.30, heard rock 0.60, would write rock",
            "Ann - Wrong blues: Delta Blues 0.30, heard rock 0.60, would write rock",
            "2 doubted, 4 not, 2 judged by what was said before training",
        ]

    def test_are_tagged_by_what_is_heard(
        self, home: BeetsHome, trained: ScriptedClassifier
    ) -> None:
        home.beet("genreclf", "-f", "-p")
        assert len(trained.heard) == 6


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
class TestCtrlC:
    @pytest.fixture(autouse=True)
    def _three_tracks(self, home: BeetsHome, classifier: ScriptedClassifier) -> None:
        for title in ("One", "Two", "Three"):
            home.add_track(title, genres=["Rock"])
        home.configure(threads=1)
        classifier.answers["One"] = ROCK

    @pytest.fixture
    def press(self, monkeypatch: pytest.MonkeyPatch) -> Press:
        """Return what has Ctrl-C pressed when the reporter is told something."""

        def press_when(told: str, times: int) -> None:
            def pressing(*_told: object) -> None:
                for _ in range(times):
                    os.kill(os.getpid(), signal.SIGINT)

            monkeypatch.setattr(TerminalReporter, told, pressing)

        return press_when

    def test_measures_what_was_heard_so_far(self, home: BeetsHome, press: Press) -> None:
        press("advance", 1)
        printed = home.beet("genreclf-eval")
        said, line, *_ = printed.lines
        assert said == "interrupted: heard 1 of 3 tracks"
        assert line.startswith("scripted@00000000: 1 track, accuracy 1.000 ")
        assert (printed.err, printed.exit_code) == ("", 130)

    def test_may_leave_nothing_to_measure(self, home: BeetsHome, press: Press) -> None:
        press("expect", 1)
        printed = home.beet("genreclf-eval", "-q")
        assert printed.lines == ["interrupted: heard 0 of 3 tracks"]
        assert (printed.err, printed.exit_code) == ("", 130)

    def test_twice_ends_at_once(self, home: BeetsHome, press: Press) -> None:
        press("advance", 2)
        printed = home.beet("genreclf-eval")
        assert (printed.out, printed.err, printed.exit_code) == ("", "", 130)


class TestConfusions:
    def test_of_many_genres_are_listed(self) -> None:
        labels = tuple(f"genre {number}" for number in range(26))
        # The first is taken for the second twice, each other one for the next.
        truth = np.array([0, 0, 0, *range(1, 25), 25])
        heard = np.array([1, 1, 0, *range(2, 26), 25])
        lines = list(confusion_lines(judgement_of(labels, truth, heard)))
        assert lines[:3] == [
            "  most often taken for another",
            "  genre 0 heard as genre 1: 2 of 3",
            "  genre 1 heard as genre 2: 1 of 1",
        ]
        assert len(lines) == 21

    def test_of_many_genres_may_be_few(self) -> None:
        labels = tuple(f"genre {number}" for number in range(26))
        lines = list(confusion_lines(judgement_of(labels, np.arange(26), np.arange(26))))
        assert lines == ["  most often taken for another"]

    def test_of_25_genres_are_a_table(self) -> None:
        labels = tuple(f"a long genre, number {number}" for number in range(25))
        truth = np.arange(25)
        lines = list(confusion_lines(judgement_of(labels, truth, (truth + 1) % 25)))
        assert len(lines) == 27
        assert len({len(line) for line in lines[1:]}) == 1
        assert len(lines[1]) <= 2 + 16 + 25 * 4
        assert lines[1].split()[:4] == ["alo", "aln", "alg", "ale"]

    def test_wide_counts_find_room(self) -> None:
        truth = np.zeros(1234, np.int64)
        lines = list(confusion_lines(judgement_of(("a", "b"), truth, truth)))
        assert lines[1:] == ["       a", "  a 1234"]

    def test_names_are_shortened_to_different_ones(self) -> None:
        names = ["house", "house music", "hard house", "hard", "hip hop", "b"]
        assert abbreviations(names, 3) == ["hou", "hos", "har", "had", "hip", "b"]
        assert abbreviations(["ab", "ab"], 2) == ["ab", "ab"]


def judgement_of(labels: tuple[str, ...], truth: Any, heard: Any) -> Evaluation:
    eye = np.eye(len(labels), dtype=np.float32)
    return Evaluation(labels, eye[truth] > 0, eye[heard])
