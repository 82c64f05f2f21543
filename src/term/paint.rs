//! Colours, by what they mean. Everything can be understood without them.
//!
//! In: a word. Out: the word, painted or not.
//! Standards: NO_COLOR (no-color.org), ECMA-48 §8.3.117 (SGR).

use console::Style;

/// When to use colours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set or TERM is `dumb`
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Paints words, or leaves them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Decides for one output.
    pub(crate) fn choose(choice: ColorChoice, is_terminal: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                is_terminal
                    && !set("NO_COLOR")
                    && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self { on }
    }

    /// Returns a painter that leaves words as they are.
    #[cfg(test)]
    pub(crate) const fn plain() -> Self {
        Self { on: false }
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.on {
            style.force_styling(true).apply_to(text).to_string()
        } else {
            text.to_owned()
        }
    }

    /// Done, believed: green.
    pub(crate) fn done(self, text: &str) -> String {
        self.with(Style::new().green(), text)
    }

    /// Claimed, uncertain: yellow.
    pub(crate) fn claimed(self, text: &str) -> String {
        self.with(Style::new().yellow(), text)
    }

    /// Refused, failed: red.
    pub(crate) fn refused(self, text: &str) -> String {
        self.with(Style::new().red(), text)
    }

    /// A path, a hint: cyan.
    pub(crate) fn place(self, text: &str) -> String {
        self.with(Style::new().cyan(), text)
    }

    /// What matters most: bold.
    pub(crate) fn strong(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_words_stay_as_they_are() {
        assert_eq!(Paint::plain().done("ok"), "ok");
        assert_eq!(Paint::choose(ColorChoice::Never, true).refused("no"), "no");
        assert_eq!(Paint::choose(ColorChoice::Auto, false).place("p"), "p");
        assert_ne!(Paint::choose(ColorChoice::Always, false).place("p"), "p");
    }
}
