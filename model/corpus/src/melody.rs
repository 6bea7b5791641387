//! How likely a line is the melody of its piece.
//!
//! Files do not say which of their parts or voices it is, so it is estimated: a melody usually lies in the middle or
//! high register, is a single line, has lyrics, or is named as such.

/// What a part or a voice plays.
#[derive(Debug, Default)]
pub(crate) struct LineProfile {
    pub notes: usize,
    /// The sum of the keys.
    keys: u64,
    /// A bit for each key that occurs.
    pitches: u128,
    /// Moments at which any note begins; those at which only one does; those that have a syllable.
    pub onsets: usize,
    single: usize,
    sung: usize,
    /// The last of these moments, and how many notes begin there.
    last: Option<(u64, u32)>,
    /// The number of a General MIDI instrument, from 0.
    pub program: Option<u8>,
}

impl LineProfile {
    /// Adds a note, in order of time. `at` tells moments apart.
    pub fn note(&mut self, at: u64, key: u8, is_sung: bool) {
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
                self.sung += usize::from(is_sung);
            }
        }
    }

    /// How likely it is the melody: only differences between the lines of a piece mean something. `most_onsets` are
    /// those of the busiest line, and `lyrics` counts the syllables of the piece.
    #[expect(clippy::cast_precision_loss, reason = "a file has fewer than 2^52 notes")]
    pub fn score(&self, name: &str, most_onsets: usize, lyrics: usize) -> f64 {
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
