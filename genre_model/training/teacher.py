"""What trained models say of the crops that another network learns from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from genre_model.errors import RecipeError, TrainingDataError
from genre_model.model_file import read_model
from genre_model.training.gtzan import GENRES
from genre_model.training.recipe import recipe_from_settings
from genre_model.training.run_folder import read_weights
from genre_model.training.untrained_network import untrained_network

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from torch import Tensor

    from genre_model.config import FrontEnd
    from genre_model.model_file import Model


#: What is raised of settings that are no settings.
UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, RecipeError)


@dataclass(frozen=True)
class Teaching:
    """Whose opinion is learned, and how much it counts.

    Attributes:
        runs: folders of trained runs, of the same protocol.
        weight: share of the loss that compares with the opinion; the rest compares with
            the labels.
        temperature: divides the logits of teachers and student for that; above 1, what
            teachers half believe counts more.
    """

    runs: tuple[Path, ...]
    weight: float = 0.7
    temperature: float = 2.0


class Teacher:
    """The mean opinion of trained networks (Hinton, Vinyals & Dean 2015).

    It hears each crop as the student does, mixed and augmented (Beyer et al. 2022).

    Args:
        networks: that all have the student's genres and mel frames.
        teaching: how much they count.
    """

    def __init__(self, networks: Sequence[nn.Module], teaching: Teaching) -> None:
        self._networks = nn.ModuleList(networks).eval()
        self._teaching = teaching

    def taught(self, loss: Tensor, logits: Tensor, segments: Tensor) -> Tensor:
        """Return a loss that also says how far a student is from the opinion.

        Args:
            loss: by the labels.
            logits: of the student [shape=(n, n_genres)].
            segments: that it heard [shape=(n, n_mels, n_frames)], on the same device.
        """
        temperature = self._teaching.temperature
        cooled = functional.cross_entropy(
            logits / temperature, self.probabilities(segments)
        )
        # By the square of the temperature, so that gradients stay of the same size.
        return loss.lerp(temperature**2 * cooled, self._teaching.weight)

    @torch.no_grad()
    def probabilities(self, segments: Tensor) -> Tensor:
        """Return the opinion of each segment [shape=(n, n_genres), each row's sum 1].

        Args:
            segments: log-mel values [shape=(n, n_mels, n_frames)].
        """
        logits = [network(segments)[0] for network in self._networks.to(segments.device)]
        return (torch.stack(logits) / self._teaching.temperature).softmax(-1).mean(0)


def find_teachers(folder: Path) -> list[Path]:
    """Return the folders of the complete runs of one fold.

    Args:
        folder: holds ``seed-<n>`` folders.

    Raises:
        TrainingDataError: if there is none, or one has no weights.
    """
    runs = [path.parent for path in sorted(folder.glob("seed-*/model.onnx"))]
    if not runs:
        raise TrainingDataError(f"--teachers: no trained model in {folder}")
    for run in runs:
        if not (run / "settings.json").exists():
            raise TrainingDataError(
                f"--teachers: {run} is no training: what was fused or quantised cannot "
                "teach, what it was made of can"
            )
        read_weights(run)
    return runs


def teacher_network(run: Path) -> nn.Module:
    """Build the network of a complete run, with its weights.

    Raises:
        TrainingDataError: if the run has no weights, or its settings are damaged.
    """
    path = run / "settings.json"
    try:
        settings = json.loads(path.read_text("utf-8"))
        recipe = recipe_from_settings(settings["recipe"])
        n_genres = len(settings["training"].get("genres", GENRES))
        network = untrained_network(recipe, n_genres)
    except UNREADABLE as error:
        raise TrainingDataError(
            f"--teachers: {path} is damaged, or of another version: train the run again"
        ) from error
    weights = read_weights(run)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise TrainingDataError(
            f"--teachers: the weights in {run} are not of its recipe: train the run again"
        ) from error
    return network


def read_teachers(
    runs: Sequence[Path], front_end: FrontEnd, genres: Sequence[str], heard: Collection[str]
) -> list[Model]:
    """Read the models of runs, of one fold.

    Args:
        runs: their folders.
        front_end: of the student.
        genres: of the student.
        heard: ids of tracks that a teacher may have trained on: what it knows of others,
            the student would learn as well.

    Raises:
        TrainingDataError: if one may have heard other tracks.
        RecipeError: if one has other genres or another front end.
    """
    paths = [run / "model.onnx" for run in runs]
    models = [read_model(path) for path in paths]
    for path, model in zip(paths, models, strict=True):
        card = model.card
        if card.genres != tuple(genres) or card.front_end != front_end:
            raise RecipeError(
                f"--teachers: {path} has other genres or another front end than the recipe"
            )
        if "track_ids" not in card.training:
            raise TrainingDataError(
                f"--teachers: {path} does not say which tracks it was trained on"
            )
        if others := set(card.training["track_ids"]) - set(heard):
            raise TrainingDataError(
                f"--teachers: {path} was trained on {len(others)} tracks that this fold "
                f"does not train on, such as {min(others)}"
            )
    return models
