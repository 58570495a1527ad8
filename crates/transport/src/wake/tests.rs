//! A wake is never lost and never schedules a working task.

use super::Wake;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake as TaskWake, Waker};

#[derive(Default)]
struct Count(AtomicUsize);

impl TaskWake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (Arc::clone(&count), Waker::from(count))
}

#[test]
fn resting_task_is_scheduled_once() {
    let (count, waker) = counted();
    let wake = Wake::new();
    assert!(!wake.begin());
    assert!(wake.rest(&waker));
    wake.wake();
    wake.wake();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert!(wake.begin());
    assert!(!wake.begin());
}

#[test]
fn working_task_is_not_scheduled_but_must_look_again() {
    let (count, waker) = counted();
    let wake = Wake::new();
    assert!(!wake.begin());
    wake.wake();
    assert!(!wake.rest(&waker));
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
    assert!(wake.begin());
    assert!(wake.rest(&waker));
}

#[test]
fn no_wake_is_lost_between_threads() {
    const WAKES: usize = 20_000;
    let wake = Arc::new(Wake::new());
    let posted = Arc::new(AtomicUsize::new(0));
    let waking = {
        let (wake, posted) = (Arc::clone(&wake), Arc::clone(&posted));
        std::thread::spawn(move || {
            for _ in 0..WAKES {
                posted.fetch_add(1, Ordering::Relaxed);
                wake.wake();
            }
        })
    };
    struct Unpark(std::thread::Thread);
    impl TaskWake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut seen = 0;
    while seen < WAKES {
        if wake.begin() {
            seen = posted.load(Ordering::Relaxed);
        } else if wake.rest(&waker) {
            // Returns at once when the unpark came first; a lost wake would park for ever.
            std::thread::park();
        }
    }
    waking.join().unwrap();
}
