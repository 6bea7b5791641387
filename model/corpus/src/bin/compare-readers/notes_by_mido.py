"""Prints the notes of MIDI files as mido reads them. Drums are left out.

Reads the names of files, a line each. For each one it prints a line `onset key` for every note, the onset in 48ths of a
quarter note, and then a line `.`, or `! why` if there is none.
"""

import sys

import mido

PER_QUARTER = 48
DRUMS = 9


def notes(path):
    file = mido.MidiFile(path, clip=True)
    division = file.ticks_per_beat
    if division & 0x8000:
        raise ValueError("it is in SMPTE time")
    tracks = file.tracks[:1] if file.type == 2 else file.tracks
    for track in tracks:
        at = 0
        for message in track:
            at += message.time
            if message.type == "note_on" and message.velocity > 0 and message.channel != DRUMS:
                yield (2 * at * PER_QUARTER + division) // (2 * division), message.note


for line in sys.stdin:
    try:
        found = list(notes(line.rstrip("\n")))
        print("".join(f"{at} {key}\n" for at, key in found) + ".", flush=True)
    except Exception as error:  # Whatever the reason, the file is one that mido does not read.
        reason = str(error).replace("\n", " ")
        print(f"! {type(error).__name__}: {reason}", flush=True)
