use super::*;
use segue_model::note::Pitch;

const AT: FrameOffset = FrameOffset(5);
const LATER: FrameOffset = FrameOffset(6);

/// Writes down what it takes; refuses everything while it is full.
#[derive(Default)]
struct Paper {
    full: bool,
    taken: Vec<Message>,
}

impl HostIo for Paper {
    fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
        None
    }
    fn play(&mut self, _: FrameOffset, _: crate::host::SynthEvent) {}
    fn send(&mut self, _: FrameOffset, message: Message) -> Sent {
        if self.full {
            return Sent::Refused;
        }
        self.taken.push(message);
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

fn strike(active_notes: &mut ActiveNotes, host: &mut Paper, key: Key, by: NoteSource) -> NoteToken {
    match active_notes.note_on(host, AT, key, 0.5, by) {
        NoteOnResult::Sounds(token) => token,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_that_both_want_belongs_to_whoever_struck_it_last_and_ends_once() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
    let players = Key { voice: Some(9), ..key(60) };
    let first = strike(&mut active_notes, &mut host, players, NoteSource::Player);
    let second = strike(&mut active_notes, &mut host, key(60), NoteSource::Segue);
    active_notes.note_off_with_velocity(&mut host, AT, first, 0.9);
    active_notes.note_off(&mut host, AT, second);
    active_notes.note_off(&mut host, AT, second);
    assert_eq!(host.taken, [on(players), off(players, 0.0), on(key(60)), off(key(60), 0.0)]);
}

#[test]
fn whoever_accompanies_leaves_a_key_to_those_who_sound_on_it() {
    for other in [NoteSource::Player, NoteSource::Segue] {
        let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
        let others = strike(&mut active_notes, &mut host, key(60), other);
        assert_eq!(active_notes.note_on(&mut host, AT, key(60), 0.5, NoteSource::Comping), NoteOnResult::KeyTaken);
        active_notes.note_off(&mut host, AT, others);
        strike(&mut active_notes, &mut host, key(60), NoteSource::Comping);
        assert!(matches!(active_notes.note_on(&mut host, LATER, key(60), 0.5, other), NoteOnResult::Sounds(_)));
        assert_eq!(host.taken, [on(key(60)), off(key(60), 0.0), on(key(60)), off(key(60), 0.0), on(key(60))]);
    }
}

#[test]
fn a_key_that_is_struck_together_with_the_comping_is_one_note() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
    let compings = strike(&mut active_notes, &mut host, key(60), NoteSource::Comping);
    let segues = strike(&mut active_notes, &mut host, key(60), NoteSource::Segue);
    active_notes.note_off(&mut host, LATER, compings);
    assert_eq!(host.taken, [on(key(60))]);
    active_notes.note_off(&mut host, LATER, segues);
    assert_eq!(host.taken, [on(key(60)), off(key(60), 0.0)]);
}

#[test]
fn the_same_key_on_two_channels_is_two_notes() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
    let other = Key { channel: 3, ..key(60) };
    let first = strike(&mut active_notes, &mut host, key(60), NoteSource::Player);
    strike(&mut active_notes, &mut host, other, NoteSource::Segue);
    active_notes.note_off(&mut host, AT, first);
    assert_eq!(host.taken, [on(key(60)), on(other), off(key(60), 0.0)]);
}

#[test]
fn a_note_off_that_is_refused_is_kept_with_its_speed_and_sent_again() {
    let (mut active_notes, mut host) = (ActiveNotes::default(), Paper::default());
    let token = strike(&mut active_notes, &mut host, key(60), NoteSource::Player);
    host.full = true;
    active_notes.note_off_with_velocity(&mut host, AT, token, 0.7);
    active_notes.send_pending(&mut host, AT);
    assert_eq!(active_notes.note_on(&mut host, AT, key(60), 0.5, NoteSource::Segue), NoteOnResult::Refused);
    host.full = false;
    active_notes.send_pending(&mut host, AT);
    active_notes.send_pending(&mut host, AT);
    assert_eq!(host.taken, [on(key(60)), off(key(60), 0.7)]);
}
