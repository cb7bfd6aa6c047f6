"""Synthesize examples/groove.ogg: six bars of plucked strings, bass, drums and a pad.

    python tools/make_example.py

Everything is made from sines, noise and delay lines with a fixed seed, so this script
is the only author of the file, and its license is that of the project. Each run gives
the same samples; the bytes differ, because an Ogg stream has a random serial number.
"""

from pathlib import Path

import numpy as np

OUTPUT = Path(__file__).parents[1] / "examples" / "groove.ogg"
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


def main() -> None:
    """Write the file."""
    import soundfile

    OUTPUT.parent.mkdir(exist_ok=True)
    soundfile.write(OUTPUT, groove(), SAMPLE_RATE, format="OGG", subtype="VORBIS")
    print(f"{OUTPUT}: {SAMPLES / SAMPLE_RATE:g} s, {OUTPUT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
