"""Runs ``beet genreclf-eval``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beetsplug.genreclf.commands.eval_flags import DEFAULT_NUMBER, given_flags, options_of
from beetsplug.genreclf.commands.tag import INTERRUPTED, matching, nothing_matches
from beetsplug.genreclf.config.options import read_options
from beetsplug.genreclf.evaluation.evaluation import Evaluation, leaks
from beetsplug.genreclf.evaluation.report import Report
from beetsplug.genreclf.models.loading import ModelUnavailableError
from beetsplug.genreclf.models.out_of_fold import read_out_of_fold
from beetsplug.genreclf.predict.predictor import Predictor
from beetsplug.genreclf.ui.reporter import LogReporter, TerminalReporter
from beetsplug.genreclf.ui.signals import stop_on_signals
from beetsplug.genreclf.ui.text import say, user_error

if TYPE_CHECKING:
    import optparse
    from collections.abc import Callable, Sequence

    import confuse
    from beets.library import Item, Library
    from beets.logging import BeetsLogger

    from beetsplug.genreclf.compat import UserError
    from beetsplug.genreclf.config.options import Options
    from beetsplug.genreclf.evaluation.evaluation import Answer
    from beetsplug.genreclf.models.lazy_classifier import LazyClassifier
    from genre_model import IsolatedClassifier


@dataclass
class EvalCommand:
    """One run of ``beet genreclf-eval``.

    Attributes:
        config: the ``genreclf`` section.
        classifier: loaded when the first track needs it.
        log: of the plugin.
    """

    config: confuse.Subview
    classifier: LazyClassifier
    log: BeetsLogger

    def run(self, lib: Library, opts: optparse.Values, args: list[str]) -> None:
        """Measure a model on the tracks that the query matches.

        Raises:
            UserError: if the model is not available, no track is left, or tracks failed.
            confuse.ConfigError: naming the option.
            SystemExit: after Ctrl-C.
        """
        flags = given_flags(opts)
        general, training = options_of(flags)
        self.config.set_args(general)
        self.config["training"].set(training)
        options = read_options(self.config)
        albums = bool(flags.get("album"))
        items = matching(lib, args, albums=albums)
        if not items:
            LogReporter(self.log).warning(nothing_matches(args, albums=albums))
            return
        with stop_on_signals() as is_stopped:
            try:
                model = self.classifier.load(options)
                predictor = _predictor(lib, model, options, flags, is_stopped)
                evaluation, answers = self._ask(predictor, options, items)
            except ModelUnavailableError as error:
                raise _error(str(error)) from error
            except KeyboardInterrupt:  # the second press
                raise SystemExit(INTERRUPTED) from None
        if is_stopped():
            heard = len(answers) + evaluation.n_without_answer
            say(f"interrupted: heard {heard} of {evaluation.n_questions} tracks")
        if answers:
            report = _report(model, evaluation, answers)
            _print(report, options, flags.get("number", DEFAULT_NUMBER))
        _conclude(evaluation, is_empty=not answers, stopped=is_stopped())

    def _ask(
        self, predictor: Predictor, options: Options, items: Sequence[Item]
    ) -> tuple[Evaluation, list[Answer]]:
        reporter = TerminalReporter(self.log, quiet=options.quiet)
        evaluation = Evaluation(options, predictor, reporter)
        try:
            return evaluation, evaluation.ask(items)
        finally:
            reporter.close()


def _predictor(
    lib: Library,
    model: IsolatedClassifier,
    options: Options,
    flags: dict[str, Any],
    is_stopped: Callable[[], bool],
) -> Predictor:
    return Predictor(
        lambda: model,
        threads=options.threads,
        listen_again="listen_again" in flags,
        should_stop=is_stopped,
        music_folder=Path(os.fsdecode(lib.directory)),
        known=read_out_of_fold(lib, model.model_id),
    )


def _report(
    model: IsolatedClassifier, evaluation: Evaluation, answers: list[Answer]
) -> Report:
    known = evaluation.predictor.known
    return Report(
        model_id=model.model_id,
        answers=answers,
        judgement=evaluation.judgement(answers),
        leaks=list(leaks(model, known, answers, evaluation.predictor.threads)),
        left_out=evaluation.left_out(),
        doubts=evaluation.doubts(answers),
    )


def _print(report: Report, options: Options, n_doubts: int) -> None:
    for line in report.headline():
        say(line)
    if options.quiet:
        return
    if report.judgement.multi_label and options.training.labels == "first":
        say("  only the first genre of each track counts; --labels all counts all")
    for line in report.details(n_doubts):
        say(line)


def _conclude(evaluation: Evaluation, *, is_empty: bool, stopped: bool) -> None:
    """Turn what went wrong into the exit status."""
    if stopped:
        raise SystemExit(INTERRUPTED)
    if (failure := evaluation.predictor.failure) is not None:
        raise _error(failure)
    if is_empty:
        raise _error(f"nothing to evaluate: {'; '.join(evaluation.left_out())}")
    if n_failed := evaluation.counts.unreadable:
        failed = "1 track" if n_failed == 1 else f"{n_failed} tracks"
        raise _error(f"{failed} failed; the warnings say why")


def _error(text: str) -> UserError:
    return user_error(f"genreclf-eval: {text}")
