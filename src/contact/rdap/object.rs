//! What one RDAP object says: its network, its mailboxes, where to go on.
//!
//! In: JSON of a network, an autonomous system or a domain. Out: [`Object`].
//! Standards: RFC 9083 §5.1 (entity), §5.3 to §5.5, §4.2 (links), §4.3 (remarks), RFC 9537 (redaction).
//! Trust: hostile; depth and counts are bounded.
//! Limits: contacts of a domain's registrant are never read: he is who is complained about.

use serde_json::Value;

use super::super::rank::registered;
use super::super::remark;
use super::super::target::Target;
use super::card::{Card, Mark};
use crate::contact::{Confidence, Form};
use crate::rules::{AddrRange, Facts, Finding, Rules};

/// Depth to which entities are read: holder, its contact, that contact's contact.
const DEPTH_MAX: usize = 3;
/// Entities of one object that are read.
const ENTITIES_MAX: usize = 100;
/// Findings that are kept.
const FINDINGS_MAX: usize = 30;

/// What one object says.
#[derive(Debug, Default)]
pub(in crate::contact) struct Object {
    /// The network, or the domain's registrar.
    pub(super) facts: Facts,
    /// Mailboxes, best first, unchecked.
    pub(in crate::contact) findings: Vec<Finding>,
    /// Web forms.
    pub(super) forms: Vec<Form>,
    /// WHOIS server. RFC 9083 §4.7.
    pub(super) port43: Option<String>,
    /// Host of the object's own link, where a mirror answered.
    pub(super) self_host: Option<String>,
    /// Links of abuse contacts that are named by handle only.
    pub(in crate::contact) stubs: Vec<String>,
    /// Links of holders whose own contacts were left out.
    pub(super) holders: Vec<String>,
    /// Whether it is about a network that does not hold the address.
    pub(super) is_elsewhere: bool,
    /// Links to another server that knows more. RFC 9083 §4.2.
    pub(in crate::contact) related: Vec<String>,
}

/// Places of mailboxes, best first: what they are called, how they are believed, whether they are the ones for complaints.
const NETWORK_ABUSE: usize = 0;
const HOLDER_ABUSE: usize = 1;
const REMARK: usize = 4;
const NAMED_ABUSE: usize = 5;
const TECHNICAL: usize = 6;

impl Object {
    /// Reads the answer to a question.
    pub(in crate::contact) fn read(json: &Value, target: &Target, rules: &Rules) -> Self {
        let mut object = Self {
            port43: text(json, "port43"),
            ..Self::default()
        };
        let links = |rel: &str| links(json, rel);
        object.self_host = links("self")
            .first()
            .and_then(|link| url::Url::parse(link).ok())
            .and_then(|url| url.host_str().map(str::to_owned));
        object.related = links("related");
        let is_domain = matches!(target, Target::Domain(_));
        object.facts = facts(json, is_domain);
        object.is_elsewhere = match (object.facts.range, target.addr()) {
            (Some(range), Some(addr)) => !range.contains(addr),
            _ => false,
        };
        object.facts.stub = rules.registries.all().any(|registry| {
            let said = |key: &str, line: &str| {
                text(json, key)
                    .is_some_and(|value| registry.dialect.is_stub(&format!("{line}{value}")))
            };
            said("type", "NetType: ") || said("name", "netname: ")
        });
        let mut left = ENTITIES_MAX;
        if is_domain {
            object.domain(json, &target.to_string(), rules);
        } else {
            object.network(json, 0, &mut left, rules);
            object.remarks(json, rules);
        }
        for finding in &mut object.findings {
            finding.stub = object.facts.stub;
        }
        object.findings.sort_by_key(|f| f.tier);
        object.findings.truncate(FINDINGS_MAX);
        object
    }

    /// Reads an abuse contact that was fetched by its own link.
    pub(super) fn of_entity(json: &Value, rules: &Rules) -> Vec<Finding> {
        let mut object = Self::default();
        object.card(
            json,
            NETWORK_ABUSE,
            "entities[abuse]",
            Confidence::High,
            rules,
        );
        object.remarks(json, rules);
        object.findings
    }

