//! Segue with simulated people: the standing table keeps its limits.
//!
//! A few loops in `cargo xtask test`, the whole table in `cargo xtask test --nightly`; rendered.

use segue_tests::bundle::{Bundle, checked_folder};
use segue_tests::people::cases::Part;
use segue_tests::people::figures::Timed;
use segue_tests::people::limits::{Limit, NOT_YET, breaches, is_known};
use segue_tests::people::repertoire::Style;
use segue_tests::people::sessions::{self, Case};
use segue_tests::people::table::{self, Row};
use segue_tests::people::trial::Trial;
use segue_tests::people::{Player, patterns};

/// Set by `cargo xtask test --nightly`.
const NIGHTLY: &str = "SEGUE_NIGHTLY";
/// Enough for a mean to show the style and not chance.
const SEEDS_OF_A_NIGHT: u64 = 20;

fn play(cases: &[Case]) -> Vec<Row> {
    let plugin = checked_folder().join("Segue.clap");
    sessions::play(&plugin, cases, sessions::threads()).unwrap_or_else(|error| panic!("{error:#}"))
}

fn rows(parts: &[Part], styles: &[Style], seeds: u64) -> Vec<Row> {
    let cases = |part: &Part| part.cases(styles, None, &(0..seeds)).unwrap_or_else(|error| panic!("{error:#}"));
    play(&parts.iter().flat_map(cases).collect::<Vec<_>>())
}

/// Limits that are known not to hold yet are printed, and so are those among them that hold now.
#[test]
fn the_standing_table_keeps_its_limits() {
    let rows = if std::env::var_os(NIGHTLY).is_some() {
        rows(&Part::ALL, &Style::ALL, SEEDS_OF_A_NIGHT)
    } else {
        rows(&[Part::Loops], &[Style::Irish, Style::Jazz], 1)
    };
    print!("{}", table::text(&rows));
    let mut breaches = breaches(&rows);
    if std::env::var_os(NIGHTLY).is_none() {
        // A mean over many notes means nothing for so few.
        breaches.retain(|breach| [Limit::LoopAnswered, Limit::LoopBegin, Limit::LoopCut].contains(&breach.limit));
    }
    let (known, new): (Vec<_>, Vec<_>) = breaches.iter().partition(|breach| is_known(breach));
    for breach in &known {
        println!("over the limit, as expected: {breach}");
    }
    if std::env::var_os(NIGHTLY).is_some() {
        for (limit, styles) in NOT_YET {
            let is_over = |style: &Style| breaches.iter().any(|it| it.limit == *limit && it.style == style.name());
            for style in styles.iter().filter(|style| !is_over(style)) {
                println!("{limit:?} holds now in {style:?}: remove it from the known breaches");
            }
        }
    }
    let new: Vec<String> = new.iter().map(ToString::to_string).collect();
    assert!(new.is_empty(), "{}", new.join("\n"));
}

/// The limits that this line breaks in a duet.
fn judged(style: Style, trial: &Trial, line: &[Timed]) -> Vec<Limit> {
    let figures = trial.figures(line, style.swing());
    let row = Row {
        style: style.name().to_owned(),
        mode: "Duet".to_owned(),
        number: "held note".to_owned(),
        figures,
        has_beats: true,
    };
    breaches(&[row]).iter().map(|breach| breach.limit).collect()
}

#[test]
fn a_recording_that_was_doctored_is_over_the_limits() {
    let style = Style::Irish;
    let played = Player::person(1).plays(&patterns::held_note(16));
    let trial = Trial::duet(style.name(), played).set("Seed", 1);
    let line = trial.play(&Bundle::checked()).unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(judged(style, &trial, &line), []);
    let hole: Vec<Timed> = line.iter().copied().filter(|note| !(20.0..30.0).contains(&note.onset)).collect();
    assert_eq!(judged(style, &trial, &hole), [Limit::Silence, Limit::Silences]);
    let thin: Vec<Timed> = line.iter().copied().step_by(2).collect();
    assert_eq!(judged(style, &trial, &thin), [Limit::Density]);
    let mut clipped = line;
    clipped[7].end = clipped[7].onset + 0.1;
    assert_eq!(judged(style, &trial, &clipped), [Limit::Blips]);
}

/// The rows of loudness, in which Segue hears the player, and the same rows in which it does not.
#[test]
fn a_player_whose_notes_are_ignored_is_not_answered_louder() {
    let heard = Part::Loudness.cases(&[Style::Irish], None, &(0..1)).expect("the tune ships");
    let mut ignored = heard.clone();
    for trial in ignored.iter_mut().flat_map(|case| &mut case.trials) {
        // The player plays on the first channel.
        *trial = trial.clone().set("Input channel", "5");
    }
    let limits = |cases: &[Case]| breaches(&play(cases)).iter().map(|breach| breach.limit).collect::<Vec<_>>();
    assert_eq!(limits(&heard).iter().filter(|limit| **limit == Limit::Louder).count(), 0);
    assert!(limits(&ignored).iter().filter(|limit| **limit == Limit::Louder).count() >= 4);
}
