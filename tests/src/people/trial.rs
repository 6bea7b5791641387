//! One session of a player and Segue: the settings, what is played, and where Segue has room.

use super::figures::{Figures, Ground, Timed};
use super::rendition::{EARLY, Rendition};
use super::repertoire::Style;
use crate::blocks::Blocks;
use crate::bundle::Bundle;
use crate::performance::{Fault, lines};
use crate::preset::{self, Preset};
use crate::score::Score;
use crate::session::Session;
use anyhow::{Result, ensure};
use segue_model::chart::Chart;
use segue_model::note::Ticks;
use std::fmt::Display;
use std::ops::Range;

/// The block size of every session.
const BLOCKS: Blocks = Blocks::Of(512);

/// Who plays when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Segue answers when the player leaves room.
    Answer,
    /// Both have the same number of bars in turn.
    Trade,
    /// Both play all the time.
    Duet,
}

impl Mode {
    /// All modes, in the plugin's order.
    pub const ALL: [Self; 3] = [Self::Answer, Self::Trade, Self::Duet];

    /// The name that the plugin uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "Answer",
            Self::Trade => "Trade",
            Self::Duet => "Duet",
        }
    }
}

/// A session to be played.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Parameters by name, with values as a musician would type them.
    pub settings: Vec<(String, String)>,
    /// The preset to start from; the settings come after it.
    pub preset: Option<Preset>,
    /// What the player plays.
    pub rendition: Rendition,
    /// Where Segue may play, in quarter notes.
    pub rooms: Vec<Range<f64>>,
    /// The length of the host's loop in bars, if it has one.
    pub loop_bars: Option<i64>,
    /// For each room, where Segue's first note may begin; empty if that is not checked.
    pub begins: Vec<Vec<f64>>,
    /// For each room, where a loop goes back in the middle of an answer, if it does.
    pub seams: Vec<Option<f64>>,
    /// Where the player plays a steady row of notes. However short the keys are held, it contains no gap.
    pub steady: Vec<Range<f64>>,
    /// Whether Segue must find the chords itself, from what the player holds.
    pub hides_chart: bool,
}

impl Trial {
    /// Segue plays along all the time.
    pub fn duet(style: &str, rendition: Rendition) -> Self {
        let rooms = vec![0.0..rendition.length];
        Self::new(style, Mode::Duet, rendition, rooms)
    }

    /// Segue answers in the rests between turns of this many bars.
    pub fn answer(style: &str, rendition: &Rendition, played: i64, rest: i64) -> Self {
        let turns = rendition.in_turns(played, rest);
        let turn = played as f64 * turns.bar();
        let mut rooms = rooms(&turns, played, rest);
        // A player who has not played anything yet gets no answer.
        let is_in = |room: &Range<f64>, down: f64| (room.start - turn - EARLY..room.start).contains(&down);
        let is_answer = |room: &Range<f64>| turns.keys.iter().any(|key| is_in(room, key.down));
        rooms.retain(is_answer);
        Self::new(style, Mode::Answer, turns, rooms).set("Answer length", rest)
    }

    /// The same where each of the player's turns is a steady row of notes: from its second note on, one can tell when
    /// the next is due.
    pub fn answer_to_a_row(style: &str, rendition: &Rendition, played: i64, rest: i64) -> Self {
        let mut trial = Self::answer(style, rendition, played, rest);
        let turn = played as f64 * rendition.bar();
        let row = |room: &Range<f64>| {
            let keys = trial.rendition.keys.iter().map(|key| key.down);
            let mut inside = keys.filter(|down| (room.start - turn - EARLY..room.start).contains(down));
            inside.nth(1).map(|second| second..inside.next_back().unwrap_or(second))
        };
        let steady = trial.rooms.iter().filter_map(row).collect();
        trial.steady = steady;
        trial
    }

    /// Both have this many bars in turn, the player first.
    pub fn trade(style: &str, rendition: &Rendition, bars: i64) -> Self {
        let turns = rendition.in_turns(bars, bars);
        let rooms = rooms(&turns, bars, bars);
        let length = if bars == 1 { "1 bar".to_owned() } else { format!("{bars} bars") };
        Self::new(style, Mode::Trade, turns, rooms).set("Trade", length)
    }

