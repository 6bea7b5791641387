//! What can be taken back: whatever the window changes at once, such as a preset, a chart or a reset; and two settings
//! to compare, A and B.
//!
//! Single moves of a control are the host's to take back. They are kept all the same: what is undone can be redone with
//! every control where it was.

use crate::params::SegueParams;
use crate::preset::{self, Preset};
use nice_plug::params::persist::PersistentField;

/// More steps back than anybody takes.
const STEPS: usize = 100;

/// How an instance played, and what was done to it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoStep {
    /// What was done, such as “preset Slow blues”.
    pub what: String,
    /// How it played.
    pub was: Preset,
}

/// The steps that can be undone and redone, and the setting that is not in force.
#[derive(Debug, Default)]
pub struct Undo {
    done: Vec<UndoStep>,
    undone: Vec<UndoStep>,
    /// B while A is in force, and the other way round; `None` until the first change between them.
    other: Option<Preset>,
    is_b: bool,
}

/// How an instance plays now, with the name of its preset.
fn now(params: &SegueParams) -> Preset {
    let mut now = preset::of(params);
    now.name = params.preset.map(String::clone);
    now
}

impl Undo {
    /// Keeps how the instance plays now, before something is done to it.
    pub fn remember(&mut self, what: impl Into<String>, params: &SegueParams) {
        self.undone.clear();
        if self.done.len() >= STEPS {
            self.done.remove(0);
        }
        self.done.push(UndoStep { what: what.into(), was: now(params) });
    }

    /// What would be undone.
    pub fn undoes(&self) -> Option<&str> {
        self.done.last().map(|step| step.what.as_str())
    }

    /// What would be redone.
    pub fn redoes(&self) -> Option<&str> {
        self.undone.last().map(|step| step.what.as_str())
    }

    /// Takes the last step back. The caller applies the preset.
    pub fn undo(&mut self, params: &SegueParams) -> Option<UndoStep> {
        let step = self.done.pop()?;
        self.undone.push(UndoStep { what: step.what.clone(), was: now(params) });
        Some(step)
    }

    /// Does the step again that was taken back last. The caller applies the preset.
    pub fn redo(&mut self, params: &SegueParams) -> Option<UndoStep> {
        let step = self.undone.pop()?;
        self.done.push(UndoStep { what: step.what.clone(), was: now(params) });
        Some(step)
    }

    /// Whether B is in force.
    pub fn is_b(&self) -> bool {
        self.is_b
    }

    /// Changes between A and B; the other one begins as a copy. The caller applies the preset.
    pub fn switch(&mut self, params: &SegueParams) -> Preset {
        self.is_b = !self.is_b;
        let now = now(params);
        self.other.replace(now.clone()).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Unhosted;

    fn chart(params: &SegueParams, text: &str) {
        params.chart.set(text.to_owned());
    }

    #[test]
    fn what_is_undone_can_be_redone_until_something_else_is_done() {
        let params = SegueParams::default();
        let mut undo = Undo::default();
        for text in ["C", "F", "G"] {
            undo.remember(format!("chart {text}"), &params);
            chart(&params, text);
        }
        let back = |undo: &mut Undo| {
            let step = undo.undo(&params).unwrap();
            preset::apply(&step.was, &params, &mut Unhosted);
            (step.what, params.chart.map(String::clone))
        };
        assert_eq!(back(&mut undo), ("chart G".to_owned(), "F".to_owned()));
        assert_eq!(back(&mut undo), ("chart F".to_owned(), "C".to_owned()));
        assert_eq!((undo.undoes(), undo.redoes()), (Some("chart C"), Some("chart F")));
        let again = undo.redo(&params).unwrap();
        assert_eq!(again.was.chart, "F");
        undo.remember("chart Am", &params);
        assert_eq!(undo.redoes(), None);
    }

    #[test]
    fn a_and_b_keep_their_own_settings() {
        let params = SegueParams::default();
        let mut undo = Undo::default();
        let mut switch = || {
            let other = undo.switch(&params);
            preset::apply(&other, &params, &mut Unhosted);
            (undo.is_b(), params.chart.map(String::clone))
        };
        chart(&params, "C");
        assert_eq!(switch(), (true, "C".to_owned()), "B begins as a copy");
        chart(&params, "F");
        assert_eq!(switch(), (false, "C".to_owned()));
        assert_eq!(switch(), (true, "F".to_owned()));
    }
}
