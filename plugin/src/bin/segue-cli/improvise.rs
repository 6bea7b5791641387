//! Improvises one or more pieces: from the command line's options to the files.

use crate::form;
use crate::host::{SAMPLE_RATE, Session, SoundSink};
use crate::layout::{Layout, lay_out};
use crate::outputs::{OutputFiles, WavFile, cannot_write};
use crate::prompt::{FREE_BPM, Prompt};
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use nice_plug::params::persist::PersistentField;
use segue::params::{First, ModeChoice, SegueParams};
use segue::params::{Gestures, Unhosted};
use segue::preset::{self, Shelf};
use segue::styles;
use segue_corpus::sheet::{Sheet, TEMPOS_BPM};
use segue_corpus::tunes::TuneSelection;
use segue_corpus::{Tempo, TempoMap};
use segue_engine::time::swing::Swing;
use segue_model::chart::Chart;
use segue_model::chord::Chord;
use segue_model::note::{Bars, Metre, Note, Pitch, Ticks};
use std::path::{Path, PathBuf};

/// The most bars of a session.
const MOST_BARS: i64 = 512;
const LONGEST_ANSWER: i64 = 16;
const MOST_PIECES: u32 = 1000;

#[derive(Args)]
pub struct ImproviseArguments {
    /// The tune to begin with: .mid, .kar, .rmi or .abc. Without one, Segue begins by itself.
    tune: Option<PathBuf>,
    /// The number of the tune in an .abc book (X:), or of the piece in a MIDI file with several.
    #[arg(long)]
    number: Option<u32>,
    /// The track of a MIDI file that has the tune, from 1. Otherwise Segue chooses the most likely melody.
    #[arg(long)]
    track: Option<u16>,
    /// The channel of a MIDI file that has the tune, from 1.
    #[arg(long)]
    channel: Option<u8>,
    /// Where to write: a .mid, .abc, .wav or .png file. May be given for each kind. Without any, NAME-segue.mid in the
    /// present folder, NAME being that of the tune.
    #[arg(short = 'o', long = "out", value_name = "FILE")]
    out: Vec<PathBuf>,
    /// Where to write the sound.
    #[arg(long, value_name = "FILE.wav")]
    wav: Option<PathBuf>,
    /// Where to write a picture.
    #[arg(long, value_name = "FILE.png")]
    png: Option<PathBuf>,
    /// Where to write the tune as ABC text.
    #[arg(long, value_name = "FILE.abc")]
    abc: Option<PathBuf>,
    /// A preset by name, or a .toml file. Other options override it.
    #[arg(long)]
    preset: Option<String>,
    /// Jazz, Blues, Folk, Irish or Piano.
    #[arg(long)]
    style: Option<String>,
    /// A .segue file with a style of your own.
    #[arg(long, value_name = "FILE.segue", conflicts_with = "style")]
    weights: Option<PathBuf>,
    /// Answer, Trade or Duet.
    #[arg(long)]
    mode: Option<String>,
    /// 0.05 (tame) to 2 (wild).
    #[arg(long)]
    temperature: Option<String>,
    /// The seed. Another seed gives another answer.
    #[arg(long)]
    seed: Option<u32>,
    /// Chords, as in "Dm7 | G7 | Cmaj7 | %".
    #[arg(long)]
    chart: Option<String>,
    /// How many bars Segue plays; in Duet, how many bars the piece has.
    #[arg(long, allow_negative_numbers = true, value_parser = number_of_bars)]
    bars: Option<i64>,
    /// Quarter notes per minute. The default is the tune's, then the preset's, then 120.
    #[arg(long)]
    tempo: Option<f64>,
    /// Any other setting, by id; `segue-cli settings` lists them.
    #[arg(long = "set", value_name = "ID=VALUE")]
    settings: Vec<String>,
    /// How many pieces to make, each with the next seed: OUT-1.mid, OUT-2.mid and so on, and one book of ABC.
    #[arg(long, default_value_t = 1)]
    count: u32,
}

