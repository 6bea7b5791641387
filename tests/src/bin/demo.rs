//! The demo: a headless host plays the first bars of a tune to the built plugin and lets it answer.
//!
//! Started by `cargo xtask demo`, which builds the plugin first.

#![allow(clippy::cast_precision_loss, reason = "a session is shorter than 2^52 frames or ticks")]

use anyhow::{Context, Result, bail, ensure};
use segue_corpus::sheet::roll::key_name;
use segue_corpus::tunes::TuneSelection;
use segue_model::note::{TICKS_PER_QUARTER, Ticks};
use segue_tests::blocks::Blocks;
use segue_tests::bundle::Bundle;
use segue_tests::decision_time;
use segue_tests::measure::{self, Level};
use segue_tests::midi_file;
use segue_tests::performance::{Performance, Sounded, Times, difference, lines, melody, off_the_grid};
use segue_tests::picture::Roll;
use segue_tests::preset::{self, Preset};
use segue_tests::prompt::{Prompt, two_openings};
use segue_tests::score::Score;
use segue_tests::session::{Session, waits_for_notes};
use segue_tests::timeline::{Frame, Timeline, USUAL_TEMPO_BPM};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const SAMPLE_RATE: u32 = 48_000;
const BLOCK: u32 = 64;
const PROMPT_BARS: i64 = 4;
const ANSWER_BARS: i64 = 8;
/// Time for the last note to fade.
const TAIL_BARS: i64 = 1;
/// Fingers leave a key a little before the next one.
const KEY_UP_EARLY: Ticks = Ticks(2);
/// Short enough for the answer to begin on the bar line at which the prompt ends.
const GAP_MS: u32 = 20;
/// In free time no grid delays the answer, so a shorter gap would let it begin between the player's own notes.
const FREE_GAP_MS: u32 = 250;
const COOL: f64 = 0.6;
const WARM: f64 = 1.2;
/// In which bars of the answer the temperature rises from cool to warm.
const RAMP_BARS: (i64, i64) = (2, 6);
const LEAST_NOTES: usize = 8;
/// Some presets are quiet on purpose.
const LEAST_NOTES_OF_PRESET: usize = 3;
/// A soft note may be masked by a loud one that still rings.
const LEAST_HEARD_OF_TEN: usize = 8;
/// A busy machine may be late once; a faulty plugin is late every time.
const LIVE_TRIES: usize = 3;
const TIMED_DECISIONS: usize = 2_000;

/// "The Blooming Meadows".
const OUR_JIG: u32 = 946;
/// The styles, each with the one of our books that is played to it by default.
const BOOKS: [(&str, &str); 5] = [
    ("jazz", "jazz.abc"),
    ("blues", "blues.abc"),
    ("folk", "folk.abc"),
    ("irish", "oneills.abc"),
    ("piano", "piano.abc"),
];
const USUAL_STYLE: &str = "irish";
/// The style that plays in seconds instead of beats.
const FREE: &str = "piano";
/// The styles whose eighths swing, so they are off the ticks; a promise of its own checks them to the frame.
const SWINGING: [&str; 2] = ["jazz", "blues"];

const USAGE: &str = "usage: cargo xtask demo [--style jazz | blues | folk | irish | piano] [--weights FILE.segue] \
    [--preset NAME | FILE.toml] [--bars N] [--tune NUMBER] [--track NUMBER] [--channel NUMBER] [FILE.mid | FILE.abc]";

