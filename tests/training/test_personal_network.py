"""Networks for invented genres that a tiny network learns within seconds."""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from audio_files import noise, tone, write_audio
from onnx_models import FRONT_END, write_small_model

from genre_model.card import Card
from genre_model.classifier import GenreClassifier
from genre_model.errors import (
    ModelFileError,
    RecipeError,
    TrainingDataError,
    TrainingStoppedError,
)
from genre_model.personal.labelled_files import LabelledFile
from genre_model.personal.settings import Watcher
from genre_model.training import mel_store, personal_folds, personal_recipe
from genre_model.training.parent_weights import read_parent_weights
from genre_model.training.personal_network import PersonalNetwork, train_folds
from genre_model.training.personal_recipe import starting_point
from genre_model.training.recipe import Recipe, read_recipe, recipe_names
from genre_model.training.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

RATE_HZ = 22050
LABELS = ("low", "high", "noise")
PER_LABEL = 4
BROKEN = 5


def small_recipe(name: str) -> Recipe:
    recipe = read_recipe(name)
    options = recipe.network_options | {
        "channels": [4, 4, 8, 8],
        "gru_units": 8,
        "dropout": 0.0,
    }
    training = replace(
        recipe.training, epochs=2, batch_size=12, learning_rate=1e-2, ema_decay=0.7
    )
    augment = replace(recipe.augment, mixup_alpha=0.0, time_masks=0, band_masks=0)
    return replace(recipe, network_options=options, training=training, augment=augment)


@pytest.fixture(autouse=True, scope="module")
def tiny_trainings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(personal_recipe, "read_recipe", small_recipe)
        patch.setattr(personal_recipe, "STEPS_RANGE", (16, 16))
        yield


@dataclass(frozen=True)
class Library:
    """Labelled files, one of which cannot be read, and two folds of them."""

    files: tuple[LabelledFile, ...]
    targets: NDArray[np.int64]
    folds: tuple[tuple[NDArray[np.int64], NDArray[np.int64]], ...]

    def train(self, folder: Path, **changes: Any) -> PersonalNetwork:
        options: dict[str, Any] = {
            "method": "scratch",
            "parent": None,
            "folder": folder,
            "should_stop": lambda: False,
            "watcher": Mock(spec=Watcher),
        }
        return train_folds(
            self.files, LABELS, self.targets, self.folds, **options | changes
        )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("library")
    files: list[LabelledFile] = []
    targets: list[int] = []
    for number in range(PER_LABEL):
        sounds = {
            "low": tone(90 + 15 * number, 4, RATE_HZ),
            "high": tone(3000 + 400 * number, 4, RATE_HZ),
            "noise": noise(4, RATE_HZ, seed=number),
        }
        for target, label in enumerate(LABELS):
            path = folder / f"{label}-{number}.flac"
            # No sound is digital silence between the lines of its spectrum.
            hiss = noise(4, RATE_HZ, amplitude=0.01, seed=99 + len(files))
            write_audio(path, 0.9 * sounds[label] + hiss, RATE_HZ)
            files.append(LabelledFile(f"key {len(files)}", path, (label,), path.stem))
            targets.append(target)
    files[BROKEN].path.write_bytes(b"no audio at all")
    numbers = np.arange(len(files))
    halves = [numbers[numbers % 2 == half] for half in (0, 1)]
    return Library(
        tuple(files),
        np.array(targets),
        ((halves[0], halves[1]), (halves[1], halves[0])),
    )


@pytest.fixture(scope="module")
def watcher() -> Mock:
    return Mock(spec=Watcher)


@pytest.fixture(scope="module")
def trained(
    library: Library, watcher: Mock, tmp_path_factory: pytest.TempPathFactory
) -> PersonalNetwork:
    return library.train(tmp_path_factory.mktemp("work"), watcher=watcher)


