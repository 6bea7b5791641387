//! Totals of what was played and found, over all processes that play.
//!
//! Each process reports its part in one line, and the process that started it reads that line. So the final figures
//! cover the whole run, even if one process found a fault.

use std::fmt;
use std::ops::AddAssign;

/// The start of such a line.
const PART: &str = "part of the random host:";

/// The figures of one process, or of all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Sequences that were played and checked.
    pub sequences: u64,
    /// The length of their music, in milliseconds.
    pub milliseconds: u64,
    /// Notes that the plugin began; each was followed to its end.
    pub notes: u64,
    /// Sequences that were played twice more: unchanged, and in other blocks.
    pub again: u64,
    /// Sequences that broke a rule.
    pub faulty: u64,
}

impl Tally {
    /// The line that the adding process reads.
    pub fn line(&self) -> String {
        let [sequences, milliseconds, notes, again, faulty] = self.numbers();
        format!("{PART} {sequences} {milliseconds} {notes} {again} {faulty}")
    }

    /// Finds and reads that line in a text; `None` if there is none.
    pub fn read(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix(PART))?;
        let numbers: Vec<u64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
        let [sequences, milliseconds, notes, again, faulty] = numbers[..] else { return None };
        Some(Self { sequences, milliseconds, notes, again, faulty })
    }

    const fn numbers(&self) -> [u64; 5] {
        let Self { sequences, milliseconds, notes, again, faulty } = *self;
        [sequences, milliseconds, notes, again, faulty]
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.sequences += other.sequences;
        self.milliseconds += other.milliseconds;
        self.notes += other.notes;
        self.again += other.again;
        self.faulty += other.faulty;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PER_MINUTE: u64 = 60_000;
        let Self { sequences, milliseconds, notes, again, faulty } = self;
        // Rounded, because a sequence is not exactly a minute.
        let minutes = (milliseconds + PER_MINUTE / 2) / PER_MINUTE;
        write!(
            out,
            "{sequences} sequences of {minutes} minutes in all, {notes} notes followed to their ends, \
             {again} played again, {faulty} at fault"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Tally = Tally { sequences: 1000, milliseconds: 60_000_100, notes: 299_792, again: 175, faulty: 2 };
    const OTHER: Tally = Tally { sequences: 999, milliseconds: 59_939_900, notes: 8, again: 1, faulty: 1 };

    #[test]
    fn what_a_part_tells_is_read_among_other_lines() {
        let text = format!("sequence 7\n{}\nthread panicked\n", ONE.line());
        assert_eq!(Tally::read(&text), Some(ONE));
        for broken in ["", "sequence 7", "part of the random host: 1 2 3 4", "part of the random host: 1 2 3 4 x"] {
            assert_eq!(Tally::read(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let mut whole = Tally::default();
        whole += ONE;
        whole += OTHER;
        let wanted = "1999 sequences of 1999 minutes in all, 299800 notes followed to their ends, \
                      176 played again, 3 at fault";
        assert_eq!(whole.to_string(), wanted);
    }
}
