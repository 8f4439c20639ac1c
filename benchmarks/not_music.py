"""How often a model abstains from sounds that are not music.

    python benchmarks/not_music.py [FOLDER ...] [--model NAME] [--into PAGE.md]

It hears noise, tones, clicks and synthetic syllables, a minute and 10 s of each, silence,
texts spoken by espeak-ng where that is installed, and the files in each FOLDER, such as
field recordings. "Written" is what the plugin would write at its defaults.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soundfile
from marked_table import put_into

from beetsplug.genreclf.config.options import DEFAULTS
from genre_model.audio.suffixes import AUDIO_SUFFIXES
from genre_model.classifier import GenreClassifier
from genre_model.errors import GenreModelError, SilentError, TooShortError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

RATE_HZ = 22050
N_SAMPLES = 60 * RATE_HZ
#: A syllable, and the share of them that are pauses.
SYLLABLE_SAMPLES, PAUSES = RATE_HZ // 5, 0.2
#: Resonances of vowels, in hertz.
FORMANTS_HZ = ((300, 800), (900, 2300), (2400, 3000))
SPOKEN = {
    "en-us": "The next train to the harbour leaves from platform four at half past nine.",
    "en-gb+f3": "Please read the instructions carefully before you switch on the machine.",
    "en-us+m7": "It was raining when we reached the village, and every door was closed.",
    "de": "Der Zug zum Hafen wartet heute auf Gleis vier, bitte steigen Sie ein.",
    "de+f2": "Am Abend wird es kühler, und in der Nacht kann es ein wenig regnen.",
    "fr": "Le prochain train pour le port partira du quai numéro quatre.",
    "es+f4": "El tren para el puerto sale a las nueve y media del andén cuatro.",
    "it": "La biblioteca resta aperta tutti i giorni fino alle sette di sera.",
    "pl+m3": "Proszę zachować ostrożność podczas otwierania drzwi w tym pociągu.",
    "ru": "Сегодня вечером ожидается небольшой дождь и слабый ветер.",
}


class Sound(NamedTuple):
    """A file to hear, and the line of the table that counts it."""

    kind: str
    path: Path


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--model", help="name or file (the default one)")
    parser.add_argument("--into", type=Path, help="page that gets the table")
    options = parser.parse_args()
    classifier = GenreClassifier.load(options.model)
    with tempfile.TemporaryDirectory() as folder:
        heard = [*synthetic_sounds(Path(folder)), *spoken_texts(Path(folder))]
        heard += [sound for source in options.folders for sound in files_below(source)]
        table = "\n".join(table_lines(classifier, heard))
    print(table)
    if options.into:
        put_into(options.into, "not music", table)


def table_lines(classifier: GenreClassifier, heard: list[Sound]) -> Iterator[str]:
    """Yield a line for each kind of sound, and one for all."""
    yield "| sound | files | abstained | written |"
    yield "|---|--:|--:|---|"
    answers = [(sound.kind, answer(classifier, sound.path)) for sound in heard]
    for kind in dict.fromkeys(kind for kind, _ in answers):
        of_kind = [found for name, found in answers if name == kind]
        yield _line(kind, of_kind)
    yield _line("all", [found for _, found in answers])


def answer(classifier: GenreClassifier, path: Path) -> str | None:
    """Return the genre that would be written, if one would."""
    try:
        prediction = classifier.predict_file(path)
    except (SilentError, TooShortError):
        return None
    except GenreModelError as error:
        raise SystemExit(str(error)) from error
    sure = prediction.confidence >= DEFAULTS["min_confidence"]
    if prediction.is_unknown or not sure:
        return None
    return f"{prediction.genre} {prediction.confidence:.2f}"


def _line(kind: str, answers: list[str | None]) -> str:
    written = [found for found in answers if found is not None]
    shown = ", ".join(written[:4]) + ", ..." * (len(written) > 4)
    n_abstained = len(answers) - len(written)
    share = n_abstained / len(answers)
    return f"| {kind} | {len(answers)} | {n_abstained} ({share:.0%}) | {shown} |"


def synthetic_sounds(folder: Path) -> Iterator[Sound]:
    """Write a minute and 10 s of each sound at half of full scale."""
    for name, samples in sounds().items():
        full_scale = 0.5 * samples / max(np.abs(samples).max(), 1e-9)
        for seconds in (60, 10):
            path = folder / f"{name}, {seconds} s.wav"
            soundfile.write(path, full_scale[: seconds * RATE_HZ], RATE_HZ)
            yield Sound(name, path)


def spoken_texts(folder: Path) -> Iterator[Sound]:
    """Let espeak-ng speak for about a minute with each voice."""
    if which("espeak-ng") is None:
        print("espeak-ng is not installed: nothing is spoken")
        return
    for voice, text in SPOKEN.items():
        path = folder / f"{voice}.wav"
        command = ["espeak-ng", "-v", voice, "-w", str(path), " ".join([text] * 8)]
        subprocess.run(command, check=True)  # noqa: S603
        yield Sound("speech (espeak-ng)", path)


def files_below(folder: Path) -> Iterator[Sound]:
    """Yield the audio files of a folder."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
            yield Sound(folder.name, path)


