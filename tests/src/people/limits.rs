//! Limits for the standing table, and the limits that do not hold yet.

use super::cases::{GATES, LOUDNESS};
use super::figures::{Figures, mean};
use super::repertoire::Style;
use super::table::Row;
use std::fmt;

/// A rule about rows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// In a duet no line is silent for longer than the style's own music, or than eight beats if that is longer.
    Silence,
    /// In duets, lines with a silence of more than eight beats are no more frequent than in the style's own music. This
    /// is counted over all rows of the style, because one row has too few lines.
    Silences,
    /// In a duet, the notes per beat are those of the style's own music, within a quarter.
    Density,
    /// With a preset, no seed differs from the mean density of all seeds by more than two fifths.
    Seeds,
    /// However short the player holds keys, the notes per beat are those at 100 %, within a tenth.
    GateDensity,
    /// However short the player holds keys, no more notes are off the grid than at 100 % or in the style's own solos;
    /// in styles learnt from notation almost none are.
    GateGrid,
    /// In a loop, every round that leaves room has an answer.
    LoopAnswered,
    /// In a loop, the answer begins where the rule says.
    LoopBegin,
    /// In a loop, the answer goes on across the loop's end.
    LoopCut,
    /// No more notes are shorter than a thirty-second note than in the style's own music.
    Blips,
    /// From note to note, velocities differ by no more than in the style's own music.
    Jumps,
    /// Segue does not interrupt a steady row of notes, however short the keys are held.
    Interrupts,
    /// If the player is louder by 20, the answer is louder by 10 to 25.
    Louder,
    /// Every turn of Segue's has at least one note.
    NeverCame,
    /// Turns with fewer than four notes are no more frequent than in the style's own music.
    FewNotes,
}

/// A row that breaks a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// The limit that is broken.
    pub limit: Limit,
    /// The style of the row.
    pub style: String,
    /// The row, and its figure next to the one that is allowed.
    pub message: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}: {}", self.limit, self.message)
    }
}

/// Figures of the music from which a style learnt: `cargo xtask people --data FOLDER` prints them in the rows called
/// real, from 150 pieces of each style.
struct Own {
    notes_a_beat: f64,
    /// Stretches of 24 bars with a silence of more than eight beats, in percent; and the longest silence, or eight
    /// beats if that is longer.
    long_silences_percent: f64,
    longest_silence: f64,
    blips_percent: f64,
    off_grid_percent: f64,
    /// Turns of two bars with fewer than four notes, in percent.
    few_notes_percent: f64,
    /// The mean difference of velocity from note to note. Printed music has none; there it comes from the accents.
    velocity_step: f64,
}

const fn own(style: Style) -> Own {
    match style {
        Style::Jazz => Own {
            notes_a_beat: 1.51,
            long_silences_percent: 8.3,
            longest_silence: 32.6,
            blips_percent: 4.2,
            off_grid_percent: 5.1,
            few_notes_percent: 10.6,
            velocity_step: 18.5,
        },
        Style::Blues => Own {
            notes_a_beat: 1.56,
            long_silences_percent: 6.9,
            longest_silence: 15.6,
            blips_percent: 6.6,
            off_grid_percent: 7.5,
            few_notes_percent: 3.8,
            velocity_step: 18.9,
        },
        Style::Folk => Own {
            notes_a_beat: 1.49,
            long_silences_percent: 0.0,
            longest_silence: 8.0,
            blips_percent: 0.0,
            off_grid_percent: OFF_GRID_PERCENT,
            few_notes_percent: 0.4,
            velocity_step: 10.0,
        },
        Style::Irish => Own {
            notes_a_beat: 1.85,
            long_silences_percent: 0.0,
            longest_silence: 8.0,
            blips_percent: 0.0,
            off_grid_percent: OFF_GRID_PERCENT,
            few_notes_percent: 0.3,
            velocity_step: 10.0,
        },
        Style::Piano => Own {
            notes_a_beat: 4.86,
            long_silences_percent: 1.7,
            longest_silence: 13.7,
            blips_percent: 31.3,
            off_grid_percent: 0.0,
            few_notes_percent: 1.2,
            velocity_step: 12.2,
        },
    }
}

