//! The worker thread's priority: above threads that merely compute, below the audio thread.
//!
//! Best effort: where the system refuses, the thread keeps the usual priority. Real-time scheduling is not requested,
//! although some systems would grant it: they may end a process whose real-time thread computes for as long as it takes
//! to load a style.

#[cfg(unix)]
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// From 0 to 99, among the threads without real-time scheduling.
const AMONG_OTHERS: u8 = 80;

/// Gives the calling thread the worker's priority.
pub(super) fn set() {
    if let Ok(among_others) = ThreadPriorityValue::try_from(AMONG_OTHERS) {
        set_on_system(ThreadPriority::Crossplatform(among_others));
    }
}

/// The policy is set too, because a thread that the audio thread starts would inherit real-time scheduling.
#[cfg(unix)]
fn set_on_system(among_others: ThreadPriority) {
    // Apple's systems have a range of their own; the audio thread lies above its highest value.
    let among_others = if cfg!(target_vendor = "apple") { ThreadPriority::Max } else { among_others };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
    let _ = set_thread_priority_and_policy(thread_native_id(), among_others, policy);
}

#[cfg(not(unix))]
fn set_on_system(among_others: ThreadPriority) {
    let _ = thread_priority::set_current_thread_priority(among_others);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::thread;
    use thread_priority::unix::{RealtimeThreadSchedulePolicy, thread_schedule_policy};

    #[test]
    fn the_worker_never_inherits_real_time_scheduling() {
        let middle = ThreadPriorityValue::try_from(50_u8).unwrap();
        let sounding = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        let found = thread::spawn(move || {
            let priority = ThreadPriority::Crossplatform(middle);
            if set_thread_priority_and_policy(thread_native_id(), priority, sounding).is_err() {
                eprintln!("this system refuses real-time scheduling, so there is nothing to test");
                return None;
            }
            let worker = thread::spawn(|| {
                let inherited = thread_schedule_policy().unwrap();
                set();
                (inherited, thread_schedule_policy().unwrap())
            });
            Some(worker.join().unwrap())
        });
        if let Some((inherited, taken)) = found.join().unwrap() {
            assert_eq!(inherited, sounding, "otherwise this test proves nothing");
            assert_eq!(taken, ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other));
        }
    }
}
