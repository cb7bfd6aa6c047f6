"""What clients of the example server send, and what comes back."""

import io
import json
import urllib.error
import urllib.request

import numpy as np
import soundfile

WAV = {"Content-Type": "audio/wav"}


def post(address, body, headers, query=""):
    request = urllib.request.Request(f"{address}/tags{query}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def encoded(sound, rate):
    file = io.BytesIO()
    soundfile.write(file, sound, rate, "FLOAT", format="WAV")
    return file.getvalue()


def silent_flac(seconds, channels, rate=48_000):
    packed = io.BytesIO()
    with soundfile.SoundFile(
        packed, "w", rate, channels, "PCM_16", format="FLAC"
    ) as file:
        for _ in range(seconds):
            file.write(np.zeros((rate, channels), "int16"))
    return packed.getvalue()