    /// A loop of `bars` bars with a phrase of `phrase` quarter notes that begins at `place` and is played in every
    /// round; Segue answers. Its first note begins on the first eighth after the gap, or on the loop's first beat if
    /// that comes sooner after the gap begins.
    pub fn answer_in_loop(style: Style, played: &Rendition, bars: i64, phrase: f64, place: f64) -> Self {
        /// The usual gap, in quarter notes at 120 bpm.
        const GAP: f64 = 0.2;
        /// There must be room for a note behind the seam, and an answer of four bars must still be going on.
        const BARELY: f64 = 2.0;
        const MOST_OF_ANSWER: f64 = 10.0;
        let round = bars as f64 * played.bar();
        let phrases = played.in_phrases(phrase, round - phrase).later(place);
        let (mut rooms, mut begins, mut seams) = (Vec::new(), Vec::new(), Vec::new());
        for number in
            (0_u32..).map(f64::from).take_while(|number| (number + 1.0).mul_add(round, place) <= phrases.length)
        {
            let begin = number.mul_add(round, place) + phrase;
            let up = phrases.keys.iter().map(|key| key.up).filter(|up| *up <= begin).fold(0.0, f64::max);
            let on_grid = first_eighth(up + GAP, style.swing());
            let line = (up / round).ceil() * round;
            let next = begin + round - phrase;
            if on_grid + 1.0 <= next {
                rooms.push(begin.min(line)..next);
                begins.push(vec![on_grid, line]);
                let in_mid_answer = on_grid + 1.0 <= line && line + BARELY <= next && line - on_grid <= MOST_OF_ANSWER;
                seams.push(in_mid_answer.then_some(line));
            }
        }
        let trial = Self::new(style.name(), Mode::Answer, phrases, rooms);
        Self { begins, seams, loop_bars: Some(bars), ..trial }
    }

    /// A preset that ships: its style, settings, chords and tempo.
    ///
    /// # Errors
    /// If there is no preset with this name.
    pub fn preset(name: &str, rendition: Rendition) -> Result<Self> {
        let mut trial = Self { settings: Vec::new(), ..Self::duet("", rendition) };
        trial.preset = Some(preset::find(name)?);
        Ok(trial)
    }

    fn new(style: &str, mode: Mode, rendition: Rendition, rooms: Vec<Range<f64>>) -> Self {
        let trial = Self {
            settings: Vec::new(),
            preset: None,
            rendition,
            rooms,
            loop_bars: None,
            begins: Vec::new(),
            seams: Vec::new(),
            steady: Vec::new(),
            hides_chart: false,
        };
        trial.set("Style", style).set("Mode", mode.name())
    }

    /// Sets a parameter to a value; an earlier setting of it is replaced.
    #[must_use]
    pub fn set(mut self, parameter: &str, value: impl Display) -> Self {
        self.settings.retain(|(name, _)| name != parameter);
        self.settings.push((parameter.to_owned(), value.to_string()));
        self
    }

    /// Makes Segue take the chords from what is played below middle C.
    #[must_use]
    pub fn chords_by_left_hand(self) -> Self {
        Self { hides_chart: true, ..self.set("Chords", "Left hand") }
    }

    /// What a host plays.
    pub fn score(&self) -> Score {
        let loops = |bars| self.rendition.score_in_loop(bars);
        let mut score = self.loop_bars.map_or_else(|| self.rendition.score(), loops);
        if self.hides_chart {
            score.fields.clear();
        }
        score
    }

    /// Plays it to a new instance and returns Segue's notes, in order of onset.
    ///
    /// # Errors
    /// If the plugin rejects a setting, reports an error, or breaks the rules of note-on and note-off.
    pub fn play(&self, bundle: &Bundle) -> Result<Vec<Timed>> {
        let mut instance = bundle.open()?;
        let mut score = self.score();
        if let Some(preset) = &self.preset {
            preset.begin(&mut score, &mut instance)?;
        }
        // Nobody listens, and the sound would cost more time than the notes.
        instance.set("Sound", "Off")?;
        for (name, text) in &self.settings {
            instance.set(name, text)?;
        }
        let performance = Session::render(BLOCKS).play(&mut instance, &score)?;
        let (notes, mut faults) = performance.notes();
        // A style in free time plays on after the song has stopped.
        let stop = self.rendition.frame(self.rendition.length);
        faults.retain(|fault| !matches!(fault, Fault::NeverEnds { at, .. } if *at >= stop));
        ensure!(faults.is_empty(), "{}", lines(&faults));
        Ok(notes.iter().map(|note| Timed::sounded(note, &score.timeline)).collect())
    }

