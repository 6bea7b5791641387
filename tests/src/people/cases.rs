//! The cases of the standing table: each style in each mode with each number, and the same with other gates, in loops,
//! at other levels, and with recorded players.

use super::music::Music;
use super::patterns;
use super::player::Player;
use super::recorded;
use super::rendition::Rendition;
use super::repertoire::{Style, numbers};
use super::sessions::Case;
use super::trial::{Mode, Trial};
use anyhow::{Context, Result, ensure};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// How many bars each number has.
const BARS: i64 = 24;
/// In mode Answer: the player's bars, and the bars of rest.
const PHRASE_BARS: i64 = 2;
const ROOM_BARS: i64 = 4;
/// In mode Trade: the bars of each turn.
const TURN_BARS: i64 = 2;

fn tune(style: Style) -> Result<Music> {
    let numbers = numbers(style, BARS)?;
    let tune = numbers.into_iter().find(|number| number.name == "tune");
    tune.map(|tune| tune.music).context("every style has a tune")
}

/// A session of this mode, as the table uses it.
fn trial(style: Style, mode: Mode, played: Rendition) -> Trial {
    match mode {
        Mode::Answer => Trial::answer(style.name(), &played, PHRASE_BARS, ROOM_BARS),
        Mode::Trade => Trial::trade(style.name(), &played, TURN_BARS),
        Mode::Duet => Trial::duet(style.name(), played),
    }
}

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Each style in each mode with each number.
    Modes,
    /// The presets in which Segue plays along.
    Presets,
    /// Keys held shorter and longer.
    Gates,
    /// Steady rows of short notes before an answer.
    Detached,
    /// A tune played with each habit: dragging, rushing, wandering, wrong notes, pauses and so on.
    Habits,
    /// Phrases at different places in loops.
    Loops,
    /// Softer and louder playing.
    Loudness,
    /// Recorded players.
    Recorded,
}

impl Part {
    /// All parts, in the order of the table.
    pub const ALL: [Self; 8] = [
        Self::Modes,
        Self::Presets,
        Self::Gates,
        Self::Detached,
        Self::Habits,
        Self::Loops,
        Self::Loudness,
        Self::Recorded,
    ];

    /// The part with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| format!("{part:?}").eq_ignore_ascii_case(name))
    }

    /// The sessions of this part, in these styles.
    ///
    /// # Errors
    /// If music that ships, or that is in the folder, cannot be read.
    pub fn cases(self, styles: &[Style], data: Option<&Path>, seeds: &Range<u64>) -> Result<Vec<Case>> {
        match self {
            Self::Modes => in_all_modes(styles, seeds),
            Self::Presets => presets_of_duets(styles, seeds),
            Self::Gates => gates(styles, seeds),
            Self::Detached => Ok(detached(styles, seeds)),
            Self::Habits => habits(styles, seeds),
            Self::Loops => Ok(loops(styles, seeds)),
            Self::Loudness => loudness(styles, seeds),
            Self::Recorded => recorded(styles, data, seeds),
        }
    }
}

/// The main table: these styles in all modes, with each number.
fn in_all_modes(styles: &[Style], seeds: &Range<u64>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for style in styles {
        for mode in Mode::ALL {
            for number in numbers(*style, BARS)? {
                // A held note leaves no room for an answer.
                if mode == Mode::Answer && number.name == "held note" {
                    continue;
                }
                let make = |player| {
                    let trial = trial(*style, mode, number.played_by(player));
                    if number.has_left_hand { trial.chords_by_left_hand() } else { trial }
                };
                cases.push(Case::new(*style, mode.name(), number.name, seeds, make));
            }
        }
    }
    Ok(cases)
}

/// The presets in which Segue plays along, with a tune at the preset's tempo.
fn presets_of_duets(styles: &[Style], seeds: &Range<u64>) -> Result<Vec<Case>> {
    let tune = Music::shipped("folk", 2)?.for_bars(BARS);
    let reel = Music::shipped("oneills", 1348)?.for_bars(BARS);
    let presets = [("Second voice", Style::Folk, tune.at(96.0)), ("Two fiddles", Style::Irish, reel.at(180.0))];
    let case = |(name, style, music): (&str, Style, Music)| {
        // The preset decides where the chords come from, and the tune has no left hand.
        let trial = |seed| {
            let trial = Trial::preset(name, Player::person(seed).plays(&music))?;
            Ok(Trial { hides_chart: true, ..trial }.set("Seed", seed))
        };
        let trials: Result<Vec<Trial>> = seeds.clone().map(trial).collect();
        Ok(Case { style, mode: name.to_owned(), number: "tune".to_owned(), trials: trials? })
    };
    presets.into_iter().filter(|(_, style, _)| styles.contains(style)).map(case).collect()
}

