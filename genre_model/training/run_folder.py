"""The folder of one training: settings, checkpoint, metrics, environment, model."""

from __future__ import annotations

import csv
import json
import logging
import platform
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import torch
from filelock import FileLock, Timeout

from genre_model.atomic_file import sweep_partials, write_atomically
from genre_model.errors import TrainingDataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGES = ("beets-genreclf", "numpy", "torch", "onnxruntime")

#: Columns of ``metrics.csv``; validation is not scored in every epoch.
METRICS = ("epoch", "train_loss", "valid_loss", "valid_accuracy", "seconds")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunFolder:
    """Files of one training (one fold, one seed) under one folder, made when needed."""

    path: Path

    @property
    def model_path(self) -> Path:
        """The exported model; there once the training is complete."""
        return self.path / "model.onnx"

    @property
    def metrics_path(self) -> Path:
        """One line per epoch."""
        return self.path / "metrics.csv"

    @property
    def is_complete(self) -> bool:
        """Whether the training ended and its model was exported."""
        return self.model_path.exists()

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep other processes out, or wait for the one that is in; its death is enough."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / "in-use.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("%s is in use by another process: waiting for its end", self.path)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def start(self, settings: dict[str, Any]) -> None:
        """Write the settings, or refuse to resume a run of other settings."""
        self.path.mkdir(parents=True, exist_ok=True)
        sweep_partials(self.path)
        settings_path = self.path / "settings.json"
        text = json.dumps(settings, indent=2, sort_keys=True)
        if settings_path.exists() and settings_path.read_text("utf-8") != text:
            raise TrainingDataError(
                f"{self.path} holds a run with other settings or tracks; choose another "
                "--out or delete it"
            )
        write_atomically(settings_path, text.encode())
        write_atomically(
            self.path / "environment.json", json.dumps(_environment(), indent=2).encode()
        )

    def read_checkpoint(self) -> dict[str, Any] | None:
        """Return the state after the last complete epoch, if there is one."""
        path = self.path / "checkpoint.pt"
        if not path.exists():
            self._drop_metrics_after(0)
            return None
        try:
            checkpoint: dict[str, Any] = torch.load(path, "cpu", weights_only=True)
        except (OSError, RuntimeError, UnpicklingError, EOFError, KeyError) as error:
            raise TrainingDataError(
                f"checkpoint {path} is damaged; delete it to train from the start"
            ) from error
        self._drop_metrics_after(checkpoint["epoch"])
        return checkpoint

    def write_checkpoint(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint; a kill leaves the old one."""
        path = self.path / "checkpoint.pt"
        temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
        try:
            torch.save(state, temporary)
            temporary.replace(path)
        except (OSError, RuntimeError) as error:  # the latter is torch's for a full disk
            raise TrainingDataError(
                f"checkpoint {path} cannot be written: is the disk full?"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)

    def remove_checkpoint(self) -> None:
        """Delete what only an unfinished training needs."""
        for path in self.path.glob("checkpoint.pt*"):
            path.unlink(missing_ok=True)

    def append_metrics(self, values: dict[str, float]) -> None:
        """Add one epoch to ``metrics.csv``."""
        is_new = not self.metrics_path.exists()
        with self.metrics_path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, METRICS)
            if is_new:
                writer.writeheader()
            writer.writerow({name: f"{value:.5g}" for name, value in values.items()})

    def read_metrics(self) -> list[dict[str, float]]:
        """Return the epochs written so far."""
        if not self.metrics_path.exists():
            return []
        with self.metrics_path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            return [
                {name: float(value) for name, value in row.items() if value} for row in rows
            ]

    def _drop_metrics_after(self, epoch: int) -> None:
        """A kill between metrics and checkpoint leaves one epoch too many."""
        if self.metrics_path.exists():
            lines = self.metrics_path.read_bytes().splitlines(keepends=True)
            write_atomically(self.metrics_path, b"".join(lines[: 1 + epoch]))


def _environment() -> dict[str, str]:
    return {"python": platform.python_version(), "system": platform.system()} | {
        name: version(name) for name in PACKAGES
    }
