"""Run a SavedModel without Keras and kerasaudio; a script, not to be imported.

python -P run.py FOLDER CLIPS.npy OUTPUTS.npz REPEATS THREADS
"""

import sys
import time

import numpy as np
import tensorflow as tf


def main(folder: str, clips: str, out: str, repeats: str, threads: str) -> None:
    """Write the outputs for all clips, and the times of single clips in seconds."""
    tf.config.threading.set_intra_op_parallelism_threads(int(threads))
    tf.config.threading.set_inter_op_parallelism_threads(int(threads))
    run = tf.saved_model.load(folder).signatures["serving_default"]
    waveforms = np.load(clips, allow_pickle=False)
    outputs, seconds = [], []
    for row in waveforms:
        outputs.append(next(iter(run(waveform=tf.constant(row[None])).values())))
    for _ in range(int(repeats)):
        start = time.perf_counter()
        np.asarray(next(iter(run(waveform=tf.constant(waveforms[:1])).values())))
        seconds.append(time.perf_counter() - start)
    if "kerasaudio" in sys.modules:
        raise RuntimeError("kerasaudio was imported: this proves nothing")
    np.savez(out, outputs=np.concatenate(outputs), seconds=np.array(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
