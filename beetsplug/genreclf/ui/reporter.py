"""Where lines, warnings and progress go: to the terminal, or to the log of an import."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Protocol

from beetsplug.genreclf.ui.text import say, visible

if TYPE_CHECKING:
    from beets.logging import BeetsLogger


class Reporter(Protocol):
    """Receives what there is to say; only the thread that owns the library calls it."""

    @property
    def shows_details(self) -> bool:
        """Whether anybody sees them; making one takes as long as a decision."""

    def line(self, text: str) -> None:
        """Print the outcome of a track."""

    def detail(self, text: str) -> None:
        """Say what only ``beet -v`` shows."""

    def warning(self, text: str) -> None:
        """Say what went wrong."""

    def expect(self, n_tracks: int) -> None:
        """Announce how many tracks will be listened to."""

    def advance(self) -> None:
        """Count one track."""


class LogReporter:
    """Says nothing on the terminal: during an import that belongs to the prompts.

    Args:
        log: of the plugin; within an import stage it shows warnings only, and all of
            this with ``beet -v``.
    """

    def __init__(self, log: BeetsLogger) -> None:
        self._log = log

    @property
    def shows_details(self) -> bool:
        """Whether the log takes them."""
        return self._log.isEnabledFor(logging.DEBUG)

    def line(self, text: str) -> None:
        """Log a decision."""
        self._log.info("{}", visible(text))

    def detail(self, text: str) -> None:
        """Log what was left alone."""
        self._log.debug("{}", visible(text))

    def warning(self, text: str) -> None:
        """Log a warning."""
        self._log.warning("{}", visible(text))

    def expect(self, n_tracks: int) -> None:
        """Show no progress."""

    def advance(self) -> None:
        """Show no progress."""


class TerminalReporter:
    """Prints lines, and shows a progress bar on a terminal.

    Args:
        log: of the plugin, for warnings and details.
        quiet: print warnings only.
    """

    def __init__(self, log: BeetsLogger, *, quiet: bool) -> None:
        self._log = log
        self._quiet = quiet
        self._bar: Any = None

    @property
    def shows_details(self) -> bool:
        """Whether the log takes them."""
        return self._log.isEnabledFor(logging.DEBUG)

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
            self._log.debug("{}", visible(text))

    def warning(self, text: str) -> None:
        """Log a warning."""
        with self._beside_the_bar():
            self._log.warning("{}", visible(text))

    def expect(self, n_tracks: int) -> None:
        """Show a bar with rate and time left, on a terminal only."""
        from tqdm import tqdm

        self.close()
        # None: whether there is a bar depends on whether stderr is a terminal.
        hidden = True if self._quiet or not n_tracks else None
        self._bar = tqdm(total=n_tracks, unit="track", leave=False, disable=hidden)

    def advance(self) -> None:
        """Move the bar on."""
        if self._bar is not None:
            self._bar.update()

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _beside_the_bar(self) -> AbstractContextManager[Any]:
        if self._bar is None or self._bar.disable:
            return nullcontext()
        mode: AbstractContextManager[Any] = self._bar.external_write_mode()
        return mode
