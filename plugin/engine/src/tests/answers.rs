//! Answers: when they begin and end, and what every host must get.

use super::*;

/// The answer begins on the first grid point after the response gap and ends with its last bar.
#[test]
fn an_answer_starts_on_the_grid_and_ends_with_its_last_bar() {
    // Key-up at 46,000, gap until 50,800: the next eighth is at 60,000.
    let heard = FakeHost::with_phrase().play(20 * BEAT, &[512]);
    let ons = heard.ons();
    assert_eq!(ons[0], 60_000);
    assert!(ons.len() > 8 && ons.iter().all(|on| *on < 60_000 + 8 * BEAT));
    heard.check_pairs().unwrap();
    heard.check_sounds().unwrap();
}

#[test]
fn off_the_grid_the_answer_begins_exactly_when_the_gap_is_over() {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.start_grid = StartGrid::Free;
    assert_eq!(host.play(20 * BEAT, &[512]).ons()[0], 46_000 + 4_800);
}

#[test]
fn a_key_up_on_a_grid_point_without_gap_is_answered_at_once() {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.response_gap_ms = 0.0;
    host.events.last_mut().unwrap().0 = 2 * BEAT;
    for lengths in [&[1][..], &[64], &[48_000], &[47_999, 2]] {
        assert_eq!(host.play(4 * BEAT, lengths).ons()[0], 2 * BEAT, "{lengths:?}");
    }
}

/// Offline the same notes come out at every block size.
#[test]
fn offline_block_sizes_change_no_note() {
    let mut host = FakeHost::with_phrase();
    host.temperatures = vec![(0, 1.0), (80_001, 1.3), (81_000, 0.7), (150_000, 2.0)];
    host.settings.midi.thru = true;
    // The player plays again and stops again.
    host.events.extend([(130_003, press(70)), (140_000, lift(70))]);
    let whole = host.play(20 * BEAT, &[1 << 20]);
    assert!(whole.ons().len() > 20);
    for lengths in [&[1_u32][..], &[64], &[441], &[4096], &[13, 900, 1, 2048, 77]] {
        assert_eq!(host.play(20 * BEAT, lengths).messages, whole.messages, "{lengths:?}");
    }
}

/// Live, the notes are those of an offline render as long as blocks are short and replies arrive in time.
#[test]
fn live_equals_offline_while_replies_are_in_time() {
    let mut host = FakeHost::with_phrase();
    host.temperatures = vec![(0, 1.0), (90_112, 1.3)];
    let offline = host.play(20 * BEAT, &[256]);
    host.offline = false;
    for lengths in [&[64_u32][..], &[256], &[960], &[13, 900, 1, 77]] {
        let live = host.play(20 * BEAT, lengths);
        assert_eq!(live.messages, offline.messages, "{lengths:?}");
        assert_eq!(live.stats.late.get(), 0);
    }
}

#[test]
fn live_nothing_is_late_in_long_blocks_either() {
    let mut host = FakeHost::with_phrase();
    host.offline = false;
    for length in [1_024, 2_048, 4_096, 8_192] {
        let live = host.play(20 * BEAT, &[length]);
        assert_eq!((live.stats.late.get(), live.ons()[0]), (0, 60_000), "blocks of {length}");
        assert!(live.ons().len() > 8);
    }
}

/// A reply that is a little late is played at once, and one that is too late is dropped.
#[test]
fn a_late_reply_is_played_at_once_or_dropped() {
    let mut host = FakeHost::with_phrase();
    host.offline = false;
    // Requests go out 960 frames before; the reply comes with the sixth block of 240.
    host.speed = Speed::Slow(6);
    let late = host.play(20 * BEAT, &[240]);
    assert!(late.stats.late.get() > 0 && late.ons().len() > 4);
    late.check_pairs().unwrap();
    late.check_sounds().unwrap();
    host.speed = Speed::Slow(100);
    let lost = host.play(20 * BEAT, &[240]);
    assert!(lost.stats.dropped.get() > 0);
    lost.check_pairs().unwrap();
}

/// A key of the player ends Segue on its own frame, and the model retracts the notes that did not sound.
#[test]
fn a_key_ends_the_answer_on_its_frame_and_retracts_the_rest() {
    let mut host = FakeHost::with_phrase();
    let before = host.play(20 * BEAT, &[64]).ons();
    let again = before[4] + 1_234;
    host.events.extend([(again, press(70)), (again + 200_000, lift(70))]);
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        let heard = host.play(again + 150_000, lengths);
        heard.check_pairs().unwrap();
        assert!(heard.messages.iter().all(|(at, _)| *at <= again), "{lengths:?}");
        let retracted: Vec<_> = heard
            .commands
            .iter()
            .filter_map(|command| match command {
                Command::Retract { from } => Some(from.0),
                _ => None,
            })
            .collect();
        // The first tick on the player's frame or after it; one tick is 500 frames. During the rests within the phrase
        // nothing was requested, so nothing is retracted.
        assert_eq!(retracted, [(again + 499).div_euclid(500)], "{lengths:?}");
    }
}

