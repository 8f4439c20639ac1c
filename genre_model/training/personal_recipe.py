"""The recipe of a training on somebody's own audio, and the network it starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from genre_model.errors import RecipeError
from genre_model.training.parent_weights import ParentWeights, read_parent_weights
from genre_model.training.recipe import PERSONAL, Recipe, read_recipe
from genre_model.training.untrained_network import untrained_network

if TYPE_CHECKING:
    from pathlib import Path

    from torch import nn

Method = Literal["finetune", "scratch"]

#: Random crops of each track in an epoch, as many as GTZAN's tracks give in theirs.
CROPS_PER_TRACK = 3
#: Batches of an epoch: fewer would not be worth a checkpoint, and more than these make
#: a large library wait for hours.
STEPS_RANGE = (20, 200)


@dataclass(frozen=True)
class StartingPoint:
    """A recipe, and the weights that a network begins with.

    Attributes:
        method: of the training.
        recipe: with the front end and the network of the parent, if there is one.
        parent: whose weights are taken over; None begins with random ones.
    """

    method: Method
    recipe: Recipe
    parent: ParentWeights | None

    def build(self, n_genres: int) -> nn.Module:
        """Build a network with a head of its own; the seed decides what is random."""
        if self.parent is None:
            return untrained_network(self.recipe, n_genres)
        options = self.recipe.network_options
        return self.parent.build(n_genres, options["dropout"], options["head_rate"])

    def for_tracks(
        self, n_tracks: int, epochs: int | None, genre_balance: float | None
    ) -> StartingPoint:
        """Adapt the recipe to the number of tracks, and to what a person wants.

        Args:
            n_tracks: that can be trained on.
            epochs: None leaves the recipe's.
            genre_balance: None leaves the recipe's.

        Raises:
            RecipeError: if a wish cannot be granted.
        """
        config = self.recipe.training
        least, most = STEPS_RANGE
        steps = round(CROPS_PER_TRACK * n_tracks / config.batch_size)
        epochs = config.epochs if epochs is None else epochs
        balance = config.genre_balance if genre_balance is None else genre_balance
        if epochs < 1:
            raise RecipeError(f"epochs is {epochs}; at least 1 is needed")
        if not 0 <= balance <= 1:
            raise RecipeError(f"genre_balance is {balance}; it must be 0 to 1")
        config = replace(
            config,
            steps_per_epoch=min(max(steps, least), most),
            epochs=epochs,
            genre_balance=balance,
        )
        return replace(self, recipe=replace(self.recipe, training=config))


def starting_point(method: Method, parent: str | Path | None) -> StartingPoint:
    """Read the recipe of a method, and the weights of the parent where it has one.

    Args:
        method: ``"finetune"`` goes on from the parent, ``"scratch"`` from nothing.
        parent: path of an ``.onnx`` file or name of a bundled model; None is the
            default one. Not used from scratch.

    Raises:
        ModelFileError: if the parent cannot be read or fine-tuned.
        RecipeError: if there is no such method.
    """
    recipe = read_recipe(f"{PERSONAL}{method}")
    if method == "scratch":
        return StartingPoint(method, recipe, None)
    weights = read_parent_weights(parent)
    options = recipe.network_options | {
        "channels": list(weights.channels),
        "gru_units": weights.gru_units,
    }
    recipe = replace(recipe, network_options=options, front_end=weights.front_end)
    return StartingPoint(method, recipe, weights)
