//! Comping and metronome. The fake model's chart is `C7 | F7 G7 | C7 A7 D7 | N.C. |`.

use super::*;

/// A bar of 4/4 at 120 bpm.
const BAR: i64 = 4 * BEAT;

/// A host whose song plays with the comping on, while nobody else plays.
fn host() -> FakeHost {
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    host.settings.accompaniment.comping = true;
    host
}

impl Heard {
    /// The events before this frame, because the last block may reach beyond it.
    fn until(mut self, end: i64) -> Self {
        self.sounds.retain(|(at, _)| *at < end);
        self.messages.retain(|(at, _)| *at < end);
        self
    }

    /// When one of the accompaniment's sources strikes, each frame once, with the pitch class of its lowest key.
    fn strokes_of(&self, whose: NoteSource) -> Vec<(i64, u8)> {
        let onset = |(at, what): &(i64, SynthEvent)| match what {
            SynthEvent::NoteOn { source: who, pitch, .. } if *who == whose => Some((*at, pitch.key() % 12)),
            _ => None,
        };
        let mut onsets: Vec<_> = self.sounds.iter().filter_map(onset).collect();
        onsets.dedup_by_key(|(at, _)| *at);
        onsets
    }

    fn bass(&self) -> Vec<(i64, u8)> {
        self.strokes_of(NoteSource::Comping)
    }
}

/// The chart's roots and where they begin, for bars of this length.
fn chart(bar: i64) -> Vec<(i64, u8)> {
    vec![
        (0, 0),
        (bar, 5),
        (bar * 3 / 2, 7),
        (2 * bar, 0),
        (2 * bar + bar / 3, 9),
        (2 * bar + 2 * bar / 3, 2),
        (4 * bar, 0),
    ]
}

/// Chords begin where they change and on every bar line, the same at every block size.
#[test]
fn chords_begin_on_changes_and_bar_lines_in_all_blocks() {
    const END: i64 = 4 * BAR + 100;
    let mut host = host();
    host.settings.accompaniment.comping_channel = Some(5);
    let whole = host.play(END, &[1 << 20]).until(END);
    assert_eq!(whole.bass(), chart(BAR));
    let is_fifth = |(_, message): &(i64, Message)| match message {
        Message::NoteOn { key, .. } | Message::NoteOff { key, .. } => key.channel == 5,
        _ => false,
    };
    assert!(whole.messages.iter().all(is_fifth));
    assert_eq!(whole.messages.iter().filter(|(_, message)| matches!(message, Message::NoteOn { .. })).count(), 7 * 3);
    for lengths in [&[1_u32][..], &[64], &[441], &[4096], &[13, 900, 1, 2048, 77]] {
        let heard = host.play(END, lengths).until(END);
        assert_eq!((heard.sounds, heard.messages), (whole.sounds.clone(), whole.messages.clone()), "{lengths:?}");
    }
    host.offline = false;
    for lengths in [&[64_u32][..], &[256], &[4096]] {
        let live = host.play(END, lengths).until(END);
        // The song begins in the first block, and the chart arrives with the second.
        let first = i64::from(lengths[0]);
        let expected: Vec<_> =
            chart(BAR).into_iter().map(|(at, root)| (if at == 0 { first } else { at }, root)).collect();
        assert_eq!((live.bass(), live.stats.dropped.get()), (expected, 0), "{lengths:?}");
    }
}

/// The chart's frames and roots from a beat on that lies at frame `at`, up to the end of its fourth bar.
fn chart_from(beat: f64, at: i64) -> Vec<(i64, u8)> {
    let begun = (beat * BEAT as f64) as i64;
    let later = chart(BAR).into_iter().filter(|(frame, _)| *frame > begun && *frame < 3 * BAR);
    let now = chart(BAR).into_iter().rev().find(|(frame, _)| *frame <= begun).map(|(_, root)| (begun, root));
    now.into_iter().chain(later).map(|(frame, root)| (frame - begun + at, root)).collect()
}

