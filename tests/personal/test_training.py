"""From labelled files to a model, with real audio and a real network."""

from __future__ import annotations

import json
import re
import threading
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from audio_files import music, tone, write_audio
from onnx_models import write_small_model

from genre_model import GenreClassifier, IsolatedClassifier
from genre_model.errors import TrainingDataError, TrainingStoppedError
from genre_model.features.audio_fingerprint import fingerprint_file
from genre_model.model.card_text import card_details
from genre_model.model.model_file import model_from_bytes
from genre_model.personal.embeddings import Embedder
from genre_model.personal.head_file import parent_network
from genre_model.personal.labelled_files import LabelledFile
from genre_model.personal.leaks import heard_before
from genre_model.personal.settings import PersonalSettings
from genre_model.personal.training import PersonalTraining

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from genre_model.personal.personal_model import PersonalModel

#: What makes a genre here: where its tones lie.
HZ = {"Cellar": 110.0, "Attic": 3000.0}


@dataclass
class Notes:
    """A watcher that writes everything down."""

    expected: int = 0
    advanced: int = 0
    warnings: list[str] = field(default_factory=list)

    def expect(self, n_tracks: int) -> None:
        self.expected += n_tracks

    def advance(self) -> None:
        self.advanced += 1

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledFile]:
    """Eight tones of each genre, by four artists each."""
    folder = tmp_path_factory.mktemp("songs")
    files = []
    for label, hz in HZ.items():
        for i in range(8):
            path = folder / f"{label} {{{i}}}.wav"
            write_audio(path, tone(hz * (1 + i / 50), 3.5))
            artist = f"{label} band {i // 2}"
            files.append(LabelledFile(path.name, path, (label,), path.stem, artist))
    return files


@pytest.fixture(scope="module")
def parent_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("model") / "parent.onnx")


@dataclass
class Trainer:
    """Trains with the small network; a field for whatever a test changes."""

    parent_path: Path
    store_path: Path
    settings: PersonalSettings = field(
        default_factory=lambda: PersonalSettings(min_tracks=3)
    )
    stop_after: int | None = None

    def train(
        self, files: Sequence[LabelledFile], notes: Notes | None = None
    ) -> PersonalModel:
        notes = notes or Notes()
        parent = GenreClassifier.load(self.parent_path)

        def should_stop() -> bool:
            return self.stop_after is not None and notes.advanced >= self.stop_after

        training = PersonalTraining(
            settings=self.settings,
            parent=parent,
            network=parent_network(self.parent_path, parent.model_id),
            store_path=self.store_path,
            parent_genres_of=lambda label: frozenset({"low"} if label == "Cellar" else ()),
            n_threads=2,
            should_stop=should_stop,
        )
        return training.run(files, notes)


@pytest.fixture
def trainer(parent_path: Path, tmp_path: Path) -> Trainer:
    return Trainer(parent_path, tmp_path / "embeddings.db")


def test_a_model_for_invented_genres(
    trainer: Trainer, songs: list[LabelledFile], tmp_path: Path
) -> None:
    model = trainer.train(songs)
    assert model.accuracy == 1
    assert model.leaks == ()
    assert set(model.baselines) == {"majority", "small, by name", "small, renamed"}
    assert model.baselines["majority"].accuracy <= 0.5
    model_id, content = model.file_content("mine", "beet genreclf-train")
    path = tmp_path / "mine.onnx"
    path.write_bytes(content)
    classifier = GenreClassifier.load(path)
    assert classifier.model_id == model_id
    for song in songs:
        assert classifier.predict_file(song.path).genre == song.labels[0]


