//! Contact cards in RDAP: jCard, and JSContact where a server has it already.
//!
//! In: an entity. Out: mailboxes with their marks, names, links.
//! Standards: RFC 7095 (jCard), RFC 6350 §6.4.2 (EMAIL), §5.3 (PREF), RFC 8605 §2.1 (CONTACT-URI), RFC 9553 (JSContact).
//! Trust: hostile; counts are bounded, texts stay text until they are judged.

use serde_json::Value;

/// Mailboxes of one card that are read.
const MAILS_MAX: usize = 8;
/// Links of one card that are read.
const LINKS_MAX: usize = 4;

/// What a card holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Card {
    /// Mailboxes, as written, with whether the card marks them as the one for complaints.
    pub(super) mails: Vec<(String, Mark)>,
    /// Full name.
    pub(super) name: Option<String>,
    /// Organization.
    pub(super) org: Option<String>,
    /// Web links.
    pub(super) links: Vec<String>,
}

/// How a card marks a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    /// RIPE: `type: abuse`.
    Abuse,
    /// APNIC: `pref: 1` is the abuse mailbox, the other the team's general one. RFC 6350 §5.3: the least number, 1 to 100.
    Preferred(u8),
    /// Nothing.
    None,
}

impl Card {
    /// Reads the card of an entity; `None` where it has none.
    pub(super) fn of(entity: &Value) -> Option<Self> {
        if let Some(properties) = entity.pointer("/vcardArray/1").and_then(Value::as_array) {
            return Some(Self::jcard(properties));
        }
        ["jscard", "jscontact_card"]
            .iter()
            .find_map(|key| entity.get(key))
            .map(Self::jscontact)
    }

    /// Returns the mailboxes that are meant for complaints: the marked ones, or all.
    pub(super) fn meant(&self) -> impl Iterator<Item = (&str, bool)> {
        let best = self.mails.iter().map(|(_, mark)| *mark).min();
        self.mails
            .iter()
            .map(move |(mail, mark)| (mail.as_str(), Some(*mark) == best))
    }

    fn jcard(properties: &[Value]) -> Self {
        let mut card = Self::default();
        for property in properties.iter().take(200) {
            let name = property.get(0).and_then(Value::as_str).unwrap_or_default();
            let parameters = property.get(1).unwrap_or(&Value::Null);
            let text = property.get(3).and_then(first_text);
            let Some(text) = text else { continue };
            match name.to_ascii_lowercase().as_str() {
                "email" => card.mail(text, mark(parameters)),
                "fn" => card.name = Some(text.to_owned()),
                "org" => card.org = Some(text.to_owned()),
                "contact-uri" | "url" => card.link(text),
                _ => {}
            }
        }
        card
    }

    fn jscontact(json: &Value) -> Self {
        let mut card = Self {
            name: json
                .pointer("/name/full")
                .or_else(|| json.get("fullName"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            ..Self::default()
        };
        let each = |key: &str| {
            json.get(key)
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|map| map.values())
                .take(20)
        };
        for mail in each("emails") {
            if let Some(text) = mail
                .get("address")
                .or_else(|| mail.get("email"))
                .and_then(Value::as_str)
            {
                card.mail(text, mark(mail));
            }
        }
        for link in each("links") {
            if let Some(text) = link.get("uri").and_then(Value::as_str) {
                card.link(text);
            }
        }
        card
    }

    fn mail(&mut self, text: &str, mark: Mark) {
        let text = text.trim();
        let text = text
            .get(..7)
            .filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"))
            .and_then(|_| text.get(7..)?.split('?').next())
            .map_or(text, str::trim);
        if !text.is_empty() && self.mails.len() < MAILS_MAX {
            self.mails.push((text.to_owned(), mark));
        }
    }

    fn link(&mut self, text: &str) {
        // RFC 8605 §2.1: a contact URI may be a mailbox.
        if text
            .get(..7)
            .is_some_and(|s| s.eq_ignore_ascii_case("mailto:"))
        {
            self.mail(text, Mark::None);
        } else if self.links.len() < LINKS_MAX {
            self.links.push(text.to_owned());
        }
    }
}

/// Returns the first text of a property's value, which may be a list.
fn first_text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.as_str()),
        Value::Array(values) => values.iter().find_map(Value::as_str),
        _ => None,
    }
    .filter(|text| !text.trim().is_empty())
}

