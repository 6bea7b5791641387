//! A prompt and what was made of it, to look at, to listen to and to read.
//!
//! Knows no networks. The sound is a plain one of its own, because the plugin's piano is no business of the mind.

use super::likeness::quarters;
use crate::chord::{Chord, OCTAVE};
use crate::corpus::Tune;
use crate::corpus::abc::write_abc;
use crate::note::{Bars, Note, TICKS_PER_QUARTER, Ticks};
use anyhow::{Context, anyhow};
use midly::num::{u4, u7, u15, u24, u28};
use midly::{Format, Header, MetaMessage, MidiMessage, Smf, Timing, Track, TrackEvent, TrackEventKind};
use plotters::prelude::*;
use plotters::style::register_font;
use std::path::{Path, PathBuf};

/// A prompt with its continuation.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    title: String,
    prompt: Vec<Note>,
    continuation: Vec<Note>,
    bars: Vec<Bars>,
    chords: Vec<(Ticks, Option<Chord>)>,
    tempo_bpm: f64,
}

impl Example {
    /// From a tune and what goes on from a part of it, on one time line, which begins anew with the prompt's first bar.
    /// `tempo_bpm` counts quarter notes, 20 to 400; in free time it is 120.
    pub fn new(tune: &Tune, prompt: &[Note], continuation: &[Note], tempo_bpm: f64) -> Self {
        let first = prompt.iter().chain(continuation).map(|note| note.onset).min().unwrap_or_default();
        let bars = tune.bars_at(first);
        let start = bars.map_or(first, |bars| first - bars.place(first));
        let later = tune.bars.iter().filter(|bars| bars.line > start).copied();
        let since = |moment: Ticks| moment - start;
        let note = |note: &Note| Note { onset: since(note.onset), ..*note };
        let end = prompt.iter().chain(continuation).map(|note| note.onset + note.duration).max().unwrap_or(first);
        let chords = tune.chords.iter().filter(|(at, _)| (start..end).contains(at));
        Self {
            title: tune.title.clone(),
            prompt: prompt.iter().map(note).collect(),
            continuation: continuation.iter().map(note).collect(),
            bars: bars
                .map(|bars| Bars { line: start, ..bars })
                .into_iter()
                .chain(later)
                .filter(|bars| bars.line < end)
                .map(|bars| Bars { line: since(bars.line), ..bars })
                .collect(),
            chords: chords.map(|(at, chord)| (since(*at), *chord)).collect(),
            tempo_bpm: if tune.bars.is_empty() { 120.0 } else { tempo_bpm.clamp(20.0, 400.0) },
        }
    }

    /// Under another title than the tune's.
    #[must_use]
    pub fn titled(self, title: &str) -> Self {
        Self { title: title.to_owned(), ..self }
    }

    /// Writes `NAME.mid`, `NAME.png` and `NAME.wav` into a folder, with `key` also `NAME.abc`; says what it has written.
    ///
    /// # Errors
    /// When a file cannot be written, or `key` is none.
    pub fn write(&self, folder: &Path, name: &str, key: Option<&str>) -> anyhow::Result<Vec<PathBuf>> {
        let path = |extension: &str| folder.join(format!("{name}.{extension}"));
        self.write_midi(&path("mid"))?;
        self.draw(&path("png"))?;
        self.write_wav(&path("wav"))?;
        let mut written = vec![path("mid"), path("png"), path("wav")];
        if let Some(key) = key {
            let text = self.abc(key).map_err(anyhow::Error::msg)?;
            std::fs::write(path("abc"), text).with_context(|| cannot_write(&path("abc")))?;
            written.push(path("abc"));
        }
        Ok(written)
    }

    fn end(&self) -> Ticks {
        let notes = self.prompt.iter().chain(&self.continuation);
        notes.map(|note| note.onset + note.duration).max().unwrap_or_default()
    }

    /// Every bar line up to the end.
    fn bar_lines(&self) -> Vec<Ticks> {
        let mut lines = Vec::new();
        for (index, bars) in self.bars.iter().enumerate() {
            let until = self.bars.get(index + 1).map_or(self.end(), |next| next.line);
            let mut line = bars.line;
            while line < until {
                lines.push(line);
                line += bars.metre.bar();
            }
        }
        lines
    }
}

