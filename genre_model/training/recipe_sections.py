"""The sections of a recipe that say how to train: typed, every value checked."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf
from typing import Any, Literal, TypeVar, get_args

from genre_model.errors import RecipeError

Optimizer = Literal["adam", "adamw"]
Schedule = Literal["one_cycle", "constant", "step", "plateau"]


@dataclass(frozen=True)
class TrainingConfig:
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
        precision: of Lightning Fabric, such as ``"32-true"`` or ``"bf16-mixed"``.
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
    precision: str

    @property
    def needs_validation(self) -> bool:
        """Whether validation tracks steer the training."""
        return self.patience_epochs > 0 or self.schedule == "plateau"


@dataclass(frozen=True)
class AugmentConfig:
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

#: Counts that cannot be 0.
POSITIVE = (
    "epochs",
    "steps_per_epoch",
    "batch_size",
    "schedule_epochs",
    "validate_every_epochs",
)
#: What a setting of each kind may be in TOML.
KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bool": (bool,),
    "Optimizer": (str,),
    "Schedule": (str,),
}
CHOICES = {"Optimizer": get_args(Optimizer), "Schedule": get_args(Schedule)}


def build_section(section: type[SectionT], values: Any) -> SectionT:
    """Build a section from TOML values.

    Raises:
        RecipeError: naming the setting that is unknown, missing or impossible.
    """
    check_keys(values, {field.name for field in fields(section)})
    for field in fields(section):
        _check_value(field.name, str(field.type), values[field.name])
    # 0 and 0.0 are one setting, and one hash.
    floats = {f.name: float(values[f.name]) for f in fields(section) if f.type == "float"}
    return section(**(values | floats))


def check_keys(values: Any, expected: set[str]) -> None:
    """Refuse a table with other keys than these.

    Raises:
        RecipeError: naming the keys that are unknown or missing.
    """
    if not isinstance(values, dict):
        raise RecipeError(f"{values!r} stands where {', '.join(sorted(expected))} belong")
    if unknown := sorted(set(values) - expected):
        raise RecipeError(f"unknown setting {', '.join(unknown)}")
    if missing := sorted(expected - set(values)):
        raise RecipeError(f"missing setting {', '.join(missing)}")


def _check_value(name: str, kind: str, value: Any) -> None:
    is_bool = isinstance(value, bool)
    if not isinstance(value, KINDS[kind]) or is_bool != (kind == "bool"):
        raise RecipeError(f"{name} is {value!r}; expected {kind}")
    if kind in CHOICES and value not in CHOICES[kind]:
        raise RecipeError(f"{name} is {value!r}; it must be {' or '.join(CHOICES[kind])}")
    if isinstance(value, (int, float)) and not 0 <= value < inf:
        raise RecipeError(f"{name} is {value!r}; it must be 0 or more")
    if name in POSITIVE and value == 0:
        raise RecipeError(f"{name} is 0; at least 1 is needed")
