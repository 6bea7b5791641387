"""pedalboard loads the VST3, sends it notes, and gets sound: the player's at once, and Segue's answer after it."""

import re
import sys

import numpy
import pedalboard
from pedalboard import _pedalboard

SAMPLE_RATE = 48_000
BLOCK = 512
SECONDS = 8.0
LAST_KEY_UP = 2.0


def message(status: int, key: int, velocity: int, seconds: float):
    return (bytes([status, key, velocity]), seconds)


def phrase():
    for index, key in enumerate([62, 66, 69, 66, 71, 69, 66, 64]):
        yield message(0x90, key, 90, index * 0.25)
        yield message(0x80, key, 0, index * 0.25 + 0.24)


def loudness(audio, start: float, end: float) -> float:
    part = audio[:, int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
    return float(numpy.sqrt(numpy.mean(numpy.square(part))))


# pedalboard reads a thousand texts of every parameter, and VST3 has 2,080 of them that stand for MIDI controllers.
_pedalboard.PARAMETER_NAME_REGEXES_TO_IGNORE.add(re.compile("MIDI Ch"))
plugin = pedalboard.load_plugin(sys.argv[1])
assert plugin.is_instrument, "it is no instrument"
assert "temperature" in plugin.parameters, f"no temperature among {list(plugin.parameters)}"
plugin.render = "Offline"
audio = plugin(list(phrase()), duration=SECONDS, sample_rate=SAMPLE_RATE, buffer_size=BLOCK, reset=True)

assert audio.shape[0] == 2, f"{audio.shape[0]} channels"
assert numpy.isfinite(audio).all(), "samples that are no numbers"
assert numpy.abs(audio).max() < 1.0, "it clips"
assert loudness(audio, 0.0, LAST_KEY_UP) > 0.001, "the player is not heard"
# The player's last tone may ring on; what is heard a second later is the answer.
assert loudness(audio, LAST_KEY_UP + 1.0, SECONDS) > 0.001, "there is no answer"
