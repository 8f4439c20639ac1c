"""``genre-model pretrain``: a network learns what a backbone makes of mixtures."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from audio_files import music, write_audio
from gtzan_folder import quick_recipe, write_pictures
from onnx_models import write_small_model
from published_mn04 import make_known, published_file, random_weights
from tiny_recipe import tiny_recipe
from unlabelled_clips import FOLD, HEARD, RATE_HZ, write_clips

from genre_model.backbone.install import published_network
from genre_model.cli import main
from genre_model.errors import RecipeError, TrainingDataError
from genre_model.model_file import read_model
from genre_model.training.experiment import Experiment, train_protocol
from genre_model.training.mixtures import Mixtures
from genre_model.training.pretrained_start import read_start
from genre_model.training.pretraining import is_head, lesson_of, pretrain
from genre_model.training.pretraining_runs import (
    Pretraining,
    PretrainingPlan,
    pretrain_protocol,
)
from genre_model.training.recipe_identity import recipe_of
from genre_model.training.run_folder import RunFolder, read_weights

if TYPE_CHECKING:
    from pathlib import Path

    from genre_model.training.recipe import Recipe

PLACE = "fault-filtered/fold-1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("gtzan"))


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
        make_known(published.read_bytes(), patch)
        return published_network([published])


@pytest.fixture(scope="module")
def pretrained(
    folder: Path, network: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("pretrained")
    assert pretrain_protocol(plan_of(folder, network, out)) == [out / PLACE]
    return out


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
    make_known(published.read_bytes(), monkeypatch)
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
    assert "other.pt: it is not a published file" in capsys.readouterr().err
