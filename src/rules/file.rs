//! Reads a file of rules: tables named `rule`, each with an id of its file and examples of both kinds.
//!
//! In: the file's name below `rules/`, its text. Out: its rules, in their order.
//! Trust: built-in files are ours; a user's file is read by the same demands.
//! Failures: [`RuleError::File`] with what is missing in which rule.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::RuleError;

/// A file as it stands. A user's may hold no rule yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables<R> {
    #[serde(default = "Vec::new")]
    rule: Vec<R>,
}

/// What every rule has, of whatever family.
pub(super) struct Common<'r> {
    /// Its id.
    pub(super) id: &'r str,
    /// How many examples it has that it must match.
    pub(super) matches: usize,
    /// How many it must leave alone.
    pub(super) skips: usize,
}

/// Reads a file whose rules' ids begin with `prefix`.
///
/// # Errors
///
/// [`RuleError::File`] where it is no TOML, has a key that no rule of this
/// family has, or a rule lacks its prefix or an example of one kind.
pub(super) fn read<R: DeserializeOwned>(
    file: &str,
    prefix: &str,
    text: &str,
    common: impl Fn(&R) -> Common<'_>,
) -> Result<Vec<R>, RuleError> {
    let tables: Tables<R> = toml::from_str(text).map_err(|error| refused(file, error))?;
    for rule in &tables.rule {
        demand(file, prefix, &common(rule))?;
    }
    Ok(tables.rule)
}

/// Demands of a rule what every rule has.
///
/// # Errors
///
/// [`RuleError::File`] where it lacks its prefix or an example of one kind.
pub(super) fn demand(file: &str, prefix: &str, rule: &Common<'_>) -> Result<(), RuleError> {
    if !rule.id.starts_with(prefix) {
        return Err(refused(
            file,
            format_args!("rule id `{}` does not begin with `{prefix}`", rule.id),
        ));
    }
    if rule.matches == 0 || rule.skips == 0 {
        return Err(refused(
            file,
            format_args!("rule `{}` lacks a match or a skip example", rule.id),
        ));
    }
    Ok(())
}

/// Returns the error that refuses a file.
pub(super) fn refused(file: &str, why: impl fmt::Display) -> RuleError {
    RuleError::File {
        file: file.to_owned(),
        why: why.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        id: String,
        #[serde(rename = "match")]
        matches: Vec<String>,
        #[serde(rename = "skip")]
        skips: Vec<String>,
    }

    fn try_read(text: &str) -> Result<usize, String> {
        read("a/b.toml", "a-b-", text, |rule: &Rule| Common {
            id: &rule.id,
            matches: rule.matches.len(),
            skips: rule.skips.len(),
        })
        .map(|rules| rules.len())
        .map_err(|error| error.to_string())
    }

    #[test]
    fn a_rule_without_its_prefix_or_an_example_is_refused_by_name() {
        let rule = "[[rule]]\nid = \"a-b-c\"\nmatch = [\"x\"]\nskip = [\"y\"]\n";
        assert_eq!(try_read(rule), Ok(1));
        let without = rule.replace("[\"y\"]", "[]");
        assert_eq!(
            try_read(&without),
            Err("a/b.toml: rule `a-b-c` lacks a match or a skip example".to_owned())
        );
        let stray = rule.replace("a-b-c", "c");
        assert_eq!(
            try_read(&stray),
            Err("a/b.toml: rule id `c` does not begin with `a-b-`".to_owned())
        );
        assert!(try_read(&rule.replace("skip", "skips")).is_err());
    }
}
