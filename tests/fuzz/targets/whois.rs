//! A WHOIS answer, in any character set, by any registry's rule.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use plaint::contact::{AbuseMailbox, unasked};
use plaint::rules::Rules;

/// Rules, read once.
fn rules() -> &'static Rules {
    static RULES: LazyLock<Rules> = LazyLock::new(Rules::builtin);
    &RULES
}

pub(crate) const SEEDS: &[&[u8]] = &[
    b"% Abuse contact for '192.0.2.0 - 192.0.2.255' is 'abuse@example.net'\n\ninetnum: 192.0.2.0 - 192.0.2.255\nnetname: EXAMPLE\nabuse-mailbox: abuse@example.net\nremarks: send complaints to abuse@example.org\n",
    b"NetRange: 192.0.2.0 - 192.0.2.255\nOrgAbuseEmail: abuse@example.net\nReferralServer: rwhois://rwhois.example.net:4321\n",
    b"refer: whois.example.net\nwhois: whois.example.org:43\n",
    b"[Network Number] 192.0.2.0/24\n[Abuse] \x1b$B%\"\x1b(B abuse@example.net\n",
];

pub(crate) fn target(octets: &[u8]) {
    let addr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    for charset in [None, Some("iso-2022-jp"), Some("euc-kr"), Some("latin1")] {
        let (answer, _) = unasked::whois(octets, charset, rules());
        let _ = rules().answers.find(&answer);
        for registry in rules().registries.all() {
            for finding in registry.dialect.read(&answer, Some(addr)).found {
                if let Ok(mailbox) = AbuseMailbox::try_from(finding.text.as_str()) {
                    super::is_one_mailbox(&mailbox);
                }
            }
        }
    }
}
