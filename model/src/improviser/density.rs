//! Density: how many notes a line has in a time, kept near that of its style. Nothing is modified here.

use super::DecisionRequest;
use super::history::NoteHistory;
use crate::note::Ticks;
use crate::sampling::tilt_spans;
use crate::vocabulary::Vocabulary;

/// In a duet: the factor on the mean time from note to note. A player of steady quarters draws a style of eighths
/// along, and the other way round. Half of that is wanted, and this corrects the other half. In other modes it corrects
/// solos, which became sparser than their style after slow notes of the player, and chords in fewer voices than their
/// style has, which did so of themselves: one voice of Piano had half of its notes.
pub fn longer(request: &DecisionRequest, vocabulary: &Vocabulary, history: &NoteHistory) -> f32 {
    const MOST: std::ops::RangeInclusive<f32> = 0.6..=1.5;
    const MOST_OF_CHORDS: std::ops::RangeInclusive<f32> = 0.4..=1.5;
    let DecisionRequest { parameters, turn, along, .. } = request;
    if !along {
        // The model would answer slow notes with still slower ones. So would few voices: each note waits for the
        // end of another, which may last as long as the time between the last ones.
        let is_of_few = vocabulary.polyphony == 1 || parameters.limits.polyphony < vocabulary.polyphony;
        let own = parameters.notes_per_quarter.filter(|_| is_of_few && !vocabulary.is_notation());
        let density = Ticks::quarters(1).as_f32() / history.pace().as_f32();
        return own.map_or(1.0, |own| (density * parameters.limits.stretch() / own).clamp(*MOST.start(), 1.0));
    }
    let is_line = vocabulary.polyphony == 1;
    // A mean over few onsets is too high, and chords have several notes for each.
    let notes = if is_line { 16 } else { 64 };
    let density = parameters.notes_per_quarter.zip(history.density_of_turn(*turn, notes));
    let too_dense = density.map_or(1.0, |(own, density)| density * parameters.limits.stretch() / own);
    if is_line {
        return too_dense.clamp(*MOST.start(), *MOST.end());
    }
    // Where a pianist holds chords under a slow melody, a factor of the density alone corrects half of it.
    let too_dense = (too_dense * too_dense.sqrt()).clamp(*MOST_OF_CHORDS.start(), *MOST_OF_CHORDS.end());
    // The network predicts the next note of both players together, and the player plays part of them. Polyphonic
    // styles in free time have no other brake: each note would be answered by more than one.
    if too_dense < 1.0 { too_dense } else { too_dense * history.notes_for_each(*turn) }
}

/// In a duet: tilts durations or steps by `times` to keep the density. Rests and long notes are not affected, nor,
/// in a single line, short ones.
pub fn keep_density(
    vocabulary: &Vocabulary,
    logits: &mut [f32],
    allowed: impl Fn(usize) -> bool,
    span: impl Fn(usize) -> Ticks,
    times: f32,
) {
    const LONGEST: Ticks = Ticks::quarters(1);
    let shortest = if vocabulary.polyphony == 1 { Ticks(LONGEST.0 / 4) } else { Ticks::ZERO };
    if (times - 1.0).abs() > f32::EPSILON {
        tilt_spans(logits, allowed, |class| span(class).clamp(shortest, LONGEST).as_f32(), times);
    }
}
