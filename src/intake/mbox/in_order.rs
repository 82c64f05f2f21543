//! Gives on what several threads found, in the order of what they read.
//!
//! In: numbered results, as each thread finishes one. Out: the results, to one taker, in order.
//! Trust: what runs in a thread may panic; the others end, none waits for ever.
//! Failures: never fails itself; a taker ends the run by [`ControlFlow::Break`].
//! Limits: as many results wait as [`InOrder::new`] is told.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Results on their way to a taker.
///
/// No thread of its own hands them on, for it would wake for each of them and take a core from those that work:
/// whoever finishes the next one gives on that, and all that waited for it.
pub(super) struct InOrder<T, F> {
    state: Mutex<State<T, F>>,
    /// Something was taken, or the run is over.
    moved: Condvar,
    /// How many may be begun that were not taken.
    ahead: u64,
}

struct State<T, F> {
    /// How many were begun.
    begun: u64,
    /// How many were taken: the number of the next one.
    taken: u64,
    waiting: BTreeMap<u64, T>,
    /// `None` while a thread gives on.
    taker: Option<F>,
    is_over: bool,
}

impl<T, F: FnMut(T) -> ControlFlow<()>> InOrder<T, F> {
    pub(super) fn new(ahead: u64, taker: F) -> Self {
        Self {
            state: Mutex::new(State {
                begun: 0,
                taken: 0,
                waiting: BTreeMap::new(),
                taker: Some(taker),
                is_over: false,
            }),
            moved: Condvar::new(),
            ahead,
        }
    }

    /// Waits until another one may be begun; returns whether the run goes on.
    pub(super) fn begin(&self) -> bool {
        let state = lock(&self.state);
        let mut state = self
            .moved
            .wait_while(state, |state| {
                !state.is_over && state.begun - state.taken >= self.ahead
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.begun += 1;
        !state.is_over
    }

    /// Takes in the result with a number; the first has 0, and each number comes once.
    pub(super) fn finish(&self, number: u64, result: T) {
        let mut state = lock(&self.state);
        state.waiting.insert(number, result);
        while let Some((next, mut taker)) = state.next() {
            drop(state);
            let flow = taker(next);
            state = lock(&self.state);
            state.taker = Some(taker);
            state.taken += 1;
            state.is_over |= flow.is_break();
            self.moved.notify_all();
        }
    }

    /// Returns what ends the run if the thread that holds it panics: its result never comes.
    pub(super) fn ended_by_panic(&self) -> EndedByPanic<'_, T, F> {
        EndedByPanic(self)
    }
}

/// Ends a run when it is dropped by a panic.
pub(super) struct EndedByPanic<'o, T, F>(&'o InOrder<T, F>);

impl<T, F> Drop for EndedByPanic<'_, T, F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.state).is_over = true;
            self.0.moved.notify_all();
        }
    }
}

impl<T, F> State<T, F> {
    /// Returns the next result and who takes it; `None` where it is not there yet, or another thread gives on.
    fn next(&mut self) -> Option<(T, F)> {
        if self.is_over {
            return None;
        }
        let taker = self.taker.take()?;
        match self.waiting.remove(&self.taken) {
            Some(next) => Some((next, taker)),
            None => {
                self.taker = Some(taker);
                None
            }
        }
    }
}

/// Returns what a lock holds; a thread that panicked while it held it changed nothing that matters.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_taken_in_the_order_of_their_numbers() {
        let mut taken = Vec::new();
        let order = InOrder::new(4, |one| {
            taken.push(one);
            ControlFlow::Continue(())
        });
        for number in [2, 0, 3, 1] {
            assert!(order.begin());
            order.finish(number, number);
        }
        drop(order);
        assert_eq!(taken, [0, 1, 2, 3]);
    }

    #[test]
    fn nothing_is_taken_or_begun_behind_a_break() {
        let mut taken = Vec::new();
        let order = InOrder::new(4, |one| {
            taken.push(one);
            ControlFlow::Break(())
        });
        for number in [1, 0] {
            assert!(order.begin());
            order.finish(number, number);
        }
        assert!(!order.begin());
        drop(order);
        assert_eq!(taken, [0]);
    }

    #[test]
    fn no_more_is_begun_than_may_wait() {
        let order = InOrder::new(2, |()| ControlFlow::Continue(()));
        assert!(order.begin() && order.begin());
        std::thread::scope(|scope| {
            let third = scope.spawn(|| order.begin());
            // The first one is late: what is finished behind it makes no room.
            order.finish(1, ());
            assert!(!third.is_finished());
            order.finish(0, ());
            assert!(third.join().unwrap());
        });
    }
}
