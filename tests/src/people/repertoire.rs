//! What is played in each style: what people try first, a tune of the style, and left hands. All of it ships or is made
//! here.

use super::music::Music;
use super::patterns::{self, BLUES, DANCE, TURNAROUND};
use super::player::Player;
use super::rendition::Rendition;
use anyhow::Result;
use segue_model::note::Ticks;

/// A style that ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Learnt from solos; swings.
    Jazz,
    /// Learnt from solos over a blues; swings.
    Blues,
    /// Learnt from notation.
    Folk,
    /// Learnt from notation.
    Irish,
    /// Learnt from recordings, in free time.
    Piano,
}

impl Style {
    /// All styles, in the plugin's order.
    pub const ALL: [Self; 5] = [Self::Jazz, Self::Blues, Self::Folk, Self::Irish, Self::Piano];

    /// The name that the plugin uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jazz => "Jazz",
            Self::Blues => "Blues",
            Self::Folk => "Folk",
            Self::Irish => "Irish",
            Self::Piano => "Piano",
        }
    }

    /// The style with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.name().eq_ignore_ascii_case(name))
    }

    /// Where Segue plays the second eighth of a beat in this style.
    pub const fn swing(self) -> f64 {
        match self {
            Self::Jazz | Self::Blues => 0.62,
            Self::Folk | Self::Irish | Self::Piano => 0.5,
        }
    }

    /// Whether it has beats: in free time there is no grid.
    pub const fn has_beats(self) -> bool {
        !matches!(self, Self::Piano)
    }

    /// The folder with its training data.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Jazz => "jazz",
            Self::Blues => "blues",
            Self::Folk => "folk",
            Self::Irish => "irish",
            Self::Piano => "piano",
        }
    }

    /// The chords that go with its patterns.
    const fn chords(self) -> &'static [&'static str] {
        match self {
            Self::Jazz => &TURNAROUND,
            Self::Blues => &BLUES,
            Self::Folk => &DANCE,
            Self::Irish | Self::Piano => &[],
        }
    }

    /// A tune of the style: book and number.
    const fn tune(self) -> (&'static str, u32) {
        match self {
            Self::Jazz => ("jazz", 1),
            Self::Blues => ("blues", 1),
            Self::Folk => ("folk", 2),
            Self::Irish => ("oneills", 1348),
            Self::Piano => ("piano", 2),
        }
    }
}

/// A piece to play, and what the player's hands do.
#[derive(Debug, Clone)]
pub struct Number {
    /// Its name in the table.
    pub name: &'static str,
    /// The piece as it is notated.
    pub music: Music,
    /// How often the pedal is changed, if it is used.
    pub pedal: Option<Ticks>,
    /// Whether a left hand plays the chords, so that *Chords* may be set to listen there.
    pub has_left_hand: bool,
}

impl Number {
    fn new(name: &'static str, music: Music) -> Self {
        Self { name, music, pedal: None, has_left_hand: false }
    }

    /// The number as this player plays it.
    pub fn played_by(&self, player: Player) -> Rendition {
        Player { pedal: self.pedal.or(player.pedal), ..player }.plays(&self.music)
    }
}

/// A melody in quarters and eighths with rests, over the chords of a dance.
fn air(bars: i64) -> Music {
    let keys = [72, 0, 76, 74, 72, 0, 79, 77, 76, 0, 72, 74, 76, 74, 72, 0];
    patterns::row("air", &keys, Ticks(24), bars)
}

/// What is played in a style, each number with this many bars.
///
/// # Errors
/// If a tune that ships cannot be read.
pub fn numbers(style: Style, bars: i64) -> Result<Vec<Number>> {
    let over = |music: Music| if style.chords().is_empty() { music } else { music.over(style.chords()) };
    let (book, number) = style.tune();
    let tune = Music::shipped(book, number)?.for_bars(bars).swung(style.swing());
    let mut numbers = vec![
        Number::new("quarters", over(patterns::steady_quarters(bars))),
        Number::new("swung eighths", over(patterns::swung_eighths(bars))),
        Number::new("tune", tune),
        Number::new("ostinato", over(patterns::ostinato(bars))),
        Number::new("held note", over(patterns::held_note(bars))),
    ];
    let (name, left, pedal) = match style {
        Style::Jazz => ("stride", patterns::stride(&TURNAROUND, bars), None),
        Style::Blues => ("riff", over(patterns::riff(bars)), None),
        Style::Folk => ("Alberti", patterns::alberti(&DANCE, bars), None),
        Style::Irish => ("drone", patterns::drone(bars), None),
        Style::Piano => ("arpeggio", patterns::arpeggio(&DANCE, bars), Some(Ticks(96))),
    };
    let has_left_hand = matches!(style, Style::Jazz | Style::Folk | Style::Piano);
    let music = if has_left_hand { left.with(&air(bars)) } else { left };
    numbers.push(Number { pedal, has_left_hand, ..Number::new(name, music) });
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_style_has_its_numbers_in_whole_bars() {
        for style in Style::ALL {
            let numbers = numbers(style, 8).unwrap();
            assert_eq!(numbers.len(), 6, "{style:?}");
            for number in numbers {
                assert_eq!(number.music.bars(), 8, "{style:?}, {}", number.name);
                assert!(!number.played_by(Player::person(1)).keys.is_empty(), "{style:?}, {}", number.name);
            }
            assert_eq!(Style::of_name(&style.name().to_lowercase()), Some(style));
        }
    }
}