const DENSITY_PART: f64 = 0.25;
const SEEDS_PART: f64 = 0.4;
const GATE_PART: f64 = 0.1;
const JUMPS_PART: f64 = 1.2;
/// With fewer notes than this, chance alone may exceed the limit.
const STEPS_FOR_A_MEAN: usize = 200;
/// A player who happens to rest at the seam has not been cut off, so this share is allowed.
const CUT_PART: f64 = 0.3;
/// In styles learnt from notation.
const OFF_GRID_PERCENT: f64 = 2.0;
/// How far chance moves a share of some hundred notes or turns in a row, in percentage points.
const CHANCE_POINTS: f64 = 2.0;
const LOUDER: std::ops::RangeInclusive<f64> = 10.0..=25.0;

/// Every row that breaks a limit. Rows of real music are skipped.
pub fn breaches(rows: &[Row]) -> Vec<Breach> {
    let mut found = Vec::new();
    for row in rows {
        if let Some(style) = Style::of_name(&row.style).filter(|_| row.mode != "real") {
            alone(row, style, &mut found);
        }
    }
    silent(rows, &mut found);
    beside_100_percent(rows, &mut found);
    louder(rows, &mut found);
    found
}

/// Checks a row without comparing it to others.
fn alone(row: &Row, style: Style, found: &mut Vec<Breach>) {
    let figures = &row.figures;
    let own = own(style);
    let mut breach = |limit, message: String| found.push(breach(limit, row, &message));
    let is_preset = !["Duet", "Trade", "Answer"].contains(&row.mode.as_str());
    if is_preset || row.mode == "Duet" {
        let longest = figures.longest_silence();
        if longest > own.longest_silence {
            breach(Limit::Silence, format!("silent for {longest:.1} beats, its music {:.1}", own.longest_silence));
        }
    }
    let density = figures.density();
    if row.mode == "Duet" && (density / own.notes_a_beat - 1.0).abs() > DENSITY_PART {
        breach(Limit::Density, format!("{density:.2} notes a beat, its music {:.2}", own.notes_a_beat));
    }
    let is_far = |line: &&f64| (*line / density.max(f64::EPSILON) - 1.0).abs() > SEEDS_PART;
    let far = figures.densities.iter().filter(is_far).count();
    if is_preset && far > 0 {
        breach(Limit::Seeds, format!("{far} of {} seeds far from {density:.2}", figures.densities.len()));
    }
    if figures.blips_percent() > own.blips_percent {
        breach(Limit::Blips, format!("{:.1} %, its music {:.1} %", figures.blips_percent(), own.blips_percent));
    }
    let is_enough = figures.velocity_steps.len() >= STEPS_FOR_A_MEAN;
    if is_enough && figures.velocity_step() > own.velocity_step * JUMPS_PART {
        breach(
            Limit::Jumps,
            format!("{:.1} from note to note, its music {:.1}", figures.velocity_step(), own.velocity_step),
        );
    }
    if figures.interrupting > 0 {
        breach(Limit::Interrupts, format!("{} notes within steady rows", figures.interrupting));
    }
    let (rooms, empty, few) = (figures.rooms, figures.empty_rooms, figures.poor_rooms);
    if is_in_loop(row) {
        if empty > 0 {
            breach(Limit::LoopAnswered, format!("{empty} of {rooms} rounds without an answer"));
        }
        if figures.misplaced > 0 {
            breach(Limit::LoopBegin, format!("{} of {rooms} begin elsewhere", figures.misplaced));
        }
        if figures.cut as f64 > figures.seams as f64 * CUT_PART {
            breach(Limit::LoopCut, format!("{} of {} are cut where it goes back", figures.cut, figures.seams));
        }
        return;
    }
    if row.mode != "Duet" && !is_preset {
        if empty > 0 {
            breach(Limit::NeverCame, format!("{empty} of {rooms} turns"));
        }
        let percent = (empty + few) as f64 / rooms.max(1) as f64 * 100.0;
        if percent > own.few_notes_percent + CHANCE_POINTS {
            let message = format!("{percent:.1} % under four notes, its music {:.1} %", own.few_notes_percent);
            breach(Limit::FewNotes, message);
        }
    }
}