#[test]
fn live_the_first_chord_sounds_on_the_first_frame_of_the_song() {
    const START: i64 = 50_017;
    // On a bar line, in mid-bar, and two ticks before a chord ends.
    for beat in [0.0, 4.5, 4.0 * 2.0 + 4.0 / 3.0 - 2.0 / 48.0] {
        let mut host = host();
        host.offline = false;
        host.stands_at = Some(beat);
        host.song = vec![(0, None), (START, Some(beat))];
        for lengths in [&[64_u32][..], &[256], &[4096], &[13, 900, 1, 2048, 77]] {
            let end = START + 3 * BAR - (beat * BEAT as f64) as i64;
            let heard = host.play(end, lengths).until(end);
            assert_eq!(heard.bass(), chart_from(beat, START), "beat {beat}, {lengths:?}");
            assert_eq!(heard.stats.dropped.get(), 0);
        }
    }
}

#[test]
fn live_the_first_chord_after_any_jump_is_in_time() {
    let (start, jump) = (50_017, 50_017 + 2 * BAR + 1_234);
    // To a place that the song has passed, to the beginning of its loop, and to places that it has not passed: the
    // third bar of the chart, a later repeat of the chart, and before its beginning.
    for (loop_beats, back) in
        [(None, 0.0), (Some((4.0, 99.0)), 4.0), (None, 5.0), (None, 10.0), (None, 165.0), (None, -12.0)]
    {
        let mut host = host();
        host.offline = false;
        host.loop_beats = loop_beats;
        // The song begins in its third bar if the beginning of the loop is not to have been passed.
        let from = if loop_beats.is_some() { 8.0 } else { 0.0 };
        host.stands_at = Some(from);
        host.song = vec![(0, None), (start, Some(from)), (jump, Some(back))];
        for lengths in [&[64_u32][..], &[900], &[4096]] {
            let heard = host.play(jump + BAR / 4, lengths);
            let after: Vec<_> = heard.bass().into_iter().filter(|(at, _)| *at >= jump).take(1).collect();
            assert_eq!(after, chart_from(back.rem_euclid(16.0), jump)[..1], "to {back}, {lengths:?}");
            assert_eq!(heard.stats.dropped.get(), 0);
        }
    }
}

#[test]
fn live_without_a_song_the_first_key_starts_the_first_chord() {
    let mut host = host();
    host.offline = false;
    host.song = vec![(0, None)];
    let first = 123_457;
    host.events = vec![(first, press(60)), (first + BAR / 2, lift(60))];
    for lengths in [&[64_u32][..], &[441], &[4096]] {
        let heard = host.play(first + BAR + BEAT, lengths).until(first + BAR + BEAT);
        assert_eq!(heard.bass(), [(first, 0), (first + BAR, 5)], "{lengths:?}");
    }
}

/// A chord that is known too late begins on the next beat instead of being lost.
#[test]
fn a_chord_that_is_known_late_begins_on_the_next_beat() {
    let mut host = host();
    host.offline = false;
    // The song plays from the start, and the worker runs every 128 ms: longer than the look-ahead, shorter than a beat.
    host.speed = Speed::Slow(96);
    let heard = host.play(2 * BAR, &[64]).until(2 * BAR);
    let mut expected = chart(BAR)[..3].to_vec();
    expected[0].0 = BEAT;
    assert_eq!((heard.bass(), heard.stats.dropped.get()), (expected, 0));
}

/// No chord of an outdated chart begins: live, the comping rests until the new chart is there, and a render waits for
/// it.
#[test]
fn while_another_chart_is_under_way_nothing_is_looked_up() {
    for offline in [false, true] {
        let mut host = host();
        host.offline = offline;
        host.turns = vec![(BAR - 2 * BEAT, |settings| settings.style.files = (1, 0))];
        host.speed = if offline { Speed::Quick } else { Speed::Slow(2 * BAR as u32 / 64) };
        let bass = host.play(4 * BAR, &[64]).until(4 * BAR).bass();
        // Live, the worker first runs at the end of the second bar.
        let expected = if offline { chart(BAR)[..6].to_vec() } else { chart(BAR)[3..6].to_vec() };
        assert_eq!(bass, expected, "offline: {offline}");
    }
}

/// A worker that sends no chart costs a render its chords and at most one time-out per bar.
#[test]
fn a_rendering_goes_on_without_a_chart_that_never_comes() {
    let mut host = host();
    host.speed = Speed::Absent;
    let heard = host.play(4 * BAR, &[512]);
    assert_eq!(heard.bass(), []);
    assert!((1..=6).contains(&heard.stats.time_outs.get()), "{}", heard.stats.time_outs.get());
}

