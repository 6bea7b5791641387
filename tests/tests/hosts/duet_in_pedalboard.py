"""pedalboard plays a duet with the VST3: Segue is heard while the player's keys are down, and in Answer mode it is not."""

import re
import sys

import numpy
import pedalboard
from pedalboard import _pedalboard

SAMPLE_RATE = 48_000
BLOCK = 512
SECONDS = 8.0
HELD_UNTIL = 6.0

# pedalboard reads a thousand texts of every parameter, and VST3 has 2,080 of them that stand for MIDI controllers.
_pedalboard.PARAMETER_NAME_REGEXES_TO_IGNORE.add(re.compile("MIDI Ch"))


def heard_while_keys_are_down(mode: str) -> float:
    """The loudness of Segue alone, from a second after the first key went down until the last goes up."""
    plugin = pedalboard.load_plugin(sys.argv[1])
    plugin.render = "Offline"
    plugin.mode = mode
    plugin.parameters["player_level"].raw_value = 0.0
    notes = [(bytes([0x90, key, 90]), 0.25 * index) for index, key in enumerate([62, 66, 69])]
    notes += [(bytes([0x80, key, 0]), HELD_UNTIL) for key in [62, 66, 69]]
    audio = plugin(notes, duration=SECONDS, sample_rate=SAMPLE_RATE, buffer_size=BLOCK, reset=True)
    assert numpy.isfinite(audio).all() and numpy.abs(audio).max() < 1.0, f"{mode}: it clips"
    part = audio[:, int(1.5 * SAMPLE_RATE) : int(HELD_UNTIL * SAMPLE_RATE)]
    return float(numpy.sqrt(numpy.mean(numpy.square(part))))


answer, duet = heard_while_keys_are_down("Answer"), heard_while_keys_are_down("Duet")
assert answer == 0.0, f"it plays under the player's hands: {answer}"
assert duet > 0.001, f"it does not play along: {duet}"