/// Reads a number of bars.
fn number_of_bars(text: &str) -> Result<i64, String> {
    let bars = text.trim().parse().ok().filter(|bars| (1..=MOST_BARS).contains(bars));
    bars.ok_or_else(|| format!("write a whole number from 1 to {MOST_BARS}"))
}

pub fn improvise(arguments: &ImproviseArguments) -> Result<()> {
    arguments.check()?;
    let files = arguments.files()?;
    let params = arguments.params()?;
    let prompt = arguments.prompt(&params)?;
    prompt.notices.iter().for_each(|notice| eprintln!("{notice}"));
    let mut book = String::new();
    for number in 1..=arguments.count {
        let sheet = arguments.piece(number, &prompt, &files.of_piece(number, arguments.count))?;
        if files.abc.is_some() {
            let swing = params.settings().timing.swing;
            let key = sheet.key();
            let segue = straightened(&sheet.segue, &sheet.bars, swing);
            let text = Sheet { segue, ..sheet }.abc(key).map_err(anyhow::Error::msg)?;
            book.push_str(&text.replacen("X:1\n", &format!("X:{number}\n"), 1));
            book.push('\n');
        }
    }
    if let Some(path) = &files.abc {
        std::fs::write(path, book).with_context(|| cannot_write(path))?;
        println!("Wrote {}.", path.display());
    }
    Ok(())
}

impl ImproviseArguments {
    fn check(&self) -> Result<()> {
        if !(1..=MOST_PIECES).contains(&self.count) {
            bail!("--count must be between 1 and {MOST_PIECES}, not {}", self.count);
        }
        let (slowest, fastest) = TEMPOS_BPM;
        if let Some(tempo) = self.tempo.filter(|tempo| !(slowest..=fastest).contains(tempo)) {
            bail!("--tempo must be between {slowest} and {fastest}, not {tempo}");
        }
        Ok(())
    }

    /// The files that are written.
    fn files(&self) -> Result<OutputFiles> {
        let (wav, png, abc) = (self.wav.clone(), self.png.clone(), self.abc.clone());
        let named = OutputFiles { midi: None, wav, png, abc };
        let files = named.with_endings(&self.out)?.or_usual(self.tune.as_deref(), self.count);
        let preset = self.preset.as_ref().map(Path::new);
        let inputs: Vec<&Path> =
            self.tune.as_deref().into_iter().chain(self.weights.as_deref()).chain(preset).collect();
        files.check(&inputs, self.count)?;
        Ok(files)
    }

    /// The settings of an instance that plays as the options say.
    fn params(&self) -> Result<SegueParams> {
        let params = SegueParams::default();
        self.set(&params)?;
        Ok(params)
    }

    fn set(&self, params: &SegueParams) -> Result<()> {
        if let Some(name) = &self.preset {
            preset::apply(&find(name)?, params, &mut Unhosted);
        }
        if let Some(weights) = &self.weights {
            params.own.set(absolute(weights)?);
            turn(params, "style", "My own", "--weights")?;
        }
        let seed = self.seed.map(|seed| seed.to_string());
        if let Some(style) = &self.style {
            let style = preset::style_named(style, params).map_err(|error| anyhow!("--style: {error}"))?;
            turn(params, "style", &style, "--style")?;
        }
        let own = [("mode", &self.mode), ("temperature", &self.temperature), ("seed", &seed)];
        for (id, text) in own {
            if let Some(text) = text {
                turn(params, id, text, &format!("--{id}"))?;
            }
        }
        for setting in &self.settings {
            let (id, text) = setting.split_once('=').context("--set is written like --set swing=60")?;
            turn(params, id.trim(), text, "--set")?;
        }
        if let Some(chart) = &self.chart {
            Chart::parse(chart).map_err(|error| anyhow!("--chart: {error}"))?;
            params.chart.set(chart.clone());
        }
        // Otherwise another style would silently replace a weights file that cannot be played.
        if params.model.style.value() == i32::from(styles::OWN.0) {
            let plays = params.own.model().is_some();
            ensure!(plays, params.own.problem().unwrap_or_else(|| "the style Own needs a file; give --weights".into()));
        }
        turn(params, "render", "Offline", "the session")
    }