#[test]
fn a_chord_silenced_on_its_first_frame_does_not_begin() {
    let mut host = host();
    host.settings.accompaniment.comping_channel = Some(5);
    let all_sound_off = ChannelMessage::Controller { channel: 0, number: ALL_SOUND_OFF, value: 0.0 };
    host.events = vec![(0, HostEvent::Control(all_sound_off)), (BAR, HostEvent::Control(all_sound_off))];
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        let heard = host.play(2 * BAR, lengths);
        let on = |at: i64| {
            heard
                .messages
                .iter()
                .filter(|(when, message)| *when == at && matches!(message, Message::NoteOn { .. }))
                .count()
        };
        let off = |at: i64| {
            heard
                .messages
                .iter()
                .filter(|(when, message)| *when == at && matches!(message, Message::NoteOff { .. }))
                .count()
        };
        assert_eq!([(on(0), off(0)), (on(BAR), off(BAR))], [(3, 0), (3, 0)], "{lengths:?}");
    }
}

/// Without a channel the comping only sounds in the built-in synth, and it changes no note of Segue's.
#[test]
fn comping_without_a_channel_is_heard_and_changes_no_note() {
    let alone = FakeHost::with_phrase().play(20 * BEAT, &[512]);
    let mut host = FakeHost::with_phrase();
    host.settings.accompaniment.comping = true;
    let heard = host.play(20 * BEAT, &[512]);
    assert_eq!(heard.messages, alone.messages);
    assert!(!heard.bass().is_empty() && alone.bass().is_empty());
    host.settings.harmony = Harmony::Played;
    assert_eq!(host.play(20 * BEAT, &[512]).bass(), [], "the player plays the chords");
}

/// Every chord ends when the song stops, jumps or loops, or when the comping is turned off.
#[test]
fn chords_end_when_the_song_stops_jumps_loops_or_comping_stops() {
    let mid = 2 * BAR + 12_345;
    let off: fn(&mut Settings) = |settings| settings.accompaniment.comping = false;
    let played: fn(&mut Settings) = |settings| settings.harmony = Harmony::Played;
    for name in ["stop", "jump", "loop", "off", "played", "reset", "full"] {
        let mut host = host();
        host.settings.accompaniment.comping_channel = Some(0);
        match name {
            "stop" => host.song.push((mid, None)),
            "jump" => host.song.extend([(mid, Some(4.5)), (mid + BAR, None)]),
            "loop" => host.song.extend([(mid, Some(0.0)), (mid + 2 * BAR, Some(0.0)), (mid + 3 * BAR, None)]),
            "off" => host.turns = vec![(mid, off)],
            "played" => host.turns = vec![(mid, played)],
            "reset" => (host.reset_at, host.turns) = (Some(mid), vec![(mid + 10, off)]),
            _ => (host.refuses_each, host.turns) = (Some(3), vec![(mid, off)]),
        }
        for lengths in [&[1_u32][..], &[64], &[441], &[4096]] {
            for offline in [true, false] {
                host.offline = offline;
                let heard = host.play(6 * BAR, lengths);
                heard.check_pairs().unwrap_or_else(|fault| panic!("{name}, {lengths:?}: {fault}"));
                if name != "reset" {
                    heard.check_sounds().unwrap_or_else(|fault| panic!("{name}, {lengths:?}: {fault}"));
                }
                let goes_on = heard.bass().iter().any(|(at, _)| *at > mid + 10);
                assert_eq!(goes_on, matches!(name, "jump" | "loop"), "{name}, {lengths:?}");
                if offline && name == "jump" {
                    // Beat 4.5 lies in the second bar, on its F7; G7 follows a beat and a half later.
                    let after: Vec<_> = heard.bass().into_iter().filter(|(at, _)| *at >= mid).take(2).collect();
                    assert_eq!(after, [(mid, 5), (mid + BEAT * 3 / 2, 7)], "{lengths:?}");
                }
            }
        }
    }
}

