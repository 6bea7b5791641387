//! In which order a page is played: repeats, endings, parts.

use super::written::{Item, Placed};
use std::ops::Range;

/// A tune that is longer when played out is taken for a slip.
const MOST_PLAYED: usize = 200_000;

/// A stretch that is played once or more.
struct Section {
    body: Range<usize>,
    /// Passes and place of each ending, in the order of writing.
    endings: Vec<(Vec<u8>, Range<usize>)>,
    passes: u8,
}

/// Indices of `items` in the order of playing. `parts` is the order of the parts, if one is stated.
pub(super) fn play_order(items: &[Placed], parts: &[char]) -> Result<Vec<usize>, String> {
    let mut order = Vec::new();
    for stretch in stretches(items, parts)? {
        for section in sections(items, stretch) {
            section.play(&mut order)?;
        }
    }
    Ok(order)
}

/// The whole page, or its parts in their stated order behind whatever stands before the first part.
fn stretches(items: &[Placed], parts: &[char]) -> Result<Vec<Range<usize>>, String> {
    let starts: Vec<(char, usize)> = items
        .iter()
        .enumerate()
        .filter_map(|(index, placed)| match placed.item {
            Item::Part(name) => Some((name, index)),
            _ => None,
        })
        .collect();
    let first = starts.first().filter(|_| !parts.is_empty());
    let before_parts = 0..first.map_or(items.len(), |(_, index)| *index);
    let mut stretches = vec![before_parts];
    if first.is_none() {
        return Ok(stretches);
    }
    for part in parts {
        let index =
            starts.iter().position(|(name, _)| name == part).ok_or_else(|| format!("there is no part {part}"))?;
        let end = starts.get(index + 1).map_or(items.len(), |next| next.1);
        stretches.push(starts[index].1..end);
    }
    Ok(stretches)
}

/// Cuts a stretch at its repeats. Where a `:|` has no `|:`, its section begins behind the last repeat or double line.
fn sections(items: &[Placed], stretch: Range<usize>) -> Vec<Section> {
    let mut cutter =
        Cutter { sections: Vec::new(), start: stretch.start, opened: false, endings: Vec::new(), passes: 1 };
    for index in stretch.clone() {
        cutter.pass(items, index, stretch.end);
    }
    cutter.close(stretch.end);
    cutter.sections
}

struct Cutter {
    sections: Vec<Section>,
    start: usize,
    /// The section began with `|:`, so that a double line inside it does not end it.
    opened: bool,
    endings: Vec<(Vec<u8>, usize)>,
    passes: u8,
}

impl Cutter {
    fn pass(&mut self, items: &[Placed], index: usize, end: usize) {
        let bar = match &items[index].item {
            Item::Part(_) => return self.close(index),
            Item::Bar(bar) => bar,
            _ => return,
        };
        let ending_follows = !bar.ending.is_empty() || ending_is_next(&items[index + 1..end]);
        if bar.again > 0 {
            self.passes = self.passes.max(bar.again + 1);
            if bar.opens || !ending_follows {
                self.close(index + 1);
                self.opened = bar.opens;
            }
        } else if bar.opens {
            self.close(index);
            self.opened = true;
        } else if bar.section && !ending_follows && (!self.opened || self.in_last_ending()) {
            self.close(index + 1);
        }
        if !bar.ending.is_empty() {
            self.endings.push((bar.ending.clone(), index));
        }
    }

    fn in_last_ending(&self) -> bool {
        self.endings.last().is_some_and(|(passes, _)| passes.iter().any(|pass| *pass > 1))
    }

    /// Ends the section before `end`, where the next one begins.
    fn close(&mut self, end: usize) {
        let body_end = self.endings.first().map_or(end, |(_, start)| *start);
        let starts = std::mem::take(&mut self.endings);
        let ends: Vec<usize> = starts.iter().skip(1).map(|(_, start)| *start).chain([end]).collect();
        let endings: Vec<_> = starts.into_iter().zip(ends).map(|((passes, start), end)| (passes, start..end)).collect();
        let highest = endings.iter().flat_map(|(passes, _)| passes).copied().max().unwrap_or(1);
        self.sections.push(Section { body: self.start..body_end, endings, passes: self.passes.max(highest) });
        self.start = end;
        self.opened = false;
        self.passes = 1;
    }
}

/// Whether an ending begins before anything sounds.
fn ending_is_next(items: &[Placed]) -> bool {
    for placed in items {
        match &placed.item {
            Item::Bar(bar) if !bar.ending.is_empty() => return true,
            Item::Bar(bar) if bar.opens || bar.again > 0 => return false,
            Item::Bar(_) | Item::Symbol(_) => {}
            Item::Sound(_) | Item::Part(_) => return false,
        }
    }
    false
}

impl Section {
    fn play(&self, order: &mut Vec<usize>) -> Result<(), String> {
        for pass in 1..=self.passes {
            order.extend(self.body.clone());
            for (passes, place) in &self.endings {
                if passes.contains(&pass) {
                    order.extend(place.clone());
                }
            }
            if order.len() > MOST_PLAYED {
                return Err("the tune is endless when it is played out".to_owned());
            }
        }
        Ok(())
    }
}