def test_the_card_holds_training_and_score(
    trainer: Trainer, songs: list[LabelledFile]
) -> None:
    model = trainer.train(songs)
    _, content = model.file_content("mine", "some command")
    card = model_from_bytes(content).card
    assert card.genres == ("Attic", "Cellar")
    assert card.training["labels"] == {"Attic": 8, "Cellar": 8}
    assert card.training["n_artists"] == 8
    assert card.training["parent"].startswith("small@")
    assert len(card.training["snapshot"]) == 64
    score = card.metrics["grouped-cross-validation"]
    assert (score["accuracy"], score["leaky"], score["command"]) == (
        1,
        False,
        "some command",
    )
    assert score["baselines"]["majority"]["accuracy"] <= 0.5
    # Nothing in it names a track, an artist or a folder.
    text = card.to_json()
    assert not [
        word for word in ("Attic band", "{0}", str(songs[0].path.parent)) if word in text
    ]
    assert "Attic (8)" in card_details("mine@1", card)


def test_no_track_is_predicted_by_a_model_of_its_artist(
    trainer: Trainer, songs: list[LabelledFile]
) -> None:
    # Wrong labels of one artist cannot talk their own probabilities up.
    wrong = [
        replace(song, labels=("Cellar",)) if song.artist == "Attic band 0" else song
        for song in songs
    ]
    said = trainer.train(wrong).out_of_fold()
    assert set(said) == {song.key for song in songs}
    for song in songs:
        assert 0 < sum(said[song.key].values()) < 1 + 1e-5, "the rest is none of these"
        if song.artist == "Attic band 0":
            assert next(iter(said[song.key])) == "Attic"


def test_the_report_names_confused_tracks(
    trainer: Trainer, songs: list[LabelledFile]
) -> None:
    wrong = [
        replace(song, labels=("Cellar",)) if song.artist == "Attic band 0" else song
        for song in songs
    ]
    model = trainer.train(
        [*wrong, replace(songs[0], key="z", labels=("Polka",), artist="z")]
    )
    report = model.report()
    assert "16 tracks by 8 artists, 2 genres" in report
    assert "left out, fewer than 3 tracks: Polka 1" in report
    assert "Score of 5 folds of whole artists and albums:" in report
    assert "Attic {0}: heard Attic" in report or "Attic {1}: heard Attic" in report
    assert "LEAKY" not in report


def test_a_label_whose_files_are_unreadable_vanishes(
    trainer: Trainer, songs: list[LabelledFile], tmp_path: Path
) -> None:
    lost = [
        replace(song, path=tmp_path / song.path.name)
        for song in songs
        if song.labels == ("Attic",)
    ]
    kept = [song for song in songs if song.labels == ("Cellar",)]
    with pytest.raises(TrainingDataError, match="only Cellar is left"):
        trainer.train([*lost, *kept])


def test_a_parent_knows_its_tracks_by_their_audio(
    trainer: Trainer, songs: list[LabelledFile], tmp_path: Path
) -> None:
    pieces = [
        replace(song, path=write_audio(tmp_path / f"{seed}.wav", music(12, seed=seed)))
        for seed, song in enumerate(songs)
    ]
    heard = [fingerprint_file(piece.path) for piece in pieces[:2]]
    path = tmp_path / "seen.onnx"
    trainer.parent_path = write_small_model(path, training={"recordings_heard": heard})
    (leak,) = trainer.train(pieces).leaks
    assert leak.endswith("was trained on 2 of these tracks")
    model = trainer.train(pieces)
    assert model.card.training["recordings_heard"] == [list(one) for one in heard]
    others = [replace(piece, seconds=99.0) for piece in pieces]
    assert trainer.train(others).leaks == ()