@pytest.fixture(scope="module")
def model(trained: PersonalNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "mine.onnx"
    trained.write(path, Card("mine", LABELS, trained.front_end, trained.temperature))
    return path


def kept_targets(library: Library) -> NDArray[np.int64]:
    return np.delete(library.targets, BROKEN)


def is_equal(first: PersonalNetwork, second: PersonalNetwork) -> bool:
    weights = first.network.state_dict(), second.network.state_dict()
    return (
        first.keys == second.keys
        and first.temperature == second.temperature
        and np.array_equal(first.out_of_fold, second.out_of_fold)
        and all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    )


def test_it_learns_genres_of_its_own(library: Library, trained: PersonalNetwork) -> None:
    assert trained.out_of_fold.shape == (11, 3)
    assert trained.out_of_fold.dtype == np.float32
    np.testing.assert_allclose(trained.out_of_fold.sum(axis=1), 1, atol=1e-5)
    right = trained.out_of_fold.argmax(axis=1) == kept_targets(library)
    assert right.mean() >= 0.8, "chance is 0.33"
    assert 0.2 <= trained.temperature <= 5
    assert trained.recipe_name == "personal_scratch"
    assert trained.front_end == FRONT_END


def test_unreadable_files_are_left_out_everywhere(
    library: Library, trained: PersonalNetwork, watcher: Mock
) -> None:
    assert trained.keys == tuple(
        file.key for index, file in enumerate(library.files) if index != BROKEN
    )
    ((text,),) = (call.args for call in watcher.warning.call_args_list)
    assert library.files[BROKEN].path.name in text
    watcher.expect.assert_called_once_with(12)
    assert watcher.advance.call_count == 12


def test_no_fold_is_scored_on_what_it_saw(
    library: Library, trained: PersonalNetwork
) -> None:
    readable = {file.key for file in library.files} - {library.files[BROKEN].key}
    for number, (_, test) in enumerate(library.folds, 1):
        run = trained.run_folder / f"fold-{number}"
        settings = json.loads((run / "settings.json").read_text())
        tested = {library.files[index].key for index in test}
        assert set(settings["training"]["keys"]) == readable - tested
        assert not (run / "checkpoint.pt").exists()
    final = json.loads((trained.run_folder / "final" / "settings.json").read_text())
    assert set(final["training"]["keys"]) == readable


def test_the_model_file_tags(library: Library, model: Path) -> None:
    classifier = GenreClassifier.load(model)
    assert classifier.genres == LABELS
    files = [file for index, file in enumerate(library.files) if index != BROKEN]
    heard = [classifier.predict_file(file.path).genre for file in files]
    right = [genre == file.labels[0] for genre, file in zip(heard, files, strict=True)]
    assert np.mean(right) >= 0.8


def test_it_can_be_trained_further(library: Library, model: Path, tmp_path: Path) -> None:
    parent = GenreClassifier.load(model)
    network = library.train(tmp_path, method="finetune", parent=model, epochs=2)
    assert network.recipe_name == "personal_finetune"
    assert network.front_end == parent.card.front_end
    right = network.out_of_fold.argmax(axis=1) == kept_targets(library)
    assert right.mean() >= 0.8
    (run,) = tmp_path.glob("finetune-*")
    assert run == network.run_folder
    settings = json.loads((run / "final" / "settings.json").read_text())
    assert settings["recipe"]["training"]["epochs"] == 2
    assert settings["recipe"]["network_options"]["channels"] == [4, 4, 8, 8]
    rows = RunFolder(run / "final").read_metrics()
    assert [row["epoch"] for row in rows] == [1, 2]
    path = tmp_path / "better.onnx"
    network.write(path, Card("better", LABELS, FRONT_END, network.temperature))
    assert read_parent_weights(path).gru_units == 8, "it can be trained further, too"


@pytest.fixture
def one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be learnt, where nothing has to."""
    monkeypatch.setattr(personal_recipe, "STEPS_RANGE", (1, 1))


@pytest.mark.usefixtures("one_step")
def test_the_bundled_model_can_be_trained_further(library: Library, tmp_path: Path) -> None:
    network = library.train(tmp_path, method="finetune", epochs=1)
    assert network.out_of_fold.shape == (11, 3)
    assert network.network.state_dict()["head.weight"].shape == (3, 192)


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.mark.parametrize("n_checkpoints", [1, 4])
def test_a_killed_training_goes_on(
    n_checkpoints: int,
    library: Library,
    trained: PersonalNetwork,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left = iter(range(n_checkpoints))

    def killed_after(self: RunFolder, state: dict[str, Any]) -> None:
        write_checkpoint(self, state)
        if next(left, None) == n_checkpoints - 1:
            raise Killed

    write_checkpoint = RunFolder.write_checkpoint
    monkeypatch.setattr(RunFolder, "write_checkpoint", killed_after)
    with pytest.raises(Killed):
        library.train(tmp_path)
    n_epochs = count_epochs(tmp_path)
    assert n_epochs == n_checkpoints
    monkeypatch.undo()
    assert is_equal(library.train(tmp_path), trained)
    assert count_epochs(tmp_path) == 6, "two epochs of two folds and of all"


def count_epochs(folder: Path) -> int:
    return sum(
        len(RunFolder(path.parent).read_metrics()) for path in folder.rglob("metrics.csv")
    )


def test_a_stopped_training_goes_on(
    library: Library, trained: PersonalNetwork, tmp_path: Path
) -> None:
    def stop_in_fold_2() -> bool:
        return bool(list(tmp_path.glob("scratch-*/fold-2/metrics.csv")))

    with pytest.raises(TrainingStoppedError):
        library.train(tmp_path, should_stop=stop_in_fold_2)
    assert count_epochs(tmp_path) == 3
    with pytest.raises(TrainingStoppedError):
        library.train(tmp_path, should_stop=lambda: True)
    assert is_equal(library.train(tmp_path), trained)


@pytest.mark.usefixtures("one_step")
def test_a_fold_whose_scores_are_damaged_is_trained_again(
    library: Library, tmp_path: Path
) -> None:
    network = library.train(tmp_path, epochs=1)
    path = network.run_folder / "fold-1" / "logits.npz"
    path.write_bytes(path.read_bytes()[:-50])
    assert is_equal(library.train(tmp_path, epochs=1), network)


@pytest.mark.usefixtures("one_step")
def test_other_labels_are_another_training(library: Library, tmp_path: Path) -> None:
    first = library.train(tmp_path, epochs=1)
    targets = library.targets.copy()
    targets[:2] = targets[1::-1]
    second = replace(library, targets=targets).train(tmp_path, epochs=1)
    third = library.train(tmp_path, epochs=1, seed=1)
    folders = {network.run_folder for network in (first, second, third)}
    assert len(folders) == 3
    assert not is_equal(first, third)


def test_a_full_disk_changes_nothing(
    library: Library,
    trained: PersonalNetwork,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(mel_store, "write_array", full)
    watcher = Mock(spec=Watcher)
    assert is_equal(library.train(tmp_path, watcher=watcher), trained)
    texts = [call.args[0] for call in watcher.warning.call_args_list]
    assert len([text for text in texts if "takes no more files" in text]) == 1


def fail_to_save(*_: object) -> None:
    raise RuntimeError("PytorchStreamWriter failed writing file")


@pytest.mark.usefixtures("one_step")
@pytest.mark.parametrize(
    ("place", "failing", "complaint"),
    [
        (torch, "save", r"checkpoint .* cannot be written: is the disk full"),
        (personal_folds, "write_atomically", "No space left on device"),
    ],
)
def test_a_disk_too_full_for_checkpoints_is_one_line(
    place: object,
    failing: str,
    complaint: str,
    library: Library,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(place, failing, fail_to_save if place is torch else full)
    with pytest.raises(TrainingDataError, match=complaint):
        library.train(tmp_path, epochs=1)
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.usefixtures("one_step")
def test_cleaning_up_keeps_the_mel_frames(library: Library, tmp_path: Path) -> None:
    network = library.train(tmp_path, epochs=1)
    assert network.run_folder.is_dir()
    network.clean_up()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("mel-")
    assert len(list(left.glob("*.npy"))) == 2 * len(network.keys)


@pytest.mark.usefixtures("one_step")
def test_folds_must_test_each_file_once(library: Library, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be tested in one fold"):
        replace(library, folds=library.folds[:1]).train(tmp_path)
    everything = np.arange(len(library.files))
    folds = tuple((everything, test) for _, test in library.folds)
    with pytest.raises(ValueError, match="tested on files that it is trained on"):
        replace(library, folds=folds).train(tmp_path)


def test_what_cannot_be_trained_is_named(library: Library, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="epochs is 0"):
        library.train(tmp_path, epochs=0)
    with pytest.raises(RecipeError, match=r"genre_balance is 1\.5"):
        library.train(tmp_path, genre_balance=1.5)
    parent = write_small_model(tmp_path / "small.onnx")
    with pytest.raises(ModelFileError, match="cannot be fine-tuned"):
        library.train(tmp_path, method="finetune", parent=parent)
    with pytest.raises(TrainingDataError, match="no file of low could be read"):
        replace(library, targets=np.where(library.targets == 0, 1, library.targets)).train(
            tmp_path
        )


@pytest.fixture
def real_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(personal_recipe, "read_recipe", read_recipe)
    monkeypatch.setattr(personal_recipe, "STEPS_RANGE", (20, 200))


@pytest.mark.usefixtures("real_recipes")
@pytest.mark.parametrize(
    ("n_tracks", "n_steps"), [(30, 20), (443, 42), (1000, 94), (20_000, 200)]
)
def test_the_number_of_steps_follows_the_number_of_tracks(
    n_tracks: int, n_steps: int
) -> None:
    recipe = starting_point("scratch", None).for_tracks(n_tracks, None, None).recipe
    assert recipe.training.steps_per_epoch == n_steps


@pytest.mark.usefixtures("real_recipes")
@pytest.mark.parametrize("method", ["scratch", "finetune"])
def test_the_recipes_suit_any_machine(method: Any) -> None:
    recipe = starting_point(method, None).recipe
    gtzan = read_recipe("gtzan_crnn")
    assert recipe.front_end == gtzan.front_end
    assert recipe.network_options.items() >= gtzan.network_options.items()
    assert recipe.training.precision == "32-true"
    assert recipe.training.patience_epochs == 0, "no track is left to validate on"
    assert recipe.name not in recipe_names()


def test_an_unknown_method_is_named() -> None:
    unknown: Any = "magic"
    with pytest.raises(RecipeError, match="no recipe 'personal_magic'"):
        starting_point(unknown, None)
