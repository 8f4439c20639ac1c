"""Where lines, warnings and progress go: the terminal, or the log of an import."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from beetsplug.genreclf.ui.text import say, visible

if TYPE_CHECKING:
    from beets.logging import BeetsLogger


class LogReporter:
    """Prints nothing: during an import the terminal belongs to the prompts.

    Only the thread that owns the library may call a reporter.

    Args:
        log: of the plugin; within an import stage it shows warnings only, and the rest
            with ``beet -v``.
    """

    def __init__(self, log: BeetsLogger) -> None:
        self._log = log

    @property
    def shows_details(self) -> bool:
        """True if the log takes details; making one takes as long as a decision."""
        return self._log.isEnabledFor(logging.DEBUG)

    def line(self, text: str) -> None:
        """Report the outcome of a track."""
        self._log.info("{}", visible(text))

    def detail(self, text: str) -> None:
        """Report what only ``beet -v`` shows."""
        self._log.debug("{}", visible(text))

    def warning(self, text: str) -> None:
        """Report what went wrong."""
        self._log.warning("{}", visible(text))

    def expect(self, n_tracks: int) -> None:
        """Announce the number of tracks that will be predicted."""

    def advance(self) -> None:
        """Count one track."""


class TerminalReporter(LogReporter):
    """Prints lines, and shows a progress bar on a terminal.

    Args:
        log: of the plugin, for warnings and details.
        quiet: print warnings only.
    """

    def __init__(self, log: BeetsLogger, *, quiet: bool) -> None:
        super().__init__(log)
        self._quiet = quiet
        self._bar: Any = None

    def line(self, text: str) -> None:
        """Print a line."""
        if self._quiet:
            self.detail(text)
            return
        with self._beside_the_bar():
            say(visible(text))

    def detail(self, text: str) -> None:
        """Log what only ``beet -v`` shows."""
        with self._beside_the_bar():
            super().detail(text)

    def warning(self, text: str) -> None:
        """Log a warning."""
        with self._beside_the_bar():
            super().warning(text)

    def expect(self, n_tracks: int) -> None:
        """Show a bar with rate and time left, on a terminal only."""
        from tqdm import tqdm

        self.close()
        # None: tqdm hides the bar where stderr is no terminal.
        hidden = True if self._quiet or not n_tracks else None
        self._bar = tqdm(total=n_tracks, unit="track", leave=False, disable=hidden)

    def advance(self) -> None:
        """Move the bar on."""
        if self._bar is not None:
            self._bar.update()

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _beside_the_bar(self) -> AbstractContextManager[Any]:
        if self._bar is None or self._bar.disable:
            return nullcontext()
        mode: AbstractContextManager[Any] = self._bar.external_write_mode()
        return mode


#: The type of both; a TerminalReporter is a LogReporter.
Reporter = LogReporter