/// The major key whose scale has the most of the notes, as `K:` in ABC says it; a minor or modal tune gets the signature
/// of its relative major.
pub fn key_signature(notes: &[Note]) -> &'static str {
    // Few accidentals first, because of equals the first is taken.
    const KEYS: [(&str, u8); 12] = [
        ("C", 0),
        ("G", 7),
        ("F", 5),
        ("D", 2),
        ("Bb", 10),
        ("A", 9),
        ("Eb", 3),
        ("E", 4),
        ("Ab", 8),
        ("B", 11),
        ("Db", 1),
        ("F#", 6),
    ];
    const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    let inside = |tonic: u8| {
        let degree = |note: &&Note| SCALE.contains(&((note.pitch.key() + OCTAVE - tonic) % OCTAVE));
        notes.iter().filter(degree).count()
    };
    KEYS.iter().rev().max_by_key(|(_, tonic)| inside(*tonic)).map_or("C", |(name, _)| name)
}

/// As letters.
impl Example {
    /// The prompt and its continuation as one tune; a line of its head says which note is the first that was made.
    ///
    /// # Errors
    /// When `key` is no key.
    pub fn abc(&self, key: &str) -> Result<String, String> {
        let mut notes = [&self.prompt[..], &self.continuation].concat();
        notes.sort_unstable();
        let tune = Tune { title: self.title.clone(), notes, bars: self.bars.clone(), chords: self.chords.clone() };
        let text = write_abc(&tune, key)?;
        let note = format!("\nN:Segue plays from note {} on\nK:", self.prompt.len() + 1);
        Ok(text.replacen("\nK:", &note, 1))
    }
}

/// As a MIDI file.
impl Example {
    /// Writes two tracks, the prompt's with tempo and time signatures.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_midi(&self, path: &Path) -> anyhow::Result<()> {
        let per_quarter = u15::from(u16::try_from(TICKS_PER_QUARTER)?);
        let mut smf = Smf::new(Header::new(Format::Parallel, Timing::Metrical(per_quarter)));
        smf.tracks.push(track("prompt", u4::from(0), &self.prompt, &self.time()));
        smf.tracks.push(track("Segue", u4::from(1), &self.continuation, &[]));
        smf.save(path).with_context(|| cannot_write(path))
    }

    fn time(&self) -> Vec<(Ticks, MetaMessage<'static>)> {
        const MICROSECONDS_PER_MINUTE: f64 = 60_000_000.0;
        const CLOCKS_PER_CLICK: u8 = 24;
        const THIRTY_SECONDS_PER_QUARTER: u8 = 8;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tempos lie between 20 and 400")]
        let quarter = (MICROSECONDS_PER_MINUTE / self.tempo_bpm).round() as u32;
        let signature = |bars: &Bars| {
            let power = u8::try_from(bars.metre.denominator.trailing_zeros()).unwrap_or(2);
            let numerator = bars.metre.numerator;
            (bars.line, MetaMessage::TimeSignature(numerator, power, CLOCKS_PER_CLICK, THIRTY_SECONDS_PER_QUARTER))
        };
        let tempo = (Ticks::ZERO, MetaMessage::Tempo(u24::from(quarter)));
        std::iter::once(tempo).chain(self.bars.iter().map(signature)).collect()
    }
}

