"""``genre-model distil``: a student learns what published taggers hear."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from audio_files import music, write_audio
from published_mn04 import random_weights
from published_taggers import published_file, random_tagger

from genre_model.backbone import mn04_network, tagger_networks
from genre_model.backbone.tagger_ensemble import (
    ensemble_genres,
    tagger_ensemble,
    tags_of_genres,
)
from genre_model.backbone.torch_file import read_weights
from genre_model.classifier import GenreClassifier
from genre_model.cli.main import main
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.features.audio_fingerprint import KnownRecordings, fingerprint_file
from genre_model.features.mel_frames import mel_frames_from_waveform
from genre_model.features.segments import Segments, repeat_to_length
from genre_model.model.model_file import read_model
from genre_model.model.segment_probabilities import SegmentScorer
from genre_model.training.distillation import student
from genre_model.training.distillation.recordings import (
    NOT_MUSIC,
    ExcerptSampler,
    Recording,
    drawing_shares,
    find_recordings,
    split_recordings,
)
from genre_model.training.distillation.run import Distillation, distil
from genre_model.training.distillation.student import targets_of
from genre_model.training.distillation.teachers import (
    SHARD_SIZE,
    Examples,
    ExampleStore,
    TeacherOutputs,
    Teachers,
    mean_logits,
)
from genre_model.training.recipe import read_recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from genre_model.features.config import FrontEnd
    from genre_model.training.recipe import Recipe

RATE_HZ = 16_000


class FakeTeachers:
    """Hear rock in loud treble, and jazz otherwise; count what they hear."""

    genres = ("jazz", "rock")

    def __init__(self) -> None:
        self.n_heard = 0

    def listen(
        self, at_16_khz: NDArray[np.float32], at_32_khz: NDArray[np.float32]
    ) -> TeacherOutputs:
        assert len(at_32_khz) == 2 * len(at_16_khz)
        self.n_heard += 1
        treble = float(np.diff(at_16_khz).std() / at_16_khz.std())
        logits = np.array([[0.0, np.nan], [0.0, 4.0 if treble > 0.5 else -4.0]], np.float32)
        return TeacherOutputs(logits, np.array([treble, 1 - treble], np.float32))


def small_recipe() -> Recipe:
    """Return a small network that is trained within a second."""
    changes = (
        "network_options.channels=[4, 4, 8]",
        "network_options.gru_units=4",
        "front_end.segment.segment_frames=97",
        "training.epochs=2",
        "training.steps_per_epoch=3",
        "training.batch_size=4",
        'training.precision="32-true"',
    )
    return read_recipe("distilled_crnn", changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Music without labels, two genres, and noise."""
    root = tmp_path_factory.mktemp("audio")
    rng = np.random.default_rng(0)
    for name in ("music", "labelled/rock", "labelled/jazz", f"labelled/{NOT_MUSIC}"):
        (root / name).mkdir(parents=True)
    for number in range(3):
        write_audio(
            root / f"music/{number}.flac", music(3.0, RATE_HZ, seed=number), RATE_HZ
        )
    write_audio(root / "labelled/rock/rock.00001.wav", music(3.0, RATE_HZ, seed=5), RATE_HZ)
    write_audio(root / "labelled/jazz/jazz.00002.wav", music(3.0, RATE_HZ, seed=6), RATE_HZ)
    noise = 0.3 * rng.standard_normal(3 * RATE_HZ).astype(np.float32)
    write_audio(root / f"labelled/{NOT_MUSIC}/noise.wav", noise.clip(-1, 1), RATE_HZ)
    return root


@pytest.fixture
def recordings(folder: Path) -> list[Recording]:
    return find_recordings([folder / "music"], [folder / "labelled"], FakeTeachers.genres)


def plan_of(recordings: list[Recording], out: Path, **changes: object) -> Distillation:
    plan = Distillation("student", small_recipe(), recordings, SHARD_SIZE, 0, out)
    return replace(plan, **changes)  # type: ignore[arg-type]


def distilled(plan: Distillation, teachers: object = None, n_threads: int = 1) -> Path:
    return distil(plan, teachers or FakeTeachers(), n_threads)  # type: ignore[arg-type]


