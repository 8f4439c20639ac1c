"""A model of which several genres can be right at once, from its file to the tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import music, noise, tone, write_audio
from beets.library import Item
from mediafile import MediaFile
from onnx_models import FRONT_END, spectral_balance_network, write_small_model

import genre_model
from beetsplug.genreclf.tagging.albums import pool_scores
from genre_model.features.mel_frames import count_bands
from genre_model.model.card import Card
from genre_model.model.model_file import write_model

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from plugin.conftest import BeetsHome, ScriptedClassifier

#: Noise is full of bass and of treble, music of bass; music and hum are quiet on average.
LABELS = ("bass", "treble", "quiet")


@pytest.fixture
def model(home: BeetsHome) -> Path:
    """Put a multi-label model in force, and let two genres be written."""
    n_bands = count_bands(FRONT_END.mel)
    weights = np.zeros((n_bands, len(LABELS)), np.float32)
    third = n_bands // 3
    weights[:third, 0] = 0.2 / third
    weights[-third:, 1] = 0.25 / third
    weights[:, 2] = -0.2 / n_bands
    card = Card("mine", LABELS, FRONT_END, 1.0, pool_logits=True, multi_label=True)
    path = home.folder / "mine.onnx"
    write_model(path, spectral_balance_network(weights=weights), card)
    home.configure(model="mine.onnx", count=2)
    return path


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return names of the files that were listened to, as they are."""
    names: list[str] = []
    hear = genre_model.IsolatedClassifier.predict_file

    def note(classifier: genre_model.IsolatedClassifier, path: Path) -> object:
        names.append(path.stem)
        return hear(classifier, path)

    monkeypatch.setattr(genre_model.IsolatedClassifier, "predict_file", note)
    return names


def song(folder: Path, title: str, samples: NDArray[np.float32], **tags: object) -> Path:
    path = write_audio(folder / f"{title}.flac", samples)
    media_file = MediaFile(path)
    media_file.update({"artist": "Ann", "title": title, **tags})
    media_file.save()
    return path


def add_song(
    home: BeetsHome, title: str, samples: NDArray[np.float32], *genres: str
) -> None:
    path = song(home.music, title, samples, genres=list(genres))
    home.library().add(Item.from_path(path))


def genres_of(home: BeetsHome) -> dict[str, list[str]]:
    """Return the genres by title, which library and file agree about."""
    items = home.items()
    assert all((MediaFile(item.filepath).genres or []) == item.genres for item in items)
    return {item.title: item.genres for item in items}


@pytest.mark.usefixtures("model")
class TestModelFile:
    def test_an_import_writes_both_genres(self, home: BeetsHome) -> None:
        home.configure(asis="write")
        song(home.inbox, "Noise", noise(8))
        song(home.inbox, "Hum", tone(100, 8) + noise(8, amplitude=1e-3))

        printed = home.beet("import", "-A", "-s", str(home.inbox))

        assert printed.exit_code == 0
        assert genres_of(home) == {"Noise": ["Treble", "Bass"], "Hum": ["Quiet"]}
        assert home.item("Noise")["genreclf_genres"] == "Treble; Bass"

    def test_the_command_writes_both_and_recalls_them(
        self, home: BeetsHome, decoded: list[str]
    ) -> None:
        home.configure(threads=1)
        add_song(home, "Hum", tone(100, 8) + noise(8, amplitude=1e-3))
        add_song(home, "Noise", noise(8))
        home.beet("genreclf")
        assert genres_of(home) == {"Noise": ["Treble", "Bass"], "Hum": ["Quiet"]}
        assert score_sum(home.item("Noise")) > 1.8
        assert sorted(decoded) == ["Hum", "Noise"]
        before = home.dump(), home.files()

        again = home.beet("genreclf", "-f")

        assert again.lines[-1] == "0 tagged, 0 abstained, 0 unreadable, 2 unchanged"
        assert sorted(decoded) == ["Hum", "Noise"], "not once more"
        assert (home.dump(), home.files()) == before

    def test_decisions_on_what_is_remembered(
        self, home: BeetsHome, decoded: list[str]
    ) -> None:
        add_song(home, "Noise", noise(8))
        home.configure(min_margin=0.5)  # means nothing here
        home.beet("genreclf")
        assert genres_of(home) == {"Noise": ["Treble", "Bass"]}
        home.beet("genreclf", "-f", "-c", "0.94")
        assert genres_of(home) == {"Noise": ["Treble"]}
        # Labels of one genre do not add up.
        home.configure(label_map={"bass": "Loud", "treble": "Loud"})
        printed = home.beet("genreclf", "-f")
        probability = home.item("Noise")["genreclf_confidence"]
        assert probability > 0.9
        assert printed.lines[0] == f"Ann - Noise: Loud {probability:.2f} (was: Treble)"
        assert decoded == ["Noise"]

    @pytest.mark.parametrize("source", ["album", "both"])
    def test_an_album_is_heard_as_a_whole(
        self, home: BeetsHome, decoded: list[str], source: str
    ) -> None:
        home.configure(source=source, min_margin=0.3)
        sounds = {"One": noise(8), "Three": music(8), "Two": noise(8, seed=1)}
        items = [
            Item.from_path(song(home.music, title, samples, album="Record"))
            for title, samples in sounds.items()
        ]
        home.library().add_album(items)

        printed = home.beet("genreclf")

        # Each for itself: bass is sure in all three, treble in two of them.
        both = ["Bass", "Treble"]
        assert home.album("Record").genres == both
        assert genres_of(home) == (
            dict.fromkeys(sounds, both)
            if source == "album"
            else {"One": both[::-1], "Three": ["Quiet", "Bass"], "Two": both[::-1]}
        )
        assert printed.lines[-1] == "3 tagged, 0 abstained, 0 unreadable"
        home.beet("genreclf", "-f")
        assert sorted(decoded) == ["One", "Three", "Two"]

    def test_check_doubts_the_least_probable_genre(
        self, home: BeetsHome, decoded: list[str]
    ) -> None:
        add_song(home, "Both", noise(8), "Treble", "Bass")
        add_song(home, "Half", noise(8), "Bass")
        add_song(home, "Half wrong", noise(8), "Bass", "Quiet")
        add_song(home, "Wrong", noise(8), "Quiet")
        add_song(home, "Foreign", noise(8), "Polka")

        printed = home.beet("genreclf", "--check")

        *doubts, summary = printed.lines
        # Bass and treble are both heard; the more probable one that is not there is named.
        assert [line.partition(",")[0][:-5] for line in doubts] == [
            "Ann - Half wrong: Bass; Quiet",
            "Ann - Wrong: Quiet",
        ]
        assert all(", heard treble 0.9" in line for line in doubts)
        assert summary.startswith("2 doubted, 2 not, ")
        assert len(decoded) == 4