/// Returns how the parameters of a mailbox mark it; `type` may be a list, `pref` a number.
fn mark(parameters: &Value) -> Mark {
    let is = |value: &Value| {
        value
            .as_str()
            .is_some_and(|t| t.eq_ignore_ascii_case("abuse"))
    };
    let abuse = match parameters.get("type") {
        Some(Value::Array(types)) => types.iter().any(is),
        Some(other) => is(other),
        None => false,
    };
    let preferred = match parameters.get("pref") {
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Number(number)) => number.as_u64().and_then(|n| u8::try_from(n).ok()),
        _ => None,
    };
    match (abuse, preferred) {
        (true, _) => Mark::Abuse,
        (_, Some(pref @ 1..=100)) => Mark::Preferred(pref),
        _ => Mark::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn meant(entity: &Value) -> Vec<String> {
        Card::of(entity)
            .unwrap()
            .meant()
            .filter(|(_, meant)| *meant)
            .map(|(mail, _)| mail.to_owned())
            .collect()
    }

    #[test]
    fn the_marked_mailbox_is_the_one_for_complaints() {
        let ripe = json!({"vcardArray": ["vcard", [
            ["version", {}, "text", "4.0"],
            ["email", {"type": "email"}, "text", "office@example.net"],
            ["email", {"type": ["work", "ABUSE"]}, "text", "abuse@example.net"]]]});
        assert_eq!(meant(&ripe), ["abuse@example.net"]);
        let apnic = json!({"vcardArray": ["vcard", [
            ["email", {}, "text", "team@example.net"],
            ["email", {"pref": 1}, "text", "abuse@example.net"]]]});
        assert_eq!(meant(&apnic), ["abuse@example.net"]);
        let ranked = json!({"vcardArray": ["vcard", [
            ["email", {"pref": "20"}, "text", "second@example.net"],
            ["email", {"pref": 10}, "text", "first@example.net"]]]});
        assert_eq!(meant(&ranked), ["first@example.net"]);
        let plain = json!({"vcardArray": ["vcard", [
            ["email", {}, "uri", "mailto:a@example.net?subject=x&cc=victim@example.org"],
            ["EMAIL", {}, "text", "b@example.net"]]]});
        assert_eq!(meant(&plain), ["a@example.net", "b@example.net"]);
    }

    #[test]
    fn jscontact_is_read_like_a_jcard() {
        let card = json!({"jscard": {"fullName": "Example", "emails": {
            "1": {"address": "team@example.net"}, "2": {"address": "abuse@example.net", "pref": 1}}}});
        assert_eq!(meant(&card), ["abuse@example.net"]);
        assert_eq!(Card::of(&card).unwrap().name.as_deref(), Some("Example"));
    }

    #[test]
    fn links_are_no_mailboxes_unless_they_are() {
        let card = Card::of(&json!({"vcardArray": ["vcard", [
            ["contact-uri", {}, "uri", "https://abuse.example/form"],
            ["contact-uri", {}, "uri", "MAILTO:abuse@example.net"],
            ["email", {}, "text", "   "]]]}))
        .unwrap();
        assert_eq!(card.links, ["https://abuse.example/form"]);
        assert_eq!(card.mails, [("abuse@example.net".to_owned(), Mark::None)]);
    }

    #[test]
    fn broken_cards_give_nothing() {
        for entity in [
            json!({}),
            json!({"vcardArray": "x"}),
            json!({"vcardArray": ["vcard"]}),
        ] {
            assert_eq!(Card::of(&entity), None);
        }
        let odd =
            json!({"vcardArray": ["vcard", [[], 7, ["email"], ["email", {}, "text", {"a": 1}]]]});
        assert_eq!(Card::of(&odd), Some(Card::default()));
    }
}
