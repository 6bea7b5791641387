"""dawdreamer trades bars with the VST3 over its transport: Segue has the first, the third and the fifth, and no other."""

import sys

import dawdreamer
import numpy

SAMPLE_RATE = 48_000
BLOCK = 480
BAR = 2.0
BARS = 6


def set_by_text(plugin, index: int, wanted: str):
    steps = 4096
    for step in range(steps + 1):
        plugin.set_parameter(index, step / steps)
        if plugin.get_parameter_text(index) == wanted:
            return
    raise AssertionError(f"parameter {index} has no value {wanted}")


def energy_of_strikes(audio, begin: float, end: float) -> float:
    """Strikes are rich in fast changes, and what rings on is poor in them."""
    part = audio[:, int(begin * SAMPLE_RATE) : int(end * SAMPLE_RATE)]
    return float(numpy.sum(numpy.square(numpy.diff(part))))


engine = dawdreamer.RenderEngine(SAMPLE_RATE, BLOCK)
engine.set_bpm(120.0)
plugin = engine.make_plugin_processor("segue", sys.argv[1])
parameters = {parameter["name"]: parameter["index"] for parameter in plugin.get_parameters_description()}
for name, value in {"Render": "Offline", "Mode": "Trade", "Trade": "1 bar", "First": "Segue", "Style": "Irish"}.items():
    set_by_text(plugin, parameters[name], value)
# Something to take up, in the bars of the player; it is not heard.
plugin.set_parameter(parameters["Player level"], 0.0)
for bar in range(1, BARS, 2):
    for index, key in enumerate([62, 66, 69, 66, 71, 69, 66]):
        plugin.add_midi_note(key, 90, bar * BAR + index * 0.25, 0.24)
engine.load_graph([(plugin, [])])
engine.render(BARS * BAR)
audio = engine.get_audio()
assert numpy.isfinite(audio).all() and numpy.abs(audio).max() < 1.0, "it clips"
# The first tenth of a second of a bar may still ring.
energies = [energy_of_strikes(audio, bar * BAR + 0.1, (bar + 1) * BAR) for bar in range(BARS)]
segues, players = energies[0::2], energies[1::2]
assert min(segues) > 20.0 * max(players), f"bar by bar: {energies}"