/// Checks all duets of a style together.
fn silent(rows: &[Row], found: &mut Vec<Breach>) {
    for style in Style::ALL {
        let duets = rows.iter().filter(|row| row.style == style.name() && row.mode == "Duet");
        let silences = duets.flat_map(|row| row.figures.silences.iter().copied()).collect();
        let percent = Figures { silences, ..Figures::default() }.long_silences_percent();
        let own = own(style).long_silences_percent;
        if percent > own + CHANCE_POINTS {
            let message =
                format!("{}: {percent:.1} % of the duets silent for over 8 beats, its music {own:.1} %", style.name());
            found.push(Breach { limit: Limit::Silences, style: style.name().to_owned(), message });
        }
    }
}

/// Compares rows of gates with the row of the same number at 100 %.
fn beside_100_percent(rows: &[Row], found: &mut Vec<Breach>) {
    let at = |row: &Row, gate: f64| row.number.strip_suffix(&format!(" at {gate} %")).map(str::to_owned);
    for (print, number) in rows.iter().filter_map(|row| Some((row, at(row, 100.0)?))) {
        let same = |row: &&Row| row.style == print.style && row.mode == print.mode;
        for gate in GATES {
            let is_beside = |row: &&Row| at(row, gate).as_ref() == Some(&number);
            let Some(row) = rows.iter().filter(same).find(is_beside) else { continue };
            let (density, wanted) = (row.figures.density(), print.figures.density());
            if (density / wanted - 1.0).abs() > GATE_PART {
                found.push(breach(
                    Limit::GateDensity,
                    row,
                    &format!("{density:.2} notes a beat, at 100 % {wanted:.2}"),
                ));
            }
            let (off, in_print) = (row.figures.off_grid_percent(), print.figures.off_grid_percent());
            let style = Style::of_name(&row.style).unwrap_or(Style::Irish);
            // Soloists themselves play off the grid.
            let soloist = if style.swing() > 0.5 { in_print + CHANCE_POINTS } else { 0.0 };
            let most = soloist.max(own(style).off_grid_percent);
            if off > most {
                found.push(breach(Limit::GateGrid, row, &format!("{off:.1} % off the grid, allowed {most:.1}")));
            }
        }
    }
}

/// Compares rows of one number at successive levels.
fn louder(rows: &[Row], found: &mut Vec<Breach>) {
    for row in rows {
        if let Some(step) = answered_louder(rows, row)
            && !LOUDER.contains(&step)
        {
            found.push(breach(Limit::Louder, row, &format!("louder by 20 is answered by {step:+.1}")));
        }
    }
}

/// How much louder this row's answers are than those of the row whose player is softer by 20; `None` if there is none.
pub fn answered_louder(rows: &[Row], row: &Row) -> Option<f64> {
    let at = |row: &Row, loudness: f64| row.number.strip_suffix(&format!(" at {loudness}")).map(str::to_owned);
    let steps = LOUDNESS.windows(2).find_map(|pair| Some((pair[0], at(row, pair[1])?)));
    let (softer, number) = steps?;
    let same = |other: &&Row| other.style == row.style && other.mode == row.mode;
    let soft = rows.iter().filter(same).find(|other| at(other, softer).as_ref() == Some(&number))?;
    Some(mean(&row.figures.velocities) - mean(&soft.figures.velocities))
}

fn is_in_loop(row: &Row) -> bool {
    row.number.contains(" beats at ")
}

fn breach(limit: Limit, row: &Row, message: &str) -> Breach {
    let message = format!("{}, {}, {}: {message}", row.style, row.mode, row.number);
    Breach { limit, style: row.style.clone(), message }
}

/// Limits that do not hold yet, by style. The run prints these breaches without failing, and says when a limit holds,
/// so that its line can be removed.
pub const NOT_YET: &[(Limit, &[Style])] = &[(Limit::Blips, &[Style::Piano])];

/// Whether this breach is listed as not holding yet.
pub fn is_known(breach: &Breach) -> bool {
    let is_named = |styles: &[Style]| styles.iter().any(|style| style.name() == breach.style);
    NOT_YET.iter().any(|(limit, styles)| *limit == breach.limit && is_named(styles))
}

#[cfg(test)]
mod tests;
