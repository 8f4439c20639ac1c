"""Tracks that trained the model, in ``beet genreclf-eval`` and ``--check``."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from audio_files import music, write_audio
from beets.library import Item
from plugin.six_tracks import BLUES, HEADLINE, HIP_HOP, LIBRARY, ROCK, add_six_tracks

from beetsplug.genreclf.models.out_of_fold import write_out_of_fold
from genre_model.features.audio_fingerprint import fingerprint_file
from genre_model.model.model_file import read_model, with_card

if TYPE_CHECKING:
    from plugin.conftest import BeetsHome, ScriptedClassifier

BEFORE = (
    " of these tracks trained the model; they are scored by what was predicted before that"
)


@pytest.fixture
def six(home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
    """Make a library of six tracks."""
    add_six_tracks(home)
    return classifier


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

    @pytest.mark.parametrize(
        ("model_id", "n_tracks", "n_known"),
        [
            ("other@11111111", 2, 0),  # another model
            ("scripted@00000000", 5, 2),  # another library, met by chance
            # Cards of unknown origin.
            ("scripted@00000000", None, 2),
            ("scripted@00000000", "many", 2),
            ("scripted@00000000", [2], 2),
        ],
    )
    def test_of_which_some_are_not_known(
        self,
        home: BeetsHome,
        trained: ScriptedClassifier,
        model_id: str,
        n_tracks: object,
        n_known: int,
    ) -> None:
        trained.model_id = model_id
        trained.card.training["n_tracks"] = n_tracks
        _, leak = home.beet("genreclf-eval", "-q").lines
        assert leak == (
            f"  LEAKY: {model_id} may have been trained on some of these tracks "
            f"({n_known} are known); expect less on other tracks"
        )

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
            "2 doubted, 4 not, 2 scored by what was predicted before training",
        ]

    def test_are_tagged_by_what_is_heard(
        self, home: BeetsHome, trained: ScriptedClassifier
    ) -> None:
        home.beet("genreclf", "-f", "-p")
        assert len(trained.heard) == 6
