//! Host names: as people read them, and the domain that somebody registered.
//!
//! In: names from links and addresses. Out: names to show and to look up.
//! Standards: RFC 5891 (A-labels and U-labels), the public suffix list, UTS #39 (mixed scripts).
//! Trust: hostile; look-alike letters are shown beside their A-labels, and marked; a name that could carry a token is cut.

use unicode_normalization::UnicodeNormalization;

use crate::intake::Untrusted;
use crate::rules::Rules;

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

/// Returns the name that may be looked up for a host before the user agreed, and whether it is the host's own.
///
/// A label could be made for one recipient; looking it up would tell the spammer that this recipient
/// read the mail. Ordinary labels cannot: where there is another, the registered domain stands for
/// the host. `None` for an address or a suffix.
#[must_use]
pub fn askable(host: &str, rules: &Rules) -> Option<(String, bool)> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let domain = registered_domain(&host)?;
    let below = host.strip_suffix(&domain).unwrap_or_default();
    let mut labels = below.split('.').filter(|label| !label.is_empty());
    let is_ordinary = labels.all(|label| rules.labels.says("label", label));
    Some(if is_ordinary {
        (host, true)
    } else {
        (domain, false)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_could_be_made_for_one_recipient_is_not_looked_up() {
        let rules = Rules::builtin();
        for (host, name, is_own) in [
            ("www.shop.evil.example", "www.shop.evil.example", true),
            ("EVIL.example.", "evil.example", true),
            ("jane-4711.evil.example", "evil.example", false),
            ("jane-7f3.www.evil.example", "evil.example", false),
            ("www.jane.evil.co.uk", "evil.co.uk", false),
        ] {
            assert_eq!(askable(host, &rules), Some((name.to_owned(), is_own)));
        }
        assert_eq!(askable("localhost", &rules), None);
        assert_eq!(askable("192.0.2.9", &rules), None);
    }

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