    /// Counts in a line from this session; `swing` is Segue's.
    ///
    /// # Panics
    /// If the chart cannot be read.
    pub fn figures(&self, line: &[Timed], swing: f64) -> Figures {
        let rendition = &self.rendition;
        let chart = Chart::parse(&rendition.chords.join(" | ")).unwrap_or_else(|error| panic!("{error}"));
        let round = self.loop_bars.map_or(f64::INFINITY, |bars| bars as f64 * rendition.bar());
        let chord_at = |beats: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "some bars")]
            let moment = Ticks((if round.is_finite() { beats % round } else { beats } * 48.0).floor() as i64);
            chart.as_ref()?.at(moment, rendition.metre)
        };
        let beat = rendition.metre.beat().0 as f64 / 48.0;
        // Metres that count eighths do not swing.
        let swing = if rendition.metre.denominator > 4 { 0.5 } else { swing };
        Figures::of(
            line,
            &Ground {
                rooms: &self.rooms,
                begins: &self.begins,
                seams: &self.seams,
                steady: &self.steady,
                swing,
                beat,
                chord_at: &chord_at,
            },
        )
    }
}

/// The first eighth at or after a moment.
fn first_eighth(moment: f64, swing: f64) -> f64 {
    let beat = moment.floor();
    let eighths = [beat, beat + swing, beat + 1.0];
    eighths.into_iter().find(|eighth| *eighth >= moment).unwrap_or(beat + 1.0)
}

/// The rests between turns.
fn rooms(turns: &Rendition, played: i64, rest: i64) -> Vec<Range<f64>> {
    let bar = turns.bar();
    let (turn, whole) = (played as f64 * bar, (played + rest) as f64 * bar);
    let begins = (0_u32..).map(|number| f64::from(number) * whole).take_while(|begin| *begin < turns.length);
    begins.map(|begin| begin + turn..begin + whole).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Player, patterns};
    use super::*;

    #[test]
    fn rooms_are_the_rests_between_turns() {
        let played = Player::exact(1).plays(&patterns::steady_quarters(4));
        let trial = Trial::answer("Irish", &played, 2, 4);
        assert_eq!(trial.rooms, [8.0..24.0, 32.0..48.0]);
        assert!((trial.rendition.length - 48.0).abs() < 1e-9);
        assert!(trial.rendition.keys.iter().all(|key| !trial.rooms.iter().any(|room| room.contains(&key.down))));
        assert!(trial.settings.contains(&("Answer length".to_owned(), "4".to_owned())));
    }

    /// In a loop, the room for an answer may cross the loop's end; the answer starts on an eighth or on the loop's
    /// first beat.
    #[test]
    fn in_a_loop_answers_start_on_an_eighth_or_the_first_beat() {
        let played = Player::exact(1).gate(90.0, 0.0).plays(&patterns::steady_eighths(6));
        let check = |style, place, rooms: &[Range<f64>], begins: &[f64], seam| {
            let trial = Trial::answer_in_loop(style, &played, 4, 8.0, place);
            assert_eq!((&trial.rooms[..2], trial.rooms.len()), (rooms, trial.begins.len()), "at {place}");
            assert_eq!(trial.seams[0], seam, "at {place}");
            assert!(trial.begins[0].iter().zip(begins).all(|(one, other)| (one - other).abs() < 1e-9), "at {place}");
        };
        check(Style::Irish, 0.0, &[8.0..16.0, 24.0..32.0], &[8.5, 16.0], None);
        check(Style::Jazz, 8.0, &[16.0..24.0, 32.0..40.0], &[16.62, 16.0], None);
        check(Style::Irish, 14.0, &[22.0..30.0, 38.0..46.0], &[22.5, 32.0], None);
        check(Style::Irish, 4.0, &[12.0..20.0, 28.0..36.0], &[12.5, 16.0], Some(16.0));
    }
}
