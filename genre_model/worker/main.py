"""The program of a worker process: reads a model and then paths, writes answers.

Each request and each answer is a line of JSON; the model follows the first line.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from genre_model.errors import ADVICE, GenreModelError, NoProcessError
from genre_model.worker.protocol import (
    ANSWERS_BEGIN,
    json_of_error,
    json_of_prediction,
    json_of_scores,
)

if TYPE_CHECKING:
    from genre_model.classifier import GenreClassifier

#: Memory of one process; a track takes a tenth of a gigabyte.
MOST_BYTES = 3 * 2**30
SECONDS_BETWEEN_LOOKS = 1.0


def main() -> None:
    """Answer requests until the pipe is closed."""
    requests, answers = pipes()
    answers.write(b"\n" + ANSWERS_BEGIN + b"\n")
    answers.flush()
    # Ctrl-C is for the parent; this process ends when it does.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):  # a closed pipe; on Windows "invalid argument"
        classifier = _load(requests, answers)
        if classifier is not None:
            _answer(classifier, requests, answers)


def _end_with_parent() -> None:
    watch = threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True)
    try:
        watch.start()
    except RuntimeError as error:
        raise NoProcessError(f"no thread can be started ({error}); {ADVICE}") from error


def _end_with(parent: int) -> None:
    """End when the parent is gone, even in the middle of a file."""
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)


def pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes, and silence C libraries, which print text of damaged files."""
    out, err = sys.stdout.fileno(), sys.stderr.fileno()
    answers = os.fdopen(os.dup(out), "wb")
    sys.stderr = os.fdopen(os.dup(err), "w", errors="backslashreplace")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, out)
    os.dup2(nowhere, err)
    return sys.stdin.buffer, answers


def _load(requests: BinaryIO, answers: BinaryIO) -> GenreClassifier | None:
    beginning = json.loads(requests.readline())
    content = requests.read(beginning["n_bytes"])
    logging.basicConfig(level=beginning["log_level"])
    try:
        _end_with_parent()
        # Imported here: a library that cannot be loaded is an answer, too.
        from genre_model.classifier import GenreClassifier
        from genre_model.malloc_tuning import keep_freed_memory
        from genre_model.model.model_file import model_from_bytes

        bound_memory()
        keep_freed_memory()
        if beginning["is_untrusted"]:
            from genre_model.model.untrusted_network import check_untrusted_network

            check_untrusted_network(content)
        model = model_from_bytes(content)
    except (GenreModelError, ImportError) as error:
        _send(answers, json_of_error(error))
        return None
    _send(answers, {"card": model.card.to_json(), "model_id": model.model_id})
    return GenreClassifier(model, beginning["combination"])


def bound_memory() -> None:
    """Limit memory, so that a file that needs too much fails alone."""
    if sys.platform == "linux":  # other systems ignore the limit
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        finite = [one for one in (soft, hard) if one != resource.RLIM_INFINITY]
        resource.setrlimit(resource.RLIMIT_DATA, (min([MOST_BYTES, *finite]), hard))


def _answer(classifier: GenreClassifier, requests: BinaryIO, answers: BinaryIO) -> None:
    from genre_model.batch import outcome_of
    from genre_model.features.audio_fingerprint import fingerprint_file

    def predict(path: Path) -> dict[str, Any]:
        return json_of_prediction(classifier.predict_file(path))

    def score(path: Path) -> dict[str, Any]:
        return json_of_scores(classifier.score_file(path))

    def fingerprint(path: Path) -> dict[str, Any]:
        seconds, text = fingerprint_file(path)
        return {"seconds": seconds, "fingerprint": text}

    work = {"prediction": predict, "scores": score, "fingerprint": fingerprint}
    for line in requests:
        request = json.loads(line)
        outcome = outcome_of(work[request["wants"]], Path(request["path"]))
        error = outcome.error or GenreModelError("no answer")
        _send(answers, outcome.result or json_of_error(error))


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()
