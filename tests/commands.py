"""The command ``genre-model``, run in the process of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import pytest

from genre_model.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable


class Run(NamedTuple):
    """The result of a command."""

    status: int
    out: str
    err: str


class Command(Protocol):
    """Runs a command that must end with a status; arguments may be paths and numbers."""

    def __call__(self, *arguments: object, status: int = 0) -> Run: ...


@pytest.fixture
def any_run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Run]:
    """Return a function that runs a command."""

    def run_command(*arguments: object) -> Run:
        status = main(list(map(str, arguments)))
        return Run(status, *capsys.readouterr())

    return run_command


@pytest.fixture
def run(any_run: Callable[..., Run]) -> Command:
    def run_command(*arguments: object, status: int = 0) -> Run:
        result = any_run(*arguments)
        assert result.status == status, result.err
        return result

    return run_command
