//! The standing table: rows of figures, for people and for other programs.

use super::figures::Figures;
use std::fmt::Write;

/// One row: what was played, and its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The style, or whose music it is.
    pub style: String,
    /// The mode or the preset.
    pub mode: String,
    /// What the player played.
    pub number: String,
    /// The figures of all sessions of the row together.
    pub figures: Figures,
    /// Whether there are beats; in free time there are none.
    pub has_beats: bool,
}

type Cell = fn(&Row) -> Option<f64>;

/// A column: its title, its number of decimals, and its figure.
struct Column {
    title: &'static str,
    places: usize,
    cell: Cell,
}

const fn column(title: &'static str, places: usize, cell: Cell) -> Column {
    Column { title, places, cell }
}

#[rustfmt::skip]
const COLUMNS: [Column; 23] = [
    column("lines", 0, |row| Some(row.figures.densities.len() as f64)),
    column("notes a beat", 2, |row| Some(row.figures.density())),
    column("least", 2, |row| row.figures.densities.iter().copied().reduce(f64::min)),
    column("most", 2, |row| row.figures.densities.iter().copied().reduce(f64::max)),
    column("longest silence", 1, |row| Some(row.figures.longest_silence())),
    column("rare silence", 1, |row| Some(row.figures.rare_silence())),
    column("silent over 8 %", 1, |row| Some(row.figures.long_silences_percent())),
    column("off grid %", 1, |row| row.has_beats.then(|| row.figures.off_grid_percent())),
    column("chord tones %", 0, |row| row.figures.chord_tones_percent().filter(|_| row.has_beats)),
    column("median length", 2, |row| Some(row.figures.median_length())),
    column("under a 32nd %", 1, |row| Some(row.figures.blips_percent())),
    column("velocity", 0, |row| Some(row.figures.loudness().0)),
    column("spread", 1, |row| Some(row.figures.loudness().1)),
    column("step", 1, |row| Some(row.figures.velocity_step())),
    column("accent", 1, |row| row.figures.accent().filter(|_| row.has_beats)),
    column("turns", 0, |row| Some(row.figures.rooms as f64)),
    column("never came", 0, |row| Some(row.figures.empty_rooms as f64)),
    column("under 4 notes", 0, |row| Some(row.figures.poor_rooms as f64)),
    column("begun elsewhere", 0, |row| Some(row.figures.misplaced as f64)),
    column("cut at seam", 0, |row| Some(row.figures.cut as f64)),
    column("inter- rupting", 0, |row| Some(row.figures.interrupting as f64)),
    column("notes", 0, |row| Some(row.figures.notes as f64)),
    column("intruding", 0, |row| Some(row.figures.intruding as f64)),
];

/// The table as text in columns.
pub fn text(rows: &[Row]) -> String {
    let heads = rows.iter().map(|row| format!("{}, {}, {}", row.style, row.mode, row.number));
    let width = heads.clone().map(|head| head.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    // The words of a title stand below each other.
    let words: Vec<Vec<&str>> = COLUMNS.iter().map(|column| column.title.split(' ').collect()).collect();
    let lines = words.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..lines {
        let _infallible = write!(out, "{:width$}", "");
        for (column, words) in COLUMNS.iter().zip(&words) {
            let word = (line + words.len()).checked_sub(lines).and_then(|word| words.get(word)).unwrap_or(&"");
            let _infallible = write!(out, " {word:>0$}", column.width());
        }
        out.push('\n');
    }
    for (head, row) in heads.zip(rows) {
        let _infallible = write!(out, "{head:width$}");
        for column in &COLUMNS {
            let _infallible = write!(out, " {:>1$}", column.shown(row), column.width());
        }
        out.push('\n');
    }
    out
}

/// The table as tab-separated values with a line of titles.
pub fn tsv(rows: &[Row]) -> String {
    let titles = COLUMNS.iter().map(|column| column.title);
    let mut out = ["style", "mode", "number"].into_iter().chain(titles).collect::<Vec<_>>().join("\t") + "\n";
    for row in rows {
        let head = [row.style.clone(), row.mode.clone(), row.number.clone()];
        let cells = COLUMNS.iter().map(|column| column.shown(row));
        out += &(head.into_iter().chain(cells).collect::<Vec<_>>().join("\t") + "\n");
    }
    out
}

impl Column {
    /// As wide as the longest word of its title; no figure is longer than six characters.
    fn width(&self) -> usize {
        self.title.split(' ').map(str::len).max().unwrap_or(0).max(6)
    }

    fn shown(&self, row: &Row) -> String {
        (self.cell)(row).map_or_else(|| "-".to_owned(), |figure| format!("{figure:.0$}", self.places))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_figure_or_a_dash_in_every_column() {
        let figures = Figures { densities: vec![1.0, 2.0], rooms: 3, empty_rooms: 2, ..Figures::default() };
        let row = |has_beats| Row {
            style: "Jazz".into(),
            mode: "Duet".into(),
            number: "quarters".into(),
            figures: figures.clone(),
            has_beats,
        };
        let rows = [row(true), row(false)];
        let table = tsv(&rows);
        let cells: Vec<usize> = table.lines().map(|line| line.split('\t').count()).collect();
        assert_eq!(cells, [COLUMNS.len() + 3; 3]);
        assert!(
            table
                .lines()
                .nth(1)
                .unwrap()
                .starts_with("Jazz\tDuet\tquarters\t2\t1.50\t1.00\t2.00\t0.0\t0.0\t0.0\t0.0\t-")
        );
        assert!(table.lines().nth(2).unwrap().contains("2.00\t0.0\t0.0\t0.0\t-\t-"));
        let lines: Vec<usize> = text(&rows).lines().map(|line| line.chars().count()).collect();
        assert!(lines.iter().all(|length| *length == lines[0]), "{lines:?}");
    }
}