/// How long keys are held in the rows of gates, in percent; the last row plays exactly what is written.
pub const GATES: [f64; 8] = [30.0, 50.0, 60.0, 70.0, 80.0, 90.0, 105.0, 100.0];
/// The standard deviation of the gate from key to key, in percent.
const GATE_SPREAD: f64 = 10.0;

/// A tune and eighths (swung in styles that swing) at every gate, in turns of four bars. The row at 100 % has no
/// spread.
fn gates(styles: &[Style], seeds: &Range<u64>) -> Result<Vec<Case>> {
    const BARS_EACH: i64 = 4;
    let mut cases = Vec::new();
    for style in styles.iter().filter(|style| style.has_beats()) {
        let eighths = patterns::swung_eighths(BARS).swung(style.swing());
        for (name, music) in [("tune", tune(*style)?), ("eighths", eighths)] {
            for gate in GATES {
                let is_print = (gate - 100.0).abs() < f64::EPSILON;
                let trial = |player: Player| {
                    let player = player.gate(gate, if is_print { 0.0 } else { GATE_SPREAD });
                    Trial::trade(style.name(), &player.plays(&music), BARS_EACH)
                };
                cases.push(Case::new(*style, "Trade", &format!("{name} at {gate} %"), seeds, trial));
            }
        }
    }
    Ok(cases)
}

/// Eighths and quarters held short, in turns with room for an answer after each.
fn detached(styles: &[Style], seeds: &Range<u64>) -> Vec<Case> {
    const HELD: [f64; 3] = [30.0, 50.0, 80.0];
    const TIMING_MS: f64 = 10.0;
    let rows = [("eighths", patterns::steady_eighths(BARS)), ("quarters", patterns::steady_quarters(BARS))];
    let mut cases = Vec::new();
    for style in styles {
        for (name, music) in &rows {
            for held in HELD {
                let trial = |player: Player| {
                    let played = player.gate(held, 5.0).timing(TIMING_MS).plays(&music.clone().swung(style.swing()));
                    Trial::answer_to_a_row(style.name(), &played, PHRASE_BARS, ROOM_BARS)
                };
                cases.push(Case::new(*style, "Answer", &format!("{name} held {held} %"), seeds, trial));
            }
        }
    }
    cases
}

/// A change to a player.
type Habit = fn(Player) -> Player;

/// The habits by name. Each is added to the habits of an ordinary player.
const HABITS: [(&str, Habit); 8] = [
    ("dragging", |player| player.lean(30.0)),
    ("rushing", |player| player.lean(-30.0)),
    ("loose", |player| player.timing(30.0)),
    ("wandering", |player| player.wander(30.0)),
    ("ghost notes", |player| player.ghosts(25)),
    ("overlaps", |player| player.overlaps(40)),
    ("wrong notes", |player| player.wrong_notes(10)),
    ("pauses", |player| player.pauses(25)),
];

/// A tune with each habit, and with all of them together.
fn habits(styles: &[Style], seeds: &Range<u64>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for style in styles {
        let tune = tune(*style)?;
        for mode in [Mode::Answer, Mode::Duet] {
            let mut add = |name: &str, habit: &dyn Fn(Player) -> Player| {
                let make = |player| trial(*style, mode, habit(player).plays(&tune));
                cases.push(Case::new(*style, mode.name(), &format!("tune, {name}"), seeds, make));
            };
            for (name, habit) in HABITS {
                add(name, &habit);
            }
            add("all of these", &|player| HABITS.iter().fold(player, |player, (_, habit)| habit(player)));
        }
    }
    Ok(cases)
}

