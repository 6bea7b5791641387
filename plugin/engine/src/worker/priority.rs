//! How urgent the mind's thread is: before what merely computes, behind what makes the sound.
//!
//! Best effort: a system that refuses gives what every thread gets. Real-time scheduling is not asked for, although some
//! systems would grant it where they refuse this: they may end a process in which such a thread computes for as long as
//! it takes to load a style.

#[cfg(unix)]
use thread_priority::unix::{
    NormalThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// Of 0 to 99 among the threads that compute.
const AMONG_OTHERS: u8 = 80;

/// Makes the thread that calls this as urgent as the mind may be.
pub(super) fn take() {
    if let Ok(among_others) = ThreadPriorityValue::try_from(AMONG_OTHERS) {
        take_of_system(ThreadPriority::Crossplatform(among_others));
    }
}

/// The policy is always set too: a host that starts us from a thread that makes sound would have made us like it.
#[cfg(unix)]
fn take_of_system(among_others: ThreadPriority) {
    // Apple's system counts in numbers of its own, and what makes sound lies beyond the highest of these.
    let among_others = if cfg!(target_vendor = "apple") { ThreadPriority::Max } else { among_others };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
    let _ = set_thread_priority_and_policy(thread_native_id(), among_others, policy);
}

#[cfg(not(unix))]
fn take_of_system(among_others: ThreadPriority) {
    let _ = thread_priority::set_current_thread_priority(among_others);
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::thread;
    use thread_priority::unix::{RealtimeThreadSchedulePolicy, thread_schedule_policy};

    #[test]
    fn the_mind_is_never_as_urgent_as_a_sounding_thread_that_starts_it() {
        let middle = ThreadPriorityValue::try_from(50_u8).unwrap();
        let sounding = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
        let found = thread::spawn(move || {
            let priority = ThreadPriority::Crossplatform(middle);
            if set_thread_priority_and_policy(thread_native_id(), priority, sounding).is_err() {
                eprintln!("this system lets nobody be that urgent, so there is nothing to see");
                return None;
            }
            let mind = thread::spawn(|| {
                let inherited = thread_schedule_policy().unwrap();
                take();
                (inherited, thread_schedule_policy().unwrap())
            });
            Some(mind.join().unwrap())
        });
        if let Some((inherited, taken)) = found.join().unwrap() {
            assert_eq!(inherited, sounding, "or this test sees nothing");
            assert_eq!(taken, ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other));
        }
    }
}
