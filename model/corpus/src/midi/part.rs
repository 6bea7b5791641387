//! Finds the part of a file that is its melody. The order of the parts decides only between equal ones.

use super::events::{MetaEvent, TrackEvents, VoiceMessage, meta};
use super::{PERCUSSION_CHANNEL, Taken, TrackChannel};
use crate::melody::LineProfile;
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
        let mut by_channel: BTreeMap<u8, LineProfile> = BTreeMap::new();
        let mut order = Vec::new();
        for event in &events.messages {
            let channel = event.channel;
            match event.message {
                VoiceMessage::NoteOn { key, .. } if channel != PERCUSSION_CHANNEL => {
                    let profile = by_channel.entry(channel).or_default();
                    if profile.notes == 0 {
                        order.push(channel);
                    }
                    profile.note(event.at, key, lyrics.binary_search(&event.at).is_ok());
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
    let described = |(index, (part, name, line)): (usize, (TrackChannel, String, LineProfile))| Described {
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