def test_teachers_say_what_their_networks_say() -> None:
    weights = {
        name: read_weights(published_file(random_tagger("crnn", seed)))
        for seed, name in enumerate(("msd_crnn", "jamendo_crnn"))
    }
    low = music(10.0, RATE_HZ, seed=1)
    high = np.repeat(low, 2)
    teachers = Teachers({"mn04": random_weights(), **weights})
    logits, embedding = teachers.listen(low, high)
    said = [dict(zip(teachers.genres, row, strict=True)) for row in logits]

    def outputs(network: bytes, samples: NDArray[np.float32], front_end: FrontEnd) -> Any:
        rate_hz, n = front_end.waveform.sample_rate_hz, front_end.segment.segment_frames
        frames = mel_frames_from_waveform(samples, rate_hz, front_end.mel)
        values = repeat_to_length(frames, n)[np.newaxis, :, :n]
        return SegmentScorer(network).score(Segments(values, np.zeros(1, np.int64)))

    ensemble = outputs(tagger_ensemble(weights), low, tagger_networks.FRONT_END)
    mn04 = outputs(
        mn04_network.mn04_network(random_weights()), high, mn04_network.FRONT_END
    )
    expected = np.concatenate([ensemble.embedding[0], mn04.embedding[0]])
    np.testing.assert_allclose(embedding, expected, atol=1e-5)
    known = dict(zip(ensemble_genres(weights), ensemble.logits[0], strict=True))
    of_msd, of_jamendo, of_mn04 = said
    assert np.mean([of_msd["jazz"], of_jamendo["jazz"]]) == pytest.approx(known["jazz"])
    assert of_msd["blues"] == pytest.approx(known["blues"])
    assert np.isnan(of_jamendo["blues"])
    disco = tags_of_genres("audioset")["disco"]
    assert of_mn04["disco"] == pytest.approx(mn04.logits[0, disco.places[0]], abs=1e-4)
    assert np.isnan(of_msd["disco"])


def test_whole_pieces_are_held_out() -> None:
    names = [f"piece{n}-{part}.opus" for n in range(40) for part in range(3)]
    sounds = [Recording(Path(f"/sounds/{n}-1.opus"), NOT_MUSIC) for n in range(50)]
    music = [Recording(Path("/music", name)) for name in names]
    learned, held_out = split_recordings([*sounds, *music])
    assert [one.path.stem for one in held_out] == [
        f"piece{n}-{part}" for n in (0, 20) for part in range(3)
    ]
    assert set(learned) == {*sounds, *music} - set(held_out)


def test_mn04_counts_twice_in_the_mean_of_the_teachers_that_know_a_genre() -> None:
    logits = np.array([[[1.0, np.nan, 2.0], [2.0, 3.0, np.nan]]], np.float32)
    np.testing.assert_allclose(mean_logits(logits), [[5 / 3, 3.0, 2.0]], atol=1e-6)


def test_rare_genres_are_drawn_more_often() -> None:
    targets = student.Targets(torch.eye(2)[[0, 0, 0, 0, 1]], torch.zeros(5, 1))
    assert student.example_shares(targets, 0.0).tolist() == pytest.approx([0.2] * 5)
    shares = student.example_shares(targets, 0.5)
    assert shares[4] / shares[0] == pytest.approx(2)


