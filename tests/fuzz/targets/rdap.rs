//! An RDAP answer.

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
    br#"{"objectClassName":"ip network","startAddress":"192.0.2.0","endAddress":"192.0.2.255","name":"EXAMPLE","port43":"whois.example.net","entities":[{"objectClassName":"entity","handle":"A1","roles":["abuse"],"vcardArray":["vcard",[["version",{},"text","4.0"],["fn",{},"text","Abuse"],["email",{"pref":"1"},"text","abuse@example.net"]]],"entities":[{"roles":["technical"],"links":[{"rel":"self","href":"https://rdap.example.net/entity/B"}]}]}],"links":[{"rel":"related","href":"https://rdap.example.org/ip/192.0.2.7"}],"remarks":[{"description":["Abuse: abuse@example.org"]}]}"#,
    br#"{"errorCode":404,"title":"x","description":["y"]}"#,
    br#"{"entities":[[],{"roles":"abuse","vcardArray":["vcard",[["email",{},"text",["a@b.example",5]]]]}],"cidr0_cidrs":[{"v4prefix":"192.0.2.0","length":24}]}"#,
];

pub(crate) fn target(octets: &[u8]) {
    let addr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
    for text in unasked::rdap(octets, addr, rules()) {
        if let Ok(mailbox) = AbuseMailbox::try_from(text.as_str()) {
            super::is_one_mailbox(&mailbox);
        }
    }
}
