"""Recipes: every setting of one training, read from TOML."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from genre_model.errors import ModelFileError, RecipeError
from genre_model.features.config import FrontEnd
from genre_model.training.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.resources.abc import Traversable

    from genre_model.model.card import Card


if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Optimizer = Literal["adam", "adamw"]
Schedule = Literal["one_cycle", "constant", "step", "plateau"]
Precision = Literal["32-true", "bf16-mixed"]


#: Counts that cannot be 0.
POSITIVE = (
    "epochs",
    "steps_per_epoch",
    "batch_size",
    "schedule_epochs",
    "validate_every_epochs",
)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Settings):
    """The optimisation.

    Attributes:
        epochs: passes of ``steps_per_epoch`` batches; the length of the schedule.
        steps_per_epoch: batches per epoch, for any number of tracks.
        batch_size: random crops per batch.
        genre_balance: 0 shows each track equally often, 1 each genre; in between, a
            track's share is its genre's number of tracks to the power of the negative
            balance.
        standardise_tracks: give each track mean 0 and standard deviation 1 first, so
            that mixup blends tracks of equal loudness.
        optimizer: ``"adamw"`` (Loshchilov & Hutter 2019) or ``"adam"`` (Kingma & Ba
            2015), where ``weight_decay`` is an L2 penalty.
        learning_rate: the first one, or the peak of the one-cycle schedule.
        schedule: of the learning rate. ``"one_cycle"`` (Smith & Topin 2018) warms up and
            cools down, ``"constant"`` stays, ``"step"`` multiplies by
            ``schedule_factor`` every ``schedule_epochs``, ``"plateau"`` does so when the
            validation loss has not fallen for as many epochs.
        schedule_factor: see ``schedule``.
        schedule_epochs: see ``schedule``.
        weight_decay: of the optimizer.
        label_smoothing: probability spread over all genres.
        ema_decay: of the exponential moving average of the weights, which is kept; 0
            keeps the weights themselves.
        validate_every_epochs: how often whole validation tracks are scored.
        patience_epochs: stop after this many epochs without a better validation loss and
            keep the best weights; 0 runs the whole schedule and keeps the last.
        precision: ``"32-true"``, or ``"bf16-mixed"`` for autocast to bfloat16.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int
    genre_balance: float
    standardise_tracks: bool
    optimizer: Optimizer
    learning_rate: float
    schedule: Schedule
    schedule_factor: float
    schedule_epochs: int
    weight_decay: float
    label_smoothing: float
    ema_decay: float
    validate_every_epochs: int
    patience_epochs: int
    precision: Precision

    def __post_init__(self) -> None:
        """Check every value."""
        super().__post_init__()
        if zeros := [name for name in POSITIVE if getattr(self, name) == 0]:
            raise ValueError(f"{zeros[0]} is 0; at least 1 is needed")
        if self.schedule == "plateau" and self.schedule_factor >= 1:
            raise ValueError(
                f"schedule_factor is {self.schedule_factor}; a plateau needs less than 1"
            )

    @property
    def needs_validation(self) -> bool:
        """Whether validation tracks steer the training."""
        return self.patience_epochs > 0 or self.schedule == "plateau"


@dataclass(frozen=True, kw_only=True)
class AugmentConfig(Settings):
    """Random changes of training crops, in bands, frames and standard deviations.

    Attributes:
        time_stretch: largest share by which time runs faster or slower.
        time_shift_frames: largest shift of a crop in time; what leaves at one end comes
            back at the other.
        mixup_alpha: of the Beta distribution of mixup (Zhang et al. 2018); 0 is off.
        shift_bands: largest shift of the frequency axis; on the mel scale this is a
            shift of pitch.
        gain_std: standard deviation of a random gain of the whole crop. Networks that
            standardise each segment themselves (all that take mel frames, unless
            ``band_norm`` is set) take it out again: there it has no effect, save on what
            the floor and the masks, which come later, hide.
        tilt_std: standard deviation of a random tilt, straight over the bands, at its
            ends.
        eq_std: standard deviation of the knots of a random smooth equaliser curve.
        noise_std: standard deviation of Gaussian noise on every value.
        floor_probability: how often quiet values are raised to a random floor.
        time_masks: masks over time (SpecAugment, Park et al. 2019).
        time_mask_frames: largest width of one.
        band_masks: masks over frequency.
        band_mask_bands: largest width of one.
    """

    time_stretch: float
    time_shift_frames: int
    mixup_alpha: float
    shift_bands: int
    gain_std: float
    tilt_std: float
    eq_std: float
    noise_std: float
    floor_probability: float
    time_masks: int
    time_mask_frames: int
    band_masks: int
    band_mask_bands: int


SectionT = TypeVar("SectionT", TrainingConfig, AugmentConfig)


def build_section(section: type[SectionT], values: Any) -> SectionT:
    """Build a section from TOML values; a RecipeError names the impossible setting."""
    check_keys(values, {field.name for field in fields(section)})
    try:
        built = section(**values)
    except (TypeError, ValueError) as error:
        raise RecipeError(str(error)) from error
    # 0 and 0.0 are one setting, and one hash.
    floats: dict[str, Any] = {
        field.name: float(values[field.name])
        for field in fields(section)
        if field.type == "float"
    }
    return replace(built, **floats)


def check_keys(values: Any, expected: set[str]) -> None:
    """Refuse a table with other keys than these."""
    if not isinstance(values, dict):
        raise RecipeError(f"expected {', '.join(sorted(expected))}, not {values!r}")
    if unknown := sorted(set(values) - expected):
        raise RecipeError(f"unknown setting {', '.join(unknown)}")
    if missing := sorted(expected - set(values)):
        raise RecipeError(f"missing setting {', '.join(missing)}")


