//! Reads the results in an attestation: what was checked, what came of it, and about which domain.
//!
//! In: an [`Attestation`]'s text. Out: [`CheckResult`]s, borrowed from it.
//! Standards: RFC 8601 §2.2 (Authentication-Results), RFC 7208 §9.1 (Received-SPF), RFC 5322 §3.2.2 (comments).
//! Trust: an own host wrote the text, but a stranger chose what stands in it: a comment says nothing, a property counts
//! only with its own result and only if it stands there once.
//! Failures: none; of a text that could be read in two ways nothing is read.

use super::Attestation;

/// Results of one field that are read at most; hosts write a handful.
const RESULT_LIMIT: usize = 32;

/// One result: what was checked, what came of it, and the properties that were found on the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CheckResult<'t> {
    /// What was checked: `spf`, `dkim`. RFC 8601 §2.7.
    method: &'t str,
    /// What came of it: `pass`, `fail`.
    outcome: &'t str,
    /// Type, name and value of each property; the type is empty where none is written.
    properties: Vec<(&'t str, &'t str, &'t str)>,
}

impl<'t> CheckResult<'t> {
    /// Returns whether it is a result of this method.
    pub(super) fn is_of(&self, method: &str) -> bool {
        self.method.eq_ignore_ascii_case(method)
    }

    /// Returns whether the check passed.
    pub(super) fn is_pass(&self) -> bool {
        self.outcome.eq_ignore_ascii_case("pass")
    }

    /// Returns whether the check failed, softly or not. RFC 7208 §2.6.4, §2.6.5.
    pub(super) fn is_fail(&self) -> bool {
        ["fail", "softfail"]
            .iter()
            .any(|outcome| self.outcome.eq_ignore_ascii_case(outcome))
    }

    /// Returns the one value of a property; `None` where there is none, or more than one.
    pub(super) fn value(&self, kind: &str, name: &str) -> Option<&'t str> {
        let mut values = self.properties.iter().filter(|(of, property, _)| {
            of.eq_ignore_ascii_case(kind) && property.eq_ignore_ascii_case(name)
        });
        let (_, _, value) = values.next()?;
        values.next().is_none().then_some(*value)
    }

    /// Returns the domain in a property: of a mailbox, of an agent's identity, or one alone.
    pub(super) fn domain(&self, kind: &str, name: &str) -> Option<&'t str> {
        let value = self.value(kind, name)?.trim_matches(['<', '>']);
        // RFC 7208 §9.1: the whole path may be a quoted string; within it nothing else may need quotes.
        let value = match value
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(inner) if inner.contains(['"', ' ', ';', '=']) => return None,
            Some(inner) => inner,
            None => value,
        };
        // RFC 5321 §4.1.2: a quoted local part may hold any text, `@` included; the domain stands behind it.
        let domain = value.rsplit_once('@').map_or(value, |(_, domain)| domain);
        let is_domain = domain.contains('.')
            && domain
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-' | b'_'));
        is_domain.then(|| domain.trim_end_matches('.'))
    }
}

impl Attestation {
    /// Returns its results in order; `None` where the text could be read in two ways.
    pub(super) fn results(&self) -> Option<Vec<CheckResult<'_>>> {
        let mut reader = Reader { rest: &self.text };
        if self.field == "Received-SPF" {
            return Some(vec![reader.received_spf()?]);
        }
        let mut found = Vec::new();
        reader.blank()?;
        while !reader.rest.is_empty() {
            (found.len() < RESULT_LIMIT).then_some(())?;
            found.extend(reader.result()?);
            reader.blank()?;
        }
        Some(found)
    }
}

/// Splits the payload of a field into the host that wrote it and its results.
///
/// RFC 8601 §2.2: `authserv-id [version] ; results`; RFC 8617 §4.1.1: the instance stands before it.
pub(super) fn split(payload: &str) -> Option<(&str, &str)> {
    let mut reader = Reader { rest: payload };
    let mut id = reader.value()?;
    if id.eq_ignore_ascii_case("i") && reader.take('=')? {
        reader.value()?;
        reader.take(';')?.then_some(())?;
        id = reader.value()?;
    } else if let Some(instance) = id.get(..2)
        && instance.eq_ignore_ascii_case("i=")
    {
        reader.take(';')?.then_some(())?;
        id = reader.value()?;
    }
    let id = id.trim_matches('"');
    if !reader.take(';')? {
        let version = reader.value()?;
        version.bytes().all(|b| b.is_ascii_digit()).then_some(())?;
        reader.take(';')?.then_some(())?;
    }
    let is_host = !id.is_empty() && !id.contains(['=', '"', ' ']);
    is_host.then(|| (id, reader.rest.trim_ascii()))
}

