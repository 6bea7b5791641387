//! The model's context holds exactly the notes that sounded.

use super::*;
use proptest::prelude::*;

impl Heard {
    /// The keys of Segue's notes, in order.
    pub(super) fn sounded(&self) -> Vec<u8> {
        let key = |(_, what): &(i64, SynthEvent)| match what {
            SynthEvent::NoteOn { source: NoteSource::Segue, pitch, .. } => Some(pitch.key()),
            _ => None,
        };
        self.sounds.iter().filter_map(key).collect()
    }

    /// The keys in the model's context; the same key twice in one chord counts once.
    pub(super) fn remembered(&self) -> Vec<u8> {
        let mut notes: Vec<Note> = Vec::new();
        for note in &self.in_memory {
            if !notes.iter().any(|other| (other.onset, other.pitch) == (note.onset, note.pitch)) {
                notes.push(*note);
            }
        }
        notes.iter().map(|note| note.pitch.key()).collect()
    }
}

#[test]
fn where_the_mind_breaks_segue_goes_on_with_the_next_beat() {
    const END: i64 = 64 * BEAT;
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    host.settings.turn.mode = Mode::Duet;
    host.panics_often = true;
    let whole = host.play(END, &[512]);
    assert!(whole.panics > 3, "{}", whole.panics);
    let onsets = whole.ons();
    // The note on which the model panics comes at most half a beat after the last one, and the next beat at most one
    // beat later; then the model may panic once more.
    let longest = onsets.iter().zip(&onsets[1..]).map(|(one, next)| next - one).max().unwrap();
    assert!(longest <= 3 * BEAT && END - onsets.last().unwrap() <= 3 * BEAT, "{longest}: {onsets:?}");
    for lengths in [&[64_u32][..], &[441], &[4096]] {
        let other = host.play(END, lengths);
        let until =
            |messages: &[(i64, Message)]| messages.iter().filter(|(at, _)| *at < END).copied().collect::<Vec<_>>();
        assert_eq!(until(&other.messages), until(&whole.messages), "{lengths:?}");
    }
    host.offline = false;
    let live = host.play(END, &[64]);
    assert!(live.panics > 3 && END - live.ons().last().unwrap() <= 3 * BEAT, "live too");
}

#[test]
fn live_a_note_that_came_too_late_leaves_the_context() {
    for mode in [Mode::Answer, Mode::Duet] {
        let mut host = FakeHost::with_phrase();
        host.offline = false;
        host.settings.turn.mode = mode;
        // Requests go out 960 frames ahead, and the worker runs every 2,880 frames.
        host.speed = Speed::Slow(12);
        host.song.push((20 * BEAT, None));
        let heard = host.play(21 * BEAT, &[240]);
        let forget_unplayed =
            heard.commands.iter().filter(|command| matches!(command, Command::ForgetUnplayed { .. })).count();
        assert!(forget_unplayed > 2 && heard.sounded().len() > 3, "{mode:?}: {forget_unplayed}, {:?}", heard.sounded());
        assert_eq!(heard.stats.dropped.get(), u32::try_from(forget_unplayed).unwrap(), "{mode:?}");
        assert_eq!(heard.remembered(), heard.sounded(), "{mode:?}");
    }
}

#[test]
fn a_note_on_a_key_the_player_holds_leaves_the_context() {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.mode = Mode::Duet;
    host.settings.midi.thru = true;
    // All keys that the model knows, held for two bars.
    host.events = (48..88).map(|pitch| (4 * BEAT, press(pitch))).collect();
    host.events.extend((48..88).map(|pitch| (12 * BEAT, lift(pitch))));
    host.song.push((20 * BEAT, None));
    let heard = host.play(21 * BEAT, &[240]);
    assert!(heard.commands.iter().filter(|command| matches!(command, Command::ForgetUnplayed { .. })).count() > 3);
    assert_eq!(heard.remembered(), heard.sounded());
    for lengths in [&[64_u32][..], &[4096]] {
        assert_eq!(host.play(21 * BEAT, lengths).remembered(), heard.remembered(), "{lengths:?}");
    }
}

/// One event of a session.
#[derive(Debug, Clone, Copy)]
enum Happening {
    /// The player strikes this many notes, this many frames apart.
    Phrase(u8, i64),
    /// The song jumps to a beat, or stops.
    Song(Option<u8>),
    YourTurn,
}