class TestRecordings:
    def test_labels_come_from_folders_and_tables(self, folder: Path) -> None:
        table = folder / "table.csv"
        table.write_text("path,label\nmusic/0.flac,Rock\n", "utf-8")
        found = find_recordings([], [folder / "labelled", table], FakeTeachers.genres)
        assert sorted(one.label for one in found) == ["jazz", NOT_MUSIC, "rock", "rock"]

    def test_tracks_of_gtzan_are_left_out_by_name(self, folder: Path) -> None:
        found = find_recordings(
            [], [folder / "labelled"], FakeTeachers.genres, {"rock.00001"}
        )
        assert sorted(one.label for one in found) == ["jazz", NOT_MUSIC]

    def test_unknown_labels_are_refused(self, folder: Path) -> None:
        with pytest.raises(TrainingDataError, match="no teacher knows the genre 'rock'"):
            find_recordings([], [folder / "labelled"], ("jazz",))

    def test_folders_without_audio_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingDataError, match="--music: there is no audio in"):
            find_recordings([tmp_path], [], ())
        with pytest.raises(TrainingDataError, match="missing is no folder"):
            find_recordings([tmp_path / "missing"], [], ())

    def test_genres_are_drawn_equally(self, folder: Path) -> None:
        one = folder / "music/0.flac"
        labels = ["", "", "rock", "rock", "rock", "jazz", NOT_MUSIC]
        shares = drawing_shares([Recording(one, label) for label in labels])
        assert shares.sum() == pytest.approx(1)
        assert shares[2:5].sum() == pytest.approx(shares[5])
        assert shares[6] == pytest.approx(0.06)

    def test_excerpts_mix_music_but_not_other_sounds(
        self, recordings: list[Recording]
    ) -> None:
        sampler = ExcerptSampler(recordings, 2.0)
        excerpts = [sampler.draw(np.random.default_rng(seed)) for seed in range(60)]
        labels = [excerpt.labels for excerpt in excerpts]
        assert {NOT_MUSIC: 1.0} in labels
        assert all(one == {NOT_MUSIC: 1.0} for one in labels if NOT_MUSIC in one)
        assert any(0.1 < one.get("rock", 0) < 0.95 for one in labels)
        for excerpt in excerpts:
            low, high = excerpt.waveforms
            assert len(low) == 2 * RATE_HZ
            np.testing.assert_allclose(high[::2].std(), low.std(), rtol=0.2)

    def test_silence_alone_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "silence.wav"
        write_audio(path, np.zeros(3 * RATE_HZ, np.float32), RATE_HZ)
        sampler = ExcerptSampler([Recording(path)], 2.0)
        with pytest.raises(TrainingDataError, match=r"silent or .*silence\.wav"):
            sampler.draw(np.random.default_rng(0))


class TestTargets:
    def test_labels_have_a_share_and_decide_what_is_no_music(self) -> None:
        labels = np.array([[0, 0, 0], [0, 1, 0], [0, 0.5, 0], [0, 0, 1]], np.float32)
        logits = np.tile(np.array([[2.0, np.nan], [2.0, 0.0]], np.float32), (4, 1, 1))
        segments = np.zeros((4, 2, 2), np.float16)
        examples = Examples(segments, logits, np.eye(4, dtype=np.float32), labels)
        genres = targets_of(examples).genres.numpy()
        teachers = np.exp([2.0, 0.0]) / np.exp([2.0, 0.0]).sum()
        np.testing.assert_allclose(genres[0], [*teachers, 0], atol=1e-6)
        np.testing.assert_allclose(
            genres[1], [0.7 * teachers[0], 0.7 * teachers[1] + 0.3, 0], atol=1e-6
        )
        assert genres[2, 1] == pytest.approx(0.85 * teachers[1] + 0.15)
        np.testing.assert_allclose(genres[3], [0, 0, 1], atol=1e-6)


