//! Finds the part of a file that is its melody.
//!
//! Files do not say which one it is, so it is estimated: a melody usually lies in the middle or high register, is a
//! single line, has lyrics, or is named as such. The order of the parts decides only between equal ones.

use super::events::{MetaEvent, TrackEvents, VoiceMessage, meta};
use super::{PERCUSSION_CHANNEL, Taken, TrackChannel};
use crate::text;
use std::collections::BTreeMap;

/// A part and what is known of it.
pub(super) struct Described {
    pub part: TrackChannel,
    /// The name of its track.
    pub name: String,
    pub notes: usize,
    score: f64,
}

/// The parts that have notes, in the order of the file, without drums.
pub(super) fn parts(tracks: &[TrackEvents<'_>]) -> Vec<Described> {
    let lyrics = lyrics(tracks);
    let mut all = Vec::new();
    for (track, events) in tracks.iter().enumerate() {
        let mut by_channel: BTreeMap<u8, PartProfile> = BTreeMap::new();
        let mut order = Vec::new();
        for event in &events.messages {
            let channel = event.channel;
            match event.message {
                VoiceMessage::NoteOn { key, .. } if channel != PERCUSSION_CHANNEL => {
                    let profile = by_channel.entry(channel).or_default();
                    if profile.notes == 0 {
                        order.push(channel);
                    }
                    profile.note(event.at, key, &lyrics);
                }
                VoiceMessage::Program(program) => by_channel.entry(channel).or_default().program = Some(program),
                _ => {}
            }
        }
        let name = track_name(events);
        all.extend(
            order.into_iter().filter_map(|channel| {
                Some((TrackChannel { track, channel }, name.clone(), by_channel.remove(&channel)?))
            }),
        );
    }
    let most_onsets = all.iter().map(|(_, _, line)| line.onsets).max().unwrap_or(0);
    let described = |(index, (part, name, line)): (usize, (TrackChannel, String, PartProfile))| Described {
        part,
        notes: line.notes,
        score: line.score(&name, most_onsets, lyrics.len()) - TIE * f64::from(u32::try_from(index).unwrap_or(u32::MAX)),
        name,
    };
    all.into_iter().enumerate().map(described).collect()
}

/// The part that is most likely the melody.
pub(super) fn melody(parts: &[Described]) -> Option<&Described> {
    parts.iter().reduce(|best, part| if part.score > best.score { part } else { best })
}

/// Decides between parts that are otherwise equal.
const TIE: f64 = 0.001;

/// What a part plays.
#[derive(Default)]
struct PartProfile {
    notes: usize,
    /// The sum of the keys.
    keys: u64,
    /// A bit for each key that occurs.
    pitches: u128,
    /// Moments at which any note begins; those at which only one does; those that have a syllable.
    onsets: usize,
    single: usize,
    sung: usize,
    /// The last of these moments, and how many notes begin there.
    last: Option<(u64, u32)>,
    program: Option<u8>,
}

impl PartProfile {
    /// Notes are taken in order of time.
    fn note(&mut self, at: u64, key: u8, lyrics: &[u64]) {
        self.notes += 1;
        self.keys += u64::from(key);
        self.pitches |= 1 << (key & 0x7f);
        match &mut self.last {
            Some((last, count)) if *last == at => {
                self.single -= usize::from(*count == 1);
                *count += 1;
            }
            _ => {
                self.last = Some((at, 1));
                self.onsets += 1;
                self.single += 1;
                self.sung += usize::from(lyrics.binary_search(&at).is_ok());
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a file has fewer than 2^52 notes")]
    fn score(&self, name: &str, most_onsets: usize, lyrics: usize) -> f64 {
        /// Few pitches are a drone, or a drum on its own channel.
        const FEWEST_PITCHES: u32 = 4;
        const MANY_ONSETS: usize = 8;
        const FEWEST_LYRICS: usize = 8;
        let onsets = self.onsets.max(1) as f64;
        let mean = self.keys as f64 / self.notes.max(1) as f64;
        let single = self.single as f64 / onsets;
        let busy = (2.0 * onsets / most_onsets.max(1) as f64).min(1.0);
        let lyric_score = if lyrics < FEWEST_LYRICS {
            0.0
        } else {
            // Lyrics belong to the notes that are sung, and most of the melody's notes have a syllable.
            6.0 * (self.sung as f64 / lyrics as f64) * (lyrics as f64 / onsets).min(1.0)
        };
        let few = if self.pitches.count_ones() < FEWEST_PITCHES && most_onsets > MANY_ONSETS { -2.0 } else { 0.0 };
        3.0 * single
            + 2.0 * busy
            + register_score(mean)
            + lyric_score
            + few
            + name_score(name)
            + program_score(self.program)
    }
}

/// The score for the mean key of a part.
fn register_score(mean: f64) -> f64 {
    const BASS_BELOW: f64 = 50.0;
    const LOW_BELOW: f64 = 55.0;
    const HIGH_ABOVE: f64 = 96.0;
    match mean {
        mean if mean < BASS_BELOW => -4.0,
        mean if mean < LOW_BELOW => -1.5,
        mean if mean > HIGH_ABOVE => -1.0,
        // Of two lines, the upper one is more often the tune.
        mean => 1.0 + 0.03 * (mean - 60.0).clamp(0.0, 20.0),
    }
}

fn name_score(name: &str) -> f64 {
    const ACCOMPANIMENT: [&str; 14] = [
        "bass",
        "chord",
        "accomp",
        "backing",
        "harmony",
        "rhythm",
        "pad",
        "drum",
        "perc",
        "left",
        "l.h.",
        "comping",
        "background",
        "arpeg",
    ];
    const MELODY: [&str; 14] = [
        "melod", "vocal", "voice", "vox", "lead", "solo", "singer", "gesang", "stimme", "soprano", "tune", "cant",
        "right", "r.h.",
    ];
    let name = name.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match (has(&ACCOMPANIMENT), has(&MELODY)) {
        (true, _) => -4.0,
        (false, true) => 4.0,
        (false, false) => 0.0,
    }
}

/// The score by the instrument families of General MIDI.
fn program_score(program: Option<u8>) -> f64 {
    match program {
        // Basses; timpani; percussion and effects.
        Some(32..=39 | 47 | 112..=127) => -3.0,
        // Pads and string ensembles.
        Some(48..=51 | 88..=95) => -0.5,
        // Brass, reeds, pipes and synthesizer leads play single lines.
        Some(56..=87) => 0.5,
        _ => 0.0,
    }
}

/// When syllables are sung, in order. Karaoke files write syllables as plain text after their first notes.
fn lyrics(tracks: &[TrackEvents<'_>]) -> Vec<u64> {
    let of_kind = |wanted: u8| -> Vec<u64> {
        let is_syllable = |event: &&MetaEvent<'_>| event.kind == wanted && !event.data.starts_with(b"@");
        let metas = tracks.iter().flat_map(|track| &track.metas);
        let mut found: Vec<u64> = metas.filter(is_syllable).map(|event| event.at).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let lyrics = of_kind(meta::LYRIC);
    if lyrics.is_empty() { of_kind(meta::TEXT) } else { lyrics }
}

/// The name of a track, or of its instrument; may be empty.
pub(super) fn track_name(track: &TrackEvents<'_>) -> String {
    let named = |wanted: u8| track.metas.iter().find(|event| event.kind == wanted);
    let name = named(meta::TRACK_NAME).or_else(|| named(meta::INSTRUMENT));
    name.map_or_else(String::new, |name| text::name(name.data))
}

/// The parts with this track number, channel number or both (from 1).
pub(super) fn chosen(parts: &[Described], track: Option<u16>, channel: Option<u8>) -> Vec<&Described> {
    let fits = |part: &&Described| {
        track.is_none_or(|track| usize::from(track) == part.part.track + 1)
            && channel.is_none_or(|channel| channel == part.part.channel + 1)
    };
    parts.iter().filter(fits).collect()
}

/// A description of the parts that were taken.
pub(super) fn taken(taken: &[&Described], parts: usize) -> Option<Taken> {
    let first = taken.first()?;
    Some(Taken {
        track: first.part.track + 1,
        channel: first.part.channel + 1,
        name: first.name.clone(),
        notes: taken.iter().map(|part| part.notes).sum(),
        parts,
    })
}
