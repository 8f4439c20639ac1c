"""Commands that are disturbed, and what is lost by it."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from fault_home import FaultHome

if TYPE_CHECKING:
    from pathlib import Path

TAG, REVERT = ("genreclf",), ("genreclf", "--revert")
IMPORT = ("import", "-q", "-A", "-s")


@dataclass
class Count:
    """The outcome for files in many faults."""

    faults: int = 0
    hits: int = 0
    files_lost: int = 0
    genres_lost: int = 0
    disagreements: int = 0
    leftovers: int = 0
    details: list[str] = field(default_factory=list)

    def row(self, name: str) -> str:
        """Return a row of the table."""
        values = [self.faults, self.hits, self.files_lost, self.genres_lost]
        values += [self.disagreements, self.leftovers]
        return f"| {name} | " + " | ".join(map(str, values)) + " |"

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost."""
        return not (
            self.files_lost or self.genres_lost or self.disagreements or self.leftovers
        )


@dataclass(frozen=True)
class Trial:
    """A command that is disturbed, and what it makes of a library if it is not.

    Attributes:
        name: in the table.
        command: of beets; an import is told the folder.
        before: the library that it starts with.
        samples: of each file.
        old: genres in each file.
        new: the same after the command.
        seconds: that it takes.
    """

    name: str
    command: tuple[str, ...]
    before: FaultHome
    samples: dict[str, int]
    old: dict[str, list[str] | None]
    new: dict[str, list[str] | None]
    seconds: float

    def arguments(self, home: FaultHome) -> list[str]:
        """Return the command for one library."""
        return [*self.command, *([str(home.music)] if self.command == IMPORT else [])]

    def check(self, home: FaultHome, count: Count) -> None:
        """Look at the files after a fault, then at what the next run makes of them."""
        self._check_files(home, count)
        status, printed = home.run(*self.arguments(home))
        in_files, in_library = home.genres_in_files(), home.genres_in_library()
        wrong = [
            f"{name}: {in_files.get(name)} and {in_library.get(name)}, not {expected}"
            for name, expected in self.new.items()
            if not in_files.get(name) == in_library.get(name) == expected
        ]
        if status:
            wrong.append(f"exit status {status}: {printed[-500:]}")
        if len(in_library) != home.n_rows():
            wrong.append("tracks stand in the library twice")
        count.disagreements += len(wrong)
        count.details += [f"{self.name}: {text}" for text in wrong]
        if self.command == TAG:
            self._check_revert(home, count)
        left = home.leftovers()
        count.leftovers += len(left)
        count.details += [f"{self.name}: {path.name} is left" for path in left]

    def _check_files(self, home: FaultHome, count: Count) -> None:
        samples, genres = home.samples(), home.genres_in_files()
        for name, expected in self.samples.items():
            if samples.get(name) != expected:
                count.files_lost += 1
                count.details.append(f"{self.name}: {name} is damaged")
            elif genres[name] not in (self.old[name], self.new[name]):
                count.genres_lost += 1
                count.details.append(f"{self.name}: {name} has {genres[name]}")

    def _check_revert(self, home: FaultHome, count: Count) -> None:
        """Check that the previous genres are remembered."""
        home.run(*REVERT)
        if home.genres_in_files() != self.old:
            count.genres_lost += 1
            count.details.append(f"{self.name}: reverted to {home.genres_in_files()}")


def trial_of(name: str, command: tuple[str, ...], before: FaultHome, root: Path) -> Trial:
    """Run a command undisturbed."""
    home = before.copy_to(root / f"undisturbed {name}")
    trial = Trial(
        name, command, before, before.samples(), before.genres_in_files(), {}, 0.0
    )
    start = time.monotonic()
    status, printed = home.run(*trial.arguments(home))
    if status:
        raise SystemExit(f"{name} fails without any fault: {printed}")
    trial.new.update(home.genres_in_files())
    return replace(trial, seconds=time.monotonic() - start)


def trials_in(root: Path) -> list[Trial]:
    """Prepare the libraries that each command starts with."""
    fresh = FaultHome(root / "fresh", root / "fresh" / "music")
    fresh.create()
    imported = fresh.copy_to(root / "imported")
    imported.run("-c", str(no_auto(root)), *IMPORT, str(imported.music))
    tagged = imported.copy_to(root / "tagged")
    tagged.run(*TAG)
    return [
        trial_of("beet genreclf", TAG, imported, root),
        trial_of("beet import", IMPORT, fresh, root),
        trial_of("beet genreclf --revert", REVERT, tagged, root),
    ]


def no_auto(root: Path) -> Path:
    """Return a configuration that keeps imports from tagging."""
    path = root / "no-auto.yaml"
    path.write_text(json.dumps({"genreclf": {"auto": False}}), "utf-8")
    return path


def remove(home: FaultHome) -> None:
    """Remove a library that was looked at."""
    shutil.rmtree(home.folder)
    shutil.rmtree(home.music, ignore_errors=True)


def table_of(counts: dict[str, Count], hits: str) -> str:
    """Write the table of faults."""
    lines = [
        f"| command | runs | {hits} | files lost | genres lost | disagree | left behind |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(count.row(name) for name, count in counts.items())])