class TestDistil:
    def test_the_student_is_a_model(
        self, recordings: list[Recording], tmp_path: Path
    ) -> None:
        path = distilled(plan_of(recordings, tmp_path))
        card = read_model(path).card
        assert card.genres == ("jazz", "rock")
        assert card.rejected == (NOT_MUSIC,)
        assert card.training["recordings"] == {
            "music": 3,
            "rock": 1,
            "jazz": 1,
            NOT_MUSIC: 1,
        }
        assert card.training["track_ids"] == ["jazz.00002", "rock.00001"]
        known = KnownRecordings(card.training)
        learned, held_out = split_recordings(recordings)
        for recording in recordings:
            is_learned = recording in learned and recording.label != NOT_MUSIC
            assert known.holds(*fingerprint_file(recording.path)) is is_learned
        assert held_out
        prediction = GenreClassifier.load(path).predict_file(recordings[0].path)
        assert 0 < prediction.probabilities.sum() < 1
        assert prediction.strangeness is not None

    def test_rejected_genres_are_unknown(
        self, recordings: list[Recording], tmp_path: Path
    ) -> None:
        whole = distilled(plan_of(recordings, tmp_path / "whole"))
        plan = plan_of(recordings, tmp_path / "part", rejected=("jazz",))
        part = distilled(plan)
        card = read_model(part).card
        assert (card.genres, card.rejected) == (("rock",), ("jazz", NOT_MUSIC))
        segments = GenreClassifier.load(part).segments_of(recordings[0].path)
        jazz, rock, other = read_model(whole).scorer.score(segments).logits.T
        expected = np.stack([rock, jazz, other], axis=1)
        np.testing.assert_allclose(
            read_model(part).scorer.score(segments).logits, expected, atol=1e-4
        )

    def test_a_finished_run_is_not_taken_for_another(
        self, recordings: list[Recording], tmp_path: Path
    ) -> None:
        distilled(plan_of(recordings, tmp_path))
        for changes in ({"name": "other"}, {"rejected": ("rock",)}, {"seed": 1}):
            with pytest.raises(TrainingDataError, match="holds a run with other settings"):
                distilled(plan_of(recordings, tmp_path, **changes))

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ("front_end.waveform.sample_rate_hz=8000", "sample_rate_hz is 8000"),
            ("front_end.segment.segment_frames=2000", "segment_frames are 40.0 s"),
            ('network="residual_crnn"', "a student is a strided_crnn"),
            ("training.patience_epochs=3", "a student has no validation tracks"),
        ],
    )
    def test_impossible_recipes_are_refused_before_anybody_listens(
        self, change: str, problem: str, recordings: list[Recording], tmp_path: Path
    ) -> None:
        changes = [change]
        if "network" in change:
            changes.append("network_options={}")
        recipe = read_recipe("distilled_crnn", changes)
        teachers = FakeTeachers()
        with pytest.raises(RecipeError, match=re.escape(problem)):
            distilled(plan_of(recordings, tmp_path, recipe=recipe), teachers, 1)
        assert teachers.n_heard == 0

    def test_too_little_audio_is_refused(
        self, recordings: list[Recording], tmp_path: Path
    ) -> None:
        with pytest.raises(TrainingDataError, match="1 recordings are too few"):
            distilled(plan_of(recordings[:1], tmp_path))

    def test_examples_and_epochs_are_kept(
        self, recordings: list[Recording], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        teachers = FakeTeachers()
        epoch = student._epoch
        seen: list[object] = []

        def stop_after_one(*args: object) -> float:
            if seen:
                raise KeyboardInterrupt
            seen.append(args)
            return epoch(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(student, "_epoch", stop_after_one)
        with pytest.raises(KeyboardInterrupt):
            distilled(plan_of(recordings, tmp_path / "one"), teachers, 1)
        n_heard = teachers.n_heard
        monkeypatch.setattr(student, "_epoch", epoch)
        resumed = distilled(plan_of(recordings, tmp_path / "one"), teachers, 1)
        assert teachers.n_heard == n_heard
        whole = distilled(plan_of(recordings, tmp_path / "two"), teachers, 2)
        assert resumed.read_bytes() == whole.read_bytes()

    def test_damaged_examples_are_named(
        self, recordings: list[Recording], tmp_path: Path
    ) -> None:
        store = ExampleStore(tmp_path, small_recipe().front_end, FakeTeachers(), 1)  # type: ignore[arg-type]
        store.unchanged(recordings)
        path = next(tmp_path.glob("*.npz"))
        path.write_bytes(path.read_bytes()[:100])
        with pytest.raises(TrainingDataError, match=rf"{path.name} are damaged"):
            store.unchanged(recordings)

    def test_the_command_needs_the_published_files(
        self, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        wrong = tmp_path / "wrong.pth"
        wrong.write_bytes(json.dumps({}).encode())
        arguments = ["distil", "--music", str(folder / "music"), "--out", str(tmp_path)]
        assert main([*arguments, "--from", str(wrong)]) == 1
        assert "is not a published file of mn04" in capsys.readouterr().err


def test_training_takes_the_power_of_both_segments() -> None:
    quiet, loud = torch.full((1, 2, 3), -60.0), torch.full((1, 2, 3), 0.0)
    segments = torch.cat([quiet, loud])
    targets = student.Targets(torch.eye(2), torch.zeros(2, 1))
    rows = torch.tensor([[0, 0], [1, 1]])
    generator = torch.Generator().manual_seed(0)
    mixed, wanted = student._mixed(segments, targets, rows, 0.5, generator)
    np.testing.assert_allclose(mixed.numpy(), 0, atol=1e-4)
    assert wanted.genres[0].tolist() == [1.0, 0.0]
    assert 0 < float(wanted.genres[1, 1]) < 1
