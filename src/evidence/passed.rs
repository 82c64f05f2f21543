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
pub(super) fn domains(attestation: &Attestation) -> Vec<&str> {
    let text = attestation.text.as_str();
    // A quoted local part may hold any text, results included. RFC 5321 §4.1.2.
    if text.contains(['"', '\\']) {
        return Vec::new();
    }
    let Some(pieces) = without_remarks(text) else {
        return Vec::new();
    };
    let words: Vec<&str> = pieces
        .into_iter()
        .flat_map(str::split_ascii_whitespace)
        .collect();
    if attestation.field == "Received-SPF" {
        let is_pass = words
            .first()
            .is_some_and(|word| word.eq_ignore_ascii_case("pass"));
        let paths = words
            .iter()
            .filter_map(|word| word.strip_prefix("envelope-from="));
        return only(paths.filter(|_| is_pass)).into_iter().collect();
    }
    // RFC 8601 §2.2: `;` stands between results, and in none of them.
    let mut results: Vec<Vec<&str>> = vec![Vec::new()];
    for word in words {
        for (place, piece) in word.split(';').enumerate() {
            if place > 0 {
                results.push(Vec::new());
            }
            if let Some(result) = results.last_mut().filter(|_| !piece.is_empty()) {
                result.push(piece);
            }
        }
    }
    let mut found = Vec::new();
    for result in &results {
        let Some((method, outcome)) = result.first().and_then(|word| word.split_once('=')) else {
            continue;
        };
        if !outcome.eq_ignore_ascii_case("pass") {
            continue;
        }
        for (_, property) in METHODS
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(method))
        {
            let values = result.iter().filter_map(|word| word.strip_prefix(property));
            found.extend(only(values));
        }
    }
    found
}

/// Returns the domain of the one value there is.
fn only<'t>(mut values: impl Iterator<Item = &'t str>) -> Option<&'t str> {
    let value = values.next()?.trim_matches(['<', '>', ';', ',']);
    if values.next().is_some() {
        return None;
    }
    let domain = value.rsplit_once('@').map_or(value, |(_, domain)| domain);
    (!domain.is_empty()).then_some(domain)
}

/// Returns what stands outside parentheses; `None` where they do not close.
fn without_remarks(text: &str) -> Option<Vec<&str>> {
    let mut pieces = Vec::new();
    let (mut depth, mut from) = (0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => {
                if depth == 0 {
                    pieces.push(text.get(from..at)?);
                }
                depth += 1;
            }
            ')' => {
                depth = depth.checked_sub(1)?;
                from = at + 1;
            }
            _ => {}
        }
    }
    (depth == 0).then_some(())?;
    pieces.push(text.get(from..)?);
    Some(pieces)
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
            .into_iter()
            .map(str::to_owned)
            .collect()
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
