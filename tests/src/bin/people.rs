//! Prints the standing table: Segue with people in every style and mode, beside the music that it was trained on.
//!
//! Started by `cargo xtask people`, which builds the plugin first.

use anyhow::{Context, Result, bail};
use segue_tests::people::cases::Part;
use segue_tests::people::repertoire::Style;
use segue_tests::people::{limits, real, sessions, table};
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Enough to see what is wrong; the nightly run has more.
const USUAL_SEEDS: u64 = 4;

const USAGE: &str = "usage: cargo xtask people [--style jazz | blues | folk | irish | piano] [--seeds N] \
    [--first-seed N] [--part modes | presets | gates | detached | habits | loops | loudness | recorded] \
    [--data FOLDER] [--tsv FILE]";

fn main() -> ExitCode {
    match Wanted::from_arguments(std::env::args().skip(1)).and_then(|wanted| wanted.play()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("people: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The user's options.
struct Wanted {
    plugin: PathBuf,
    styles: Vec<Style>,
    parts: Vec<Part>,
    /// The seeds of each row's sessions.
    seeds: Range<u64>,
    /// The training data, from which recorded players and the rows of real music are read.
    data: Option<PathBuf>,
    tsv: Option<PathBuf>,
}

impl Wanted {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let (mut plugin, mut data, mut tsv) = (None, None, None);
        let (mut styles, mut parts, mut seeds) = (Vec::new(), Vec::new(), USUAL_SEEDS);
        let mut first_seed: u64 = 0;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value; {USAGE}"));
            match argument.as_str() {
                "--plugin" => plugin = Some(PathBuf::from(value()?)),
                "--data" => data = Some(PathBuf::from(value()?)),
                "--tsv" => tsv = Some(PathBuf::from(value()?)),
                "--style" => {
                    let name = value()?;
                    styles.push(Style::of_name(&name).with_context(|| format!("there is no style {name}; {USAGE}"))?);
                }
                "--part" => {
                    let name = value()?;
                    parts.push(Part::of_name(&name).with_context(|| format!("there is no part {name}; {USAGE}"))?);
                }
                "--seeds" => {
                    let text = value()?;
                    seeds = text.parse().ok().filter(|seeds| *seeds > 0).with_context(|| {
                        format!("--seeds takes a whole number above zero, not {text}; such as `--seeds 20`")
                    })?;
                }
                "--first-seed" => {
                    let text = value()?;
                    first_seed = text.parse().with_context(|| {
                        format!("--first-seed takes a whole number, not {text}; such as `--first-seed 20`")
                    })?;
                }
                other => bail!("there is no option {other}; {USAGE}"),
            }
        }
        let or_all = |given: Vec<Style>| if given.is_empty() { Style::ALL.to_vec() } else { given };
        Ok(Self {
            plugin: plugin.with_context(|| format!("--plugin names the built plugin; {USAGE}"))?,
            styles: or_all(styles),
            parts: if parts.is_empty() { Part::ALL.to_vec() } else { parts },
            seeds: first_seed..first_seed + seeds,
            data,
            tsv,
        })
    }

    fn play(&self) -> Result<()> {
        let begun = Instant::now();
        let mut rows = Vec::new();
        if let Some(data) = &self.data {
            for style in &self.styles {
                rows.extend(real::rows(data, *style)?);
            }
        }
        for part in &self.parts {
            let cases = part.cases(&self.styles, self.data.as_deref(), &self.seeds)?;
            rows.extend(sessions::play(&self.plugin, &cases, sessions::threads())?);
        }
        print!("{}", table::text(&rows));
        for row in &rows {
            if let Some(step) = limits::answered_louder(&rows, row) {
                println!("{}, {}, {}: louder by 20 is answered by {step:+.1}", row.style, row.mode, row.number);
            }
        }
        let breaches = limits::breaches(&rows);
        for breach in &breaches {
            let known = if limits::is_known(breach) { ", as expected" } else { "" };
            println!("over the limit{known}: {breach}");
        }
        if let Some(path) = &self.tsv {
            let written = std::fs::write(path, table::tsv(&rows));
            written.with_context(|| format!("{}: cannot be written", path.display()))?;
        }
        println!("{} rows, {} over a limit, in {:.0} s", rows.len(), breaches.len(), begun.elapsed().as_secs_f64());
        Ok(())
    }
}
