use super::*;
use crate::host::{Block, Transport};
use crate::time::Entered;
use segue_model::note::Metre;

const RATE: f64 = 48_000.0;
/// The look-ahead in frames.
const LOOK_AHEAD: i64 = 960;
const KEY_DOWN: TurnInput = TurnInput::KeyDown(Ticks(200));
const AGAIN: TurnInput = TurnInput::Again { place: Ticks(48), length: Ticks(100) };
const KEYS_UP: TurnInput = TurnInput::KeysUp { row_overdue: 0 };

/// A part from beat 2 on; in an answer and in a trade it lasts four bars.
fn part(mode: Mode) -> Part {
    let end = (mode != Mode::Duet).then_some(Ticks(864));
    Part { mode, start: Ticks(96), end, ring: super::super::situation::RING, lag: 0.0, is_again: false }
}

/// An arbiter in a block that begins at beat 0, and the clocks of that block.
struct Bench {
    arbiter: TurnArbiter,
    block: Block,
    time: Time,
    entered: Entered,
}

impl Bench {
    /// The song plays and loops its first bar; or there is no song.
    fn new(mode: Mode, in_song: bool) -> Self {
        let mut settings = crate::tests::settings();
        settings.turn.mode = mode;
        let song = Transport {
            playing: true,
            tempo_bpm: Some(120.0),
            beats: Some(0.0),
            metre: Some(Metre::COMMON),
            bar_beats: Some(0.0),
            loop_beats: Some((0.0, 4.0)),
        };
        let transport = if in_song { song } else { Transport::default() };
        let block = Block { frames: 64, into: 0, transport, settings, offline: true };
        let mut time = Time::new(RATE);
        let entered = time.enter(&block, false);
        let mut bench = Self { arbiter: TurnArbiter::default(), block, time, entered };
        bench.arbiter.enter(&bench.block.settings);
        let _ = bench.on(TurnInput::Discontinuity { is_changed: true });
        bench
    }

    fn on(&mut self, input: TurnInput) -> Option<Order> {
        self.with_situation(|arbiter, at| arbiter.on(input, at)).map(|decision| decision.order)
    }

    fn with_situation<R>(&mut self, act: impl FnOnce(&mut TurnArbiter, &Situation<'_>) -> R) -> R {
        let (block, maps) = (&self.block, self.entered.maps);
        let start = self.time.position();
        let now = Now { block, maps, start, sample_rate: RATE, look_ahead: LOOK_AHEAD, frame: 0 };
        act(&mut self.arbiter, &Situation { now: &now, time: &self.time, keys_play: false, keys_down: false })
    }
}

fn name(order: Option<Order>) -> &'static str {
    match order {
        None => "-",
        Some(Order::Prepare(_)) => "prepare",
        Some(Order::Reshape(_)) => "reshape",
        Some(Order::Land(_)) => "land",
        Some(Order::Enter(_)) => "enter",
        Some(Order::RedecideRest(_)) => "redecide rest",
        Some(Order::Begin) => "begin",
        Some(Order::Redecide(_)) => "redecide",
        Some(Order::PrepareBeside { .. }) => "beside",
        Some(Order::Rejoin { .. }) => "rejoin",
        Some(Order::Yield) => "yield",
        Some(Order::Stop) => "stop",
        Some(Order::Close) => "close",
    }
}

/// The order for each input in each turn, in this sequence: listening, hearing, waiting, playing, resting.
fn check(mode: Mode, table: &[(TurnInput, [&str; 5])]) {
    assert_eq!(table.len(), 13, "every input except the one that needs a tick map");
    let of_part = part(mode);
    let turns = [Turn::Listening, Turn::Hearing, Turn::Waiting(of_part), Turn::Playing(of_part), Turn::Resting];
    let converted = ["-", "-", "prepare", "prepare", "-"];
    for (at, turn) in turns.into_iter().enumerate() {
        for (input, orders) in table {
            let mut bench = Bench::new(mode, true);
            bench.arbiter.turn = turn;
            assert_eq!(name(bench.on(*input)), orders[at], "{input:?} while {turn:?}");
        }
        let mut bench = Bench::new(mode, true);
        bench.arbiter.turn = turn;
        let input = TurnInput::TimeChanged(bench.entered.maps.style);
        assert_eq!(name(bench.on(input)), converted[at], "time changed while {turn:?}");
    }
}

#[test]
fn every_input_in_an_answer() {
    check(
        Mode::Answer,
        &[
            (TurnInput::Discontinuity { is_changed: false }, ["stop"; 5]),
            (TurnInput::StyleChanged, ["redecide"; 5]),
            (TurnInput::BarsMoved, ["-"; 5]),
            (KEY_DOWN, ["-", "-", "yield", "yield", "yield"]),
            (KEYS_UP, ["-", "prepare", "-", "-", "-"]),
            (TurnInput::YourTurn, ["prepare", "prepare", "prepare", "yield", "prepare"]),
            (AGAIN, ["prepare"; 5]),
            (TurnInput::Unmuted, ["-", "-", "rejoin", "rejoin", "-"]),
            (TurnInput::AllSoundOff, ["stop"; 5]),
            (TurnInput::AllocationDue, ["-"; 5]),
            (TurnInput::TurnDue, ["-", "-", "begin", "close", "-"]),
            (TurnInput::LoopDue, ["-", "-", "beside", "beside", "-"]),
            (TurnInput::LoopPassed, ["-"; 5]),
        ],
    );
}

