//! Writes a prompt with its continuation as files to look at, listen to and read.
//!
//! Knows no networks. The sound is a simple one of its own, because this crate does not depend on the plugin's piano.

use anyhow::Context;
use segue_corpus::sheet::{Sheet, TEMPOS_BPM};
use segue_corpus::{Tempo, Tune};
use segue_model::note::{Bars, Note, Ticks};
use std::path::{Path, PathBuf};

pub use segue_corpus::sheet::key_signature;

/// A prompt with its continuation.
#[derive(Debug, Clone, PartialEq)]
pub struct Example(Sheet);

impl Example {
    /// Puts a prompt from `tune` and its continuation on a time line that begins with the prompt's first bar.
    /// `tempo_bpm` counts quarter notes, 20 to 400; free time is always at 120.
    pub fn new(tune: &Tune, prompt: &[Note], continuation: &[Note], tempo_bpm: f64) -> Self {
        let first = prompt.iter().chain(continuation).map(|note| note.onset).min().unwrap_or_default();
        let bars = tune.bars_at(first);
        let start = bars.map_or(first, |bars| first - bars.place(first));
        let later = tune.bars.iter().filter(|bars| bars.line > start).copied();
        let since = |moment: Ticks| moment - start;
        let note = |note: &Note| Note { onset: since(note.onset), ..*note };
        let end = prompt.iter().chain(continuation).map(|note| note.onset + note.duration).max().unwrap_or(first);
        let chords = tune.chords.iter().filter(|(at, _)| (start..end).contains(at));
        let tempo = tempo_bpm.clamp(TEMPOS_BPM.0, TEMPOS_BPM.1);
        Self(Sheet {
            title: tune.title.clone(),
            player: prompt.iter().map(note).collect(),
            segue: continuation.iter().map(note).collect(),
            bars: bars
                .map(|bars| Bars { line: start, ..bars })
                .into_iter()
                .chain(later)
                .filter(|bars| bars.line < end)
                .map(|bars| Bars { line: since(bars.line), ..bars })
                .collect(),
            chords: chords.map(|(at, chord)| (since(*at), *chord)).collect(),
            tempos: Vec::from_iter(Tempo::of_bpm(Ticks::ZERO, if tune.bars.is_empty() { 120.0 } else { tempo })),
            sharps: tune.sharps,
        })
    }

    /// The same with another title.
    #[must_use]
    pub fn titled(self, title: &str) -> Self {
        Self(Sheet { title: title.to_owned(), ..self.0 })
    }

    /// Writes `NAME.mid`, `NAME.png` and `NAME.wav` into a folder, and `NAME.abc` where there is a `key`. Returns the
    /// paths.
    ///
    /// # Errors
    /// When a file cannot be written, or `key` is not a key signature.
    pub fn write(&self, folder: &Path, name: &str, key: Option<&str>) -> anyhow::Result<Vec<PathBuf>> {
        let path = |extension: &str| folder.join(format!("{name}.{extension}"));
        self.0.write_midi(&path("mid"))?;
        self.0.draw(&path("png"))?;
        self.write_wav(&path("wav"))?;
        let mut written = vec![path("mid"), path("png"), path("wav")];
        if let Some(key) = key {
            let text = self.0.abc(key).map_err(anyhow::Error::msg)?;
            std::fs::write(path("abc"), text).with_context(|| cannot_write(&path("abc")))?;
            written.push(path("abc"));
        }
        Ok(written)
    }
}

const SAMPLE_RATE: u32 = 44_100;
/// The fade-out after a note, in seconds.
const RELEASE: f64 = 0.12;

/// Sound.
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
        let mut sound = vec![0.0; frame(self.0.seconds(self.0.end()) + RELEASE) + 1];
        for note in self.0.player.iter().chain(&self.0.segue) {
            let from = frame(self.0.seconds(note.onset));
            strike(&mut sound[from..], note, self.0.seconds(note.duration));
        }
        sound
    }
}

/// Adds a plucked tone of five partials; higher ones are softer and decay faster.
fn strike(sound: &mut [f64], note: &Note, seconds: f64) {
    const PARTIALS: i32 = 5;
    const ATTACK: f64 = 0.004;
    /// The time constant of the fundamental's decay, in seconds.
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

/// The frame nearest to a time in seconds; 0 for negative times.
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
    use crate::continuations::PromptPosition;
    use segue_corpus::abc::parse_book;
    use segue_corpus::midi::{MidiOptions, read_midi};

    const BOOK: &str = include_str!("../../../tests/tunes/oneills.abc");

    fn jig() -> (Tune, Example) {
        let book = parse_book(BOOK, "oneills.abc");
        let tune = book.tunes[1].1.clone();
        let place = PromptPosition { tune: 1, from: 27 };
        let example = Example::new(&tune, place.prompt(&tune.notes), place.real(&tune.notes), 110.0);
        (tune, example)
    }

    #[test]
    fn the_midi_file_is_read_back_with_the_same_notes_and_bars() {
        let (_, example) = jig();
        let folder = tempfile::tempdir().unwrap();
        let written = example.write(folder.path(), "jig", Some("G")).unwrap();
        assert!(written.iter().all(|path| path.metadata().unwrap().len() > 100), "{written:?}");
        let tune = read_midi(&written[0], MidiOptions::default()).unwrap();
        assert_eq!(tune.notes, [&example.0.player[..], &example.0.segue].concat());
        assert_eq!(tune.bars, example.0.bars);
    }

    /// They stand at the same places in the bar.
    #[test]
    fn the_abc_is_read_back_with_the_same_notes() {
        let (tune, example) = jig();
        let text = example.0.abc(key_signature(&tune.notes)).unwrap();
        assert!(text.contains("K:G\n") && text.contains("N:Segue plays from note 33 on\n"), "{text}");
        let read = &parse_book(&text, "example.abc").tunes[0].1;
        let summary =
            |notes: &[Note]| notes.iter().map(|note| (note.onset, note.pitch, note.duration)).collect::<Vec<_>>();
        assert_eq!(summary(&read.notes), summary(&[&example.0.player[..], &example.0.segue].concat()), "{text}");
        let place = |tune: &Tune, note: &Note| tune.bars_at(note.onset).unwrap().place(note.onset);
        assert_eq!(place(read, &read.notes[0]), place(&tune, &tune.notes[27]));
    }

    #[test]
    fn the_sound_is_as_long_as_the_notes_and_never_clips() {
        let (_, example) = jig();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jig.wav");
        example.write_wav(&path).unwrap();
        let mut file = hound::WavReader::open(&path).unwrap();
        let seconds = f64::from(file.duration()) / f64::from(SAMPLE_RATE);
        assert!((seconds - example.0.seconds(example.0.end()) - RELEASE).abs() < 0.01);
        let loudest = file.samples::<i16>().map(|sample| sample.unwrap().unsigned_abs()).max().unwrap();
        assert!((26_000..=26_214).contains(&loudest), "0.8 of the range: {loudest}");
    }

    #[test]
    fn free_time_has_no_bars_and_counts_in_seconds() {
        let (tune, _) = jig();
        let free = Tune { bars: Vec::new(), ..tune };
        let example = Example::new(&free, &free.notes[5..9], &free.notes[9..12], 999.0).titled("free");
        assert_eq!(example.0.player[0].onset, Ticks::ZERO);
        assert!(example.0.bar_lines().is_empty() && (example.0.seconds(Ticks::quarters(2)) - 1.0).abs() < 1e-9);
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(example.write(folder.path(), "free", None).unwrap().len(), 3);
    }
}