fn track<'a>(name: &'a str, channel: u4, notes: &[Note], time: &[(Ticks, MetaMessage<'a>)]) -> Track<'a> {
    let key = |note: &Note| u7::from(note.pitch.key());
    let name = (Ticks::ZERO, 0, TrackEventKind::Meta(MetaMessage::TrackName(name.as_bytes())));
    let time = time.iter().map(|(at, meta)| (*at, 1, TrackEventKind::Meta(*meta)));
    let mut events: Vec<(Ticks, u8, TrackEventKind)> = std::iter::once(name).chain(time).collect();
    for note in notes {
        let on = MidiMessage::NoteOn { key: key(note), vel: u7::from(note.velocity.value()) };
        let off = MidiMessage::NoteOff { key: key(note), vel: u7::from(0) };
        events.push((note.onset, 3, TrackEventKind::Midi { channel, message: on }));
        events.push((note.onset + note.duration, 2, TrackEventKind::Midi { channel, message: off }));
    }
    // Off before on, because a repeated note ends where it begins again. Stable.
    events.sort_by_key(|(at, rank, _)| (*at, *rank));
    let mut now = Ticks::ZERO;
    let mut track = Track::new();
    for (at, _, kind) in events {
        let delta = u32::try_from((at - now).0).unwrap_or(0);
        track.push(TrackEvent { delta: u28::from(delta), kind });
        now = at;
    }
    track.push(TrackEvent { delta: u28::from(0), kind: TrackEventKind::Meta(MetaMessage::EndOfTrack) });
    track
}

const PICTURE: (u32, u32) = (1600, 640);
/// Dark and bright, so that the two differ without colour too.
const PROMPT: RGBColor = RGBColor(20, 50, 110);
const SEGUE: RGBColor = RGBColor(245, 160, 40);
const BAR_LINE: RGBColor = RGBColor(190, 190, 190);
const FONT: &str = "sans-serif";

/// As a picture.
impl Example {
    /// Draws a piano roll into a PNG file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn draw(&self, path: &Path) -> anyhow::Result<()> {
        // A letterless picture would be no reason to stop.
        let _ = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
        self.roll(path).map_err(|error| anyhow!("{}: {error}", cannot_write(path)))
    }

    fn roll(&self, path: &Path) -> Result<(), Box<dyn std::error::Error>> {
        /// Leaves a gap between neighbouring keys.
        const HALF_HEIGHT: f64 = 0.42;
        let area = BitMapBackend::new(path, PICTURE).into_drawing_area();
        area.fill(&WHITE)?;
        let keys = || self.prompt.iter().chain(&self.continuation).map(|note| note.pitch.key());
        let (lowest, highest) = (keys().min().unwrap_or(60), keys().max().unwrap_or(72));
        let (bottom, top) = (f64::from(lowest) - 2.0, f64::from(highest) + 4.0);
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, (FONT, 26))
            .margin(14)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(0.0..self.across(self.end()).max(1.0), bottom..top)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc(if self.bars.is_empty() { "seconds" } else { "quarter notes, with bar lines" })
            .x_labels(24)
            .x_label_formatter(&|at| ((10.0 * at).round() / 10.0).to_string())
            .y_desc("pitch")
            .y_labels(usize::from(highest - lowest + 6).min(18))
            .y_label_formatter(&|key| key_name(*key))
            .label_style((FONT, 19))
            .axis_desc_style((FONT, 21))
            .draw()?;
        let line = |at: Ticks| PathElement::new([(self.across(at), bottom), (self.across(at), top)], BAR_LINE);
        chart.draw_series(self.bar_lines().into_iter().map(line))?;
        let block = |note: &Note| {
            let key = f64::from(note.pitch.key());
            let (from, to) = (self.across(note.onset), self.across(note.onset + note.duration));
            [(from, key - HALF_HEIGHT), (to, key + HALF_HEIGHT)]
        };
        for (name, notes, colour) in [("prompt", &self.prompt, PROMPT), ("Segue", &self.continuation, SEGUE)] {
            chart
                .draw_series(notes.iter().map(|note| Rectangle::new(block(note), colour.filled())))?
                .label(name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 7), (x + 22, y + 7)], colour.filled()));
            // A bright edge parts a note from its repetition.
            chart.draw_series(notes.iter().map(|note| Rectangle::new(block(note), WHITE)))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE)
            .border_style(BLACK)
            .label_font((FONT, 20))
            .draw()?;
        area.present()?;
        Ok(())
    }

    /// Quarter notes, or seconds in free time.
    fn across(&self, at: Ticks) -> f64 {
        if self.bars.is_empty() { self.seconds(at) } else { quarters(at) }
    }

    fn seconds(&self, at: Ticks) -> f64 {
        quarters(at) * 60.0 / self.tempo_bpm
    }
}

/// As musicians call it; 60 is C4.
fn key_name(key: f64) -> String {
    const NAMES: [&str; 12] = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "keys are small; below 0 is taken for 0"
    )]
    let key = key.round().max(0.0) as usize;
    format!("{}{}", NAMES[key % 12], i64::try_from(key / 12).unwrap_or(0) - 1)
}

const SAMPLE_RATE: u32 = 44_100;
/// After the last note, in seconds.
const RELEASE: f64 = 0.12;

/// As sound.
impl Example {
    /// Writes a WAV file: one channel, 16 bits, 44.1 kHz.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_wav(&self, path: &Path) -> anyhow::Result<()> {
        const LOUDEST: f64 = 0.8;
        let sound = self.sound();
        let peak = sound.iter().fold(1e-9, |peak: f64, value| peak.max(value.abs()));
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: SAMPLE_RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec).with_context(|| cannot_write(path))?;
        for value in sound {
            #[expect(clippy::cast_possible_truncation, reason = "at most 0.8 of the range")]
            let sample = (value / peak * LOUDEST * f64::from(i16::MAX)).round() as i16;
            file.write_sample(sample).with_context(|| cannot_write(path))?;
        }
        file.finalize().with_context(|| cannot_write(path))
    }

    fn sound(&self) -> Vec<f64> {
        let mut sound = vec![0.0; frame(self.seconds(self.end()) + RELEASE) + 1];
        for note in self.prompt.iter().chain(&self.continuation) {
            let from = frame(self.seconds(note.onset));
            strike(&mut sound[from..], note, self.seconds(note.duration));
        }
        sound
    }
}

