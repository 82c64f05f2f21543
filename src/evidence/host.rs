//! Host names: as people read them, and the domain that somebody registered.
//!
//! In: names from links and addresses. Out: names to show and to look up.
//! Standards: RFC 5891 (A-labels and U-labels), the public suffix list, UTS #39 (mixed scripts).
//! Trust: hostile; look-alike letters are shown beside their A-labels, and marked.

use unicode_normalization::UnicodeNormalization;

use crate::intake::Untrusted;

/// Returns a host as a person should read it: its A-labels, and the letters they stand for beside them.
///
/// `xn--pypal-4ve.example` becomes `xn--pypal-4ve.example (shows as "pаypal.example", letters of several scripts)`.
#[must_use]
pub fn host_shown(host: &str) -> String {
    let ascii = Untrusted::text(host).to_string();
    if !host
        .split('.')
        .any(|label| label.to_ascii_lowercase().starts_with("xn--"))
    {
        return ascii;
    }
    let (unicode, read) = idna::domain_to_unicode(host);
    if read.is_err() || unicode == host {
        return ascii;
    }
    let mark = if unicode.split('.').any(is_mixed) {
        ", letters of several scripts"
    } else {
        ""
    };
    format!("{ascii} (shows as \"{}\"{mark})", Untrusted::text(&unicode))
}

/// Returns whether a label mixes ASCII letters with letters of another script that look like them.
fn is_mixed(label: &str) -> bool {
    let latin = label.chars().any(|c| c.is_ascii_alphabetic());
    // Latin letters with marks decompose to ASCII; Greek and Cyrillic ones do not.
    let other = label
        .nfd()
        .any(|c| c.is_alphabetic() && !c.is_ascii() && !('\u{80}'..'\u{250}').contains(&c));
    latin && other
}

/// Returns the domain that somebody registered: the public suffix and one label; `None` for an address or a suffix.
#[must_use]
pub fn registered_domain(host: &str) -> Option<String> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    if host.parse::<std::net::IpAddr>().is_ok() {
        return None;
    }
    psl::domain_str(&host).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_stand_beside_their_a_labels() {
        assert_eq!(host_shown("example.org"), "example.org");
        let (ascii, _) = (idna::domain_to_ascii("p\u{430}ypal.example").unwrap(), ());
        let shown = host_shown(&ascii);
        assert!(
            shown.starts_with("xn--") && shown.contains("letters of several scripts"),
            "{shown}"
        );
        let shown = host_shown("xn--bcher-kva.example");
        assert_eq!(shown, "xn--bcher-kva.example (shows as \"bücher.example\")");
    }

    #[test]
    fn registered_domains_end_at_the_public_suffix() {
        assert_eq!(
            registered_domain("a.b.example.co.uk.").as_deref(),
            Some("example.co.uk")
        );
        assert_eq!(registered_domain("192.0.2.7"), None);
        assert_eq!(registered_domain("com"), None);
    }
}