    fn prompt(&self, params: &SegueParams) -> Result<Prompt> {
        match &self.tune {
            Some(path) => {
                let selection = TuneSelection { number: self.number, track: self.track, channel: self.channel };
                Prompt::read(path, selection, params.settings().style.free_time)
            }
            None => Ok(Prompt::one_note(first_note(params), alone_chart(params).as_ref())),
        }
    }

    /// Plays one piece, with the seed for its number, and writes its files except the ABC.
    fn piece(&self, number: u32, prompt: &Prompt, files: &OutputFiles) -> Result<Sheet> {
        let params = SegueParams::default();
        self.set(&params)?;
        let seed = u32::try_from(params.model.seed.value()).unwrap_or(0) + number - 1;
        turn(&params, "seed", &seed.to_string(), "--count with --seed")?;
        let alone = self.tune.is_none();
        let mode = if alone { ModeChoice::Answer } else { params.turns.mode.value() };
        let layout = self.lay_out(prompt, mode, &params)?;
        if alone {
            turn(&params, "mode", "Answer", "the session")?;
        }
        if alone {
            params.chart.set(alone_chart(&params).map_or_else(String::new, |chart| chart.to_string()));
        } else if params.chart.map(String::is_empty) {
            params.chart.set(chart_of(prompt, &layout));
        } else if let Some(chart) = params.chart.chart().filter(|_| prompt.has_upbeat) {
            params.chart.set(chart.later_by(1).to_string());
        }
        let gap_ms = self.prepare_gap(mode, &params)?;
        let soonest_ms = gap_ms - params.settings().timing.look_ahead_ms;
        let session = Session {
            tempos: TempoMap::new(&self.tempos(&layout, &params)),
            notes: layout.notes,
            bars: layout.bars,
            end: layout.end,
            // An answer ends by itself.
            stop: if mode == ModeChoice::Answer {
                Ticks(layout.end.0 + prompt.bars_at(layout.end).metre.bar().0)
            } else {
                layout.end
            },
            turn_after: frames_in(soonest_ms),
        };
        let your_turn = || {
            if mode == ModeChoice::Answer {
                // A button can always be pressed.
                let _ = turn(&params, "your_turn", "On", "the session");
            }
        };
        let mut wav = files.wav.as_ref().map(|path| WavFile::create(path, SAMPLE_RATE.into())).transpose()?;
        let mut sink = wav.as_mut().map(|wav| |left: &[f32], right: &[f32]| wav.add(left, right));
        let notes = session.play(&params, your_turn, sink.as_mut().map(|sink| sink as SoundSink<'_>))?;
        if notes.is_empty() {
            bail!("Segue has nothing to say to this with these settings; try another seed, or more bars");
        }
        if let Some(wav) = wav {
            wav.finish()?;
        }
        let sheet = sheet(number, prompt, &session, &notes, alone, &params);
        write(&sheet, files)?;
        let written = straightened(&sheet.segue, &sheet.bars, params.settings().timing.swing);
        let mut notes = [sheet.player.as_slice(), &written].concat();
        notes.sort_unstable();
        if let Some(form) = form::described(&notes, &sheet.bars) {
            println!("Form in bars: {form}.");
        }
        Ok(sheet)
    }

    fn lay_out(&self, prompt: &Prompt, mode: ModeChoice, params: &SegueParams) -> Result<Layout> {
        let turn_bars = i64::from(params.turns.trade_bars.value().bars());
        let layout = lay_out(prompt, mode, turn_bars, params.turns.trade_first.value() == First::Segue, self.bars);
        if mode == ModeChoice::Answer {
            let bars = self.bars.unwrap_or(8);
            ensure!(
                bars <= LONGEST_ANSWER,
                "an answer has at most {LONGEST_ANSWER} bars; for more, use --mode Duet or Trade with a longer tune"
            );
            turn(params, "answer_length", &bars.to_string(), "--bars")?;
        }
        Ok(layout)
    }

    /// Makes Segue wait through the rests of the tune and gives it the turn at the end. Returns the response gap in
    /// milliseconds: the end of the tune is known here, so Segue need not wait to see whether another note comes.
    fn prepare_gap(&self, mode: ModeChoice, params: &SegueParams) -> Result<f32> {
        const ON_THE_BAR_LINE_MS: f32 = 20.0;
        if mode != ModeChoice::Answer {
            return Ok(ON_THE_BAR_LINE_MS);
        }
        let is_set = self.preset.is_some() || self.settings.iter().any(|setting| setting.starts_with("response_gap"));
        let wanted_ms = if is_set { params.settings().turn.response_gap_ms } else { ON_THE_BAR_LINE_MS };
        let setting = params.setting("response_gap").context("it is there")?;
        turn(params, "response_gap", &setting.text(1.0), "the session")?;
        Ok(wanted_ms)
    }

    /// One tempo if the options or free time say so, otherwise those of the tune, and without any the preset's.
    fn tempos(&self, layout: &Layout, params: &SegueParams) -> Vec<Tempo> {
        let steady = |bpm: f64| Vec::from_iter(Tempo::of_bpm(Ticks::ZERO, bpm.clamp(TEMPOS_BPM.0, TEMPOS_BPM.1)));
        if let Some(tempo) = self.tempo {
            return steady(tempo);
        }
        if params.settings().style.free_time {
            return steady(FREE_BPM);
        }
        if layout.tempos.is_empty() {
            return steady(f64::from(params.timing.tempo.value()));
        }
        let within = |tempo: &Tempo| Tempo::of_bpm(tempo.at, tempo.bpm().clamp(TEMPOS_BPM.0, TEMPOS_BPM.1));
        layout.tempos.iter().filter_map(within).collect()
    }
}

/// Writes a piece as MIDI and as a picture, and says what was written.
fn write(sheet: &Sheet, files: &OutputFiles) -> Result<()> {
    if let Some(path) = &files.midi {
        sheet.write_midi(path)?;
    }
    if let Some(path) = &files.png {
        sheet.draw(path)?;
    }
    let written = [&files.midi, &files.wav, &files.png].into_iter().flatten();
    let names: Vec<String> = written.map(|path| path.display().to_string()).collect();
    if !names.is_empty() {
        println!("Wrote {}: {} notes by Segue.", names.join(", "), sheet.segue.len());
    }
    Ok(())
}

/// A piece as it is written to files: from its first bar line on, or from its upbeat on.
fn sheet(number: u32, prompt: &Prompt, session: &Session, played: &[Note], alone: bool, params: &SegueParams) -> Sheet {
    let style = params.setting("style").map(|setting| setting.text(setting.value())).unwrap_or_default();
    let title = if prompt.title.is_empty() { format!("Segue, {style}, {number}") } else { prompt.title.clone() };
    let free = params.settings().style.free_time;
    let sheet = Sheet {
        title,
        player: if alone { Vec::new() } else { session.notes.clone() },
        segue: played.to_vec(),
        bars: session.bars.iter().filter(|bars| !free && bars.line < session.end).copied().collect(),
        chords: if free { Vec::new() } else { chords(params, session) },
        tempos: session.tempos.tempos(),
        sharps: prompt.sharps,
    };
    // Without a tune, the single note that Segue was given is not part of the piece.
    if alone { sheet.since(prompt.end()) } else { sheet.without_rest_before_upbeat(prompt.has_upbeat) }
}

/// Swung notes as they are written: straight.
fn straightened(notes: &[Note], bars: &[Bars], share: f32) -> Vec<Note> {
    let Some(first) = bars.first() else { return notes.to_vec() };
    #[expect(clippy::cast_possible_truncation, reason = "a session is shorter than 2^52 ticks")]
    let nearest = |ticks: f64| Ticks(ticks.round() as i64);
    let mut before = None;
    let straight = |note: &Note| {
        let begun = bars.partition_point(|bars| bars.line <= note.onset);
        let bars = begun.checked_sub(1).and_then(|index| bars.get(index)).unwrap_or(first);
        let swing = Swing::new(share, *bars);
        let onset = nearest(swing.heard(note.onset.as_f64(), before));
        before = Some(onset);
        let end = nearest(swing.lifted((note.onset + note.duration).as_f64()));
        Note { onset, duration: (end - onset).max(Ticks(1)), ..*note }
    };
    notes.iter().map(straight).collect()
}

/// A preset on the shelf or in a file.
fn find(name: &str) -> Result<preset::Preset> {
    let path = Path::new(name);
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml")) {
        return Ok(preset::read(path)?);
    }
    Ok(Shelf::open().named(name)?.preset.clone())
}

fn absolute(path: &Path) -> Result<String> {
    let path = path.canonicalize().with_context(|| format!("{}: there is no such file", path.display()))?;
    path.into_os_string().into_string().map_err(|path| anyhow!("{}: its name is not valid text", path.display()))
}

/// Sets a parameter to the value of a text. `whose` names the option for messages.
fn turn(params: &SegueParams, id: &str, text: &str, whose: &str) -> Result<()> {
    let setting = params
        .setting(id)
        .with_context(|| format!("{whose}: there is no setting {id}; `segue-cli settings` lists them"))?;
    let value = setting.read(text).map_err(|error| anyhow!("{whose}: {id} {error}, not {text}"))?;
    Unhosted.set(setting, value);
    Ok(())
}

/// The chords of the tune, laid out as it is played.
fn chart_of(prompt: &Prompt, layout: &Layout) -> String {
    match Chart::parse(&prompt.chart) {
        Ok(Some(chart)) if !layout.chords.is_empty() => chart.arranged(&layout.chords).to_string(),
        _ => prompt.chart.clone(),
    }
}

/// The chart when Segue plays alone: it begins with Segue's first bar, one bar after the given note.
fn alone_chart(params: &SegueParams) -> Option<Chart> {
    let chart = params.chart.chart().or_else(|| styles::style(params.settings().style.number)?.chart())?;
    Some(chart.later_by(1))
}

/// A note in the middle of Segue's range: the tonic of the key that is set.
fn first_note(params: &SegueParams) -> Pitch {
    const MIDDLE: i32 = 62;
    let (low, high) = (params.notes.range_low.value(), params.notes.range_high.value());
    let middle = MIDDLE.clamp(low.min(high), high.max(low));
    let is_locked = params.setting("scale").is_some_and(|scale| scale.value() > 0.0);
    let tonic = if is_locked { params.notes.key.value() as i32 } else { MIDDLE % 12 };
    let key = (middle - 6..middle + 6).find(|key| key.rem_euclid(12) == tonic).unwrap_or(middle);
    u8::try_from(key).ok().and_then(Pitch::new).unwrap_or(Pitch::MAX)
}

/// The chords along the session.
fn chords(params: &SegueParams, session: &Session) -> Vec<(Ticks, Option<Chord>)> {
    let Some(chart) = params.chart.chart().or_else(|| styles::style(params.settings().style.number)?.chart()) else {
        return Vec::new();
    };
    let metre = session.bars.first().map_or(Metre::COMMON, |bars| bars.metre);
    let mut changes: Vec<(Ticks, Option<Chord>)> = Vec::new();
    let mut at = Ticks::ZERO;
    while at < session.end {
        let (chord, until) = chart.stretch_at(at, metre);
        if changes.last().map(|(_, last)| *last) != Some(chord) {
            changes.push((at, chord));
        }
        at = until.max(at + Ticks(1));
    }
    changes
}

/// The frames in this many milliseconds, rounded.
fn frames_in(milliseconds: f32) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
    let frames = (f64::from(milliseconds) * f64::from(SAMPLE_RATE) / 1000.0).round() as i64;
    frames
}