@dataclass(frozen=True)
class Recipe:
    """One training, complete but for data and seed."""

    name: str
    network: str
    network_options: dict[str, Any]
    front_end: FrontEnd
    training: TrainingConfig
    augment: AugmentConfig

    @property
    def settings_hash(self) -> str:
        """Identify the settings, not their name: 16 hexadecimal digits."""
        settings = asdict(self)
        del settings["name"]
        text = json.dumps(settings, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


#: How the names of recipes begin that learn from published taggers, not from GTZAN.
DISTILLED = "distilled_"
#: How the names of files begin that are no recipes, but what several recipes extend.
BASE = "base_"
#: The table of a recipe that changes it where tracks are mel pictures, not audio.
PICTURES = "pictures"


def recipe_names() -> list[str]:
    """Return the names of the recipes for GTZAN that come with the package."""
    return [name for name in _bundled() if not name.startswith((DISTILLED, BASE))]


def read_recipe(
    name_or_path: str, changes: Sequence[str] = (), *, pictures: bool = False
) -> Recipe:
    """Read a recipe by its name, or from a TOML file.

    A recipe that begins with ``extends = "name"`` holds only what differs from a bundled
    one. Its table ``[pictures]`` holds what differs where there are mel pictures only,
    whose front end is given.

    Args:
        name_or_path: a name of :func:`recipe_names`, ``distilled_crnn``, or a path that
            ends in ``.toml``.
        changes: settings to change, such as ``training.epochs=20``. They become part of
            the recipe's name, so that nobody takes it for the original.
        pictures: whether the tracks are mel pictures.

    Raises:
        RecipeError: naming the file and the setting that is unknown or missing.
    """
    path = _bundled().get(name_or_path, Path(name_or_path))
    if not path.name.endswith(".toml"):
        raise RecipeError(
            f"no recipe {name_or_path!r}; there is {', '.join(recipe_names())}, or give "
            "the path of a .toml file"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read recipe {path}: {error}") from error
    return recipe_from_toml(Path(name_or_path).stem, text, changes, pictures=pictures)


def recipe_from_toml(
    name: str, text: str, changes: Sequence[str] = (), *, pictures: bool = False
) -> Recipe:
    """Build a recipe from TOML text, with settings changed as in :func:`read_recipe`."""
    try:
        values = _extended(tomllib.loads(text))
        of_pictures = values.pop(PICTURES, {})
        if pictures:
            values = _merged(values, of_pictures)
        for change in changes:
            _change(values, change)
        check_keys(values, {field.name for field in fields(Recipe)} - {"name"})
        return Recipe(
            name="+".join((name, *changes)),
            network=values["network"],
            network_options=values["network_options"],
            front_end=FrontEnd.from_dict(values["front_end"]),
            training=build_section(TrainingConfig, values["training"]),
            augment=build_section(AugmentConfig, values["augment"]),
        )
    except (tomllib.TOMLDecodeError, ModelFileError, RecipeError) as error:
        raise RecipeError(f"recipe {name}: {error}") from error


def _bundled() -> dict[str, Traversable]:
    """Return the files of recipes that come with the package by name."""
    folder = resources.files("genre_model.training") / "recipes"
    names = sorted(Path(entry.name).stem for entry in folder.iterdir())
    return {name: folder / f"{name}.toml" for name in names}


def _extended(values: dict[str, Any]) -> dict[str, Any]:
    """Put the settings of a recipe into those of the one that it extends."""
    if "extends" not in values:
        return values
    parent = values.pop("extends")
    if parent not in _bundled():
        raise RecipeError(
            f"extends = {parent!r}; a recipe can extend {', '.join(_bundled())}"
        )
    base = _extended(tomllib.loads(_bundled()[parent].read_text("utf-8")))
    if values.get("network", base.get("network")) != base.get("network"):
        # Options of another network mean nothing.
        of_pictures = dict(base.get(PICTURES, {}), network_options={})
        base = base | {"network_options": {}, PICTURES: of_pictures}
    return _merged(base, values)


def _merged(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Put values into a copy of ``base``, table by table."""
    merged = dict(base)
    for name, value in values.items():
        inner = merged.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            value = _merged(inner, value)  # noqa: PLW2901
        merged[name] = value
    return merged


def _change(values: dict[str, Any], change: str) -> None:
    """Apply one ``section.name=value``; the value is written as in the recipe."""
    place, equals, text = change.partition("=")
    *sections, name = place.strip().split(".")
    for section in sections:
        inner = values.get(section)
        values = inner if isinstance(inner, dict) else {}
    if not equals or name not in values:
        raise RecipeError(f"{change!r} changes no setting; write section.name=value")
    try:
        values[name] = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{change!r}: {text!r} is no TOML value: {error}") from error


#: Between the hash of a recipe and that of the tracks that were left out.
LEFT_OUT_MARK = "-left-out-"


def recipe_of(card: Card) -> tuple[str, str]:
    """Return the name of a model's recipe, and the hash of its settings if known.

    Tracks that were left out of the training change the accuracy, and so the hash.
    """
    recipe, recipe_hash = (card.training.get(key, "") for key in ("recipe", "recipe_hash"))
    if left_out := card.training.get("left_out"):
        digits = hashlib.sha256(repr(left_out).encode()).hexdigest()[:8]
        recipe_hash += f"{LEFT_OUT_MARK}{digits}"
    return recipe, recipe_hash