def sounds() -> dict[str, NDArray[np.float64]]:
    """Return a minute of each."""
    rng = np.random.default_rng(0)
    seconds = np.arange(N_SAMPLES) / RATE_HZ
    white = rng.standard_normal(N_SAMPLES)
    beat = seconds % 0.5 < 0.05
    sweep_hz = 100 * 2 ** (seconds / 10)
    return {
        "silence": np.zeros(N_SAMPLES),
        "white noise": white,
        "pink noise": noise_of_slope(white, 0.5),
        "brown noise": noise_of_slope(white, 1.0),
        "noise that comes and goes": white * (1 + np.sin(8 * np.pi * seconds)),
        "bursts of noise, twice a second": white * beat,
        "clicks, twice a second": (np.arange(N_SAMPLES) % (RATE_HZ // 2) == 0) * 1.0,
        "sine of 100 Hz": np.sin(200 * np.pi * seconds),
        "sine of 1 kHz": np.sin(2000 * np.pi * seconds),
        "three sines": sum(np.sin(2 * np.pi * hz * seconds) for hz in (220, 277, 330)),
        "sweep of a sine": np.sin(2 * np.pi * np.cumsum(sweep_hz) / RATE_HZ),
        "mains hum": np.sign(np.sin(100 * np.pi * seconds)),
        "synthetic syllables": syllables(rng, seconds),
    }


def noise_of_slope(white: NDArray[np.float64], power: float) -> NDArray[np.float64]:
    """Let amplitudes fall with frequency."""
    spectrum = np.fft.rfft(white)
    falling = np.maximum(np.arange(len(spectrum)), 20.0) ** -power
    return np.fft.irfft(spectrum * falling, len(white))


def syllables(
    rng: np.random.Generator, seconds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Speak without a language: pulses through three resonances, some left out."""
    pitch_hz = 120 * 2 ** (0.3 * np.sin(2.5 * seconds) + 0.2 * np.sin(8 * seconds))
    pulses = np.diff(np.floor(np.cumsum(pitch_hz) / RATE_HZ), prepend=0)
    spoken = np.zeros(len(pulses))
    for start in range(0, len(pulses), SYLLABLE_SAMPLES):
        part = pulses[start : start + SYLLABLE_SAMPLES]
        spectrum = np.fft.rfft(part)
        hz = np.fft.rfftfreq(len(part), 1 / RATE_HZ)
        for low, high in FORMANTS_HZ:
            centre = rng.uniform(low, high)
            spectrum = spectrum * (0.02 + 1 / (1 + ((hz - centre) / 80) ** 2))
        is_spoken = rng.random() > PAUSES
        shaped = np.fft.irfft(spectrum, len(part)) * np.hanning(len(part))
        spoken[start : start + len(part)] = is_spoken * shaped
    return spoken


if __name__ == "__main__":
    main()
