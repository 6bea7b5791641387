//! Key signatures: which letters are sharp or flat, and how a pitch is spelled in them.

use segue_model::note::Pitch;

/// A key signature as given by `K:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeySignature {
    /// Semitones added to each of the letters C D E F G A B.
    letters: [i8; 7],
    /// Semitones by which notes sound higher than written (`octave=`, `transpose=`, `treble-8`).
    shift: i8,
}

/// A written note: letter, accidental and octave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spelled {
    /// The letter: 0 is C, 6 is B.
    pub letter: u8,
    /// The accidental in force, in semitones, -2 to 2.
    pub accidental: i8,
    /// The octave: 0 begins with middle C.
    pub octave: i8,
}

/// Semitones of C D E F G A B above C.
const LETTER_SEMITONES: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
/// Positions of C D E F G A B on the line of fifths, from C.
const LETTER_FIFTHS: [i32; 7] = [0, 2, 4, -1, 1, 3, 5];
/// Letters in the order in which sharps are added; flats are added from the other end.
const SHARPS: [usize; 7] = [3, 0, 4, 1, 5, 2, 6];
const MIDDLE_C: i32 = 60;
/// A key cannot have more sharps or flats than this.
const MOST_ACCIDENTALS: i32 = 14;

impl KeySignature {
    /// Reads the text after `K:`, such as `D`, `Em`, `A Dorian`, `Bbmix`, `D exp ^f _b`, `HP`, `none` or `G clef=bass`.
    ///
    /// # Errors
    /// A sentence that says why the text is not a key.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::default().changed(text)
    }

    /// The key after a `K:` in mid-tune: a text that names only a clef leaves the key unchanged.
    pub(super) fn changed(self, text: &str) -> Result<Self, String> {
        let text = text.trim();
        let mut key = Self { shift: 0, ..self };
        let words = match text.chars().next() {
            None => return Ok(Self::default()),
            Some('A'..='G') => {
                let (fifths, rest) = tonic_and_mode(text)?;
                key.letters = signature(fifths);
                rest
            }
            Some('H') if text.starts_with("HP") || text.starts_with("Hp") => {
                key.letters = signature(2);
                &text[2..]
            }
            Some(_) if text.to_ascii_lowercase().starts_with("none") => {
                key.letters = [0; 7];
                &text[4..]
            }
            Some(_) if is_clef_or_setting(text) => text,
            Some(_) => return Err(format!("“{text}” is not a key")),
        };
        for word in words.split_whitespace() {
            key.apply_word(word);
        }
        Ok(key)
    }

    /// How many sharps it has (flats if negative); `None` if it is not one of the usual signatures, or if the notes
    /// sound in another key than they are written in, also because of a `transposition` in semitones.
    pub fn sharps(self, transposition: i8) -> Option<i8> {
        const MOST: i8 = 7;
        let is_octave = (i16::from(self.shift) + i16::from(transposition)) % 12 == 0;
        (-MOST..=MOST).find(|fifths| is_octave && signature(i32::from(*fifths)) == self.letters)
    }

    /// The value of `K:` with so many sharps (flats if negative): a major key.
    pub fn major_name(sharps: i8) -> &'static str {
        const NAMES: [&str; 15] = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"];
        let place = usize::try_from(i16::from(sharps) + 7).unwrap_or(0);
        NAMES[place.min(NAMES.len() - 1)]
    }

    fn apply_word(&mut self, word: &str) {
        match word {
            _ if word.starts_with(['^', '_', '=']) => self.apply_accidentals(word),
            _ if word.eq_ignore_ascii_case("exp") => self.letters = [0; 7],
            _ => self.shift = self.shift.saturating_add(shift_of(word).unwrap_or(0)),
        }
    }

    /// Reads accidentals that are added to the signature, such as `^f_b`.
    fn apply_accidentals(&mut self, word: &str) {
        let mut accidental = 0;
        for character in word.chars() {
            match character {
                '^' => accidental = (accidental + 1).min(2),
                '_' => accidental = (accidental - 1).max(-2),
                _ => {
                    if let Some((letter, _)) = letter_and_octave(character) {
                        self.letters[usize::from(letter)] = accidental;
                    }
                    accidental = 0;
                }
            }
        }
    }

    /// The accidental that the signature gives a letter.
    pub(super) fn accidental(self, letter: u8) -> i8 {
        self.letters[usize::from(letter % 7)]
    }

    /// The sounding pitch; `None` outside the keyboard.
    pub(super) fn sounding(self, note: Spelled) -> Option<Pitch> {
        let written = MIDDLE_C
            + 12 * i32::from(note.octave)
            + LETTER_SEMITONES[usize::from(note.letter % 7)]
            + i32::from(note.accidental);
        u8::try_from(written + i32::from(self.shift)).ok().and_then(Pitch::new)
    }

    /// The spelling closest to this key on the line of fifths.
    pub(super) fn spelled(self, pitch: Pitch) -> Spelled {
        let written = i32::from(pitch.key()) - i32::from(self.shift);
        let centre = self.letters.iter().map(|accidental| i32::from(*accidental)).sum::<i32>() + 2;
        let spellings = (0..7u8).flat_map(|letter| (-1..=1i8).map(move |accidental| (letter, accidental)));
        let fitting = spellings.filter_map(|(letter, accidental)| {
            let above = written - MIDDLE_C - LETTER_SEMITONES[usize::from(letter)] - i32::from(accidental);
            let octave = i8::try_from(above.div_euclid(12)).ok()?;
            (above.rem_euclid(12) == 0).then_some(Spelled { letter, accidental, octave })
        });
        let nearest = fitting.min_by_key(|note| {
            let fifths = LETTER_FIFTHS[usize::from(note.letter)] + 7 * i32::from(note.accidental);
            let outside = self.accidental(note.letter) != note.accidental;
            // If a sharp and a flat are equally close, the sharp is chosen, because it is usually a leading note.
            (outside, (fifths - centre).abs(), -note.accidental)
        });
        // Every pitch class has a spelling with at most one accidental, so there is always a closest one.
        nearest.unwrap_or(Spelled { letter: 0, accidental: 0, octave: 0 })
    }
}

