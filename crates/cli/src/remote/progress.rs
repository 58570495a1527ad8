//! How far long work has come: one line on the standard error that is written over, if people
//! see it.

use std::io::{IsTerminal, Write};

/// Steps of the bar.
const STEPS: u64 = 30;

/// Shows a bar while work goes on.
pub(super) struct Progress<'a> {
    what: &'a str,
    all: u64,
    /// Every so many it is written anew.
    every: u64,
    is_seen: bool,
    is_shown: bool,
}

impl<'a> Progress<'a> {
    /// Less than this is done before anybody looks.
    const LEAST: u64 = 100;

    /// Work on so many things, whose number can be seen in the end.
    pub(super) fn new(what: &'a str, all: u64) -> Self {
        let is_seen = std::io::stderr().is_terminal() && all > Self::LEAST;
        Self {
            what,
            all,
            every: Self::LEAST,
            is_seen,
            is_shown: false,
        }
    }

    /// Work of which every step is shown.
    pub(super) fn steps(what: &'a str, all: u64) -> Self {
        Self {
            what,
            all,
            every: 1,
            is_seen: std::io::stderr().is_terminal(),
            is_shown: false,
        }
    }

    pub(super) fn show(&mut self, done: u64) {
        if self.is_seen && (done >= self.all || done.is_multiple_of(self.every)) {
            let line = format!("\r{}", self.line(done));
            // Nothing depends on it.
            std::io::stderr().write_all(line.as_bytes()).ok();
            self.is_shown = true;
        }
    }

    fn line(&self, done: u64) -> String {
        let Self { what, all, .. } = self;
        let steps = done.saturating_mul(STEPS) / (*all).max(1);
        let bar = usize::try_from(steps.min(STEPS)).unwrap_or_default();
        format!("[{:<30}] {done} of {all} {what}", "#".repeat(bar))
    }

    pub(super) fn end(&self) {
        if self.is_shown {
            std::io::stderr().write_all(b"\n").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn bar_grows_and_never_bursts() {
        let progress = Progress::new("moved", 200);
        assert_eq!(
            progress.line(100),
            format!("[{:<30}] 100 of 200 moved", "#".repeat(15))
        );
        assert!(progress.line(u64::MAX).starts_with(&"[###".to_owned()));
        assert!(Progress::new("moved", 0).line(0).contains("0 of 0"));
    }
}