/// Phrases in loops: the loop's bars, and the phrase's length and start in quarter notes. In the last one of each loop
/// the phrase ends with the loop or crosses its end.
pub const LOOPS: [(i64, f64, f64); 15] = [
    (1, 2.0, 0.0),
    (1, 2.0, 1.0),
    (1, 2.0, 2.0),
    (2, 4.0, 0.0),
    (2, 4.0, 2.0),
    (2, 4.0, 4.0),
    (2, 4.0, 6.0),
    (4, 8.0, 0.0),
    (4, 8.0, 4.0),
    (4, 8.0, 8.0),
    (4, 8.0, 14.0),
    (8, 8.0, 0.0),
    (8, 8.0, 10.0),
    (8, 8.0, 24.0),
    (8, 8.0, 28.0),
];

/// A phrase of eighths somewhere in a loop, and an answer in the time that is left.
fn loops(styles: &[Style], seeds: &Range<u64>) -> Vec<Case> {
    const ROUNDS: f64 = 6.0;
    /// Keys are released well before the next note-on, and in time, so that the end of the turn is clear.
    const GATE: f64 = 90.0;
    let mut cases = Vec::new();
    for style in styles.iter().filter(|style| style.has_beats()) {
        for (bars, phrase, place) in LOOPS {
            #[expect(clippy::cast_possible_truncation, reason = "some bars")]
            let music = patterns::steady_eighths((ROUNDS * phrase / 4.0) as i64).swung(style.swing());
            let trial = |player: Player| {
                let played = Player { touch: player.touch, ..Player::exact(player.seed) }.gate(GATE, 3.0).plays(&music);
                Trial::answer_in_loop(*style, &played, bars, phrase, place)
            };
            let number = format!("{phrase} beats at {place} in {bars} bars");
            cases.push(Case::new(*style, "Answer", &number, seeds, trial));
        }
    }
    cases
}

/// The player's velocities in the rows of loudness.
pub const LOUDNESS: [f64; 3] = [50.0, 70.0, 90.0];

/// A tune played soft, medium and loud, in all modes.
fn loudness(styles: &[Style], seeds: &Range<u64>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for style in styles {
        let tune = tune(*style)?;
        for mode in Mode::ALL {
            for loudness in LOUDNESS {
                let make = |player: Player| trial(*style, mode, player.loudness(loudness).plays(&tune));
                cases.push(Case::new(*style, mode.name(), &format!("tune at {loudness}"), seeds, make));
            }
        }
    }
    Ok(cases)
}

/// Recorded players: soloists for jazz and blues, pianists for piano. With a folder of training data these are some of
/// its recordings, otherwise the two solos that ship. Each of Segue's seeds hears a different one.
fn recorded(styles: &[Style], data: Option<&Path>, seeds: &Range<u64>) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for style in styles.iter().filter(|style| matches!(style, Style::Jazz | Style::Blues | Style::Piano)) {
        let files = players(*style, data)?;
        if files.is_empty() {
            continue;
        }
        let play = |file: &PathBuf| match style {
            Style::Piano => recorded::pianist(file, BARS * 2),
            _ => recorded::solo(file, usize::try_from(BARS)?),
        };
        let played: Vec<Rendition> =
            files.iter().map(|file| Ok(play(file)?.for_bars(BARS))).collect::<Result<Vec<_>>>()?;
        for mode in Mode::ALL {
            let of_seed = |player: Player| {
                let index = usize::try_from(player.seed).unwrap_or(0) % played.len();
                trial(*style, mode, played[index].clone())
            };
            cases.push(Case::new(*style, mode.name(), "recorded", seeds, of_seed));
        }
    }
    Ok(cases)
}

/// Paths of note tables or MIDI files, a selection of those in the folder.
fn players(style: Style, data: Option<&Path>) -> Result<Vec<PathBuf>> {
    const SOME: usize = 20;
    let Some(data) = data else {
        let solos = Path::new(env!("CARGO_MANIFEST_DIR")).join("tunes/solos/notes");
        return Ok(match style {
            Style::Jazz => vec![solos.join("BixBeiderbecke_Margie.tsv")],
            Style::Blues => vec![solos.join("BixBeiderbecke_RoyalGardenBlues.tsv")],
            _ => Vec::new(),
        });
    };
    let folder = data.join(style.folder()).join(if style == Style::Piano { "midi" } else { "notes" });
    let files = recorded::files_below(&folder)?;
    ensure!(!files.is_empty(), "{}: it has no recordings", folder.display());
    let step = files.len().div_ceil(SOME).max(1);
    Ok(files.into_iter().step_by(step).collect())
}
