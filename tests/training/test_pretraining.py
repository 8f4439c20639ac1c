"""``genre-model pretrain``: a network learns what a backbone makes of mixtures."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from audio_files import music, noise, silence, tone, write_audio
from gtzan_folder import quick_recipe, write_pictures
from onnx_models import FRONT_END, write_small_model
from published_mn04 import published_file, random_weights
from tiny_recipe import tiny_recipe

from genre_model.backbone import mn04_weights
from genre_model.backbone.install import published_network
from genre_model.cli import main
from genre_model.config import WaveformConfig
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.mel_frames import mel_frames_from_waveform
from genre_model.model_file import read_model
from genre_model.training import mixtures
from genre_model.training.experiment import Experiment, train_protocol
from genre_model.training.gtzan import find_tracks
from genre_model.training.mixtures import Mixtures, mix
from genre_model.training.pretrained_start import read_start
from genre_model.training.pretraining import is_head, lesson_of, pretrain
from genre_model.training.pretraining_runs import (
    Pretraining,
    PretrainingPlan,
    pretrain_protocol,
)
from genre_model.training.protocols import folds_of
from genre_model.training.recipe_identity import recipe_of
from genre_model.training.recordings import (
    Recording,
    drawing_shares,
    find_recordings,
    read_stretch,
)
from genre_model.training.run_folder import RunFolder, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.model_file import Model
    from genre_model.training.recipe import Recipe

RATE_HZ = 22050
FOLD = folds_of("fault-filtered")[0]
PLACE = "fault-filtered/fold-1"
#: A training track of each genre.
HEARD = sorted({name.partition(".")[0]: name for name in FOLD.train}.values())


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """Any model serves as a backbone."""
    return read_model(write_small_model(tmp_path_factory.mktemp("model") / "small.onnx"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Audio of some training tracks, a test track, and pictures to train on afterwards."""
    root = tmp_path_factory.mktemp("gtzan")
    write_pictures(root, range(30, 90, 3))
    for number, track in enumerate([*HEARD, FOLD.test[0]]):
        clips = root / "clips" / track.partition(".")[0]
        clips.mkdir(parents=True, exist_ok=True)
        piece = music(12, RATE_HZ, seed=number)
        write_audio(clips / f"{track}.flac", piece, RATE_HZ)
    return root


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a backbone with random weights."""
    path = tmp_path_factory.mktemp("published") / "mn04.pt"
    path.write_bytes(published_file(random_weights()))
    return path


def plan_of(
    folder: Path, network: bytes, out: Path, recipe: Recipe | None = None, **changes: object
) -> PretrainingPlan:
    experiment = Experiment(recipe or tiny_recipe(), folder, out)
    plan = PretrainingPlan(experiment, "mn04", network, None, 40, 2, n_valid=10)
    return replace(plan, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def network(published: Path) -> bytes:
    with pytest.MonkeyPatch.context() as patch:
        digest = hashlib.sha256(published.read_bytes()).hexdigest()
        patch.setattr(mn04_weights, "SHA256", digest)
        return published_network("mn04", published)


@pytest.fixture(scope="module")
def pretrained(
    folder: Path, network: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("pretrained")
    assert pretrain_protocol(plan_of(folder, network, out)) == [out / PLACE]
    return out


class TestRecordings:
    def test_only_training_tracks_are_heard(self, folder: Path) -> None:
        found = find_recordings(find_tracks(folder, "audio"), FOLD.train, None)
        assert sorted(one.path.stem for one in found) == HEARD

    def test_music_is_found_at_any_depth(self, tmp_path: Path) -> None:
        for name in ("a/b/{song}.ogg", "cover.jpg", "a/._song.ogg"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        found = find_recordings([], FOLD.train, tmp_path)
        assert [one.path.name for one in found] == ["{song}.ogg"]

    def test_a_folder_without_audio_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(TrainingDataError, match="--music: there is no other audio in"):
            find_recordings([], (), tmp_path)

    def test_nothing_to_hear_is_an_error(self) -> None:
        with pytest.raises(TrainingDataError, match="none of the training tracks exists"):
            find_recordings([], FOLD.train, None)

    @pytest.mark.parametrize(
        ("name", "is_gtzan"),
        [
            ("blues.00000.wav", True),
            ("blues00000.wav", True),
            ("Blues.00000 (1).WAV", True),
            ("{rock}.00012 (live).mp3", False),
            ("rock.00100.mp3", False),
            ("rock000123.mp3", False),
        ],
    )
    def test_what_may_be_a_test_track_is_left_out(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, is_gtzan: bool
    ) -> None:
        """A folder of music may hold a copy of GTZAN."""
        (tmp_path / name).write_bytes(b"")
        if is_gtzan:
            with pytest.raises(TrainingDataError, match="there is no other audio in"):
                find_recordings([], FOLD.train, tmp_path)
        else:
            assert len(find_recordings([], FOLD.train, tmp_path)) == 1
        assert ("1 files are called like tracks of GTZAN" in caplog.text) == is_gtzan

    @pytest.mark.parametrize("kind", ["missing", "file"])
    def test_music_must_be_a_folder(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "song.mp3"
        if kind == "file":
            path.write_bytes(b"")
        with pytest.raises(TrainingDataError, match=r"--music: .*song.mp3 is no folder"):
            find_recordings([], FOLD.train, path)

    @pytest.mark.parametrize(("place", "hz"), [(0.0, 200), (0.5, 500), (1.0, 800)])
    def test_both_rates_hear_the_same_seconds(
        self, tmp_path: Path, place: float, hz: float
    ) -> None:
        """Of a long file, a stretch anywhere."""
        pieces = [tone(200 + 100 * minute, 60, RATE_HZ) for minute in range(7)]
        path = write_audio(tmp_path / "long.flac", np.concatenate(pieces), RATE_HZ)
        other = replace(FRONT_END, waveform=WaveformConfig(32000))
        stretch = read_stretch(Recording(path, "x"), (FRONT_END, other), 9.0, place)
        assert stretch is not None
        for waveform, rate_hz in zip(stretch.waveforms, (RATE_HZ, 32000), strict=True):
            assert len(waveform) == pytest.approx(30 * rate_hz, abs=1)
            assert loudest_hz(waveform, rate_hz) == pytest.approx(hz, abs=1)

    def test_what_is_of_no_use_is_left_out(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        paths = [
            write_audio(tmp_path / "silent.flac", silence(12, RATE_HZ), RATE_HZ),
            write_audio(tmp_path / "short.flac", tone(300, 2, RATE_HZ), RATE_HZ),
            tmp_path / "broken.flac",
        ]
        paths[-1].write_bytes(b"no audio")
        for path in paths:
            assert read_stretch(Recording(path, "x"), (FRONT_END,), 9.0, 0.5) is None
        assert "broken.flac" in caplog.text

    def test_no_genre_outweighs_the_others(self, tmp_path: Path) -> None:
        recordings = [Recording(tmp_path, group) for group in "aaaab"]
        np.testing.assert_allclose(drawing_shares(recordings), [*[1 / 6] * 4, 1 / 3])


def loudest_hz(waveform: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(waveform))
    return float(np.argmax(spectrum) * rate_hz / len(waveform))


class TestMixtures:
    @pytest.fixture
    def recordings(self, folder: Path) -> list[Recording]:
        return find_recordings(find_tracks(folder, "audio"), FOLD.train, None)

    def test_the_seed_decides(self, recordings: list[Recording], listener: Model) -> None:
        first, again, other = (
            mix(recordings, FRONT_END, listener, 6, seed) for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first.segments, again.segments)
        np.testing.assert_array_equal(first.embeddings, again.embeddings)
        assert not np.array_equal(first.segments, other.segments)

    def test_segments_are_what_tagging_hears(
        self,
        tmp_path: Path,
        listener: Model,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Steady noise sounds the same wherever it is cut, and however loud."""
        monkeypatch.setattr(mixtures, "ALONE", 1.0)
        white = noise(30, RATE_HZ)
        sound = white[1:] + 0.95 * white[:-1]  # duller
        path = write_audio(tmp_path / "noise.wav", sound, RATE_HZ)
        heard = mix([Recording(path, "x")], FRONT_END, listener, 3, seed=0)
        frames = mel_frames_from_waveform(sound, RATE_HZ, FRONT_END.mel)
        wanted = (frames - frames.mean()) / frames.std()
        spectrum = heard.segments.mean(axis=(0, 2), dtype=float)
        np.testing.assert_allclose(spectrum, wanted.mean(axis=1), atol=0.3)
        assert np.ptp(spectrum) > 2
        assert heard.segments.mean(dtype=float) == pytest.approx(0, abs=1e-3)
        assert heard.segments.std(dtype=float) == pytest.approx(1, abs=1e-3)

    def test_the_backbone_hears_both_parts(
        self, tmp_path: Path, listener: Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Of a low and a high tone it says something in between."""
        paths = [
            write_audio(tmp_path / f"{hz}.wav", tone(hz, 12, RATE_HZ), RATE_HZ)
            for hz in (200, 5000)
        ]
        recordings = [Recording(path, path.stem) for path in paths]
        monkeypatch.setattr(mixtures, "ALONE", 1.0)
        low, high = (
            mix([one], FRONT_END, listener, 1, seed=0).tags[0, 1] for one in recordings
        )
        monkeypatch.setattr(mixtures, "ALONE", 0.0)
        both = mix(recordings, FRONT_END, listener, 40, seed=0).tags[:, 1]
        assert low < high
        assert low < np.median(both) < high

    def test_many_files_are_heard_in_turns(
        self, recordings: list[Recording], listener: Model, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A library does not fit into memory, and need not be read as a whole."""
        monkeypatch.setattr(mixtures, "GROUP", 3)
        monkeypatch.setattr(mixtures, "MIXTURES_OF_GROUP", 4)
        heard: list[str] = []

        def count(recording: Recording, *rest: Any) -> Any:
            heard.append(recording.path.stem)
            return read_stretch(recording, *rest)

        monkeypatch.setattr(mixtures, "read_stretch", count)
        made = mix(recordings, FRONT_END, listener, 9, seed=0)
        assert len(made.segments) == len(made.embeddings) == len(made.tags) == 9
        assert len(heard) == 3 * 3
        assert all(len(set(heard[start : start + 3])) == 3 for start in (0, 3, 6))
        assert len(set(heard)) > 3

    def test_useless_files_end_nothing(
        self,
        tmp_path: Path,
        recordings: list[Recording],
        listener: Model,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """Not even where the stretches of a turn are all from such."""
        monkeypatch.setattr(mixtures, "GROUP", 1)
        monkeypatch.setattr(mixtures, "MIXTURES_OF_GROUP", 1)
        bad = [tmp_path / f"broken {number}.mp3" for number in range(20)]
        for path in bad:
            path.write_bytes(b"no audio")
        broken = [Recording(path, "x") for path in bad]
        made = mix([*broken, recordings[0]], FRONT_END, listener, 5, seed=0)
        assert np.isfinite(made.segments).all()
        skipped = [record for record in caplog.records if "skipped" in record.message]
        assert skipped
        assert len({record.message for record in skipped}) == len(skipped)
        with pytest.raises(TrainingDataError, match="none of the recordings is long"):
            mix(broken, FRONT_END, listener, 5, seed=0)

    @pytest.mark.parametrize(("n_frames", "seconds"), [(5, "0.4"), (300, "26.1")])
    def test_both_must_hear_the_same(
        self, recordings: list[Recording], listener: Model, n_frames: int, seconds: str
    ) -> None:
        segment = replace(FRONT_END.segment, segment_frames=n_frames)
        with pytest.raises(TrainingDataError, match=f"segments of {seconds} s cannot be"):
            mix(recordings, replace(FRONT_END, segment=segment), listener, 5, seed=0)


class TestLearning:
    def test_it_learns_what_can_be_heard(self, tmp_path: Path) -> None:
        """A backbone that says how much of a sound are tones, and how much are beats."""
        rng = np.random.default_rng(0)
        tonal = rng.random((120, 1, 1))
        tones = (rng.random((120, 84, 1)) < 0.2) * np.ones((1, 1, 112))
        beats = (rng.random((120, 1, 112)) < 0.2) * np.ones((1, 84, 1))
        segments = 3 * (tonal * tones + (1 - tonal) * beats)
        segments += rng.normal(0, 0.3, segments.shape)
        embeddings = np.concatenate([tonal[:, 0], tonal[:, 0] ** 2], 1).astype(np.float32)
        tags = (tonal[:, 0] > 0.5).astype(np.float32)
        heard = Mixtures(segments.astype(np.float16), embeddings, tags)
        run = RunFolder(tmp_path)
        run.path.mkdir(exist_ok=True)
        recipe = quick_recipe(epochs=12)
        recipe = replace(recipe, augment=replace(recipe.augment, shift_bands=0, eq_std=0.0))
        pretrain(recipe, lesson_of(heard, 10), seed=0, run=run)
        rows = run.read_metrics()
        assert [row["epoch"] for row in rows] == list(range(1, 13))
        assert rows[-1]["valid_loss"] < 0.8 * rows[0]["valid_loss"]

    def test_rare_tags_teach_nothing(self) -> None:
        tags = np.zeros((50, 3), np.float32)
        tags[:, 1], tags[0, 2] = 0.5, 0.4
        noises = np.random.default_rng(0).normal(0, 3, (50, 4)).astype(np.float32)
        lesson = lesson_of(Mixtures(np.zeros((50, 2, 2), np.float16), noises, tags))
        assert lesson.n_targets == 4 + 1
        torch.testing.assert_close(lesson.embeddings.mean(dim=0), torch.zeros(4))

    def test_a_killed_one_goes_on_as_it_would_have(
        self,
        folder: Path,
        network: bytes,
        pretrained: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        plan = plan_of(folder, network, tmp_path)
        job = Pretraining(plan, FOLD)
        written = RunFolder.write_checkpoint

        def write_then_die(run: RunFolder, state: dict[str, object]) -> None:
            written(run, state)
            raise KeyboardInterrupt

        with monkeypatch.context() as dying:
            dying.setattr(RunFolder, "write_checkpoint", write_then_die)
            with pytest.raises(KeyboardInterrupt):
                job.run()
        job.run()
        found, wanted = (read_weights(out / PLACE) for out in (tmp_path, pretrained))
        for name, one in wanted.items():
            assert torch.equal(found[name], one), name

    def test_it_is_not_done_twice(
        self,
        folder: Path,
        network: bytes,
        pretrained: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("genre_model.training.pretraining_runs.mix", None)
        pretrain_protocol(plan_of(folder, network, pretrained))
        with pytest.raises(TrainingDataError, match="holds a run with other settings"):
            pretrain_protocol(plan_of(folder, network, pretrained, epochs=3))

    def test_other_music_is_another_pretraining(
        self, folder: Path, network: bytes, tmp_path: Path
    ) -> None:
        songs = tmp_path / "songs"
        songs.mkdir()
        for seconds in (12, 13):
            write_audio(songs / "song.wav", music(seconds, RATE_HZ), RATE_HZ)
            plan = plan_of(folder, network, tmp_path / "out", music=songs, epochs=1)
            if seconds == 12:
                pretrain_protocol(plan)
        with pytest.raises(TrainingDataError, match="holds a run with other settings"):
            pretrain_protocol(plan)

    def test_of_other_music_it_is_another_recipe(
        self, folder: Path, network: bytes, tmp_path: Path
    ) -> None:
        """What began with it may not be averaged with what began otherwise."""
        songs = tmp_path / "songs"
        songs.mkdir()
        write_audio(songs / "song.wav", music(12, RATE_HZ), RATE_HZ)
        hashes = []
        for name, music_folder in (("none", None), ("one", songs), ("two", songs)):
            if name == "two":
                write_audio(songs / "other.wav", music(12, RATE_HZ), RATE_HZ)
            plan = plan_of(folder, network, tmp_path / name, music=music_folder, epochs=1)
            pretrain_protocol(plan)
            about = read_start(tmp_path / name / PLACE, tiny_recipe(), FOLD).about
            assert about["track_ids"] == HEARD
            hashes.append(about["hash"])
        assert len(set(hashes)) == 3

    def test_the_names_of_another_copy_are_known(
        self, folder: Path, network: bytes, tmp_path: Path
    ) -> None:
        """Kaggle's files lack the dot; what was heard is said nevertheless."""
        for path in folder.rglob("*.*"):
            copy = tmp_path / "copy" / path.relative_to(folder).parent
            copy.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy / f"{path.stem.replace('.', '')}{path.suffix}")
        pretrain_protocol(plan_of(tmp_path / "copy", network, tmp_path / "out", epochs=1))
        about = read_start(tmp_path / "out" / PLACE, tiny_recipe(), FOLD).about
        assert about["track_ids"] == HEARD

    def test_recipes_that_cannot_are_told_before_anything_is_heard(
        self, folder: Path, network: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("genre_model.training.pretraining_runs.mix", None)
        for options, reason in (
            ({"band_norm": True}, "learns the levels of bands"),
            ({"head_rate": 3.0}, "unexpected keyword argument"),
        ):
            recipe = replace(quick_recipe(), network_options=options)
            with pytest.raises(RecipeError, match=reason):
                pretrain_protocol(plan_of(folder, network, tmp_path, recipe))
        segments = Experiment(quick_recipe(), folder, tmp_path, "segment-random")
        plan = replace(plan_of(folder, network, tmp_path), experiment=segments)
        with pytest.raises(TrainingDataError, match="divides segments"):
            pretrain_protocol(plan)

    def test_folds_in_processes_of_their_own(
        self, folder: Path, network: bytes, tmp_path: Path
    ) -> None:
        """What validates in a fold is not heard for it."""
        recipe = tiny_recipe()
        experiment = Experiment(recipe, folder, tmp_path, "artist-folds")
        watched = replace(
            recipe, training=replace(recipe.training, patience_epochs=1, epochs=1)
        )
        plan = plan_of(folder, network, tmp_path, epochs=1)
        plan = replace(plan, experiment=replace(experiment, recipe=watched))
        paths = pretrain_protocol(plan, n_processes=2)
        assert len(paths) == 3
        folds = plan.experiment.folds()
        for path, fold in zip(paths, folds, strict=True):
            settings = json.loads((path / "settings.json").read_text())
            heard = set(settings["pretraining"]["track_ids"])
            assert heard <= set(fold.train)
            assert not heard & {*fold.valid, *fold.test}
            assert read_start(path, watched, fold).about["n_files"] == len(heard)


class TestTraining:
    def test_it_begins_with_the_weights(
        self, folder: Path, pretrained: Path, tmp_path: Path
    ) -> None:
        """With hardly any learning, what comes out is what went in, but for the head."""
        recipe = tiny_recipe()
        recipe = replace(recipe, training=replace(recipe.training, learning_rate=1e-9))
        experiment = Experiment(recipe, folder, tmp_path, pretrained=pretrained)
        (run,) = train_protocol(experiment, [1])
        begun, ended = (read_weights(path) for path in (pretrained / PLACE, run.path))
        for name, one in begun.items():
            if name.endswith(("running_mean", "running_var", "num_batches_tracked")):
                continue
            same = torch.allclose(ended[name], one, atol=1e-6)
            assert same != is_head(name), name
        card = read_model(run.model_path).card
        about = card.training["pretrained"]
        assert (about["backbone"], about["n_files"], about["n_mixtures"]) == (
            "mn04",
            10,
            40,
        )
        assert sorted(about["track_ids"]) == HEARD
        assert "AudioSet" in card.licence

    def test_a_report_of_others_is_not_of_it(
        self,
        folder: Path,
        pretrained: Path,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The recipe is the same, the accuracy is not."""
        recipe = tiny_recipe()
        plain, begun = tmp_path / "plain", tmp_path / "begun"
        train_protocol(Experiment(recipe, folder, plain), [0])
        train_protocol(Experiment(recipe, folder, begun, pretrained=pretrained), [0])
        data = ["--data", str(folder)]
        for runs in (plain, begun):
            report = ["--out", str(runs / "report")]
            assert (
                main(["evaluate", str(runs), *data, "--source", "pictures", *report]) == 0
            )
        export = ["export", str(begun / PLACE / "seed-0"), "--name", "m"]
        export += ["--out", str(tmp_path / "m.onnx"), "--report"]
        assert main([*export, str(plain / "report" / "report.json")]) == 1
        assert "is not of the recipe" in capsys.readouterr().err
        assert main([*export, str(begun / "report" / "report.json")]) == 0
        assert read_model(tmp_path / "m.onnx").card.training["command"] == (
            "genre-model pretrain gtzan_crnn --backbone mn04 --mixtures 40 --epochs 2 "
            "--data DIR --out PRE --protocol fault-filtered && genre-model train "
            "gtzan_crnn --pretrained PRE --data DIR --source pictures --out RUN --protocol "
            "fault-filtered"
        )

    def test_one_that_heard_other_tracks_is_refused(
        self, pretrained: Path, tmp_path: Path
    ) -> None:
        others = tmp_path / "others"
        shutil.copytree(pretrained / PLACE, others)
        settings = json.loads((others / "settings.json").read_text())
        settings["pretraining"]["track_ids"].append(FOLD.test[0])
        (others / "settings.json").write_text(json.dumps(settings))
        with pytest.raises(TrainingDataError, match=f"1 tracks .* such as {FOLD.test[0]}"):
            read_start(others, tiny_recipe(), FOLD)

    def test_one_of_another_network_is_refused(self, pretrained: Path) -> None:
        recipe = replace(tiny_recipe(), network_options={"dense": 9})
        with pytest.raises(TrainingDataError, match="another network options than the"):
            read_start(pretrained / PLACE, recipe, FOLD)

    @pytest.mark.parametrize("text", [None, "[]", "{", '{"recipe": {}}'])
    def test_a_folder_of_nothing_is_refused(self, tmp_path: Path, text: str | None) -> None:
        if text is not None:
            (tmp_path / "settings.json").write_text(text)
        with pytest.raises(
            TrainingDataError, match="give the --out of genre-model pretrain"
        ):
            read_start(tmp_path, tiny_recipe(), FOLD)

    def test_one_that_was_killed_has_to_be_finished(
        self, pretrained: Path, tmp_path: Path
    ) -> None:
        killed = tmp_path / "killed"
        shutil.copytree(pretrained / PLACE, killed)
        (killed / "weights.pt").unlink()
        with pytest.raises(
            TrainingDataError, match="not complete: run genre-model pretrain"
        ):
            read_start(killed, tiny_recipe(), FOLD)

    def test_two_pretrainings_are_two_recipes(
        self, folder: Path, network: bytes, pretrained: Path, tmp_path: Path
    ) -> None:
        other = plan_of(folder, network, tmp_path / "other", epochs=1)
        pretrain_protocol(other)
        hashes = {
            read_start(out / PLACE, tiny_recipe(), FOLD).about["hash"]
            for out in (pretrained, tmp_path / "other")
        }
        assert len(hashes) == 2


@pytest.mark.parametrize("about", ["yes", {}, None, {"hash": 3}])
def test_a_card_of_a_stranger_ends_nothing(tmp_path: Path, about: object) -> None:
    path = write_small_model(tmp_path / "odd.onnx", training={"pretrained": about})
    assert "-pretrained-" in recipe_of(read_model(path).card)[1]


def test_music_can_do_without_the_audio_of_gtzan(network: bytes, tmp_path: Path) -> None:
    pictures, songs = write_pictures(tmp_path / "gtzan", range(30, 33)), tmp_path / "songs"
    songs.mkdir()
    write_audio(songs / "song.opus", music(12, 48000), 48000)
    plan = plan_of(pictures, network, tmp_path / "out")
    with pytest.raises(TrainingDataError, match="no audio of any genre"):
        pretrain_protocol(plan)
    pretrain_protocol(replace(plan, music=songs, epochs=1))
    settings = json.loads((tmp_path / "out" / PLACE / "settings.json").read_text())
    assert settings["pretraining"]["n_files"] == 1
    assert not settings["pretraining"]["track_ids"]


def test_the_command(
    folder: Path,
    published: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    digest = hashlib.sha256(published.read_bytes()).hexdigest()
    monkeypatch.setattr(mn04_weights, "SHA256", digest)
    music_folder = tmp_path / "music"
    music_folder.mkdir()
    write_audio(music_folder / "song.mp3", music(12, 44100, seed=9), 44100)
    arguments = ["pretrain", "z2_two_block_cnn", "--data", str(folder), "--out"]
    arguments += [str(tmp_path / "out"), "--from", str(published), "--epochs", "1"]
    arguments += ["--music", str(music_folder), "--set", "training.steps_per_epoch=1"]
    assert main([*arguments, "--mixtures", "500"]) == 1
    assert "--mixtures is 500; 500 of them are not learned from" in capsys.readouterr().err
    monkeypatch.setattr("genre_model.commands.pretrain.N_VALID", 10)
    assert main([*arguments, "--mixtures", "20"]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'out' / PLACE}\n"
    settings = json.loads((tmp_path / "out" / PLACE / "settings.json").read_text())
    assert settings["pretraining"]["n_files"] == 11
    (tmp_path / "other.pt").write_bytes(b"something else")
    arguments[arguments.index("--from") + 1] = str(tmp_path / "other.pt")
    assert main(arguments) == 1
    assert "other.pt: it is not the published file" in capsys.readouterr().err
