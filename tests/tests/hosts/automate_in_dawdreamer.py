"""dawdreamer's automation raises the temperature of the VST3 in mid-answer: the sound is the same up to there and
another one after it."""

import sys

import dawdreamer
import numpy

SAMPLE_RATE = 48_000
BLOCK = 128
SECONDS = 12.0
RAISED_AT = 6.0
COOL = 0.3
HOT = 2.0


def render(value_at):
    """The sound of an answer; `value_at` gives the temperature from a moment in seconds on."""
    engine = dawdreamer.RenderEngine(SAMPLE_RATE, BLOCK)
    engine.set_bpm(120.0)
    plugin = engine.make_plugin_processor("segue", sys.argv[1])
    parameters = {parameter["name"]: parameter["index"] for parameter in plugin.get_parameters_description()}
    set_by_text(plugin, parameters["Render"], "Offline")
    set_by_text(plugin, parameters["Answer length"], "8")
    cool = value_of_text(plugin, parameters["Temperature"], COOL)
    hot = value_of_text(plugin, parameters["Temperature"], HOT)
    moments = numpy.arange(int(SECONDS * SAMPLE_RATE)) / SAMPLE_RATE
    curve = numpy.where(value_at(moments), hot, cool).astype(numpy.float32)
    plugin.set_automation(parameters["Temperature"], curve)
    for index, key in enumerate([62, 66, 69, 66, 71, 69, 66, 64]):
        plugin.add_midi_note(key, 90, index * 0.25, 0.24)
    engine.load_graph([(plugin, [])])
    engine.render(SECONDS)
    return engine.get_audio()


def value_of_text(plugin, index: int, wanted: float) -> float:
    """The host's own scale runs from 0 to 1; what it means is read from the texts."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        plugin.set_parameter(index, middle)
        if float(plugin.get_parameter_text(index).split()[0]) < wanted:
            low = middle
        else:
            high = middle
    return high


def set_by_text(plugin, index: int, wanted: str):
    steps = 4096
    for step in range(steps + 1):
        plugin.set_parameter(index, step / steps)
        if plugin.get_parameter_text(index).split()[0] == wanted:
            return
    raise AssertionError(f"parameter {index} has no value {wanted}")


cool = render(lambda moments: moments < 0)
again = render(lambda moments: moments < 0)
warmed = render(lambda moments: moments >= RAISED_AT)
assert numpy.array_equal(cool, again), "two renders of the same are not the same"

border = int(RAISED_AT * SAMPLE_RATE)
assert numpy.abs(cool[:, :border]).max() > 0.01, "there is no sound"
assert numpy.array_equal(cool[:, :border], warmed[:, :border]), "something changed before the temperature did"
assert not numpy.array_equal(cool[:, border:], warmed[:, border:]), "the temperature changed nothing"
