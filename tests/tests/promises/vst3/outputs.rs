//! What leaves the VST3: notes, within a limit, and each with its end.

use super::{RATE, active, play};
use crate::support::Settings;
#[cfg(target_os = "linux")]
use crate::support::{passes_in_a_process_of_its_own, resident};
use segue_tests::vst3_host::{Block, Cue, Event, Moment, Out, Plugin, Point, Processor, Sent, Setup};
use std::collections::BTreeSet;

const BLOCK: u32 = 256;
/// At most this many events leave a block.
const MOST: usize = 32;

/// Which notes are down at the host; each note-off must have its note-on.
#[derive(Default)]
struct Down(BTreeSet<(i16, i16)>);

impl Down {
    fn follow(&mut self, sent: &[Sent]) {
        for Sent { out, offset } in sent {
            match *out {
                Out::On { channel, key, .. } => assert!(self.0.insert((channel, key)), "{key} begins twice"),
                Out::Off { channel, key } => {
                    assert!(self.0.remove(&(channel, key)), "{key} ends at {offset}, not begun");
                }
                Out::Other(kind) => panic!("an event of kind {kind}"),
            }
        }
    }
}

/// A host that keeps track of the notes that are down.
struct Host {
    plugin: Plugin,
    processor: Processor,
    down: Down,
    at: u64,
    playing: bool,
}

impl Host {
    fn new(settings: Settings<'_>) -> Self {
        let plugin = active(settings, BLOCK, true);
        let processor = plugin.processor().expect("it is active");
        Self { plugin, processor, down: Down::default(), at: 0, playing: true }
    }

    fn block(&mut self, cues: &[Cue], points: &[Point]) -> Vec<Sent> {
        #[expect(clippy::cast_precision_loss, reason = "a short session")]
        let beats = self.at as f64 / RATE * 2.0;
        let moment = Moment { playing: self.playing, tempo_bpm: Some(120.0), beats: Some(beats), ..Moment::default() };
        let block = Block { room: MOST, ..Block::of(self.at, BLOCK).hear(cues).set(points).during(moment) };
        let played = play(&mut self.processor, block);
        assert_eq!(played.refused, 0, "a list of {MOST} is never full");
        assert!(played.sent.len() <= MOST);
        assert!(played.sent.windows(2).all(|pair| pair[0].offset <= pair[1].offset), "{:?}", played.sent);
        self.down.follow(&played.sent);
        self.at += u64::from(BLOCK);
        played.sent
    }

    fn blocks(&mut self, count: u32) {
        for _ in 0..count {
            self.block(&[], &[]);
        }
    }
}

fn on(key: i16, offset: i32) -> Cue {
    Cue { offset, event: Event::On { id: -1, channel: 0, key, velocity: 0.6 } }
}

fn off(key: i16, offset: i32) -> Cue {
    Cue { offset, event: Event::Off { id: -1, channel: 0, key } }
}

/// With 60 keys at once, some note-ons are left out but no note-off. If keys go up and others go down on one frame, the
/// note-offs come first.
#[test]
fn at_most_32_events_leave_a_block_and_note_offs_come_first() {
    let mut host = Host::new(&[("Thru", "On")]);
    let down: Vec<Cue> = (20..80).map(|key| on(key, 10)).collect();
    let sent = host.block(&down, &[]);
    assert_eq!(sent.len(), 24, "note-ons leave room for note-offs");
    let exchange: Vec<Cue> = (20..80).map(|key| off(key, 20)).chain((80..110).map(|key| on(key, 20))).collect();
    let sent = host.block(&exchange, &[]);
    let ends = sent.iter().take_while(|sent| matches!(sent.out, Out::Off { .. })).count();
    assert_eq!(ends, 24, "all that sounded has ended: {sent:?}");
    host.blocks(4);
    let mixed: Vec<Cue> = (80..110).map(|key| off(key, 5)).chain((20..44).map(|key| on(key, 5))).collect();
    host.block(&mixed, &[]);
    host.block(&(20..44).map(|key| off(key, 0)).collect::<Vec<_>>(), &[]);
    host.blocks(4);
    assert_eq!(host.down.0, BTreeSet::new());
}

/// Many keys go down and up in every block: whatever is left out, no note is left on.
#[test]
fn every_note_on_gets_its_note_off_in_a_storm() {
    let mut host = Host::new(&[("Thru", "On"), ("Mode", "Duet")]);
    for round in 0_i16..200 {
        let cues: Vec<Cue> = (0..40_i16)
            .flat_map(|index| {
                let key = 20 + (index * 7 + round * 13) % 90;
                let offset = i32::from(index) * 6;
                [on(key, offset), off(key, offset + 3)]
            })
            .collect();
        host.block(&cues, &[]);
    }
    host.playing = false;
    host.blocks(400);
    assert_eq!(host.down.0, BTreeSet::new());
}