/// Adds a plucked tone: five partials, the higher ones softer and gone sooner.
fn strike(sound: &mut [f64], note: &Note, seconds: f64) {
    const PARTIALS: i32 = 5;
    const ATTACK: f64 = 0.004;
    /// In which the fundamental loses 1 / e, in seconds.
    const DECAY: f64 = 0.9;
    let hertz = 440.0 * ((f64::from(note.pitch.key()) - 69.0) / 12.0).exp2();
    let loudness = (f64::from(note.velocity.value()) / 127.0).powi(2);
    let length = frame(seconds + RELEASE).min(sound.len());
    for (at, value) in (0u32..).map(|index| f64::from(index) / f64::from(SAMPLE_RATE)).zip(&mut sound[..length]) {
        let ends = (at / ATTACK).min(1.0) * ((seconds + RELEASE - at) / RELEASE).clamp(0.0, 1.0);
        let partial = |order: i32| {
            let order = f64::from(order);
            (std::f64::consts::TAU * hertz * order * at).sin() * (-at * order / DECAY).exp() / (order * order)
        };
        *value += loudness * ends * (1..=PARTIALS).map(partial).sum::<f64>();
    }
}

/// The frame nearest to a moment in seconds; 0 before the beginning.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an example is minutes long; never below 0"
)]
fn frame(seconds: f64) -> usize {
    (seconds.max(0.0) * f64::from(SAMPLE_RATE)).round() as usize
}

fn cannot_write(path: &Path) -> String {
    format!("{}: cannot be written", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::abc::parse_book;
    use crate::corpus::midi::{Reading, read_midi};
    use crate::training::continuations::Place;

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    fn jig() -> (Tune, Example) {
        let book = parse_book(BOOK, "oneills.abc");
        let tune = book.tunes[1].1.clone();
        let place = Place { tune: 1, from: 27 };
        let example = Example::new(&tune, place.prompt(&tune.notes), place.real(&tune.notes), 110.0);
        (tune, example)
    }

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("segue-examples-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_midi_file_is_read_back_with_the_same_notes_and_bars() {
        let (_, example) = jig();
        let folder = Folder::new("midi");
        let written = example.write(&folder.0, "jig", Some("G")).unwrap();
        assert!(written.iter().all(|path| path.metadata().unwrap().len() > 100), "{written:?}");
        let tune = read_midi(&written[0], Reading::default()).unwrap();
        assert_eq!(tune.notes, [&example.prompt[..], &example.continuation].concat());
        assert_eq!(tune.bars, example.bars);
    }

    #[test]
    fn the_letters_are_read_back_with_the_same_notes_in_the_same_places_of_the_bar() {
        let (tune, example) = jig();
        let text = example.abc(key_signature(&tune.notes)).unwrap();
        assert!(text.contains("K:G\n") && text.contains("N:Segue plays from note 33 on\n"), "{text}");
        let read = &parse_book(&text, "example.abc").tunes[0].1;
        let told =
            |notes: &[Note]| notes.iter().map(|note| (note.onset, note.pitch, note.duration)).collect::<Vec<_>>();
        assert_eq!(told(&read.notes), told(&[&example.prompt[..], &example.continuation].concat()), "{text}");
        let place = |tune: &Tune, note: &Note| tune.bars_at(note.onset).unwrap().place(note.onset);
        assert_eq!(place(read, &read.notes[0]), place(&tune, &tune.notes[27]));
    }

    #[test]
    fn the_sound_is_as_long_as_the_notes_and_never_clips() {
        let (_, example) = jig();
        let folder = Folder::new("wav");
        let path = folder.0.join("jig.wav");
        example.write_wav(&path).unwrap();
        let mut file = hound::WavReader::open(&path).unwrap();
        let seconds = f64::from(file.duration()) / f64::from(SAMPLE_RATE);
        assert!((seconds - example.seconds(example.end()) - RELEASE).abs() < 0.01);
        let loudest = file.samples::<i16>().map(|sample| sample.unwrap().unsigned_abs()).max().unwrap();
        assert!((26_000..=26_214).contains(&loudest), "0.8 of the range: {loudest}");
    }

    #[test]
    fn free_time_has_no_bars_and_counts_in_seconds() {
        let (tune, _) = jig();
        let free = Tune { bars: Vec::new(), ..tune };
        let example = Example::new(&free, &free.notes[5..9], &free.notes[9..12], 999.0).titled("free");
        assert_eq!(example.prompt[0].onset, Ticks::ZERO);
        assert!(example.bar_lines().is_empty() && (example.across(Ticks::quarters(2)) - 1.0).abs() < 1e-9);
        let folder = Folder::new("free");
        assert_eq!(example.write(&folder.0, "free", None).unwrap().len(), 3);
    }
}