    /// Reads a holder that was fetched by his own link: his contacts, one step below the network's.
    pub(super) fn of_holder(json: &Value, rules: &Rules) -> Vec<Finding> {
        let mut object = Self::default();
        let mut left = ENTITIES_MAX;
        object.network(json, 1, &mut left, rules);
        object.remarks(json, rules);
        object.findings
    }

    /// Reads the entities of a network or an autonomous system, at every depth.
    fn network(&mut self, json: &Value, depth: usize, left: &mut usize, rules: &Rules) {
        for entity in entities(json) {
            if *left == 0 || depth > DEPTH_MAX {
                return;
            }
            *left -= 1;
            let roles = roles(entity);
            let has = |role: &str| roles.iter().any(|r| r == role);
            if has("abuse") {
                // A contact of the network itself is nearer than one of its holder.
                let (tier, field) = match depth {
                    0 => (NETWORK_ABUSE, "entities[abuse]"),
                    _ => (
                        HOLDER_ABUSE + depth - 1,
                        "entities[registrant].entities[abuse]",
                    ),
                };
                self.card(entity, tier, field, Confidence::High, rules);
                if entity.get("vcardArray").is_none() && Card::of(entity).is_none() {
                    self.stubs.extend(links(entity, "self").into_iter().take(1));
                }
            } else if let Some(card) = Card::of(entity) {
                for (mail, mark) in &card.mails {
                    let named = *mark == Mark::Abuse
                        || mail
                            .split('@')
                            .next()
                            .is_some_and(|local| remark::is_abuse_word(local, rules));
                    if named {
                        self.find(
                            mail,
                            NAMED_ABUSE,
                            "entities[].email",
                            Confidence::Medium,
                            true,
                        );
                    } else if has("technical") && depth <= 1 {
                        self.find(
                            mail,
                            TECHNICAL,
                            "entities[technical]",
                            Confidence::Low,
                            false,
                        );
                    }
                }
            }
            let has_mail = Card::of(entity).is_some_and(|card| !card.mails.is_empty());
            if depth == 0 && has("registrant") && !has_mail && entities(entity).next().is_none() {
                self.holders
                    .extend(links(entity, "self").into_iter().take(1));
            }
            self.remarks(entity, rules);
            self.network(entity, depth + 1, left, rules);
        }
    }

    /// Reads the registrar of a domain and its abuse contact.
    ///
    /// Some registries put the abuse contact beside the registrar. RFC 9083
    /// §10.2.4 has it act for the registrant: one at the domain itself, or
    /// one that has another role, is left out.
    fn domain(&mut self, json: &Value, domain: &str, rules: &Rules) {
        for entity in entities(json).take(ENTITIES_MAX) {
            let own = roles(entity);
            if own == ["abuse"] {
                let card = Card::of(entity).unwrap_or_default();
                for (mail, _) in card.meant().filter(|(_, meant)| *meant) {
                    let at = mail.rsplit('@').next().unwrap_or_default();
                    if registered(at) != domain {
                        self.find(
                            mail,
                            NAMED_ABUSE,
                            "entities[abuse]",
                            Confidence::Medium,
                            true,
                        );
                    }
                }
                continue;
            }
            if !own.iter().any(|role| role == "registrar") {
                continue;
            }
            let marked = Card::of(entity)
                .is_some_and(|card| card.mails.iter().any(|(_, mark)| *mark == Mark::Abuse));
            if marked || own.iter().any(|role| role == "abuse") {
                self.card(
                    entity,
                    HOLDER_ABUSE,
                    "entities[registrar]",
                    Confidence::High,
                    rules,
                );
            }
            for nested in entities(entity).take(ENTITIES_MAX) {
                if roles(nested).iter().any(|role| role == "abuse") {
                    let field = "entities[registrar].entities[abuse]";
                    self.card(nested, NETWORK_ABUSE, field, Confidence::High, rules);
                    if Card::of(nested).is_none() {
                        self.stubs.extend(links(nested, "self").into_iter().take(1));
                    }
                }
            }
            self.remarks(entity, rules);
        }
    }

