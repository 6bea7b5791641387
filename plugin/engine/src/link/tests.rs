use super::*;
use crate::time::swing::Swing;
use proptest::prelude::*;
use segue_model::improviser::Begin;
use segue_model::note::{Note, Pitch, Ticks, Velocity};
use segue_model::sampling::SamplingParameters;

#[test]
fn a_full_link_says_so_and_does_not_wait() {
    let (mut audio, worker) = link();
    assert_eq!((0..2 * COMMANDS).filter(|_| audio.send(Command::ForgetAll)).count(), COMMANDS);
    assert_eq!(audio.free_slots(), 0);
    assert!(matches!(worker.receive(), Received::Command(Command::ForgetAll)));
    assert!(audio.send(Command::ForgetAll), "there is room again");
}

fn request() -> Command {
    let (begin, horizon, sampling) = (Begin::At(Ticks::ZERO), Ticks(1), SamplingParameters::default());
    let form = Ticks::ZERO;
    Command::Request(Request {
        generation: Generation(0),
        turn: TurnNumber(0),
        begin,
        horizon,
        bars: None,
        form,
        ends: None,
        along: false,
        sampling,
        swing: Swing::STRAIGHT,
    })
}

/// All replies of a worker to a command, with this many notes; if it `breaks`, it fails after them.
fn replies_to(command: Command, notes: usize, breaks: bool) -> Vec<Reply> {
    let generation = Generation(0);
    let note = Note { onset: Ticks::ZERO, pitch: Pitch::MAX, duration: Ticks(1), velocity: Velocity::DEFAULT };
    let last = match command {
        Command::Request(_) if breaks => Reply::Failed { generation },
        Command::Request(_) => Reply::Done { generation, earliest_next: Ticks::ZERO, elapsed_ns: 0 },
        _ => return Vec::new(),
    };
    std::iter::repeat_n(Reply::Note { generation, note }, notes).chain([last]).collect()
}

#[test]
fn as_much_as_may_be_asked_at_once_is_asked_and_more_is_not() {
    let (mut audio, _mind) = link();
    for _ in 0..OPEN_REQUESTS {
        assert!(audio.send(request()));
    }
    for _ in 0..OPEN_CHARTS {
        assert!(audio.send(Command::ReloadFiles));
    }
    assert!(!audio.send(request()) && !audio.send(Command::ReloadFiles) && audio.send(Command::ForgetAll));
}

