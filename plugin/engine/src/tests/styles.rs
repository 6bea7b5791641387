//! The style, settings without a meaning in the mode, and the metre on the first bar change in the middle of Segue's
//! part.

use super::modes::{BAR, alone};
use super::*;

/// An answer of four bars from frame 60,000 on.
fn answer() -> FakeHost {
    let mut host = FakeHost::with_phrase();
    host.settings.turn.answer_bars = 4;
    host
}

#[test]
fn settings_that_mean_nothing_in_the_mode_change_nothing() {
    let turns: [(Mode, Turned); 4] = [
        (Mode::Answer, |settings| settings.turn.trade.bars = 1),
        (Mode::Answer, |settings| settings.turn.trade.segue_first = true),
        (Mode::Duet, |settings| settings.turn.trade.bars = 1),
        (Mode::Duet, |settings| settings.turn.trade.segue_first = true),
    ];
    for (mode, turn) in turns {
        let mut host = answer();
        host.settings.turn.mode = mode;
        let before = host.play(8 * BAR, &[64]).messages;
        host.turns = vec![(2 * BAR + 77, turn)];
        assert_eq!(host.play(8 * BAR, &[64]).messages, before, "{mode:?}");
    }
    // In a trade, both share the bars again.
    let mut host = alone(Mode::Trade);
    let before = host.play(8 * BAR, &[64]).messages;
    host.turns = vec![(2 * BAR + 77, |settings| settings.turn.trade.segue_first = true)];
    assert_ne!(host.play(8 * BAR, &[64]).messages, before);
}

#[test]
fn another_style_goes_on_with_the_answer_to_its_end() {
    const AT: i64 = 2 * BAR + 77;
    for mode in [Mode::Answer, Mode::Trade, Mode::Duet] {
        for offline in [true, false] {
            let mut host = answer();
            (host.settings.turn.mode, host.offline) = (mode, offline);
            host.settings.turn.trade.bars = 2;
            let before = host.play(8 * BAR, &[64]);
            host.turns = vec![(AT, |settings| settings.style.number = StyleNumber(3))];
            let heard = if offline { host.play_in_any_blocks(8 * BAR) } else { host.play(8 * BAR, &[64]) };
            let case = format!("{mode:?}, offline {offline}");
            let (before, after) = (before.ons().len(), heard.ons().len());
            assert!(after * 2 >= before && after <= before * 2, "{case}: {after} notes instead of {before}");
            let sounding = heard.messages.iter().filter(|(at, _)| *at <= AT);
            let balance: i64 =
                sounding.map(|(_, what)| if matches!(what, Message::NoteOn { .. }) { 1 } else { -1 }).sum();
            assert_eq!(balance, 0, "{case}: sounding notes end");
            let is_style = |command: &Command| matches!(command, Command::Style(StyleNumber(3)));
            let style = heard.commands.iter().position(is_style).unwrap();
            assert!(
                heard.commands[style..].iter().any(|command| matches!(command, Command::Request(_))),
                "{case}: it gets a request"
            );
            heard.check_pairs().or_else(|fault| if fault.contains("never end") { Ok(()) } else { Err(fault) }).unwrap();
        }
    }
}

/// A rendering is faster than the worker changes styles. It still decides no note in a style of before.
#[test]
fn a_render_waits_for_the_last_of_many_styles() {
    let mut host = answer();
    // It does nothing until it is waited for.
    host.speed = Speed::Slow(u32::MAX);
    let next: Turned = |settings| settings.style.number = StyleNumber(settings.style.number.0 + 1);
    host.turns = (1..=7).map(|change| (change * 100, next)).collect();
    let heard = host.play(4 * BAR, &[64]);
    let last = StyleNumber(host.settings.style.number.0 + 7);
    let is_last = |command: &Command| matches!(command, Command::Style(style) if *style == last);
    let is_request = |command: &Command| matches!(command, Command::Request(_));
    let style = heard.commands.iter().position(is_last);
    let request = heard.commands.iter().position(is_request);
    assert!(style.is_some() && request.is_some() && style < request, "{style:?}, {request:?}");
    assert_eq!(heard.stats.unheard.get(), 0, "every key is heard");
}

#[test]
fn a_free_time_style_goes_on_with_a_metric_answer_and_back() {
    for mode in [Mode::Answer, Mode::Trade, Mode::Duet] {
        for (first, tempo) in [(false, 120.0), (true, 120.0), (false, 87.0), (true, 151.0)] {
            let mut host = answer();
            host.tempos = vec![(0, tempo)];
            host.settings.turn.mode = mode;
            host.settings.turn.trade.bars = 2;
            host.settings.style.free_time = first;
            let bar = (BAR as f64 * 120.0 / tempo) as i64;
            let at = 3 * bar + 77;
            host.turns = vec![if first {
                (at, |settings| (settings.style.number, settings.style.free_time) = (StyleNumber(3), false))
            } else {
                (at, |settings| (settings.style.number, settings.style.free_time) = (StyleNumber(4), true))
            }];
            let heard = host.play_in_any_blocks(8 * bar);
            let ons = heard.ons();
            let case = format!("{mode:?}, free time first {first}, {tempo} bpm");
            let goes_on = ons.iter().filter(|on| (at..at + bar * 3 / 4).contains(on)).count();
            assert!(goes_on >= 3, "{case}: {ons:?}");
            if mode == Mode::Answer {
                let over = ons[0] + 4 * bar;
                let last = *ons.last().unwrap();
                assert!((over - bar / 2..over + 500).contains(&last), "{case}: the last at {last}, {over}");
            }
            if mode == Mode::Trade {
                assert!(ons.iter().all(|on| (on + 1) / bar / 2 % 2 == 1), "{case}: {ons:?}");
            }
        }
    }
}

#[test]
fn a_metre_that_changes_on_segues_first_bar_does_not_delay_it() {
    let waltz = Metre::new(3, 4).unwrap();
    for grid in [StartGrid::Eighth, StartGrid::Bar, StartGrid::Free, StartGrid::Quarter] {
        for (bars, rings_over, offline) in [(2, false, true), (4, true, true), (1, false, true), (4, false, false)] {
            let mut host = alone(Mode::Trade);
            host.settings.turn.trade = Trade { bars, segue_first: false, rings_over };
            (host.settings.turn.start_grid, host.offline) = (grid, offline);
            let line = i64::from(bars) * BAR;
            host.metres = vec![(0, Metre::COMMON), (line, waltz)];
            let until = line + i64::from(bars) * 6 * BEAT;
            let heard = if offline { host.play_in_any_blocks(until) } else { host.play(until, &[64]) };
            assert_eq!(heard.ons()[0], line, "{grid:?}, {bars} bars, offline {offline}");
            let over = line + i64::from(bars) * 3 * BEAT;
            assert!(heard.ons().iter().all(|on| (line..over).contains(on)), "{grid:?}, {bars} bars: {:?}", heard.ons());
        }
    }
}
