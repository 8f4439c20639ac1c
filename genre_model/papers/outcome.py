"""The outcome of a row: our measurements beside the paper's values, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from genre_model import metrics
from genre_model.metrics import measures_of
from genre_model.papers.rows import RANDOM_SPLITS, leaks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from genre_model.papers.rows import System
    from genre_model.training.data.protocols import Fold
    from genre_model.training.evaluation.predictions import Predictions


@dataclass(frozen=True)
class Measurement:
    """One number of a system beside the paper's.

    Attributes:
        name: of the system, or of what was counted.
        measure: such as ``accuracy``.
        published: the paper's value; None if it gives none.
        ours: mean over seeds or repeats.
        sd: their sample standard deviation; None for a single one.
        low: lower end of the 95 % Wilson interval of a share of tracks.
        high: its upper end.
        protocol: which tracks train and test; empty where nothing is trained.
        n: test tracks (or segments).
        unit: what ``n`` counts.
        seeds: trainings (or repeats) that the mean is of.
        data: ``"mel pictures"``, ``"audio"`` or ``"feature table, 30 s"``.
        n_parameters: of the network.
        seconds: of training, all folds and seeds together.
        recipe: that gives it, with changes.
    """

    name: str
    measure: str
    published: float | None
    ours: float
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    protocol: str = ""
    n: int | None = None
    unit: str = "tracks"
    seeds: int = 1
    data: str = ""
    n_parameters: int | None = None
    seconds: float | None = None
    recipe: str = ""

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's."""
        return None if self.published is None else self.ours - self.published

    @property
    def leaky(self) -> bool:
        """Whether the protocol leaks."""
        return bool(self.protocol) and leaks(self.protocol)

    def with_interval(self) -> Measurement:
        """Return the same with the Wilson interval of a share of ``n`` tracks."""
        if not self.n:
            return self
        low, high = metrics.wilson_interval(self.ours * self.n, self.n)
        return replace(self, low=low, high=high)


@dataclass
class Outcome:
    """The outcome of one row.

    Attributes:
        id: of the row.
        measurements: numbers.
        findings: sentences: conclusions of tests, facts that were checked.
        files: plots, relative to the output folder.
        not_run: parts that could not be run, and why; such a row is tried again.
        absent: why there is no result; empty if there is one.
        trainings: seconds of each training that it looks at, by run folder.
        seconds: of scoring, without trainings.
        settings: identify what it was computed with.
    """

    id: str
    measurements: list[Measurement] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    not_run: list[str] = field(default_factory=list)
    absent: str = ""
    trainings: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    settings: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, the inverse of :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Outcome:
        """Build from JSON values; a TypeError or KeyError tells another version."""
        measurements = [Measurement(**one) for one in values["measurements"]]
        return cls(**values | {"measurements": measurements})

    def add(self, other: Outcome) -> None:
        """Take the measurements, findings and files of a part of the row."""
        self.measurements += other.measurements
        self.findings += other.findings
        self.files += other.files


def mean_over_runs(
    name: str, measure: str, published: float | None, values: Sequence[float], **more: Any
) -> Measurement:
    """Build a measurement from one value per seed or repeat [shape=(n_runs,)]."""
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    mean, n_runs = float(np.mean(values)), len(values)
    return Measurement(name, measure, published, mean, sd=sd, seeds=n_runs, **more)


def measurements_of(
    system: System,
    protocol: str,
    predictions: list[Predictions],
    *,
    data: str,
    seconds: float | None = None,
    n_parameters: int | None = None,
) -> list[Measurement]:
    """Measure the accuracy, and everything that the paper gives.

    There is one ``Predictions`` per seed or repeat; ``seconds`` are of all trainings.
    """
    values = [measures_of(one.probabilities, one.labels) for one in predictions]
    unit = predictions[0].unit
    published = system.published if unit == system.published_of else {}
    accuracy, *others = (
        mean_over_runs(
            system.name,
            measure,
            published.get(measure),
            [one[measure] for one in values],
            protocol=protocol,
            # Of repeated splits, each has its own number of test rows.
            n=round(float(np.mean([len(one.labels) for one in predictions]))),
            unit=unit,
            data=data,
            n_parameters=n_parameters,
            seconds=None if seconds is None else round(seconds, 1),
            recipe=predictions[0].recipe,
        )
        for measure in dict.fromkeys(["accuracy", *published])
    )
    if unit == "tracks" and protocol != RANDOM_SPLITS:
        # Nothing else is a share of independent tracks.
        accuracy = accuracy.with_interval()
    return [accuracy, *others]


def fold_finding(
    system: System, protocol: str, predictions: list[Predictions], folds: list[Fold]
) -> list[str]:
    """Give the accuracy in each of several folds, the mean over seeds, and their spread."""
    if len(folds) < 2:
        return []
    accuracies = [
        100 * float(np.mean([one.subset(fold.test).right.mean() for one in predictions]))
        for fold in folds
    ]
    finding = (
        f"{system.name}, {protocol}: {', '.join(f'{one:.1f}' for one in accuracies)} % in "
        f"its {len(folds)} folds (standard deviation {np.std(accuracies, ddof=1):.2f})."
    )
    return [finding]


def confusion_of(predictions: list[Predictions]) -> NDArray[np.int64]:
    """Return the confusion matrix, summed over seeds or repeats."""
    matrices = [metrics.confusion_matrix(p.probabilities, p.labels) for p in predictions]
    return np.asarray(np.sum(matrices, axis=0))