#[test]
fn a_new_metre_and_a_new_tempo_are_followed() {
    const END: i64 = BAR + 9 * BEAT + 10;
    let mut host = host();
    let waltz = Metre::new(3, 4).unwrap();
    host.metres.push((BAR, waltz));
    host.tempos.push((BAR + 3 * BEAT, 60.0));
    // As if the song had always been a waltz, beat 4 lies in its second bar.
    let heard = host.play(END, &[512]).until(END);
    let lines: Vec<i64> = heard.bass().into_iter().map(|(at, _)| at).filter(|at| *at >= BAR).collect();
    assert!(lines.contains(&BAR), "the metre begins a bar: {lines:?}");
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        assert_eq!(host.play(END, lengths).until(END).sounds, heard.sounds, "{lengths:?}");
    }
}

/// Without a song the comping begins with the player and ends after a silence.
#[test]
fn without_a_song_the_comping_starts_and_ends_with_the_player() {
    let mut host = host();
    host.song = vec![(0, None)];
    let first = 123_457;
    // A single key for five beats on the chords' channel, so that Segue is silent; two seconds later everything is
    // silent.
    host.settings.accompaniment.comping = true;
    host.settings.midi.in_channel = Some(3);
    host.events = vec![
        (first, HostEvent::NoteOn { key: Key { channel: 3, ..key(60) }, velocity: 0.7 }),
        (
            first + 5 * BEAT,
            HostEvent::Control(ChannelMessage::Controller { channel: 3, number: ALL_SOUND_OFF, value: 0.0 }),
        ),
    ];
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        let heard = host.play(first + 4 * BAR, lengths);
        // Five beats and four more reach into the third bar.
        let expected: Vec<_> = chart(BAR).into_iter().map(|(at, root)| (first + at, root)).take(4).collect();
        assert_eq!(heard.bass(), expected, "{lengths:?}");
        heard.check_sounds().unwrap();
    }
}

#[test]
fn the_click_is_on_every_beat_and_brighter_on_the_bar_line() {
    let mut host = FakeHost::with_phrase();
    host.events.clear();
    host.settings.accompaniment.click = true;
    host.settings.timing.swing = 0.7;
    host.metres = vec![(0, Metre::COMMON), (2 * BAR, Metre::new(6, 8).unwrap())];
    for lengths in [&[1_u32][..], &[64], &[4096], &[1 << 20]] {
        let heard = host.play(2 * BAR + 3 * BEAT, lengths).until(2 * BAR + 3 * BEAT);
        let beats: Vec<i64> = heard.strokes_of(NoteSource::Click).into_iter().map(|(at, _)| at).collect();
        let mut expected: Vec<i64> = (0..8).map(|beat| beat * BEAT).collect();
        // Beat 8 lies two beats into the third bar of 6/8; from there on the clicks are dotted quarters.
        expected.extend(beats.iter().filter(|at| **at >= 2 * BAR));
        assert_eq!(beats, expected, "{lengths:?}");
        let bright: Vec<i64> = heard
            .strokes_of(NoteSource::Click)
            .into_iter()
            .filter(|(_, key)| *key == 103 % 12)
            .map(|(at, _)| at)
            .collect();
        assert_eq!(bright[..2], [0, BAR], "{lengths:?}");
        heard.check_sounds().unwrap();
    }
}

/// Without a song the metronome runs on, and the player's key begins a bar on the nearest beat.
#[test]
fn without_a_song_the_player_begins_a_bar_on_the_nearest_click() {
    let mut host = FakeHost::with_phrase();
    host.song = vec![(0, None)];
    host.settings.accompaniment.click = true;
    host.settings.turn.start_grid = StartGrid::Bar;
    // Six beats and a little: the player is slightly late.
    host.events = vec![(6 * BEAT + 700, press(60)), (7 * BEAT, lift(60))];
    for lengths in [&[1_u32][..], &[64], &[4096]] {
        let heard = host.play(20 * BEAT, lengths).until(20 * BEAT);
        let beats: Vec<i64> = heard.strokes_of(NoteSource::Click).into_iter().map(|(at, _)| at).collect();
        assert_eq!(beats, (0..20).map(|beat| beat * BEAT).collect::<Vec<_>>(), "{lengths:?}");
        assert_eq!(heard.ons()[0], 10 * BEAT, "a bar after the bar that the player began, {lengths:?}");
    }
}
