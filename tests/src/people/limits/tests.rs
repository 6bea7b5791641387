use super::super::cases::LOOPS;
use super::*;

/// A row within every limit.
fn sound(style: Style, mode: &str, number: &str, velocity: f64) -> Row {
    let own = own(style);
    let figures = Figures {
        densities: vec![own.notes_a_beat; 20],
        silences: vec![1.0; 20],
        notes: 1_000,
        lengths: vec![0.5; 1_000],
        velocities: vec![velocity; 1_000],
        rooms: 100,
        ..Figures::default()
    };
    Row {
        style: style.name().to_owned(),
        mode: mode.to_owned(),
        number: number.to_owned(),
        figures,
        has_beats: style.has_beats(),
    }
}

/// A table of every kind of row in every style.
fn table() -> Vec<Row> {
    let mut rows = Vec::new();
    for style in Style::ALL {
        for mode in ["Answer", "Trade", "Duet"] {
            rows.push(sound(style, mode, "tune", 80.0));
            rows.extend(LOUDNESS.map(|loudness| sound(style, mode, &format!("tune at {loudness}"), loudness)));
        }
        rows.extend(GATES.map(|gate| sound(style, "Trade", &format!("tune at {gate} %"), 80.0)));
        let (bars, phrase, place) = LOOPS[0];
        rows.push(sound(style, "Answer", &format!("{phrase} beats at {place} in {bars} bars"), 80.0));
        rows.push(sound(style, "Second voice", "tune", 80.0));
    }
    rows
}

/// A name, the rows that are changed, the change, the limit that must be broken, and others that may be.
type Planted = (&'static str, fn(&Row) -> bool, fn(&mut Figures), &'static [Limit]);

const IS_DUET: fn(&Row) -> bool = |row| row.mode == "Duet" && row.number == "tune";
const IS_SHORT: fn(&Row) -> bool = |row| row.number == "tune at 30 %";
const IS_TRADE: fn(&Row) -> bool = |row| row.mode == "Trade" && row.number == "tune";

const FAULTS: [Planted; 16] = [
    ("one line falls silent", IS_DUET, |figures| figures.silences[3] = 90.0, &[Limit::Silence]),
    (
        "many lines are silent for a while",
        IS_DUET,
        |figures| figures.silences = vec![8.1; 20],
        &[Limit::Silences, Limit::Silence],
    ),
    ("a third of the notes is missing", IS_DUET, |figures| figures.densities.fill(0.8), &[Limit::Density]),
    (
        "a preset falls silent with one seed",
        |row| row.mode == "Second voice",
        |figures| figures.densities[0] = 0.1,
        &[Limit::Seeds],
    ),
    ("a preset is silent", |row| row.mode == "Second voice", |figures| figures.silences[0] = 90.0, &[Limit::Silence]),
    ("short keys make it busy", IS_SHORT, |figures| figures.densities.fill(9.0), &[Limit::GateDensity]),
    ("short keys push it off the grid", IS_SHORT, |figures| figures.off_grid = 200, &[Limit::GateGrid]),
    ("a round of a loop is not answered", is_in_loop, |figures| figures.empty_rooms = 1, &[Limit::LoopAnswered]),
    ("an answer in a loop begins late", is_in_loop, |figures| figures.misplaced = 1, &[Limit::LoopBegin]),
    ("answers in a loop are cut", is_in_loop, |figures| (figures.seams, figures.cut) = (20, 10), &[Limit::LoopCut]),
    ("it jumps", IS_DUET, |figures| figures.velocity_steps = vec![30.0; 500], &[Limit::Jumps]),
    ("it breaks in", IS_TRADE, |figures| figures.interrupting = 1, &[Limit::Interrupts]),
    ("it stutters", IS_TRADE, |figures| figures.blips = 400, &[Limit::Blips]),
    (
        "it is as loud as before",
        |row| row.number == "tune at 70",
        |figures| figures.velocities.fill(52.0),
        &[Limit::Louder],
    ),
    ("a turn has no note", IS_TRADE, |figures| figures.empty_rooms = 1, &[Limit::NeverCame]),
    ("turns have three notes", IS_TRADE, |figures| figures.poor_rooms = 20, &[Limit::FewNotes]),
];

/// In every style, each limit catches the fault that is planted for it, and nothing else.
#[test]
fn each_limit_catches_its_planted_fault_and_nothing_else() {
    let sound = table();
    assert_eq!(breaches(&sound), []);
    let mut seen: Vec<Limit> = Vec::new();
    for (fault, place, plant, limits) in FAULTS {
        for style in Style::ALL {
            let mut rows = sound.clone();
            let row = rows.iter_mut().find(|row| row.style == style.name() && place(row));
            plant(&mut row.unwrap_or_else(|| panic!("{fault}: there is such a row")).figures);
            let caught: Vec<Limit> = breaches(&rows).iter().map(|breach| breach.limit).collect();
            let is_meant = caught.contains(&limits[0]) && caught.iter().all(|limit| limits.contains(limit));
            assert!(is_meant, "{fault}, {style:?}: {caught:?}");
        }
        seen.push(limits[0]);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 15, "each limit has its own fault");
}
