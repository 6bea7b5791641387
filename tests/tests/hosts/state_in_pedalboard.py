"""pedalboard keeps what a song keeps of the VST3, and gives it to another instance: that is set the same and plays the same."""

import re
import sys

import numpy
import pedalboard
from pedalboard import _pedalboard

SAMPLE_RATE = 48_000
BAR = 2.0
WORDS = {"mode": "Trade", "trade": "1 bar", "style": "Folk", "key": "D", "scale": "Dorian", "render": "Offline"}
NUMBERS = {"temperature": 1.25, "memory": 35.0}

# pedalboard reads a thousand texts of every parameter, and VST3 has 2,080 of them that stand for MIDI controllers.
_pedalboard.PARAMETER_NAME_REGEXES_TO_IGNORE.add(re.compile("MIDI Ch"))


def settings(plugin) -> dict:
    """As the plugin writes them: between two steps the host keeps its own number, and the plugin takes the nearest step."""
    return {name: parameter.string_value for name, parameter in plugin.parameters.items()}


def audio(plugin):
    """A bar of the player's, and Segue's after it."""
    notes = []
    for index, key in enumerate([62, 66, 69, 66, 71, 69, 66, 64]):
        notes += [(bytes([0x90, key, 90]), index * 0.25), (bytes([0x80, key, 0]), index * 0.25 + 0.24)]
    return plugin(notes, duration=2 * BAR, sample_rate=SAMPLE_RATE, buffer_size=512, reset=True)


first, second = (pedalboard.load_plugin(sys.argv[1]) for _ in range(2))
unset = settings(first)
for name, value in {**WORDS, **NUMBERS}.items():
    setattr(first, name, value)
wanted = settings(first)
changed = {name for name in unset if unset[name] != wanted[name]}
assert changed == {*WORDS, *NUMBERS}, f"what was set and what has changed differ: {sorted(changed)}"
assert settings(second) == unset, "two instances are not set apart"

# In VST3, what a host sets arrives with the next block. (A DAW asks for blocks all the time.)
first([], duration=0.1, sample_rate=SAMPLE_RATE, buffer_size=512)
second.raw_state = first.raw_state
differing = {name: (wanted[name], found) for name, found in settings(second).items() if found != wanted[name]}
assert not differing, f"saved and loaded: {differing}"
assert second.raw_state == first.raw_state, "what was loaded is not what is saved again"

played = [audio(plugin) for plugin in (first, second)]
assert all(numpy.isfinite(sound).all() and numpy.abs(sound).max() < 1.0 for sound in played), "it clips"
assert numpy.abs(played[0][:, -int(BAR * SAMPLE_RATE / 2) :]).max() > 0.01, "Segue does not take its bar"
assert numpy.array_equal(*played), "the same settings do not play the same"