#[test]
fn without_a_phrase_segue_is_silent() {
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    assert!(host.play(20 * BEAT, &[512]).messages.is_empty());
}

/// A name, and what the host does.
type Change<'a> = (&'a str, &'a dyn Fn(&mut FakeHost));

/// Each note-on is followed by its note-off, whatever the host does in the middle of a phrase.
#[test]
fn every_note_on_has_a_note_off_whatever_the_host_does() {
    let mid = 60_000 + BEAT / 2 + 77;
    let stop = |host: &mut FakeHost| host.song.push((mid, None));
    let jump = |host: &mut FakeHost| host.song.push((mid, Some(1_000.5)));
    let back = |host: &mut FakeHost| host.song.extend([(mid, Some(0.0)), (mid + 30_000, Some(0.0))]);
    let reset = |host: &mut FakeHost| host.reset_at = Some(mid);
    let full = |host: &mut FakeHost| host.refuses_each = Some(3);
    let deaf = |host: &mut FakeHost| host.speed = Speed::Absent;
    let thru = |host: &mut FakeHost| host.settings.midi.thru = true;
    let changes: [Change; 7] = [
        ("stop", &stop),
        ("jump", &jump),
        ("back", &back),
        ("reset", &reset),
        ("full", &full),
        ("deaf", &deaf),
        ("thru", &thru),
    ];
    for (name, change) in changes {
        for lengths in [&[1_u32][..], &[64], &[441], &[4096]] {
            for offline in [true, false] {
                let mut host = FakeHost::with_phrase();
                host.offline = offline;
                host.settings.midi.thru = name == "full";
                change(&mut host);
                let heard = host.play(24 * BEAT, lengths);
                heard.check_pairs().unwrap_or_else(|fault| panic!("{name}, {lengths:?}: {fault}"));
                if name != "reset" {
                    heard.check_sounds().unwrap_or_else(|fault| panic!("{name}, {lengths:?}: {fault}"));
                }
            }
        }
    }
}

#[test]
fn the_check_of_pairs_sees_a_note_off_that_is_lost() {
    let mut heard = FakeHost::with_phrase().play(20 * BEAT, &[512]);
    let off = heard.messages.iter().position(|(_, message)| matches!(message, Message::NoteOff { .. })).unwrap();
    heard.messages.remove(off);
    assert!(heard.check_pairs().is_err());
}

#[test]
fn a_host_that_takes_no_notes_still_hears_the_sound() {
    struct Deaf(Vec<SynthEvent>, Vec<(FrameOffset, HostEvent)>);
    impl HostEvents for Deaf {
        fn next_event(&mut self) -> Option<(FrameOffset, HostEvent)> {
            self.1.pop()
        }
        fn send(&mut self, _: FrameOffset, _: Message) -> Sent {
            Sent::NoOutput
        }
    }
    impl HostIo for Deaf {
        fn play(&mut self, _: FrameOffset, what: SynthEvent) {
            self.0.push(what);
        }
    }
    let mut performer = Performer::new(RATE, Arc::default());
    let mut port = FakePort::new(Speed::Quick);
    let mut host = Deaf(Vec::new(), vec![(FrameOffset(9), lift(60)), (FrameOffset(3), press(60))]);
    let settings = settings();
    let block = Block { frames: 200_000, into: 0, transport: Transport::default(), settings, offline: true };
    performer.perform(&block, &mut host, &mut port);
    assert!(host.0.iter().any(|what| matches!(what, SynthEvent::NoteOn { source: NoteSource::Segue, .. })));
}

