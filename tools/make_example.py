"""Synthesize the sounds in examples/: music (groove.ogg) and a street (siren.ogg).

    python tools/make_example.py
    python tools/make_example.py siren

`groove` plays six bars of plucked strings, bass, drums and a pad. In `siren` a police
car drives past. Everything is made from sines, noise and delay lines with a fixed seed,
so this script is the only author of the files, and their license is that of the
project. It needs NumPy (the files were made with 2.4) and soundfile (0.14, with
libsndfile 1.2.2). Each run gives the same samples; the bytes differ, because an Ogg
stream has a random serial number.
"""

import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "examples"
SAMPLE_RATE = 44_100
BEAT = SAMPLE_RATE // 2  # samples: 120 beats a minute
BARS = 6
SAMPLES = BARS * 4 * BEAT

# One chord a bar, as semitones above A2 (110 Hz): A minor, F, C, G, A minor, E minor.
CHORDS = ((0, 3, 7), (-4, 0, 3), (3, 7, 10), (-2, 2, 5), (0, 3, 7), (-5, -2, 2))
ARPEGGIO = (0, 1, 2, 3, 2, 1, 4, 2)  # chord tones, from the fourth on an octave higher
BASS_RHYTHM = (0, 0.75, 1.5, 2, 2.75, 3.5)  # beats


def hertz(semitones: float) -> float:
    """Frequency of a tone so many semitones above A2."""
    return 110.0 * 2 ** (semitones / 12)