    /// Takes the mailboxes and forms of an abuse contact.
    fn card(
        &mut self,
        entity: &Value,
        tier: usize,
        field: &str,
        confidence: Confidence,
        rules: &Rules,
    ) {
        let Some(card) = Card::of(entity) else { return };
        // Of several mailboxes without a mark, one that a person bears is not the desk's.
        let is_person = |mail: &str| rules.refused.says("person", mail);
        let all_persons = card.meant().all(|(mail, meant)| !meant || is_person(mail));
        for (mail, meant) in card.meant() {
            let meant = meant && (all_persons || !is_person(mail));
            self.find(mail, tier, field, confidence, meant);
        }
        let desk = card.name.as_ref().or(card.org.as_ref());
        for link in &card.links {
            self.form(link, desk.map_or("abuse contact", String::as_str));
        }
    }

    /// Takes the mailboxes that remarks offer for complaints, and the links.
    fn remarks(&mut self, json: &Value, rules: &Rules) {
        for said in each(json, "remarks").iter().take(30) {
            let lines: Vec<&str> = each(said, "description")
                .iter()
                .filter_map(Value::as_str)
                .take(100)
                .collect();
            for offered in remark::read(&lines.join("\n"), rules) {
                match offered {
                    remark::Offer::Mail(mail) => {
                        self.find(&mail, REMARK, "remarks", Confidence::Medium, true);
                    }
                    remark::Offer::Link(link) => self.form(&link, "remarks"),
                }
            }
        }
    }

    fn find(
        &mut self,
        text: &str,
        tier: usize,
        field: &str,
        confidence: Confidence,
        recommended: bool,
    ) {
        // RFC 9537: what was redacted is left as an empty or a telling text, never a mailbox.
        if !text.contains('@') || self.findings.len() >= 2 * FINDINGS_MAX {
            return;
        }
        self.findings.push(Finding {
            text: text.to_owned(),
            field: field.to_owned(),
            confidence,
            recommended,
            tier: (0, tier),
            stub: false,
        });
    }

    fn form(&mut self, link: &str, desk: &str) {
        if let Some(form) = Form::checked(link, desk)
            && !self.forms.contains(&form)
            && self.forms.len() < 5
        {
            self.forms.push(form);
        }
    }
}

/// Reads the extent of a network. RFC 9083 §5.4.
fn range(json: &Value) -> Option<AddrRange> {
    let addr = |key: &str| {
        // Some servers append the prefix length to the address.
        text(json, key)?.split('/').next()?.parse().ok()
    };
    let named = || AddrRange::new(addr("startAddress")?, addr("endAddress")?);
    // The number registries' own extension, where nothing else says it.
    let prefix = || {
        let cidr = each(json, "cidr0_cidrs").first()?;
        let prefix = text(cidr, "v4prefix").or_else(|| text(cidr, "v6prefix"))?;
        let length = cidr.get("length")?.as_u64()?;
        AddrRange::parse(&format!("{prefix}/{length}"))
    };
    named().or_else(prefix)
}

/// Reads the extent, the names and the holder.
fn facts(json: &Value, is_domain: bool) -> Facts {
    let wanted: &[&str] = if is_domain {
        &["registrar"]
    } else {
        &["registrant"]
    };
    let holder = entities(json)
        .take(ENTITIES_MAX)
        .filter(|entity| {
            roles(entity)
                .iter()
                .any(|role| wanted.contains(&role.as_str()))
        })
        .find_map(|entity| Card::of(entity).and_then(|card| card.name.or(card.org)));
    // Where no registrant is named, the first line of the description names the holder.
    let described = || {
        let remark = each(json, "remarks").first()?;
        let line = each(remark, "description").first()?;
        line.as_str().map(str::to_owned)
    };
    Facts {
        range: range(json),
        handle: text(json, "handle"),
        name: text(json, "name").or_else(|| text(json, "ldhName")),
        holder: holder.or_else(|| if is_domain { None } else { described() }),
        country: text(json, "country"),
        stub: false,
    }
}

