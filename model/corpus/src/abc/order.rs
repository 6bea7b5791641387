//! The order in which a page is played: repeats, endings, parts.

use super::exact::Exact;
use super::written::{Ending, Item, Placed};
use std::collections::HashMap;
use std::ops::Range;

/// A tune with more items than this when its repeats are written out is taken for a mistake.
const MOST_PLAYED: usize = 200_000;

/// A stretch that is played once or several times.
struct Section {
    body: Range<usize>,
    /// The passes and the range of each ending, in the order of writing.
    endings: Vec<(Vec<u8>, Range<usize>)>,
    passes: u8,
}

/// The indices of `items` in the order of playing. `parts` is the order of the parts, if one is stated.
pub(super) fn play_order(items: &[Placed], parts: &[char]) -> Result<Vec<usize>, String> {
    let mut order = Vec::new();
    for stretch in stretches(items, parts)? {
        for section in sections(items, stretch, parts.is_empty()) {
            section.play(&mut order)?;
        }
    }
    Ok(order)
}

/// The whole page, or its parts in their stated order after everything before the first part. A label that the order
/// does not contain begins no part; its music belongs to the part before it.
fn stretches(items: &[Placed], parts: &[char]) -> Result<Vec<Range<usize>>, String> {
    let label = |(index, placed): (usize, &Placed)| match placed.item {
        Item::Part(name) if parts.contains(&name) => Some((name, index)),
        _ => None,
    };
    let starts: Vec<(char, usize)> = items.iter().enumerate().filter_map(label).collect();
    let has_labels = items.iter().any(|placed| matches!(placed.item, Item::Part(_)));
    let before_parts = 0..starts.first().map_or(items.len(), |(_, index)| *index);
    let mut stretches = vec![before_parts];
    if parts.is_empty() || !has_labels {
        return Ok(stretches);
    }
    let ends = starts.iter().skip(1).map(|(_, next)| *next).chain([items.len()]);
    let placed: Vec<(char, Range<usize>)> =
        starts.iter().zip(ends).map(|((name, start), end)| (*name, *start..end)).collect();
    let has_sound =
        |range: &Range<usize>| items[range.clone()].iter().any(|placed| matches!(placed.item, Item::Sound(_)));
    let mut times_played: HashMap<char, usize> = HashMap::new();
    for part in parts {
        let of_name: Vec<&Range<usize>> =
            placed.iter().filter(|(name, _)| name == part).map(|(_, range)| range).collect();
        let with_music: Vec<&Range<usize>> = of_name.iter().copied().filter(|range| has_sound(range)).collect();
        // A part that is written again is used for its next turn.
        let turn = times_played.entry(*part).or_default();
        let range = with_music.get(*turn).or(with_music.last()).or(of_name.first());
        *turn += 1;
        stretches.push((*range.ok_or_else(|| format!("there is no part {part}"))?).clone());
    }
    Ok(stretches)
}

/// Divides a stretch at its repeats, and at part labels if no order of parts is stated. The section of a `:|` without a
/// `|:` begins after the last repeat or double bar line.
fn sections(items: &[Placed], stretch: Range<usize>, labels_divide: bool) -> Vec<Section> {
    let mut cutter = Cutter {
        sections: Vec::new(),
        start: stretch.start,
        labels_divide,
        opened: false,
        endings: Vec::new(),
        passes: 1,
    };
    for index in stretch.clone() {
        cutter.pass(items, index, stretch.end);
    }
    cutter.close(stretch.end);
    cutter.sections
}

struct Cutter {
    sections: Vec<Section>,
    start: usize,
    labels_divide: bool,
    /// Whether the section began with `|:`, so that a double bar line inside does not end it.
    opened: bool,
    endings: Vec<(Vec<u8>, usize)>,
    passes: u8,
}

impl Cutter {
    fn pass(&mut self, items: &[Placed], index: usize, end: usize) {
        let bar = match &items[index].item {
            Item::Part(_) => {
                if self.labels_divide && (!self.opened || self.in_last_ending()) && !self.is_upbeat(items, index) {
                    self.close(index);
                }
                return;
            }
            Item::Bar(bar) => bar,
            _ => return,
        };
        let ending_follows = bar.ending.is_some() || ending_is_next(&items[index + 1..end]);
        if bar.again > 0 {
            self.passes = self.passes.max(bar.again + 1);
            if bar.opens || !ending_follows {
                self.close(index + 1);
                self.opened = bar.opens;
            }
        } else if bar.opens {
            self.close(index);
            self.opened = true;
        } else if bar.section
            && !ending_follows
            && (!self.opened || self.in_last_ending())
            && !self.is_upbeat(items, index)
        {
            self.close(index + 1);
        }
        if let Some(ending) = &bar.ending {
            self.endings.push((self.passes_of(ending), index));
        }
    }

    /// Whether less than a bar has sounded since the section began: a label or a double line after an upbeat does not
    /// separate it from the bars that follow.
    fn is_upbeat(&self, items: &[Placed], index: usize) -> bool {
        let mut length = Exact::default();
        for placed in &items[self.start..index] {
            if let Item::Sound(sound) = &placed.item {
                length += sound.advance;
            }
        }
        let bar = items[index].metre.map_or(Exact::default(), Exact::bar);
        length < bar || length == Exact::default()
    }

    /// The passes at which an ending is played. An ending given in words follows those before it, or is the last.
    fn passes_of(&self, ending: &Ending) -> Vec<u8> {
        const ORDINALS: [(&str, u8); 8] =
            [("1", 1), ("2", 2), ("3", 3), ("first", 1), ("second", 2), ("2nd", 2), ("third", 3), ("fourth", 4)];
        let text = match ending {
            Ending::Passes(passes) => return passes.clone(),
            Ending::Named(text) => text.trim().to_lowercase(),
        };
        let ordinal = ORDINALS.iter().find(|(word, _)| text.starts_with(word)).map(|(_, pass)| *pass);
        let highest = self.endings.iter().flat_map(|(passes, _)| passes).copied().max();
        vec![ordinal.unwrap_or_else(|| highest.map_or(self.passes, |highest| highest.saturating_add(1)))]
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

/// Whether an ending begins before any note sounds.
fn ending_is_next(items: &[Placed]) -> bool {
    for placed in items {
        match &placed.item {
            Item::Bar(bar) if bar.ending.is_some() => return true,
            Item::Bar(bar) if bar.opens || bar.again > 0 => return false,
            Item::Bar(_) | Item::Symbol(_) | Item::Tempo(_) => {}
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
                return Err("the tune is endless with its repeats written out".to_owned());
            }
        }
        Ok(())
    }
}

/// The parts on the page, in order.
pub(super) fn labels(items: &[Placed]) -> Vec<char> {
    let label = |placed: &Placed| match placed.item {
        Item::Part(name) => Some(name),
        _ => None,
    };
    items.iter().filter_map(label).collect()
}