fn happenings() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    let one = prop_oneof![
        4 => (1..8_u8, 2_000..40_000_i64).prop_map(|(count, apart)| Happening::Phrase(count, apart)),
        1 => prop::option::of(0..16_u8).prop_map(Happening::Song),
        1 => Just(Happening::YourTurn),
    ];
    prop::collection::vec((1..6 * BEAT, one), 1..8)
}

fn host(mode: Mode, happenings: &[(i64, Happening)]) -> (FakeHost, i64) {
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    host.settings.turn.mode = mode;
    host.settings.turn.trade.bars = 1;
    let mut at = 0;
    for (later, happening) in happenings {
        at += later;
        match *happening {
            Happening::Phrase(count, apart) => {
                for index in 0..count {
                    host.events.push((at, press(50 + 3 * index)));
                    host.events.push((at + apart * 2 / 3, lift(50 + 3 * index)));
                    at += apart;
                }
            }
            Happening::Song(beat) => host.song.push((at, beat.map(f64::from))),
            Happening::YourTurn => {
                host.turns.push((at, |settings| settings.buttons.your_turn = true));
                host.turns.push((at + 1_000, |settings| settings.buttons.your_turn = false));
                at += 1_000;
            }
        }
    }
    // At the end the song stops and all plans are dropped.
    let stops = at + 4 * BEAT;
    host.song.extend([(stops, Some(0.0)), (stops + 10, None)]);
    (host, stops + 1_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]
    #[test]
    fn the_context_holds_what_sounded_even_after_a_failure(
        happenings in happenings(),
        mode in prop_oneof![Just(Mode::Answer), Just(Mode::Trade), Just(Mode::Duet)],
        panics_often in any::<bool>(),
        (thru, octave) in (any::<bool>(), -1..=1_i8),
        length in prop_oneof![Just(64_u32), Just(441), Just(4_096)],
        live in prop::option::of(prop_oneof![Just(Speed::Quick), (2..40_u32).prop_map(Speed::Slow)]),
    ) {
        let (mut host, mut end) = host(mode, &happenings);
        host.panics_often = panics_often;
        (host.settings.midi.thru, host.settings.midi.octave) = (thru, octave);
        if let Some(speed) = live {
            (host.offline, host.speed) = (false, speed);
            // Long enough for the slowest worker to answer and to receive what follows from its answer.
            end += 100 * i64::from(length);
        }
        let heard = host.play(end, &[length]);
        let octave = octave * 12;
        let sounded: Vec<u8> = heard.sounded().into_iter().map(|key| key.strict_sub_signed(octave)).collect();
        prop_assert_eq!(heard.remembered(), sounded);
    }
}

/// A key that is decided twice in one chord is one note, even if the first has ended.
#[test]
fn a_key_twice_in_one_chord_is_one_note() {
    let sequences: [&[(i64, Happening)]; 3] = [
        &[(56_573, Happening::YourTurn), (1_066, Happening::Phrase(2, 15_326)), (37_943, Happening::Phrase(0, 1))],
        &[
            (28_170, Happening::Phrase(4, 36_225)),
            (34_141, Happening::Phrase(2, 36_452)),
            (74_609, Happening::Phrase(1, 15_288)),
            (74_646, Happening::Phrase(4, 3_924)),
        ],
        &[
            (89_812, Happening::Phrase(5, 21_944)),
            (71_647, Happening::Phrase(6, 5_680)),
            (39_341, Happening::Phrase(6, 26_524)),
            (52_844, Happening::Phrase(3, 26_043)),
            (24_269, Happening::YourTurn),
        ],
    ];
    for happenings in sequences {
        let (mut host, end) = host(Mode::Answer, happenings);
        // The second onset comes late, and the first note was short.
        (host.offline, host.speed) = (false, Speed::Slow(30));
        let heard = host.play(end + 6_400, &[64]);
        let is_told_twice = |pair: &[Note]| (pair[0].onset, pair[0].pitch) == (pair[1].onset, pair[1].pitch);
        assert!(heard.in_memory.windows(2).any(is_told_twice), "{happenings:?}");
        assert_eq!(heard.remembered(), heard.sounded(), "{happenings:?}");
    }
}