fn main() -> ExitCode {
    match Options::from_arguments(std::env::args().skip(1)).and_then(|options| demo(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The user's options.
struct Options {
    plugin: PathBuf,
    style: String,
    /// A style file of the user's own, used instead of a built-in style.
    weights: Option<PathBuf>,
    /// Brings its own style and settings.
    preset: Option<Preset>,
    file: PathBuf,
    selection: TuneSelection,
    bars: i64,
}

impl Options {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let (mut plugin, mut file, mut selection) = (None, None, TuneSelection::default());
        let (mut style, mut weights, mut preset) = (None, None, None);
        let mut bars = None;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value; {USAGE}"));
            match argument.as_str() {
                "--plugin" => plugin = Some(PathBuf::from(value()?)),
                "--style" => style = Some(value()?.to_lowercase()),
                "--preset" => preset = Some(preset::find(&value()?)?),
                "--weights" => weights = Some(absolute(&value()?)?),
                "--tune" => selection.number = Some(number_of("--tune", &value()?)?),
                "--track" => selection.track = Some(number_of("--track", &value()?)?),
                "--channel" => selection.channel = Some(number_of("--channel", &value()?)?),
                "--bars" => bars = Some(bars_in(&value()?)?),
                flag if flag.starts_with('-') => bail!("there is no option {flag}; {USAGE}"),
                named if file.is_none() => file = Some(PathBuf::from(named)),
                second => bail!("only one file can be played, and {second} is a second one; {USAGE}"),
            }
        }
        let plugin = plugin.context(USAGE)?;
        if preset.is_some() && (style.is_some() || weights.is_some()) {
            bail!("a preset brings its own style; leave out --style and --weights");
        }
        if let Some(preset) = preset.as_ref().filter(|preset| !preset.own_style.is_empty()) {
            weights = Some(absolute(&preset.own_style)?);
        }
        let style_of_preset = preset.as_ref().filter(|_| weights.is_none()).map(|preset| preset.style.to_lowercase());
        let style = style.or(style_of_preset).unwrap_or_else(|| USUAL_STYLE.to_owned());
        let bars = bars.or_else(|| preset.as_ref().and_then(traded_bars)).unwrap_or(PROMPT_BARS);
        let book = BOOKS.into_iter().find(|(name, _)| *name == style);
        let (_, book) = book.with_context(|| format!("there is no style {style}; {USAGE}"))?;
        let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("tunes").join(book);
        // From our own book of Irish tunes, a jig that many people know.
        selection.number = selection.number.or((file.is_none() && style == USUAL_STYLE).then_some(OUR_JIG));
        Ok(Self { plugin, style, weights, preset, file: file.unwrap_or_else(ours), selection, bars })
    }

    /// Describes the style or preset that the user asked for.
    fn what(&self) -> String {
        match (&self.preset, &self.weights) {
            (Some(preset), _) => format!("preset {:?}", preset.name),
            (None, Some(file)) => format!("style {}", file.display()),
            (None, None) => format!("style {}", self.style),
        }
    }

    fn tempo_bpm(&self) -> f64 {
        let of_preset = self.preset.as_ref().and_then(|preset| preset.get("tempo")?.parse().ok());
        of_preset.unwrap_or(USUAL_TEMPO_BPM)
    }

    /// Whether every note lies on a tick, which swing and quantising prevent.
    fn keeps_to_ticks(&self) -> bool {
        self.style != FREE && !SWINGING.contains(&self.style.as_str()) && self.preset.is_none()
    }
}

/// The number of bars in the player's turn, if bars are traded.
fn traded_bars(preset: &Preset) -> Option<i64> {
    preset.get("mode").filter(|mode| *mode == "Trade")?;
    preset.get("trade_bars")?.split(' ').next()?.parse().ok()
}

/// Makes a path absolute, because the plugin may run in another folder.
fn absolute(path: &str) -> Result<PathBuf> {
    Path::new(path).canonicalize().with_context(|| format!("--weights {path}: no such file"))
}

/// Reads the number of a tune (the one after `X:` in the file), of a track or of a channel.
fn number_of<Number: std::str::FromStr>(option: &str, text: &str) -> Result<Number> {
    text.parse().ok().with_context(|| format!("{option} takes a number, not {text}"))
}

fn bars_in(text: &str) -> Result<i64> {
    const MOST_BARS: i64 = 64;
    let bars = text.parse().ok().filter(|bars| (1..=MOST_BARS).contains(bars));
    bars.with_context(|| format!("--bars takes 1 to {MOST_BARS}, not {text}"))
}

fn demo(options: &Options) -> Result<()> {
    let (prompt, other) = two_openings(&options.file, options.selection, options.bars)?;
    let bundle = Bundle::load(&options.plugin)?;
    let score = score(&bundle, &prompt, options)?;
    println!("Loaded {} in a headless host.", options.plugin.display());
    println!(
        "Playing {:?} at it, {}: {} bars of {}/{} at {} bpm, live, {SAMPLE_RATE} Hz, blocks of {BLOCK}.",
        prompt.title,
        options.what(),
        options.bars,
        prompt.metre.numerator,
        prompt.metre.denominator,
        options.tempo_bpm(),
    );

    let (live, answer) = play_live(&bundle, &score, options.keeps_to_ticks())?;
    print_bars(&score, &answer);
    let least = if options.preset.is_some() { LEAST_NOTES_OF_PRESET } else { LEAST_NOTES };
    ensure!(
        answer.len() >= least,
        "Segue played {} notes in {ANSWER_BARS} bars; an answer has at least {least}",
        answer.len()
    );
    write_files(options.bars, &prompt, &score, &live, &answer)?;
    compare_prompts(&bundle, options, &prompt, &other)?;
    print_times(&bundle, options, &prompt, &score, &live)
}

fn bar(prompt: &Prompt) -> Ticks {
    prompt.metre.bar()
}

/// The prompt, then time for the answer; without a preset the temperature rises during the answer.
fn score(bundle: &Bundle, prompt: &Prompt, options: &Options) -> Result<Score> {
    let timeline = Timeline::steady(f64::from(SAMPLE_RATE), options.tempo_bpm(), prompt.metre);
    let frame = |ticks| timeline.frame_of(ticks).expect("the transport runs");
    let bars_on = |bars: i64| Ticks(prompt.end.0 + bars * bar(prompt).0);
    let length = frame(bars_on(ANSWER_BARS + TAIL_BARS));
    let mut score = Score::silence(timeline.clone(), length);
    score.play(&prompt.notes, KEY_UP_EARLY);
    if !prompt.chart.is_empty() {
        score.fields.push(("chart".into(), prompt.chart.clone()));
    }
    if let Some(preset) = &options.preset {
        preset.begin(&mut score, &mut bundle.open()?)?;
        return Ok(score);
    }
    let gap = if options.style == FREE { FREE_GAP_MS } else { GAP_MS };
    let style = match &options.weights {
        Some(file) => {
            score.fields.push(("own_style".into(), file.display().to_string()));
            "My own"
        }
        None => &options.style,
    };
    score.turn("Style", 0, style).turn("Answer length", 0, ANSWER_BARS).turn("Response gap", 0, gap).turn(
        "Temperature",
        0,
        COOL,
    );
    let (from, to) = (bars_on(RAMP_BARS.0).0, bars_on(RAMP_BARS.1).0);
    let steps = (to - from) * 4 / TICKS_PER_QUARTER;
    for step in 1..=steps {
        let share = step as f64 / steps as f64;
        let at = frame(Ticks(from + (to - from) * step / steps));
        score.turn("Temperature", at, format!("{:.4}", (WARM - COOL).mul_add(share, COOL)));
    }
    Ok(score)
}

/// Plays the score live and once more as a render: where the two differ, a note was late or lost.
fn play_live(bundle: &Bundle, score: &Score, keeps_beats: bool) -> Result<(Performance, Vec<Sounded>)> {
    let rendered = render(bundle, score)?.1;
    for attempt in 1.. {
        let mut instance = bundle.open()?;
        let live = Session::live(Blocks::Of(BLOCK)).play(&mut instance, score)?;
        let answer = sound(&live)?;
        let late = if keeps_beats { off_the_grid(&answer, &score.timeline) } else { Vec::new() };
        let fault = if late.is_empty() {
            difference(&answer, &rendered).map(|what| format!("the live answer differs from the render: {what}"))
        } else {
            Some(lines(&late))
        };
        match fault {
            None => return Ok((live, answer)),
            Some(fault) if attempt == LIVE_TRIES => {
                bail!("a note was late or lost, {LIVE_TRIES} times in a row: {fault}")
            }
            Some(fault) => {
                println!("A note was late or lost ({fault}); the machine may be busy, so it is tried again.");
            }
        }
    }
    unreachable!("the last attempt returns")
}

fn render(bundle: &Bundle, score: &Score) -> Result<(Performance, Vec<Sounded>)> {
    let performance = Session::render(Blocks::Of(BLOCK)).play(&mut bundle.open()?, score)?;
    let answer = sound(&performance)?;
    Ok((performance, answer))
}

fn sound(performance: &Performance) -> Result<Vec<Sounded>> {
    performance.sound_notes().map_err(|faults| anyhow::anyhow!("Segue's notes have faults: {faults}"))
}

fn compare_prompts(bundle: &Bundle, options: &Options, prompt: &Prompt, other: &Prompt) -> Result<()> {
    let answer_to = |prompt: &Prompt| -> Result<_> {
        let score = score(bundle, prompt, options)?;
        Ok(melody(&render(bundle, &score)?.1, &score.timeline))
    };
    ensure!(
        answer_to(prompt)? != answer_to(other)?,
        "a new instance gives {:?} and {:?} the same answer, so it does not listen",
        prompt.title,
        other.title
    );
    println!("Another prompt ({:?}) gets another answer.", other.title);
    Ok(())
}

fn print_bars(score: &Score, answer: &[Sounded]) {
    let player = midi_file::strokes_as_notes(score);
    let last = answer.last().map_or(0, |note| score.timeline.bar(note.on).1);
    for bar in 0..=last {
        for (voice, notes) in [("heard ", player.as_slice()), ("played", answer)] {
            let here = notes.iter().filter(|note| score.timeline.bar(note.on).1 == bar);
            let names: Vec<String> = here.map(|note| name_and_length(score, note)).collect();
            if !names.is_empty() {
                println!("  bar {:>2}  {voice}  {}", bar + 1, names.join(" "));
            }
        }
    }
}

/// Names a note and its length, such as `D5:1/8`; a twelfth is an eighth of a triplet.
fn name_and_length(score: &Score, note: &Sounded) -> String {
    /// The finest step of a length, in ticks: a triplet of thirty-seconds. Keys go up early by less than half of it.
    const FINEST: f64 = 4.0;
    const FINEST_IN_WHOLE_NOTE: u32 = 48;
    let ticks = score.timeline.ticks(note.off) - score.timeline.ticks(note.on);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few beats")]
    let units = ((ticks / FINEST).round() as u32).max(1);
    let shared =
        (1..=units).rev().find(|shared| units.is_multiple_of(*shared) && FINEST_IN_WHOLE_NOTE.is_multiple_of(*shared));
    let shared = shared.unwrap_or(1);
    format!("{}:{}/{}", key_name(f64::from(note.pitch.key())), units / shared, FINEST_IN_WHOLE_NOTE / shared)
}

fn write_files(bars: i64, prompt: &Prompt, score: &Score, live: &Performance, answer: &[Sounded]) -> Result<()> {
    let player = midi_file::strokes_as_notes(score);
    midi_file::write(Path::new("demo.mid"), score, answer)?;
    measure::write_wav(Path::new("demo.wav"), &live.audio, SAMPLE_RATE)?;
    let temperature = temperature(score)?;
    let title = format!("Segue answers the first {bars} bars of {:?}", prompt.title);
    let roll = Roll { title: &title, score, player: &player, segue: answer, temperature: &temperature };
    roll.draw(Path::new("demo.png"))?;
    println!("Wrote demo.mid, demo.wav and demo.png.");
    let level = measure::level(&live.audio);
    check_sound(level)?;
    let onsets: Vec<Frame> = player.iter().chain(answer).map(|note| note.on).collect();
    let heard = measure::onsets_heard(&live.audio, f64::from(SAMPLE_RATE), &onsets);
    let struck = heard.iter().filter(|heard| **heard).count();
    ensure!(
        struck * 10 >= onsets.len() * LEAST_HEARD_OF_TEN,
        "demo.wav: only {struck} of {} notes are heard where the MIDI has them",
        onsets.len()
    );
    println!(
        "demo.wav: peak {:.1} dB, RMS {:.1} dB, offset {:.5}, nothing clipped; {} of {} note-ons are heard \
         where the MIDI has them.",
        decibels(f64::from(level.peak)),
        decibels(level.rms),
        level.offset,
        struck,
        onsets.len()
    );
    Ok(())
}

fn check_sound(level: Level) -> Result<()> {
    const AUDIBLE: f64 = 0.001;
    ensure!(level.broken == 0, "demo.wav: {} samples are not numbers", level.broken);
    ensure!(level.clipped == 0, "demo.wav: {} samples are clipped", level.clipped);
    ensure!(level.rms > AUDIBLE, "demo.wav: nothing can be heard");
    Ok(())
}

fn decibels(amplitude: f64) -> f64 {
    20.0 * amplitude.log10()
}

fn temperature(score: &Score) -> Result<Vec<(Frame, f64)>> {
    /// Of a new instance.
    const USUAL: f64 = 1.0;
    let turns = score.automation.iter().filter(|knob| knob.parameter == "Temperature");
    let curve: Result<Vec<_>> = turns.map(|knob| Ok((knob.at, knob.text.parse()?))).collect();
    curve.map(|curve| if curve.is_empty() { vec![(0, USUAL)] } else { curve })
}

fn print_times(bundle: &Bundle, options: &Options, prompt: &Prompt, score: &Score, live: &Performance) -> Result<()> {
    let weights = options.weights.clone().unwrap_or_else(|| decision_time::shipped_weights(&options.style));
    let decisions = decision_time::decision_times(&weights, prompt, TIMED_DECISIONS)?;
    show("Decision of a note, by the model alone", &decisions);
    let (rendered, _) = render(bundle, score)?;
    let waits = waits_for_notes(&rendered, score.last_key_up());
    show("To the worker and back through the built plugin, per note", &Times::of(waits));
    let process = live.times();
    println!(
        "process() of {BLOCK} frames, live: median {:.1} µs, p99.9 {:.1} µs ({} calls)",
        microseconds(&process, 500),
        microseconds(&process, 999),
        process.count()
    );
    Ok(())
}

fn show(what: &str, times: &Times) {
    println!(
        "{what}: median {:.0} µs, p99 {:.0} µs ({} measured)",
        microseconds(times, 500),
        microseconds(times, 990),
        times.count()
    );
}

fn microseconds(times: &Times, per_mille: usize) -> f64 {
    times.per_mille(per_mille).as_secs_f64() * 1e6
}
