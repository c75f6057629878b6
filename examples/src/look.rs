//! How a program's lines look: with colour or without, with symbols beyond ASCII or without.

use std::{
    env,
    io::{self, IsTerminal as _},
};

use clap::{Args, ValueEnum};

/// When lines have colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always, even into a file.
    Always,
    /// Never.
    Never,
}

/// The flags that say how a program's lines look.
#[derive(Debug, Clone, Copy, Args)]
pub struct LookArguments {
    /// When to use colour.
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto")]
    pub color: ColourChoice,
    /// Print without colour, without symbols beyond ASCII and without anything that moves.
    #[arg(long, conflicts_with = "color")]
    pub plain: bool,
}

impl LookArguments {
    /// Returns the look of standard output.
    pub fn look(self) -> Look {
        if self.plain { Look::PLAIN } else { Look::of_stdout(self.color) }
    }
}

/// A colour, named for what it marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// A heading.
    Heading,
    /// What helps to read the rest, such as the names of columns.
    Faint,
    /// Money that was paid.
    Money,
    /// A fork, and what follows from it.
    Fork,
    /// What was refused or dropped.
    Refused,
}

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether lines have colour.
    pub colour: bool,
    /// Whether lines may have symbols beyond ASCII.
    pub unicode: bool,
    /// Whether somebody watches on a terminal, which can show a progress bar.
    pub live: bool,
}

impl Look {
    /// Neither colour nor symbols beyond ASCII nor a progress bar.
    pub const PLAIN: Self = Self { colour: false, unicode: false, live: false };

    /// Returns the look of standard output, from the terminal and from the variables `NO_COLOR`, `TERM`, `LC_ALL`,
    /// `LC_CTYPE` and `LANG`.
    pub fn of_stdout(choice: ColourChoice) -> Self {
        let variable = |name: &str| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self::of(choice, io::stdout().is_terminal(), variable)
    }

    fn of(choice: ColourChoice, is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let live = is_terminal && term != "dumb";
        let colour = match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => live && set("NO_COLOR").is_none(),
        };
        // the first of them that is set decides, as in POSIX; without any, the locale is "C"
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default().to_lowercase();
        let speaks_utf8 = locale.contains("utf-8") || locale.contains("utf8");
        // the console of Linux has few symbols
        let unicode = speaks_utf8 && !matches!(term.as_str(), "dumb" | "linux");
        Self { colour, unicode, live }
    }

    /// Returns a text in a colour, or as it is if lines have no colour.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        let code = match colour {
            Colour::Heading => "1",
            Colour::Faint => "2",
            Colour::Money => "32",
            Colour::Fork => "33",
            Colour::Refused => "31",
        };
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Returns an arrow to the right.
    pub const fn arrow(self) -> &'static str {
        if self.unicode { "→" } else { "->" }
    }

    /// Returns the mark of the first of several branches, one column wide.
    pub const fn first_branch(self) -> &'static str {
        if self.unicode { "┬" } else { "+" }
    }

    /// Returns the mark of a further branch, one column wide.
    pub const fn other_branch(self) -> &'static str {
        if self.unicode { "└" } else { "`" }
    }

    /// Returns the characters of a progress bar: full, its end, empty.
    pub const fn bar(self) -> &'static str {
        if self.unicode { "━━─" } else { "=> " }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The look on a terminal, or off it, with these variables.
    fn look(choice: ColourChoice, is_terminal: bool, variables: &[(&str, &str)]) -> Look {
        Look::of(choice, is_terminal, |name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colour_is_for_terminals_unless_told_otherwise() {
        let colour = |choice, is_terminal, variables: &[_]| look(choice, is_terminal, variables).colour;
        assert!(colour(ColourChoice::Auto, true, &[("TERM", "xterm")]));
        assert!(!colour(ColourChoice::Auto, false, &[("TERM", "xterm")]));
        assert!(!colour(ColourChoice::Auto, true, &[("NO_COLOR", "1")]));
        assert!(colour(ColourChoice::Auto, true, &[("NO_COLOR", "")]), "an empty variable is not set");
        assert!(!colour(ColourChoice::Auto, true, &[("TERM", "dumb")]));
        assert!(colour(ColourChoice::Always, false, &[("NO_COLOR", "1")]), "the flag decides");
        assert!(!colour(ColourChoice::Never, true, &[]));
    }

    #[test]
    fn symbols_need_a_locale_and_a_terminal_with_them() {
        let unicode = |variables: &[_]| look(ColourChoice::Auto, true, variables).unicode;
        assert!(unicode(&[("LANG", "en_GB.UTF-8"), ("TERM", "xterm")]));
        assert!(unicode(&[("LANG", "C"), ("LC_CTYPE", "C.utf8")]));
        assert!(!unicode(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")]), "LC_ALL comes first");
        assert!(unicode(&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "")]), "an empty variable is not set");
        assert!(!unicode(&[]));
        for term in ["dumb", "linux"] {
            assert!(!unicode(&[("LANG", "en_GB.UTF-8"), ("TERM", term)]), "{term}");
        }
    }

    #[test]
    fn the_plain_look_is_ascii_without_escapes() {
        let look = Look::PLAIN;
        assert_eq!(look.paint(Colour::Fork, "a fork"), "a fork");
        let marks = [look.arrow(), look.first_branch(), look.other_branch(), look.bar()];
        assert!(marks.concat().is_ascii());
        assert_eq!(Look { colour: true, ..look }.paint(Colour::Fork, "a fork"), "\x1b[33ma fork\x1b[0m");
    }
}