/// What may happen at either end.
#[derive(Debug, Clone, Copy)]
enum Move {
    Ask(Command),
    /// The worker answers the next command with this many notes, or fails after them.
    Answer(usize, bool),
    /// The audio thread takes this many replies.
    Look(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let notes = prop_oneof![Just(NOTES_PER_REQUEST), 0..=NOTES_PER_REQUEST];
    let one = prop_oneof![
        4 => Just(Move::Ask(request())),
        1 => Just(Move::Ask(Command::ForgetAll)),
        4 => (notes, any::<bool>()).prop_map(|(notes, breaks)| Move::Answer(notes, breaks)),
        1 => (0..NOTES_PER_REQUEST).prop_map(Move::Look),
    ];
    prop::collection::vec(one, 0..500)
}

proptest! {
    #[test]
    fn every_reply_finds_room_and_comes_whoever_is_slow(moves in moves()) {
        let (mut audio, worker) = link();
        let (mut sent, mut seen) = (0, 0);
        for one in moves {
            match one {
                Move::Ask(command) => drop(audio.send(command)),
                Move::Answer(notes, breaks) => {
                    let Received::Command(command) = worker.receive() else { continue };
                    for reply in replies_to(command, notes, breaks) {
                        prop_assert_eq!(worker.reply(reply), Ok(()));
                        sent += 1;
                    }
                }
                Move::Look(most) => seen += (0..most).map_while(|_| audio.receive()).count(),
            }
        }
        while let Received::Command(command) = worker.receive() {
            for reply in replies_to(command, NOTES_PER_REQUEST, false) {
                prop_assert_eq!(worker.reply(reply), Ok(()));
                sent += 1;
            }
        }
        seen += std::iter::from_fn(|| audio.receive()).count();
        prop_assert_eq!((seen, audio.reserved_replies), (sent, 0), "nothing is lost or stays reserved");
    }
}

/// Every chart that is asked for arrives once and is freed by the worker, never by the audio thread.
#[test]
fn every_chart_comes_and_goes_back_to_be_freed() {
    let (mut audio, worker) = link();
    let chart = Arc::new(Chart::parse("C7 | F7").unwrap().unwrap());
    let mut played: SharedChart = None;
    for round in 0..20 {
        let asked = (0..=OPEN_CHARTS).filter(|_| audio.send(Command::ReloadFiles)).count();
        assert_eq!(asked, OPEN_CHARTS, "round {round}");
        assert!(audio.awaits_chart());
        while let Received::Command(_) = worker.receive() {
            worker.free_charts();
            worker.send_chart(Some(Arc::clone(&chart)));
        }
        while let Some(next) = audio.take_chart() {
            if let Some(before) = std::mem::replace(&mut played, next) {
                audio.give_back(before);
            }
        }
        assert!(!audio.awaits_chart());
        assert_eq!(Arc::strong_count(&chart), 1 + worker.spent_charts.len() + 1);
    }
    worker.free_charts();
    drop(played);
    assert_eq!(Arc::strong_count(&chart), 1);
}

/// Charts that have arrived make room for others where room is waited for; the latest of them is played.
#[test]
fn room_for_charts_is_made_by_keeping_the_latest() {
    let (mut audio, worker) = link();
    let charts = ["C7 | F7", "D7 | G7", "E7 | A7"].map(|text| Arc::new(Chart::parse(text).unwrap().unwrap()));
    for chart in &charts {
        assert!(audio.send(Command::ReloadFiles));
        let _ = worker.receive();
        worker.send_chart(Some(Arc::clone(chart)));
    }
    assert!(!audio.has_room(), "of four two are kept for the next block");
    audio.make_room_offline();
    assert!(audio.has_room() && audio.awaits_chart());
    assert_eq!(audio.take_chart().flatten().as_ref(), charts.last());
    assert!(!audio.awaits_chart());
    worker.free_charts();
    assert_eq!(charts.map(|chart| Arc::strong_count(&chart)), [1; 3], "the others went back to be freed");
}

#[test]
fn the_worker_learns_that_nobody_listens() {
    let (audio, worker) = link();
    drop(audio);
    let reply = Reply::Failed { generation: Generation(0) };
    assert_eq!(worker.reply(reply), Err(Disconnected));
}

/// It waits until everything is done and no longer; without a worker, or with nothing to do, it does not wait.
#[test]
fn catching_up_ends_when_all_is_done_or_the_limit_is_over() {
    let (mut audio, worker) = link();
    assert!(audio.send(Command::ForgetAll));
    assert!(!audio.catch_up(Duration::from_mins(1)), "there is no worker");
    audio.set_worker(std::thread::current());
    assert!(audio.catch_up(Duration::from_millis(1)), "the limit ends it");
    let worker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(5));
        worker.count_done();
        worker
    });
    assert!(audio.catch_up(Duration::from_mins(1)) || audio.is_caught_up());
    drop(worker.join().unwrap());
    assert!(!audio.catch_up(Duration::from_mins(1)), "nothing is left to do");
}

/// An offline wait ends when the worker never answers, and the next wait is short.
#[test]
fn an_offline_wait_for_no_answer_ends() {
    let (mut audio, _mind) = link();
    audio.time_out = Duration::from_millis(5);
    assert_eq!(audio.wait_for_reply_offline(), None);
    let begun = Instant::now();
    assert_eq!(audio.wait_for_reply_offline(), None);
    assert!(begun.elapsed() < Duration::from_millis(500), "time_out is not spent twice");
}

#[test]
fn the_worker_learns_that_the_audio_end_is_gone() {
    let (audio, worker) = link();
    drop(audio);
    assert!(matches!(worker.receive(), Received::Disconnected));
}
