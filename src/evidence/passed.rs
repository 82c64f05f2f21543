//! Which domains an own host found a message to come from.
//!
//! In: an [`Attestation`]. Out: the domains of results that passed.
//! Standards: RFC 8601 §2.2 (each result has its own properties), §2.7 (methods); RFC 7208 §9.1 (Received-SPF).
//! Trust: an own host wrote the result, but a stranger chose what stands in it: a remark says nothing, a property counts
//! only with its own result, and a text that could be read in two ways counts for nothing.
//! Failures: none; what cannot be read gives no domain.

use crate::trace::Attestation;

/// Methods, and the property that names the domain which passed.
const METHODS: [(&str, &str); 3] = [
    ("dkim", "header.d="),
    ("dkim", "header.i="),
    ("spf", "smtp.mailfrom="),
];

/// Returns the domains that passed.
pub(super) fn domains(attestation: &Attestation) -> Vec<String> {
    let text = attestation.text.as_str();
    // A quoted local part may hold any text, results included. RFC 5321 §4.1.2.
    let plain = (!text.contains(['"', '\\']))
        .then(|| without_remarks(text))
        .flatten();
    let Some(plain) = plain else {
        return Vec::new();
    };
    if attestation.field == "Received-SPF" {
        let mut words = plain.split_ascii_whitespace();
        let is_pass = words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("pass"));
        let path = is_pass.then(|| only(words, "envelope-from=")).flatten();
        return path.into_iter().collect();
    }
    let mut found = Vec::new();
    // RFC 8601 §2.2: `;` stands between results, and in none of them.
    for result in plain.split(';') {
        let mut words = result.split_ascii_whitespace();
        let Some((method, outcome)) = words.next().and_then(|word| word.split_once('=')) else {
            continue;
        };
        if outcome.eq_ignore_ascii_case("pass") {
            let named = METHODS
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(method));
            found.extend(named.filter_map(|(_, property)| only(words.clone(), property)));
        }
    }
    found
}

/// Returns the domain in the one value that a property has among words.
fn only<'t>(words: impl Iterator<Item = &'t str>, property: &str) -> Option<String> {
    let mut values = words.filter_map(|word| word.strip_prefix(property));
    let value = values.next()?.trim_matches(['<', '>', ';', ',']);
    if values.next().is_some() {
        return None;
    }
    let domain = value.rsplit_once('@').map_or(value, |(_, domain)| domain);
    (!domain.is_empty()).then(|| domain.to_owned())
}

/// Returns a text with a blank in the place of each remark in parentheses; `None` where they do not close.
fn without_remarks(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0usize;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.checked_sub(1)?;
                out.push(' ');
            }
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    (depth == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(field: &str, text: &str) -> Vec<String> {
        let attestation = Attestation {
            writer: "mx.example.org".to_owned(),
            text: text.to_owned(),
            field: field.to_owned(),
        };
        domains(&attestation)
    }

    #[test]
    fn a_domain_counts_only_with_its_own_result() {
        let results = |text| of("Authentication-Results", text);
        assert_eq!(
            results("dkim=pass header.d=esp.example; spf=pass smtp.mailfrom=b@mail.esp.example"),
            ["esp.example", "mail.esp.example"]
        );
        assert_eq!(
            results("dkim=fail (bad) header.d=esp.example; spf=pass smtp.mailfrom=a@shop.example"),
            ["shop.example"]
        );
        assert_eq!(
            results("dkim=pass (2048-bit) header.i=@esp.example"),
            ["esp.example"]
        );
        for text in [
            "spf=fail (dkim=pass header.d=esp.example) smtp.mailfrom=a@shop.example",
            "dkim=none; spf=softfail smtp.mailfrom=esp.example",
            "spf=pass smtp.mailfrom=\"a;dkim=pass header.d=esp.example\"@shop.example",
            "spf=pass (unclosed smtp.mailfrom=esp.example",
            "dkim=pass header.d=shop.example header.d=esp.example",
            "dkimx=pass header.d=esp.example",
        ] {
            assert_eq!(results(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn received_spf_names_the_reverse_path() {
        let text = "pass (mx.example.org: domain of b@esp.example designates 192.0.2.7) client-ip=192.0.2.7; envelope-from=b@esp.example; helo=x;";
        assert_eq!(of("Received-SPF", text), ["esp.example"]);
        assert_eq!(
            of("Received-SPF", &text.replacen("pass", "neutral", 1)),
            [""; 0]
        );
    }
}
