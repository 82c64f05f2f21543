//! One family of rules, read when it is first asked for.
//!
//! In: the function that reads its files. Out: [`Lazy`], used as the rules themselves.
//! Trust: built-in files are ours, and a test reads every one of them with all their examples.
//! Failures: [`RuleError`] by [`Lazy::load`]; whoever uses a family unread, and finds it broken, has found a bug of ours.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use super::RuleError;

/// Rules that are read when they are first used: a command pays for what it asks.
pub struct Lazy<T> {
    read: fn() -> Result<T, RuleError>,
    rules: OnceLock<T>,
}

impl<T> Lazy<T> {
    /// A family that `read` reads.
    pub(super) const fn new(read: fn() -> Result<T, RuleError>) -> Self {
        Self {
            read,
            rules: OnceLock::new(),
        }
    }

    /// Returns the rules, read if they were not.
    ///
    /// # Errors
    ///
    /// [`RuleError`] where a file cannot be read.
    pub(super) fn load(&self) -> Result<&T, RuleError> {
        if let Some(rules) = self.rules.get() {
            return Ok(rules);
        }
        let rules = (self.read)()?;
        Ok(self.rules.get_or_init(|| rules))
    }
}

impl<T> Deref for Lazy<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.load().unwrap_or_else(|error| broken(&error))
    }
}

impl<T> DerefMut for Lazy<T> {
    fn deref_mut(&mut self) -> &mut T {
        let rules = match self.rules.take() {
            Some(rules) => rules,
            None => (self.read)().unwrap_or_else(|error| broken(&error)),
        };
        self.rules = OnceLock::from(rules);
        match self.rules.get_mut() {
            Some(rules) => rules,
            None => unreachable!("it was filled on the line above"),
        }
    }
}

/// Ends the program over a rules file of our own that cannot be read.
#[expect(
    clippy::panic,
    reason = "the files are built in, and `every_rule_does_what_it_says` reads them all"
)]
fn broken(error: &RuleError) -> ! {
    panic!("a built-in rules file is broken: {error}")
}

impl<T: fmt::Debug> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_read_once_and_only_if_it_is_used() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static READ: AtomicUsize = AtomicUsize::new(0);
        let family = Lazy::new(|| Ok(READ.fetch_add(1, Ordering::Relaxed)));
        assert_eq!(READ.load(Ordering::Relaxed), 0);
        assert_eq!((*family, *family), (0, 0));
        assert_eq!(READ.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_broken_file_is_told() {
        let family: Lazy<()> = Lazy::new(|| {
            Err(RuleError::File {
                file: "x.toml".to_owned(),
                why: "no".to_owned(),
            })
        });
        assert!(family.load().is_err());
    }
}