fn text(json: &Value, key: &str) -> Option<String> {
    json.get(key)
        .and_then(Value::as_str)
        .map(|text| text.trim().chars().take(300).collect::<String>())
        .filter(|text| !text.is_empty())
}

/// Returns the values of a member that should be a list; one that is none stands for itself.
fn each<'v>(json: &'v Value, key: &str) -> &'v [Value] {
    match json.get(key) {
        None | Some(Value::Null) => &[],
        Some(Value::Array(values)) => values,
        // RFC 9083 §4 departs: some servers leave the brackets away where there is one value.
        Some(one) => std::slice::from_ref(one),
    }
}

fn entities(json: &Value) -> impl Iterator<Item = &Value> {
    each(json, "entities").iter().take(ENTITIES_MAX)
}

fn roles(entity: &Value) -> Vec<String> {
    each(entity, "roles")
        .iter()
        .filter_map(Value::as_str)
        // RFC 9083 §5.1 departs: LACNIC has answered with all roles in one text.
        .flat_map(|role| role.split(','))
        .take(10)
        .map(|role| role.trim().to_ascii_lowercase())
        .collect()
}

/// Returns the links of one relation that lead to RDAP. RFC 9083 §4.2.
fn links(json: &Value, rel: &str) -> Vec<String> {
    each(json, "links")
        .iter()
        .take(30)
        .filter(|link| link.get("rel").and_then(Value::as_str) == Some(rel))
        .filter(|link| {
            link.get("type")
                .and_then(Value::as_str)
                .is_none_or(|kind| kind.starts_with("application/rdap+json"))
        })
        .filter_map(|link| link.get("href").and_then(Value::as_str))
        .map(str::to_owned)
        .take(5)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn registrar(entities: &Value) -> Vec<String> {
        let json =
            json!({"objectClassName": "domain", "ldhName": "SHOP.EXAMPLE", "entities": entities});
        let target = Target::domain("shop.example").unwrap();
        Object::read(&json, &target, &Rules::builtin())
            .findings
            .into_iter()
            .filter(|finding| finding.recommended)
            .map(|finding| finding.text)
            .collect()
    }

    fn entity(roles: &[&str], parameters: &Value, mail: &str) -> Value {
        json!({"roles": roles, "vcardArray": ["vcard", [["email", parameters, "text", mail]]]})
    }

    #[test]
    fn a_registrar_s_desk_is_nested_in_it_beside_it_or_marked() {
        let desk = entity(&["abuse"], &json!({}), "abuse@registrar.example");
        for entities in [
            json!([{"roles": ["registrar"], "entities": [desk]}]),
            json!([{"roles": ["registrar"]}, desk]),
            json!([entity(
                &["registrar"],
                &json!({"type": "abuse"}),
                "abuse@registrar.example"
            )]),
            json!([entity(
                &["registrar", "abuse"],
                &json!({}),
                "abuse@registrar.example"
            )]),
        ] {
            assert_eq!(
                registrar(&entities),
                ["abuse@registrar.example"],
                "{entities}"
            );
        }
    }

    #[test]
    fn nobody_of_the_domain_itself_is_its_registrar_s_desk() {
        for entities in [
            json!([entity(&["abuse"], &json!({}), "abuse@shop.example")]),
            json!([entity(
                &["registrant", "abuse"],
                &json!({}),
                "abuse@owner.example"
            )]),
            json!([entity(
                &["registrant"],
                &json!({"type": "abuse"}),
                "abuse@owner.example"
            )]),
            json!([entity(
                &["registrar"],
                &json!({}),
                "sales@registrar.example"
            )]),
        ] {
            assert!(registrar(&entities).is_empty(), "{entities}");
        }
    }
}