def pluck(semitones: float, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """A Karplus-Strong string: a burst of noise that runs round a damped delay line."""
    period = round(SAMPLE_RATE / hertz(semitones) - 0.5)
    line = rng.uniform(-1, 1, period)
    line = 0.5 * (line + np.roll(line, 1))  # a soft plectrum
    rounds = []
    for _ in range(int(seconds * SAMPLE_RATE) // period + 1):
        rounds.append(line)
        line = 0.996 * 0.5 * (line + np.roll(line, 1))
    string = np.concatenate(rounds)[: int(seconds * SAMPLE_RATE)]
    return string * fade_out(len(string), 0.03)


def fade_out(samples: int, seconds: float) -> np.ndarray:
    """Ones that end in a ramp to zero."""
    ramp = min(samples, int(seconds * SAMPLE_RATE))
    return np.minimum(1, np.arange(samples, 0, -1) / ramp)


def decay(seconds: float, half_life: float) -> tuple[np.ndarray, np.ndarray]:
    """Time in seconds, and an envelope that falls by half again and again."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return time, 2 ** (-time / half_life) * fade_out(len(time), 0.01)


def bass(semitones: float) -> np.ndarray:
    """A saw of twelve partials, the high ones dying first."""
    time, _ = decay(0.32, 1.0)
    partials = [
        np.sin(2 * np.pi * k * hertz(semitones - 12) * time)
        / k
        * 2 ** (-time * k / 0.25)
        for k in range(1, 13)
    ]
    return np.sum(partials, axis=0) * fade_out(len(time), 0.03)


def kick() -> np.ndarray:
    """A sine that falls from 170 to 48 Hz."""
    time, envelope = decay(0.3, 0.06)
    frequency = 48 + 122 * 2 ** (-time / 0.018)
    return np.sin(2 * np.pi * np.cumsum(frequency) / SAMPLE_RATE) * envelope


def snare(rng: np.random.Generator) -> np.ndarray:
    """A short 190 Hz tone under a burst of noise."""
    time, envelope = decay(0.22, 0.035)
    tone = np.sin(2 * np.pi * 190 * time) * 2 ** (-time / 0.02)
    return (0.8 * np.diff(rng.normal(0, 0.5, len(time) + 1)) + tone) * envelope


def hat(half_life: float, rng: np.random.Generator) -> np.ndarray:
    """Noise with its low end taken away by differences."""
    time, envelope = decay(6 * half_life, half_life)
    return np.diff(rng.normal(0, 0.25, len(time) + 3), 3) * 0.5 * envelope


def pad(chord: tuple[int, ...]) -> np.ndarray:
    """Slow, slightly detuned tones, (samples, 2)."""
    time = np.arange(4 * BEAT) / SAMPLE_RATE
    swell = np.minimum(1, time / 0.5) * fade_out(len(time), 0.3)
    sides = [
        sum(
            np.sin(2 * np.pi * hertz(tone + 12) * detune * k * time + tone + k) / k**2
            for tone in chord
            for k in (1, 2, 3)
        )
        for detune in (0.998, 1.002)
    ]
    return np.stack(sides, axis=1) * swell[:, None]


def groove() -> np.ndarray:
    """Play the piece.

    Returns:
        float32 (SAMPLES, 2), peak 0.9.
    """
    rng = np.random.default_rng(59_049)
    mix = np.zeros((SAMPLES, 2))

    def play(sound: np.ndarray, beat: float, level: float, left: float = 0.5) -> None:
        start = round(beat * BEAT)
        if sound.ndim == 1:
            sound = sound[:, None] * np.sqrt([2 * left, 2 - 2 * left])
        sound = sound[: SAMPLES - start]
        mix[start : start + len(sound)] += level * sound

    for bar, chord in enumerate(CHORDS):
        first = 4 * bar
        play(pad(chord), first, 0.05)
        tones = [*chord, *(tone + 12 for tone in chord)]
        for step, tone in enumerate(ARPEGGIO):
            beat = first + step / 2
            play(pluck(tones[tone] + 12, 1.2, rng), beat, 0.55, 0.65)
            if step % 4 == 0:
                for strum, low in enumerate(chord):
                    string = pluck(low, 1.8, rng)
                    play(string, beat + 0.03 * strum, 0.4, 0.35)
        for beat in BASS_RHYTHM:
            play(bass(chord[0]), first + beat, 0.35)
        if bar == 0:  # the strings begin, the drums follow
            continue
        for beat in range(4):
            play(kick(), first + beat, 0.7)
            play(hat(0.03, rng), first + beat + 0.5, 0.3, 0.4)
            for quarter in (0, 0.25, 0.75):
                play(hat(0.008, rng), first + beat + quarter, 0.2, 0.6)
        for beat in (1, 3):
            play(snare(rng), first + beat, 0.4)
    mix *= fade_out(SAMPLES, 0.4)[:, None]
    return (0.9 * mix / np.abs(mix).max()).astype(np.float32)


STREET_RATE = 22_050
STREET_SECONDS = 6.0
WAIL_SECONDS = 4.0  # from low to high and back
WAIL_HERTZ = (650.0, 1_350.0)
PARTIALS = 6
SPEED, DISTANCE = 20.0, 25.0  # m/s along the street; m from the listener to it
SPEED_OF_SOUND = 343.0  # m/s


def wail(time: np.ndarray) -> np.ndarray:
    """A siren that glides up and down, at times (samples,) in seconds."""
    low, high = WAIL_HERTZ
    fine = np.arange(-STREET_RATE, (STREET_SECONDS + 1) * STREET_RATE) / STREET_RATE
    rise = 0.5 - 0.5 * np.cos(2 * np.pi * fine / WAIL_SECONDS)
    cycles = np.cumsum(low * (high / low) ** rise) / STREET_RATE
    phase = 2 * np.pi * np.interp(time, fine, cycles)
    sound = sum(np.sin(k * phase) / k**1.2 for k in range(1, PARTIALS + 1))
    return sound / np.abs(sound).max()


def rumble(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose spectrum falls from 400 Hz on: an engine, or a street far away."""
    spectrum = np.fft.rfft(rng.normal(0, 1, samples))
    hertz = np.fft.rfftfreq(samples, 1 / STREET_RATE)
    noise = np.fft.irfft(spectrum / np.sqrt(1 + (hertz / 400) ** 2), samples)
    return noise / np.abs(noise).max()


def siren() -> np.ndarray:
    """Let a police car drive past.

    Returns:
        float32 (samples,), peak 0.7.
    """
    rng = np.random.default_rng(59_049)
    samples = int(STREET_SECONDS * STREET_RATE)
    time = np.arange(samples) / STREET_RATE
    meters = np.hypot(DISTANCE, SPEED * (time - STREET_SECONDS / 2))
    sent = time - (meters - DISTANCE) / SPEED_OF_SOUND  # Doppler's shift follows
    car = 0.6 * wail(sent) + 0.02 * rumble(samples, rng)
    street = car * DISTANCE / meters + 0.005 * rumble(samples, rng)
    edges = np.minimum(1, np.minimum(time, time[::-1]) / 0.05)
    return (0.7 * edges * street / np.abs(street).max()).astype(np.float32)


SOUNDS = {"groove": (groove, SAMPLE_RATE), "siren": (siren, STREET_RATE)}


def main() -> None:
    """Write the files that the command line names, or all."""
    import soundfile

    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or SOUNDS:
        if name not in SOUNDS:
            sys.exit(f"There is no sound {name!r}: {', '.join(SOUNDS)}.")
        play, rate = SOUNDS[name]
        sound, path = play(), FOLDER / f"{name}.ogg"
        soundfile.write(path, sound, rate, format="OGG", subtype="VORBIS")
        seconds = len(sound) / rate
        print(f"{path}: {seconds:g} s, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