/// Two of the player's keys are passed on and held, and Segue plays along.
fn sounding() -> Host {
    let mut host = Host::new(&[("Mode", "Duet"), ("Thru", "On"), ("Style", "Folk"), ("Density", "100 %")]);
    host.block(&[on(60, 0), on(67, 0)], &[]);
    for _ in 0..4_000 {
        host.blocks(1);
        if host.down.0.len() > 2 {
            return host;
        }
    }
    panic!("Segue does not play along");
}

/// When the host stops, starts again, re-activates or changes the style, each sounding note ends with a note-off, and
/// no host needs to know controller 123.
#[test]
fn whatever_ends_the_notes_ends_each_with_its_note_off() {
    type Ending = fn(&mut Host);
    let endings: [(&str, Ending); 4] = [
        ("the host stops calling", |host| {
            host.plugin.set_processing(false).expect("it stops");
            host.plugin.set_processing(true).expect("it starts");
        }),
        ("the host re-activates", |host| {
            host.plugin.deactivate();
            let setup = Setup { sample_rate: RATE, largest_block: BLOCK, offline: false };
            host.plugin.activate(setup).expect("it can be activated");
            host.processor = host.plugin.processor().expect("it is active");
        }),
        ("the transport stops", |host| host.playing = false),
        ("the style changes", |host| {
            let style = host.plugin.parameter("Style").expect("there is one");
            let value = host.plugin.value_of_text(style.id, "Jazz").expect("a style");
            host.block(&[], &[Point { parameter: style.id, offset: 0, value }]);
            host.playing = false;
        }),
    ];
    for (what, end) in endings {
        let mut host = sounding();
        end(&mut host);
        // The player's own keys are up too, even if the plugin was not told.
        host.block(&[off(60, 0), off(67, 0)], &[]);
        host.blocks(40);
        assert_eq!(host.down.0, BTreeSet::new(), "{what}");
    }
}

/// A host that wants no notes passes no list; the plugin plays on.
#[test]
fn a_host_without_a_list_for_notes_hears_the_sound() {
    let plugin = active(&[("Thru", "On")], BLOCK, true);
    let mut processor = plugin.processor().expect("it is active");
    let cues = [on(60, 0)];
    for block in 0..50 {
        let heard = if block == 0 { cues.as_slice() } else { &[] };
        let block = Block { has_outputs: false, ..Block::of(block * u64::from(BLOCK), BLOCK).hear(heard) };
        play(&mut processor, block);
    }
}

/// The wrapper's list of notes stays small, and with it the memory and the cost of a note.
#[cfg(target_os = "linux")]
#[test]
fn a_hundred_thousand_notes_leave_nothing_behind() {
    passes_in_a_process_of_its_own("vst3::outputs::a_hundred_thousand_notes");
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "runs in a process of its own, because it measures memory"]
fn a_hundred_thousand_notes() {
    use std::time::{Duration, Instant};
    const NOTES_PER_BLOCK: i32 = 16;
    const BLOCKS: i32 = 100_000 / NOTES_PER_BLOCK;
    const WARM: i32 = BLOCKS / 5;
    /// A list that is never freed would grow by more than twice this.
    const BOUND: usize = 600_000;
    let plugin = active(&[("Sound", "Off")], BLOCK, false);
    let mut processor = plugin.processor().expect("it is active");
    let mut times = Vec::new();
    let mut before = 0;
    for block in 0..BLOCKS {
        let cues: Vec<Cue> = (0..NOTES_PER_BLOCK)
            .flat_map(|index| {
                let (id, channel, key) = (block * NOTES_PER_BLOCK + index, 0, 40 + i16::try_from(index).unwrap_or(0));
                let offset = index * 16;
                [
                    Cue { offset, event: Event::On { id, channel, key, velocity: 0.5 } },
                    Cue { offset: offset + 8, event: Event::Off { id, channel, key } },
                ]
            })
            .collect();
        if block == WARM {
            before = resident();
        }
        let begun = Instant::now();
        play(&mut processor, Block::of(u64::try_from(block).unwrap_or(0) * u64::from(BLOCK), BLOCK).hear(&cues));
        times.push(begun.elapsed());
    }
    let grown = resident().saturating_sub(before);
    let median = |times: &[Duration]| {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        sorted[sorted.len() / 2]
    };
    let part = usize::try_from(WARM).unwrap_or(0);
    let (first, last) = (median(&times[..part]), median(&times[times.len() - part..]));
    println!("memory grew by {grown} bytes; a block took {first:?} at first, {last:?} at last");
    assert!(grown < BOUND, "memory grew by {grown} bytes");
    // Generous, for a busy machine: a list that is never freed made it six times and more.
    assert!(last < 4 * first, "a block with {NOTES_PER_BLOCK} notes took {first:?} at first and {last:?} at last");
}

/// A host may end an instance in the middle of a song.
#[test]
fn an_instance_may_end_while_the_transport_runs() {
    for _ in 0..20 {
        let mut host = sounding();
        let Host { plugin, .. } = &mut host;
        plugin.abandon();
    }
}
