"""Prints the notes of a MIDI file as mido reads it: onset in 48ths of a quarter note, and key. Drums are left out."""

import sys
from fractions import Fraction

import mido

PER_QUARTER = 48
DRUMS = 9

file = mido.MidiFile(sys.argv[1], clip=True)
if file.ticks_per_beat & 0x8000:
    sys.exit("it is in SMPTE time")
tracks = file.tracks[:1] if file.type == 2 else file.tracks
for track in tracks:
    at = 0
    for message in track:
        at += message.time
        if message.type == "note_on" and message.velocity > 0 and message.channel != DRUMS:
            onset = Fraction(at * PER_QUARTER, file.ticks_per_beat)
            print(int(onset + Fraction(1, 2)), message.note)