/// The letter (0 is C) and the octave (0 for `C`, 1 for `c`) of a note character.
pub(super) fn letter_and_octave(character: char) -> Option<(u8, i8)> {
    let letter = match character.to_ascii_uppercase() {
        'C' => 0,
        'D' => 1,
        'E' => 2,
        'F' => 3,
        'G' => 4,
        'A' => 5,
        'B' => 6,
        _ => return None,
    };
    Some((letter, i8::from(character.is_ascii_lowercase())))
}

/// The number of sharps (flats if negative) of the key at the beginning of the text, and what follows its mode.
fn tonic_and_mode(text: &str) -> Result<(i32, &str), String> {
    let tonic = text.chars().next().and_then(letter_and_octave).map_or(0, |(letter, _)| usize::from(letter));
    let sharp = text[1..].strip_prefix(['#', '♯']).map(|rest| (7, rest));
    let flat = || text[1..].strip_prefix(['b', '♭']).map(|rest| (-7, rest));
    let (accidental, rest) = sharp.or_else(flat).unwrap_or((0, &text[1..]));
    let glued = !rest.starts_with(char::is_whitespace);
    // Accidentals may follow the mode without a space: `Ador^g`.
    let word = rest.trim_start().split(|c: char| c.is_whitespace() || "^_=".contains(c)).next().unwrap_or("");
    let word = if rest.trim_start()[word.len()..].starts_with('=') { "" } else { word };
    let mode = mode_fifths(word);
    if glued && mode.is_none() && !word.is_empty() {
        return Err(format!("“{text}” is not a key: the mode “{word}” is unknown"));
    }
    let after = if mode.is_some() { rest.trim_start().strip_prefix(word).unwrap_or("") } else { rest };
    let fifths = LETTER_FIFTHS[tonic] + accidental + mode.unwrap_or(0);
    if fifths.abs() > MOST_ACCIDENTALS {
        return Err(format!("“{text}” is not a key"));
    }
    Ok((fifths, after))
}

/// How many more sharps a mode has than the major key on the same tonic. Three letters identify it.
fn mode_fifths(word: &str) -> Option<i32> {
    if word == "M" {
        return Some(0);
    }
    let lower = word.to_ascii_lowercase();
    let start: String = lower.chars().take(3).collect();
    match start.as_str() {
        "maj" | "ion" => Some(0),
        "m" | "min" | "aeo" => Some(-3),
        "mix" => Some(-1),
        "dor" => Some(-2),
        "phr" => Some(-4),
        "loc" => Some(-5),
        "lyd" => Some(1),
        _ => None,
    }
}

fn signature(fifths: i32) -> [i8; 7] {
    let mut letters = [0; 7];
    for (step, _) in (0..fifths.abs()).enumerate() {
        let place = step % SHARPS.len();
        if fifths > 0 {
            letters[SHARPS[place]] += 1;
        } else {
            letters[SHARPS[SHARPS.len() - 1 - place]] -= 1;
        }
    }
    letters
}

fn is_clef_or_setting(text: &str) -> bool {
    const CLEFS: [&str; 7] = ["treble", "bass", "alto", "tenor", "perc", "exp", "staff"];
    let word = text.split_whitespace().next().unwrap_or("");
    word.starts_with(['^', '_', '=']) || word.contains('=') || CLEFS.iter().any(|clef| word.starts_with(clef))
}

/// By how many semitones a word after `K:` or `V:` transposes the music: `octave=-1`, `transpose=3`, `treble-8`,
/// `clef=bass+8` (ABC 2.1, section 4.6). `None` for other words.
pub(super) fn shift_of(word: &str) -> Option<i8> {
    match word.split_once('=') {
        Some(("octave", value)) => Some(small_number(value).saturating_mul(12)),
        Some(("transpose" | "t", value)) => Some(small_number(value)),
        _ if !is_clef_or_setting(word) => None,
        _ if word.ends_with("-8") => Some(-12),
        _ if word.ends_with("+8") => Some(12),
        _ if word.ends_with("-15") => Some(-24),
        _ if word.ends_with("+15") => Some(24),
        _ => None,
    }
}

fn small_number(text: &str) -> i8 {
    text.parse().unwrap_or(0)
}
