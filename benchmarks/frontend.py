"""Log-mel spectrograms of a batch of clips, with kerasaudio and every peer.

waveforms (32, 48000) at 16 kHz -> power mel spectrogram, 512 / 256 / 96 -> decibels
"""

from collections.abc import Callable
from typing import Any

from benchmarks.contest import BACKENDS, Contest, Entry, Target

CLIPS, SECONDS, SAMPLE_RATE = 32, 3, 16_000
N_FFT, HOP, BANDS = 512, 256, 96
TOP_DB = 80.0


def ours() -> Callable[[], Any]:
    """`MelSpectrogram` and `Decibel` in a model that takes any length."""
    import keras

    from benchmarks.keras_work import predicting
    from kerasaudio.layers import Decibel, MelSpectrogram

    waveform = keras.Input((None,))
    mel = MelSpectrogram(SAMPLE_RATE, N_FFT, HOP, n_mels=BANDS)(waveform)
    return predicting(keras.Model(waveform, Decibel(top_db=TOP_DB)(mel)), clips())


def clips() -> Any:
    """Give the waveforms, (clips, samples)."""
    from benchmarks.keras_work import noise

    return noise(CLIPS, SECONDS * SAMPLE_RATE)


def contests() -> list[Contest]:
    from_peers = "benchmarks.peers.log_mel:"
    entries = [
        *(
            Entry(
                f"kerasaudio, {name}", "benchmarks.frontend:ours", {}, name, ours=True
            )
            for name in BACKENDS
        ),
        *(
            Entry(
                f"keras.layers.MelSpectrogram, {name}",
                f"{from_peers}keras_layer",
                {},
                name,
            )
            for name in BACKENDS
        ),
        Entry("kapre, tensorflow", f"{from_peers}kapre", {}, "tensorflow", ("kapre",)),
        Entry("torch.stft as in torchaudio", f"{from_peers}torch_stft", {}, "torch"),
        Entry("nnAudio, torch", f"{from_peers}nnaudio", {}, "torch", ("nnAudio",)),
        Entry(
            "librosa, clip by clip", f"{from_peers}librosa_loop", {}, None, ("librosa",)
        ),
        Entry("librosa, batch", f"{from_peers}librosa_batch", {}, None, ("librosa",)),
    ]
    transforms = ("keras", "kapre", "torch.stft", "nnAudio")
    targets = [
        Target(
            "at least as fast as any peer on the backend",
            1.0,
            peers=transforms,
            same_backend=True,
        ),
        Target("at least as fast as any peer on any backend", 1.0, peers=transforms),
        Target("3 times as fast as librosa, clip by clip", 3.0, peers="librosa, clip"),
    ]
    return [
        Contest(
            "log-mel",
            f"Log-mel spectrogram, {CLIPS} clips of {SECONDS} s at 16 kHz, "
            f"n_fft {N_FFT}, hop {HOP}, {BANDS} bands, power to dB",
            "batch",
            1,
            entries,
            targets,
        )
    ]