/// A render after a jam in which the worker fell behind is like any other, and nothing in it is late.
#[test]
fn a_render_after_an_overloaded_jam_is_the_same() {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.mode = Mode::Duet;
    host.settings.accompaniment.comping = true;
    let onsets = (0..30).flat_map(|index| [(index * 3_000, press(60)), (index * 3_000 + 2_000, lift(60))]);
    let jam = FakeHost { offline: false, events: onsets.collect(), ..FakeHost::with_phrase() };
    // With each jump of the song, the improviser's and the comping's notes are requested again. At the end of the jam
    // nothing sounds that would have to end in the render.
    let jumps = (0..8).map(|jump| (jump * BEAT / 2, Some(jump as f64 * 8.0)));
    let song = jumps.chain([(4 * BEAT, None)]).collect();
    let jam = FakeHost { settings: host.settings, song, ..jam };
    let rendered = |speed| {
        let (mut performer, mut port) = (Performer::new(RATE, Arc::default()), host.port());
        port.speed = speed;
        let _ = jam.play_at(&mut performer, &mut port, 6 * BEAT, &[4096]);
        let lost = performer.stats().late.get() + performer.stats().dropped.get();
        // From now on the worker does nothing until it is waited for.
        port.speed = Speed::Slow(u32::MAX);
        performer.activate(RATE);
        performer.start_afresh();
        let heard = host.play_at(&mut performer, &mut port, 20 * BEAT, &[64]);
        (heard.stats.late.get() + heard.stats.dropped.get() - lost, heard.messages, heard.sounds)
    };
    let (lost, messages, sounds) = rendered(Speed::Quick);
    assert!(lost == 0 && messages.len() > 20);
    assert!(rendered(Speed::Absent) == (lost, messages, sounds));
}

#[test]
fn the_pedal_lengthens_notes_and_keeps_no_turn() {
    let mut host = FakeHost::with_phrase();
    let pedal = |value| HostEvent::Control(ChannelMessage::Controller { channel: 0, number: SUSTAIN, value });
    host.events.insert(7, (37_000, pedal(1.0)));
    host.events.push((70_000, pedal(0.0)));
    let heard = host.play(20 * BEAT, &[512]);
    assert_eq!(heard.ons()[0], 60_000, "the keys decide, not the pedal");
    let lengths: Vec<_> = heard
        .commands
        .iter()
        .filter_map(|command| match command {
            Command::Amend { duration, .. } => Some(("over", duration.0)),
            Command::ReleaseKey { duration, .. } => Some(("up", duration.0)),
            Command::ReleasePedal { duration, .. } => Some(("rang", duration.0)),
            _ => None,
        })
        .collect();
    // The last note began at 36,000, its key went up at 46,000, and it rang until 70,000.
    assert_eq!(lengths, [("over", 20), ("over", 20), ("over", 20), ("up", 20), ("rang", 68)]);
}

#[test]
fn without_a_song_the_first_note_after_a_silence_is_beat_one() {
    let mut host = FakeHost::with_phrase();
    host.song = vec![(0, None)];
    for (at, _) in &mut host.events {
        *at += 123_457;
    }
    host.settings.turn.start_grid = StartGrid::Bar;
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        let heard = host.play(24 * BEAT, lengths);
        assert_eq!(heard.ons()[0], 123_457 + 4 * BEAT, "{lengths:?}");
    }
}

/// When the worker is far behind, heard notes are dropped and counted, but the end of no heard note is lost.
#[test]
fn far_behind_note_ons_are_dropped_and_counted_but_no_end() {
    let mut host = FakeHost::with_phrase();
    (host.speed, host.offline) = (Speed::Absent, false);
    host.events = (0..2_000).flat_map(|index| [(index * 20, press(60)), (index * 20 + 10, lift(60))]).collect();
    let heard = host.play(50_000, &[64]);
    assert!(heard.stats.unheard.get() > 0);
    let count = |what: fn(&Command) -> bool| heard.commands.iter().filter(|command| what(command)).count();
    let heards = count(|command| matches!(command, Command::Heard(_)));
    assert_eq!(heards, count(|command| matches!(command, Command::Amend { .. })));
    heard.check_sounds().unwrap();
}

#[test]
fn an_offline_render_goes_on_when_no_reply_comes() {
    let mut host = FakeHost::with_phrase();
    host.speed = Speed::Absent;
    let heard = host.play(20 * BEAT, &[512]);
    assert_eq!((heard.ons().len(), heard.stats.time_outs.get()), (0, 1));
}

#[test]
fn a_note_off_without_note_ids_ends_them_all() {
    let mut host = FakeHost::with_phrase();
    let named = |voice, pitch| HostEvent::NoteOn { key: Key { voice: Some(voice), ..key(pitch) }, velocity: 0.5 };
    let all = KeyPattern { voice: None, channel: None, pitch: None };
    host.events =
        vec![(0, named(1, 60)), (100, named(2, 64)), (20_000, HostEvent::NoteOff { keys: all, velocity: 0.0 })];
    let heard = host.play(20 * BEAT, &[512]);
    assert!(!heard.ons().is_empty(), "no key is down, so it is Segue's turn");
    heard.check_sounds().unwrap();
}
