//! The pages of a controller with eight knobs, for CLAP hosts that offer them.

use crate::params::SegueParams;
use nice_plug::context::remote_controls::{RemoteControlsContext, RemoteControlsPage, RemoteControlsSection};

/// Describes the pages: what one plays with first.
pub fn describe(params: &SegueParams, context: &mut impl RemoteControlsContext) {
    let SegueParams { model, turns, notes, harmony, sound, timing, midi, .. } = params;
    context.add_section("Segue", |section| {
        section.add_page("Play", |page| {
            page.add_param(&model.temperature);
            page.add_param(&model.memory);
            page.add_param(&notes.density);
            page.add_param(&turns.your_turn);
            page.add_param(&model.style);
            page.add_param(&turns.mode);
            page.add_param(&model.seed);
            page.add_param(&model.forget);
        });
        section.add_page("Turns", |page| {
            page.add_param(&turns.response_gap);
            page.add_param(&turns.answer_length);
            page.add_param(&turns.start_grid);
            page.add_param(&turns.yields);
            page.add_param(&turns.trade_bars);
            page.add_param(&turns.trade_first);
            page.add_param(&turns.ring_over);
            page.add_param(&turns.drone_below);
        });
        section.add_page("Notes", |page| {
            page.add_param(&notes.key);
            page.add_param(&notes.scale);
            page.add_param(&notes.range_low);
            page.add_param(&notes.range_high);
            page.add_param(&notes.octave);
            page.add_param(&notes.polyphony);
            page.add_param(&notes.longest);
            page.add_param(&model.top_p);
        });
        section.add_page("Time and sound", |page| {
            page.add_param(&notes.swing);
            page.add_param(&notes.quantise);
            page.add_param(&harmony.source);
            page.add_param(&harmony.comping);
            page.add_param(&sound.player_level);
            page.add_param(&sound.segue_level);
            page.add_param(&harmony.comping_level);
            page.add_param(&timing.tap);
        });
        section.add_page("On stage", |page| {
            page.add_param(&turns.mute);
            page.add_param(&turns.again);
            page.add_param(&turns.recall);
            page.add_param(&turns.again_to);
            page.add_param(&turns.keep_answers);
            page.add_param(&midi.sends);
            page.add_param(&midi.mpe);
            page.add_param(&midi.thru);
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use nice_plug::prelude::Param;

    /// Notes what is described: each page's name, and the names of its parameters.
    #[derive(Default)]
    struct Described(Vec<(String, Vec<String>)>);

    impl RemoteControlsContext for Described {
        type Section = Self;
        fn add_section(&mut self, _: impl Into<String>, fill: impl FnOnce(&mut Self)) {
            fill(self);
        }
    }

    impl RemoteControlsSection for Described {
        type Page = Self;
        fn add_page(&mut self, name: impl Into<String>, fill: impl FnOnce(&mut Self)) {
            self.0.push((name.into(), Vec::new()));
            fill(self);
        }
    }

    impl RemoteControlsPage for Described {
        fn add_param(&mut self, param: &impl Param) {
            self.0.last_mut().unwrap().1.push(param.name().to_owned());
        }
        fn add_spacer(&mut self) {}
    }

    #[test]
    fn a_controllers_pages_have_eight_knobs_and_none_twice() {
        let mut described = Described::default();
        describe(&SegueParams::default(), &mut described);
        let pages = described.0;
        assert!(pages.iter().all(|(_, knobs)| knobs.len() == 8), "{pages:?}");
        assert!(pages[0].1.contains(&"Temperature".to_owned()));
        let mut all: Vec<&String> = pages.iter().flat_map(|(_, knobs)| knobs).collect();
        all.sort();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