/// What is left of a text. Each step gives `None` where the text could be read in two ways.
struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    /// Reads `pass (comment) client-ip=…; envelope-from=…; …`.
    fn received_spf(&mut self) -> Option<CheckResult<'t>> {
        let mut result = CheckResult {
            method: "spf",
            outcome: self.word()?,
            properties: Vec::new(),
        };
        self.blank()?;
        while !self.rest.is_empty() {
            if !self.take(';')? {
                let key = self.word()?;
                self.take('=')?.then_some(())?;
                result.properties.push(("", key, self.value()?));
            }
            self.blank()?;
        }
        Some(result)
    }

    /// Reads the next result; an empty place between two `;`, and `none` alone, hold none.
    fn result(&mut self) -> Option<Option<CheckResult<'t>>> {
        // RFC 8601 §2.2: `;` stands between results, and in none of them.
        if self.ends()? {
            return Some(None);
        }
        let method = self.word()?;
        // RFC 8601 §2.2: `method/version`.
        if self.take('/')? {
            self.word()?;
        }
        if !self.take('=')? {
            // RFC 8601 §2.2: `none` says that nothing was checked.
            let is_none = method.eq_ignore_ascii_case("none") && self.ends()?;
            return is_none.then_some(None);
        }
        self.blank()?;
        let mut result = CheckResult {
            method,
            outcome: self.word()?,
            properties: Vec::new(),
        };
        while !self.ends()? {
            let first = self.word()?;
            // RFC 8601 §2.2: `ptype.property=value`; `reason=` and some hosts' own words have no type.
            let (kind, name) = match self.take('.')? {
                true => {
                    self.blank()?;
                    (first, self.name()?)
                }
                false => ("", first),
            };
            self.take('=')?.then_some(())?;
            result.properties.push((kind, name, self.value()?));
        }
        Some(Some(result))
    }

    /// Returns whether the result ends here; takes the `;` that ends it.
    fn ends(&mut self) -> Option<bool> {
        Some(self.take(';')? || self.rest.is_empty())
    }

    /// Takes blanks and comments. RFC 5322 §3.2.2: comments may stand in each other.
    fn blank(&mut self) -> Option<()> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            if !self.rest.starts_with('(') {
                return Some(());
            }
            let mut depth = 0usize;
            let end = self.rest.bytes().position(|octet| {
                match octet {
                    b'(' => depth += 1,
                    b')' => depth -= 1,
                    _ => {}
                }
                depth == 0
            })?;
            let (comment, rest) = self.rest.split_at_checked(end + 1)?;
            // Hosts quote in comments what the client said: where it tried to get out, nobody knows who speaks.
            (!comment.contains(['"', '\\'])).then_some(())?;
            self.rest = rest;
        }
    }

    /// Takes a sign, with the blanks and comments before it, if it is the next one.
    fn take(&mut self, sign: char) -> Option<bool> {
        self.blank()?;
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        Some(rest.is_some())
    }

    /// Takes a keyword. RFC 8601 §2.2: letters, digits and hyphens.
    fn word(&mut self) -> Option<&'t str> {
        self.cut(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
    }

    /// Takes the name of a property; some hosts write dots in it.
    fn name(&mut self) -> Option<&'t str> {
        self.cut(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
    }

    /// Takes a value, quoted strings with their quotes.
    fn value(&mut self) -> Option<&'t str> {
        self.blank()?;
        let mut quoted = false;
        let end = self.rest.find(|c: char| {
            quoted ^= c == '"';
            // A backslash is read in one way by those who keep it and in another by those who take it off.
            c == '\\' || !quoted && (c.is_ascii_whitespace() || matches!(c, ';' | '(' | ')'))
        });
        let (value, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        let is_whole = !rest.starts_with(['\\', ')']) && value.matches('"').count() % 2 == 0;
        is_whole.then_some(())?;
        self.rest = rest;
        Some(value)
    }

    fn cut(&mut self, ends: impl Fn(char) -> bool) -> Option<&'t str> {
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at_checked(end)?;
        (!word.is_empty()).then_some(())?;
        self.rest = rest;
        Some(word)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in crate::trace) fn said(field: &str, text: &str) -> Attestation {
        Attestation {
            writer: "mx.example.net".to_owned(),
            text: text.to_owned(),
            field: field.to_owned(),
            is_of_source: true,
        }
    }

    /// Returns each result with the domain that it is about.
    fn read(text: &str) -> Option<Vec<String>> {
        let one = said("Authentication-Results", text);
        let all = one.results()?.into_iter().map(|result| {
            let domain = result
                .domain("header", "d")
                .or(result.domain("header", "i"))
                .or(result.domain("smtp", "mailfrom"));
            format!(
                "{}={} {}",
                result.method,
                result.outcome,
                domain.unwrap_or("-")
            )
        });
        Some(all.collect())
    }

    #[test]
    fn results_are_read_as_hosts_write_them() {
        for (text, expected) in [
            ("none", vec![]),
            (
                "spf=pass smtp.mailfrom=a@example.org;",
                vec!["spf=pass example.org"],
            ),
            (
                "SPF=Pass smtp.MailFrom=EXAMPLE.org",
                vec!["SPF=Pass EXAMPLE.org"],
            ),
            (
                "dkim=pass (2048-bit key; unprotected) header.d=example.org header.i=@example.org header.b=\"A/b; c=\"; dkim=fail reason=\"bad (signature)\" header.d=example.net",
                vec!["dkim=pass example.org", "dkim=fail example.net"],
            ),
            (
                "spf=pass (sender IP is 192.0.2.7)\r\n\tsmtp.mailfrom=example.org; dmarc=pass action=none header.from=example.org;compauth=pass reason=100",
                vec!["spf=pass example.org", "dmarc=pass -", "compauth=pass -"],
            ),
            (
                "dkim/1 = pass (a (nested) remark) header . d = example.org; auth=pass (PLAIN) smtp.auth=anna",
                vec!["dkim=pass example.org", "auth=pass -"],
            ),
            (
                "spf=pass smtp.mailfrom=\"a b; c\"@example.org",
                vec!["spf=pass example.org"],
            ),
            (
                "spf=pass smtp.mailfrom=\"a@example.org\"",
                vec!["spf=pass example.org"],
            ),
            (
                "dkim=pass header.i=anna@example.org",
                vec!["dkim=pass example.org"],
            ),
            (
                "spf=pass smtp.mailfrom=<>; dkim=none header.d=none",
                vec!["spf=pass -", "dkim=none -"],
            ),
        ] {
            let expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(read(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_result_that_the_sender_could_have_written_is_none() {
        for text in [
            "spf=fail (domain of \"x) smtp.mailfrom=a@example.org (\"@example.net) smtp.mailfrom=x",
            "spf=fail smtp.mailfrom=\"x\\\"; spf=pass smtp.mailfrom=a@example.org; y=\"@example.net",
            "spf=pass (unclosed smtp.mailfrom=a@example.org",
            "spf=pass unopened) smtp.mailfrom=a@example.org",
            "spf=pass smtp.mailfrom=\"unclosed@example.org",
            "spf=fail example.net smtp.mailfrom=a@example.org",
            "=pass smtp.mailfrom=a@example.org",
            "spf",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        for text in [
            "spf=fail smtp.mailfrom=\"x; spf=pass smtp.mailfrom=a@example.org\"",
            "spf=fail smtp.mailfrom=\"x; dkim=pass header.d=example.org\"",
            "dkim=pass header.d=example.org header.d=example.net",
            "spf=pass smtp.mailfrom=a@example.org,b",
        ] {
            let results = read(text).unwrap();
            assert!(
                results.len() == 1 && results[0].ends_with(" -"),
                "{text}: {results:?}"
            );
        }
        let flood = "spf=pass; ".repeat(RESULT_LIMIT + 1);
        assert_eq!(read(&flood), None);
    }

    #[test]
    fn received_spf_is_one_result() {
        let text = "Pass (mx.example.net: domain of a@example.org designates 192.0.2.7) receiver=mx.example.net; client-ip=192.0.2.7; envelope-from=\"a@example.org\"; helo=x;";
        let one = said("Received-SPF", text);
        let results = one.results().unwrap();
        assert!(results[0].is_of("spf") && results[0].is_pass());
        assert_eq!(results[0].value("", "client-ip"), Some("192.0.2.7"));
        assert_eq!(results[0].domain("", "envelope-from"), Some("example.org"));
        assert_eq!(said("Received-SPF", "pass (x").results(), None);
        assert_eq!(said("Received-SPF", "pass client-ip").results(), None);
    }

    #[test]
    fn the_writer_stands_before_the_results() {
        for (payload, expected) in [
            (
                "mx.example.net; spf=pass",
                Some(("mx.example.net", "spf=pass")),
            ),
            (
                " (a; b) mx.example.net (c) 1 (d; e); none",
                Some(("mx.example.net", "none")),
            ),
            ("\"mx.example.net\"; none", Some(("mx.example.net", "none"))),
            (
                "i=1; mx.example.net; arc=none",
                Some(("mx.example.net", "arc=none")),
            ),
            (
                "i = 2 ; mx.example.net 1; arc=none",
                Some(("mx.example.net", "arc=none")),
            ),
            ("mx.example.net", None),
            ("spf=pass (x) smtp.mailfrom=a; dkim=none", None),
            ("spf=pass; dkim=none", None),
            ("mx.example.net evil.example; spf=pass", None),
            ("; spf=pass", None),
        ] {
            assert_eq!(split(payload), expected, "{payload}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_nothing_is_made_up(text in "\\PC{0,200}") {
            for field in ["Authentication-Results", "Received-SPF"] {
                for result in said(field, &text).results().unwrap_or_default() {
                    prop_assert!(text.contains(result.outcome) && !result.outcome.is_empty());
                }
            }
            let _ = split(&text);
        }

        #[test]
        fn no_quoted_path_and_no_comment_adds_a_result(inside in "[ -~]{0,60}") {
            let of = |text: String| said("Authentication-Results", &text).results().map(|results| results.len());
            let quoted = of(format!("spf=fail smtp.mailfrom=\"{}\"@example.net", inside.replace(['"', '\\'], "")));
            prop_assert_eq!(quoted, Some(1));
            let remark = of(format!("spf=fail ({inside}) smtp.mailfrom=x@example.net"));
            if !inside.contains(['(', ')']) {
                prop_assert!(remark.is_none_or(|count| count == 1));
            }
        }
    }
}
