"""pedalboard shows the VST3's window twice, each time until a line is read. Says the temperature then; a hand has moved it."""

import re
import sys
import threading

import numpy
import pedalboard
from pedalboard import _pedalboard

SAMPLE_RATE = 48_000
WINDOWS = 2

# pedalboard reads a thousand texts of every parameter, and VST3 has 2,080 of them that stand for MIDI controllers.
_pedalboard.PARAMETER_NAME_REGEXES_TO_IGNORE.add(re.compile("MIDI Ch"))


def show(plugin) -> None:
    closing = threading.Event()
    reader = threading.Thread(target=lambda: (sys.stdin.readline(), closing.set()))
    reader.start()
    plugin.show_editor(closing)
    reader.join()


plugin = pedalboard.load_plugin(sys.argv[1])
print(plugin.temperature, flush=True)
for _ in range(WINDOWS):
    show(plugin)
    print(plugin.temperature, flush=True)
notes = [(bytes([0x90, 62, 90]), 0.0), (bytes([0x80, 62, 0]), 0.5)]
audio = plugin(notes, duration=1.0, sample_rate=SAMPLE_RATE, buffer_size=512, reset=True)
print(float(numpy.abs(audio).max()), flush=True)