def score_sum(item: Item) -> float:
    parts = item["genreclf_scores"].split("; ")
    assert sorted(part.rpartition(" ")[0] for part in parts) == sorted(LABELS)
    return sum(float(part.rpartition(" ")[2]) for part in parts)


def test_a_change_of_the_card_alone_is_another_model(home: BeetsHome) -> None:
    """Softmax and sigmoid of one network: what the one heard is not the other's."""
    path = home.folder / "mine.onnx"
    home.configure(model="mine.onnx", count=2, min_confidence=0)
    add_song(home, "Noise", music(8))
    write_small_model(path, pool_logits=True)
    home.beet("genreclf")
    exclusive = home.item("Noise")["genreclf_confidence"]

    write_small_model(path, pool_logits=True, multi_label=True)
    home.beet("genreclf", "-f")

    assert home.item("Noise")["genreclf_confidence"] < exclusive


class TestPool:
    TRACKS = (
        {"rock": 0.93, "live": 0.88, "pop": 0.30},
        {"live": 0.97, "rock": 0.90, "pop": 0.01},
    )

    def test_is_of_each_label_for_itself(self) -> None:
        pool = pool_scores(self.TRACKS, multi_label=True)

        assert pool.multi_label
        assert list(pool.scores) == ["live", "rock", "pop"]
        for label, value in pool.scores.items():
            alone = np.array([[track[label]] for track in self.TRACKS], np.float32)
            (expected,) = genre_model.pool_tracks(alone, multi_label=True)
            assert value == pytest.approx(expected, abs=1e-4)
        assert pool.scores["rock"] > 0.93
        assert pool.scores["live"] > 0.93
        assert pool.agreement == 0.5

    def test_is_of_labels_that_exclude_each_other_unless_told(self) -> None:
        pool = pool_scores(self.TRACKS)
        assert not pool.multi_label
        assert sum(pool.scores.values()) == pytest.approx(1, abs=1e-3)


class TestScriptedAnswers:
    """The same by what is answered, where a network would be hard to talk into it."""

    @pytest.fixture
    def both(self, home: BeetsHome, classifier: ScriptedClassifier) -> ScriptedClassifier:
        classifier.multi_label = True
        classifier.answers["Song"] = {"rock": 0.93, "blues": 0.88, "hip hop": 0.02}
        home.configure(count=2)
        home.add_track("Song")
        return classifier

    @pytest.mark.usefixtures("both")
    def test_both_are_written_and_shown(self, home: BeetsHome) -> None:
        assert home.beet("genreclf").lines[0] == "Ann - Song: Rock 0.93, Blues 0.88"

    def test_nothing_probable_is_recalled_as_well(
        self, home: BeetsHome, both: ScriptedClassifier
    ) -> None:
        both.answers["Song"] = {"rock": 0.02, "blues": 0.01}
        home.beet("genreclf")
        printed = home.beet("genreclf")
        assert printed.lines == [
            "0 tagged, 0 abstained, 0 unreadable, 1 abstained as before"
        ]
        assert len(both.heard) == 1

    def test_an_ignored_label_is_no_rival(
        self, home: BeetsHome, both: ScriptedClassifier
    ) -> None:
        home.configure(ignore="rock", min_margin=0.2)
        both.multi_label = False
        assert "blues 0.88 is behind rock 0.93" in home.beet("genreclf").lines[0]
        both.multi_label = True
        assert home.beet("genreclf", "-f").lines[0] == "Ann - Song: Blues 0.88"
        assert len(both.heard) == 1