def test_without_threads_the_tracks_are_not_compared(
    songs: list[LabelledFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_timer: threading.Timer) -> None:
        raise RuntimeError("can't start new thread")

    training = {"recordings_heard": [fingerprint_file(songs[0].path)]}
    model = write_small_model(tmp_path / "seen.onnx", training=training)
    with closing(IsolatedClassifier.load(model)) as isolated:
        monkeypatch.setattr(threading.Timer, "start", fail)
        line = heard_before(isolated, [(song.path, song.seconds) for song in songs])
    assert line is not None
    assert re.match(r"the tracks were not compared with those of small@\w+: no thr", line)


def test_a_parent_that_was_trained_on_the_tracks_makes_a_score_leaky(
    trainer: Trainer, songs: list[LabelledFile], tmp_path: Path
) -> None:
    seen = {"track_ids": [song.path.stem for song in songs[:3]]}
    trainer.parent_path = write_small_model(tmp_path / "seen.onnx", training=seen)
    (leak,) = trainer.train(songs).leaks
    assert leak.endswith("was trained on 3 of these tracks")


@pytest.mark.parametrize(
    "training", [{"method": "finetune"}, {"method": "scratch"}, {"own_network": True}]
)
def test_a_network_that_a_user_trained_makes_a_score_leaky(
    trainer: Trainer, songs: list[LabelledFile], tmp_path: Path, training: dict[str, object]
) -> None:
    trainer.parent_path = write_small_model(tmp_path / "own.onnx", training=training)
    model = trainer.train(songs)
    (leak,) = model.leaks
    assert leak.endswith("may have been trained on these tracks")
    assert model.card.training["own_network"] is True


def test_the_head_of_a_personal_parent_is_no_baseline(
    trainer: Trainer, songs: list[LabelledFile], tmp_path: Path
) -> None:
    path = tmp_path / "head.onnx"
    trainer.parent_path = write_small_model(path, training={"method": "head"})
    model = trainer.train(songs)
    assert model.leaks == ()
    assert set(model.baselines) == {"majority"}


def test_a_sampler_of_unknown_artists_makes_a_score_leaky(
    trainer: Trainer, songs: list[LabelledFile]
) -> None:
    sampler = [replace(song, artist="", album="sampler") for song in songs[:6]]
    model = trainer.train([*sampler, *songs[6:]])
    assert model.leaks == ("the artist of 6 tracks is not known",)
    assert model.score["leaky"] is True
    assert "albums by many artists were divided" in model.report()


@pytest.mark.parametrize("odd", [5, ["a", ["b"]], None])
def test_odd_ids_in_a_card_are_no_reason_to_crash(
    trainer: Trainer, songs: list[LabelledFile], tmp_path: Path, odd: object
) -> None:
    path = tmp_path / "odd.onnx"
    trainer.parent_path = write_small_model(path, training={"track_ids": odd})
    assert trainer.train(songs).leaks == ()


def test_stopping_keeps_the_embeddings(trainer: Trainer, songs: list[LabelledFile]) -> None:
    trainer.stop_after = 6
    with pytest.raises(TrainingStoppedError):
        trainer.train(songs)
    trainer.stop_after = None
    notes = Notes()
    assert trainer.train(songs, notes).accuracy == 1
    assert notes.expected <= len(songs) - 6


def test_the_store_returns_the_same_embeddings(
    parent_path: Path, songs: list[LabelledFile], tmp_path: Path
) -> None:
    classifier = GenreClassifier.load(parent_path)
    embedder = Embedder(classifier, tmp_path / "embeddings.db", n_threads=2)
    paths = [song.path for song in songs]
    heard, recalled = (embedder.embed(paths, Notes()) for _ in range(2))
    assert np.array_equal(heard.embeddings, recalled.embeddings)
    assert heard.probabilities[3] == pytest.approx(
        classifier.predict_file(paths[3]).probabilities, abs=1e-6
    )
    assert heard.embeddings.shape == (16, 2 * classifier.n_features)


def test_scores_are_plain_json(trainer: Trainer, songs: list[LabelledFile]) -> None:
    score = trainer.train(songs).score
    assert json.loads(json.dumps(score)) == score


def test_a_baseline_without_training_may_be_better(
    trainer: Trainer, songs: list[LabelledFile]
) -> None:
    model = trainer.train(songs)
    assert model.beaten_by() is None
    wrong = replace(model.evaluation, probabilities=model.evaluation.probabilities[:, ::-1])
    assert replace(model, evaluation=wrong).beaten_by() == "majority"
    worse = replace(
        model,
        evaluation=wrong,
        baselines={"majority": wrong, "small, renamed": model.evaluation},
    )
    assert worse.beaten_by() == "majority", "as good as that is not good enough"
    named = {"small, by name": model.evaluation}
    assert replace(model, evaluation=wrong, baselines=named).beaten_by() == "small, by name"
    assert replace(model, baselines=named).beaten_by() is None, "as good as that is"
