use super::*;
use segue_model::note::Pitch;

const AT: FrameOffset = FrameOffset(5);
const LATER: FrameOffset = FrameOffset(6);

/// Records what it accepts; refuses everything while it is full.
#[derive(Default)]
struct FakeHost {
    full: bool,
    accepted: Vec<Message>,
}

impl HostEvents for FakeHost {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        None
    }
    fn send(&mut self, _: FrameOffset, message: Message) -> Sent {
        if self.full {
            return Sent::Refused;
        }
        self.accepted.push(message);
        Sent::Accepted
    }
}

fn key(pitch: u8) -> Key {
    Key { voice: None, channel: 0, pitch: Pitch::new(pitch).unwrap() }
}

fn on(key: Key) -> Message {
    Message::NoteOn { key, velocity: 0.5 }
}

fn off(key: Key, velocity: f32) -> Message {
    Message::NoteOff { key, velocity }
}

fn note_on(active_notes: &mut ActiveNotes, host: &mut FakeHost, key: Key, by: NoteSource) -> NoteToken {
    match active_notes.note_on(host, AT, key, 0.5, by) {
        NoteOnResult::Sounds(token) => token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_belongs_to_the_last_note_on_and_ends_once() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), FakeHost::default());
    let players = Key { voice: Some(9), ..key(60) };
    let first = note_on(&mut active_notes, &mut host, players, NoteSource::Player);
    let second = note_on(&mut active_notes, &mut host, key(60), NoteSource::Segue);
    active_notes.note_off_with_velocity(&mut host, AT, first, 0.9);
    active_notes.note_off(&mut host, AT, second);
    active_notes.note_off(&mut host, AT, second);
    assert_eq!(host.accepted, [on(players), off(players, 0.0), on(key(60)), off(key(60), 0.0)]);
}

#[test]
fn the_accompaniment_leaves_taken_keys_alone() {
    for other in [NoteSource::Player, NoteSource::Segue] {
        let (mut active_notes, mut host) = (ActiveNotes::default(), FakeHost::default());
        let others = note_on(&mut active_notes, &mut host, key(60), other);
        assert_eq!(active_notes.note_on(&mut host, AT, key(60), 0.5, NoteSource::Comping), NoteOnResult::KeyTaken);
        active_notes.note_off(&mut host, AT, others);
        note_on(&mut active_notes, &mut host, key(60), NoteSource::Comping);
        assert!(matches!(active_notes.note_on(&mut host, LATER, key(60), 0.5, other), NoteOnResult::Sounds(_)));
        assert_eq!(host.accepted, [on(key(60)), off(key(60), 0.0), on(key(60)), off(key(60), 0.0), on(key(60))]);
    }
}

#[test]
fn a_key_begun_together_with_the_comping_is_one_note() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), FakeHost::default());
    let compings = note_on(&mut active_notes, &mut host, key(60), NoteSource::Comping);
    let segues = note_on(&mut active_notes, &mut host, key(60), NoteSource::Segue);
    active_notes.note_off(&mut host, LATER, compings);
    assert_eq!(host.accepted, [on(key(60))]);
    active_notes.note_off(&mut host, LATER, segues);
    assert_eq!(host.accepted, [on(key(60)), off(key(60), 0.0)]);
}

#[test]
fn the_same_key_on_two_channels_is_two_notes() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), FakeHost::default());
    let other = Key { channel: 3, ..key(60) };
    let first = note_on(&mut active_notes, &mut host, key(60), NoteSource::Player);
    note_on(&mut active_notes, &mut host, other, NoteSource::Segue);
    active_notes.note_off(&mut host, AT, first);
    assert_eq!(host.accepted, [on(key(60)), on(other), off(key(60), 0.0)]);
}

#[test]
fn a_refused_note_off_stays_pending_with_its_velocity() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), FakeHost::default());
    let token = note_on(&mut active_notes, &mut host, key(60), NoteSource::Player);
    host.full = true;
    active_notes.note_off_with_velocity(&mut host, AT, token, 0.7);
    active_notes.send_pending(&mut host, AT);
    assert_eq!(active_notes.note_on(&mut host, AT, key(60), 0.5, NoteSource::Segue), NoteOnResult::Refused);
    host.full = false;
    active_notes.send_pending(&mut host, AT);
    active_notes.send_pending(&mut host, AT);
    assert_eq!(host.accepted, [on(key(60)), off(key(60), 0.7)]);
}