#[test]
fn every_input_in_a_trade() {
    check(
        Mode::Trade,
        &[
            (TurnInput::Discontinuity { is_changed: false }, ["stop"; 5]),
            (TurnInput::StyleChanged, ["redecide"; 5]),
            (TurnInput::BarsMoved, ["-"; 5]),
            (KEY_DOWN, ["-", "-", "-", "yield", "yield"]),
            (KEYS_UP, ["-"; 5]),
            // Segue's next bars begin with bar 1, which is later than the waiting part.
            (TurnInput::YourTurn, ["prepare", "prepare", "-", "yield", "prepare"]),
            (AGAIN, ["prepare"; 5]),
            (TurnInput::Unmuted, ["-", "-", "rejoin", "rejoin", "-"]),
            (TurnInput::AllSoundOff, ["stop"; 5]),
            (TurnInput::AllocationDue, ["prepare", "prepare", "prepare", "reshape", "prepare"]),
            (TurnInput::TurnDue, ["-", "-", "begin", "close", "-"]),
            // The loop begins with the player's bars.
            (TurnInput::LoopDue, ["-"; 5]),
            (TurnInput::LoopPassed, ["-"; 5]),
        ],
    );
}

#[test]
fn every_input_in_a_duet() {
    check(
        Mode::Duet,
        &[
            (TurnInput::Discontinuity { is_changed: false }, ["stop"; 5]),
            (TurnInput::StyleChanged, ["redecide"; 5]),
            (TurnInput::BarsMoved, ["-"; 5]),
            (KEY_DOWN, ["-", "-", "redecide rest", "redecide rest", "yield"]),
            (KEYS_UP, ["-"; 5]),
            (TurnInput::YourTurn, ["prepare", "prepare", "prepare", "-", "prepare"]),
            (AGAIN, ["prepare"; 5]),
            (TurnInput::Unmuted, ["-", "-", "rejoin", "rejoin", "-"]),
            (TurnInput::AllSoundOff, ["stop"; 5]),
            (TurnInput::AllocationDue, ["prepare", "prepare", "prepare", "-", "prepare"]),
            (TurnInput::TurnDue, ["-", "-", "begin", "-", "-"]),
            (TurnInput::LoopDue, ["beside"; 5]),
            (TurnInput::LoopPassed, ["-"; 5]),
        ],
    );
}

/// If a planned wrap does not come, the playing part goes on and counts as a turn.
#[test]
fn a_planned_wrap_that_does_not_come_rejoins_the_part() {
    for (turn, plays) in [(Turn::Waiting(part(Mode::Answer)), false), (Turn::Playing(part(Mode::Answer)), true)] {
        let mut bench = Bench::new(Mode::Answer, true);
        bench.arbiter.turn = turn;
        assert_eq!(name(bench.on(TurnInput::LoopDue)), "beside");
        let part = Some(part(Mode::Answer));
        assert_eq!(bench.on(TurnInput::LoopPassed), Some(Order::Rejoin { part, plays }));
        assert_eq!(bench.on(TurnInput::LoopPassed), None, "only once");
    }
}

/// Without a song, the second empty turn of the player ends the trade; a key in between starts the count again.
#[test]
fn without_a_song_the_second_empty_turn_ends_a_trade() {
    for (plays, last) in [(false, "stop"), (true, "begin")] {
        let mut bench = Bench::new(Mode::Trade, false);
        bench.with_situation(TurnArbiter::meet_player);
        bench.arbiter.player_was_active = false;
        bench.arbiter.turn = Turn::Waiting(part(Mode::Trade));
        assert_eq!(name(bench.on(TurnInput::TurnDue)), "begin");
        if plays {
            bench.arbiter.note_activity();
        }
        bench.arbiter.turn = Turn::Waiting(part(Mode::Trade));
        assert_eq!(name(bench.on(TurnInput::TurnDue)), last);
        assert_eq!(bench.arbiter.grid.is_none(), !plays);
    }
}

/// Without a song, the last key-up gives a duet its end, and the next key removes it.
#[test]
fn without_a_song_a_duet_has_an_end_only_while_no_key_is_down() {
    let mut bench = Bench::new(Mode::Duet, false);
    bench.arbiter.turn = Turn::Playing(part(Mode::Duet));
    assert_eq!(name(bench.on(KEYS_UP)), "reshape");
    assert!(bench.arbiter.part().is_some_and(|part| part.end.is_some()));
    assert_eq!(name(bench.on(KEY_DOWN)), "redecide rest");
    assert!(bench.arbiter.part().is_some_and(|part| part.end.is_none()));
}
