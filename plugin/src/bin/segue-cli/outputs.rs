//! Which files are written: their kinds by their endings, their names, and what must not be written over.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};

/// The files of one run, by kind. With several pieces, all but the ABC book are numbered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutputFiles {
    pub midi: Option<PathBuf>,
    pub wav: Option<PathBuf>,
    pub png: Option<PathBuf>,
    pub abc: Option<PathBuf>,
}

impl OutputFiles {
    /// Adds files whose kind is said by their ending.
    ///
    /// # Errors
    /// If an ending says no kind, or if two files have one kind.
    pub fn with_endings(mut self, paths: &[PathBuf]) -> Result<Self> {
        for path in paths {
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
            let place = match ending.as_str() {
                "mid" | "midi" => &mut self.midi,
                "wav" => &mut self.wav,
                "png" => &mut self.png,
                "abc" => &mut self.abc,
                _ => bail!("{}: what to write is said by the ending; use .mid, .abc, .wav or .png", path.display()),
            };
            if let Some(other) = place.replace(path.clone()) {
                bail!("-o: {} and {} are of one kind; name one of them", other.display(), path.display());
            }
        }
        Ok(self)
    }

    /// The same; without any file, a MIDI file in the present folder whose name is that of the tune and which does not
    /// exist yet.
    #[must_use]
    pub fn or_usual(self, tune: Option<&Path>, count: u32) -> Self {
        if self != Self::default() {
            return self;
        }
        let stem =
            tune.and_then(Path::file_stem).map(|stem| format!("{}-", stem.to_string_lossy())).unwrap_or_default();
        let name = |attempt: u32| match attempt {
            1 => PathBuf::from(format!("{stem}segue.mid")),
            _ => PathBuf::from(format!("{stem}segue-{attempt}.mid")),
        };
        let is_free = |path: &PathBuf| (1..=count).all(|number| !numbered(path, number, count).exists());
        // Some name is free: a folder does not have that many files.
        let midi = (1..=u32::MAX).map(name).find(is_free);
        Self { midi, ..self }
    }

    /// The names for one of `count` pieces.
    #[must_use]
    pub fn of_piece(&self, number: u32, count: u32) -> Self {
        let name = |path: &Option<PathBuf>| path.as_ref().map(|path| numbered(path, number, count));
        Self { midi: name(&self.midi), wav: name(&self.wav), png: name(&self.png), abc: self.abc.clone() }
    }

    fn all(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.midi, &self.wav, &self.png, &self.abc].into_iter().flatten()
    }

    /// Checks that no file is written over one of `inputs` or over another of these files.
    ///
    /// # Errors
    /// With the name of the file.
    pub fn check(&self, inputs: &[&Path], count: u32) -> Result<()> {
        let mut earlier: Vec<PathBuf> = Vec::new();
        for number in 1..=count {
            let of_piece = self.of_piece(number, count);
            for path in of_piece.all() {
                let is_input = inputs.iter().any(|input| is_one_file(input, path));
                ensure!(!is_input, "{}: is what is read; choose another name for what is written", path.display());
            }
            if number == 1 {
                for path in of_piece.all() {
                    let is_twice = earlier.contains(path);
                    ensure!(!is_twice, "{}: is named for two kinds of file; choose another name", path.display());
                    earlier.push(path.clone());
                }
            }
        }
        Ok(())
    }
}

/// Whether two names lead to one file, also by links.
fn is_one_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// For example, `name.mid` becomes `name-2.mid` for the second of several pieces.
fn numbered(path: &Path, number: u32, count: u32) -> PathBuf {
    if count == 1 {
        return path.to_owned();
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}-{number}{ending}"))
}

pub fn cannot_write(path: &Path) -> String {
    format!("{}: cannot be written", path.display())
}

/// A file of sound that is written while it is made: 16 bits, two channels.
pub struct WavFile {
    path: PathBuf,
    writer: hound::WavWriter<std::io::BufWriter<std::fs::File>>,
    bytes: u64,
}

impl WavFile {
    pub fn create(path: &Path, sample_rate: u32) -> Result<Self> {
        let spec =
            hound::WavSpec { channels: 2, sample_rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let writer = hound::WavWriter::create(path, spec).with_context(|| cannot_write(path))?;
        Ok(Self { path: path.to_owned(), writer, bytes: 0 })
    }

    pub fn add(&mut self, left: &[f32], right: &[f32]) -> Result<()> {
        /// The format counts bytes with 32 bits.
        const MOST: u64 = u32::MAX as u64 - 1024;
        const BYTES_PER_FRAME: u64 = 4;
        self.bytes += BYTES_PER_FRAME * u64::try_from(left.len()).unwrap_or(0);
        let path = &self.path;
        ensure!(self.bytes <= MOST, "{}: a file of sound holds six hours; leave out --wav", path.display());
        for (left, right) in left.iter().zip(right) {
            for sample in [left, right] {
                #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of 16 bits")]
                let whole = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
                self.writer.write_sample(whole).with_context(|| cannot_write(path))?;
            }
        }
        Ok(())
    }

    pub fn finish(self) -> Result<()> {
        self.writer.finalize().with_context(|| cannot_write(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(paths: &[&str]) -> Result<OutputFiles> {
        OutputFiles::default().with_endings(&paths.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_ending_says_what_is_written() {
        let files = of(&["a.mid", "b.WAV", "c.png", "d.abc"]).unwrap();
        let path = |name: &str| Some(PathBuf::from(name));
        let expected = OutputFiles { midi: path("a.mid"), wav: path("b.WAV"), png: path("c.png"), abc: path("d.abc") };
        assert_eq!(files, expected);
        let third = files.of_piece(3, 4);
        let expected =
            OutputFiles { midi: path("a-3.mid"), wav: path("b-3.WAV"), png: path("c-3.png"), abc: path("d.abc") };
        assert_eq!(third, expected, "all pieces are in one book");
        assert_eq!(of(&["a.midi"]).unwrap().midi, path("a.midi"));
        for (paths, sentence) in [
            (vec!["a.mp3"], "a.mp3: what to write is said by the ending; use .mid, .abc, .wav or .png"),
            (vec!["a"], "a: what to write is said by the ending; use .mid, .abc, .wav or .png"),
            (vec!["a.mid", "b.mid"], "-o: a.mid and b.mid are of one kind; name one of them"),
        ] {
            assert_eq!(of(&paths).unwrap_err().to_string(), sentence);
        }
        let twice = OutputFiles { wav: path("a.mid"), ..of(&["a.mid"]).unwrap() };
        let sentence = "a.mid: is named for two kinds of file; choose another name";
        assert_eq!(twice.check(&[], 1).unwrap_err().to_string(), sentence);
    }
}
