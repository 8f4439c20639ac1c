"""What came of a row, ready for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any


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
        leaky: whether that protocol leaks.
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
    leaky: bool = False
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


@dataclass(frozen=True)
class Outcome:
    """What came of one row.

    Attributes:
        id: of the row.
        measurements: numbers.
        findings: sentences: conclusions of tests, facts that were checked.
        files: plots, relative to the output folder.
        not_run: which parts could not be run, and why; such a row is tried again.
        absent: why nothing came of it; empty if something did.
        trainings: seconds of each training that it looks at, by run folder.
        seconds: of scoring, without trainings.
        settings: identify what it was computed with.
    """

    id: str
    measurements: tuple[Measurement, ...] = ()
    findings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    not_run: tuple[str, ...] = ()
    absent: str = ""
    trainings: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    settings: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, the inverse of :meth:`from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Outcome:
        """Build from JSON values.

        Raises:
            TypeError: if they are of another version.
            KeyError: as above.
        """
        plain = {one.name: values[one.name] for one in fields(cls)}
        plain["measurements"] = tuple(Measurement(**one) for one in plain["measurements"])
        for name in ("findings", "files", "not_run"):
            plain[name] = tuple(plain[name])
        return cls(**plain)
