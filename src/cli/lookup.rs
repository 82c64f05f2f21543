//! Shows who answers for an address, an AS number, a domain, a mailbox or a link.
//!
//! In: what the user names. Out: a table, sentences with `--explain`, JSON with `--json`.
//! Trust: what registries wrote was escaped by `contact`; the query itself is escaped here.
//! Failures: 69 where nobody was found for one of them; 64 where one is nothing that can be asked about.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::Session;
use super::flags::LookupArgs;
use crate::contact::{
    Asked, Cache, Confidence, Contact, Contacts, Finder, Form, MemoryCache, Network, Refused, Role,
    Suspect, Via,
};
use crate::failure::{Exit, Failure};
use crate::intake::Untrusted;
use crate::rules::Rules;
use crate::term::{Table, Term};

/// What one query asks for: its suspects, and the roles that matter for it.
struct Query {
    text: String,
    suspects: Vec<Suspect>,
    roles: &'static [Role],
}

/// The JSON object of an answer, schema 1: nothing is omitted, null is unknown.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    schema: u8,
    query: &'a str,
    network: &'a Option<Network>,
    asn: Option<u32>,
    contacts: &'a [Contact],
    forms: &'a [Form],
    refused: &'a [Refused],
    hops: &'a [Asked],
    error: &'a Option<String>,
}

impl<'a> Answer<'a> {
    fn of(query: &'a Query, found: &'a Contacts) -> Self {
        Self {
            schema: 1,
            query: &query.text,
            network: &found.network,
            asn: found.asn,
            contacts: &found.contacts,
            forms: &found.forms,
            refused: &found.refused,
            hops: &found.hops,
            error: &found.error,
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: LookupArgs, session: &mut Session) -> Result<Exit, Failure> {
    let queries = args
        .queries
        .iter()
        .map(|text| Query::read(text, &session.rules))
        .collect::<Result<Vec<_>, _>>()?;
    let mut settings = session.config.lookup()?;
    settings.offline |= args.offline;
    let mut cache = cache(session);
    let mut exit = Exit::Done;
    let mut table = Table::new(&["query", "for", "mailbox", "confidence", "from", "network"]);
    let many = queries.len() > 1;
    let mut finder = Finder::new(settings, &session.rules);
    for query in &queries {
        let now = (session.hooks.now)();
        let found = query.find(&mut finder, cache.as_mut(), now);
        if !found.contacts.iter().any(|c| c.recommended) && found.forms.is_empty() {
            exit = exit.graver(Exit::NoContact);
        }
        if args.json {
            session.term.json(&Answer::of(query, &found));
        } else if args.explain {
            explain(query, &found, &mut session.term);
        } else {
            rows(query, &found, &mut table, many);
            tell(query, &found, &mut session.term);
        }
    }
    if !table.is_empty() {
        session.term.table(&table);
    }
    Ok(exit)
}

/// Returns the ledger as the cache, or one that forgets with the run.
fn cache(session: &mut Session) -> Box<dyn Cache> {
    if !session.config.lookup.cache {
        return Box::new(MemoryCache::default());
    }
    match session.open_ledger() {
        Ok(ledger) => Box::new(ledger),
        Err(failure) => {
            session
                .term
                .warning(&format!("answers are not kept: {}", failure.what));
            Box::new(MemoryCache::default())
        }
    }
}

impl Query {
    /// Reads what the user named.
    fn read(text: &str, rules: &Rules) -> Result<Self, Failure> {
        let query = text.trim();
        let of = |suspects: Vec<Suspect>, roles| {
            Ok(Self {
                text: text.to_owned(),
                suspects,
                roles,
            })
        };
        if let Ok(addr) = query.trim_matches(['[', ']']).parse::<IpAddr>() {
            return of(vec![Suspect::Addr(addr)], &[Role::Network]);
        }
        let number = query
            .get(..2)
            .filter(|prefix| prefix.eq_ignore_ascii_case("as"))
            .and_then(|_| query.get(2..)?.parse().ok());
        if let Some(number) = number {
            return of(vec![Suspect::Asn(number)], &[Role::Network]);
        }
        if query.contains("://") {
            let host = url::Url::parse(query)
                .ok()
                .and_then(|url| url.host_str().map(str::to_owned));
            let host = host.ok_or_else(|| no_query(text))?;
            return of(
                vec![Suspect::Host(host.clone()), Suspect::Domain(host)],
                &[Role::Hosting, Role::Registrar],
            );
        }
        if let Some((_, domain)) = query.rsplit_once('@') {
            let domain = host(domain).ok_or_else(|| no_query(text))?;
            // At a domain of the spammer's own nobody but its registrar answers.
            let roles: &[Role] = if rules.is_mail_provider(&domain) {
                &[Role::Provider]
            } else {
                &[Role::Provider, Role::Registrar]
            };
            return of(vec![Suspect::Domain(domain)], roles);
        }
        let name = host(query).ok_or_else(|| no_query(text))?;
        of(
            vec![Suspect::Domain(name.clone()), Suspect::Host(name)],
            &[Role::Registrar, Role::Hosting, Role::Provider, Role::Esp],
        )
    }

    /// Finds who answers, the roles that matter only.
    fn find(&self, finder: &mut Finder<'_>, cache: &mut dyn Cache, now: Timestamp) -> Contacts {
        let mut all = Contacts::default();
        for suspect in &self.suspects {
            let found = finder.find(suspect, cache, now);
            all.take(found);
        }
        all.contacts.retain(|c| self.roles.contains(&c.role));
        all
    }
}

/// Returns a host name in A-labels; `None` for what is none. RFC 5891 §4.
fn host(text: &str) -> Option<String> {
    let name = idna::domain_to_ascii(text.trim_end_matches('.')).ok()?;
    let plain = name.contains('.')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    plain.then_some(name)
}

fn no_query(text: &str) -> Failure {
    let shown = Untrusted::text(text).up_to(100);
    Failure::new(
        Exit::Usage,
        format!("`{shown}` is nothing that can be looked up"),
    )
    .remedy("name an address, an AS number like AS64496, a domain, a mailbox, or a link")
}

/// Adds the rows of an answer: what is recommended; where nothing is, what else was found.
fn rows(query: &Query, found: &Contacts, table: &mut Table, many: bool) {
    let network = found.network.as_ref().map_or_else(String::new, |network| {
        let name = network.holder.as_ref().or(network.name.as_ref());
        let range = format!("{} - {}", network.first, network.last);
        name.map_or_else(|| range.clone(), |name| format!("{range} ({name})"))
    });
    let shown = Untrusted::text(&query.text).up_to(100).to_string();
    let any = found.contacts.iter().any(|c| c.recommended);
    let all = found
        .contacts
        .iter()
        .filter(|c| c.recommended || !any || !many);
    for contact in all {
        table.row([
            shown.clone(),
            role(contact.role).to_owned(),
            contact.mailbox.to_string(),
            confidence(contact),
            origin(contact),
            network.clone(),
        ]);
    }
    for form in &found.forms {
        table.row([
            shown.clone(),
            "form".to_owned(),
            form.url.clone(),
            String::new(),
            form.desk.clone(),
            String::new(),
        ]);
    }
    if found.contacts.is_empty() && found.forms.is_empty() {
        table.row([
            shown,
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            network,
        ]);
    }
}

/// Says on stderr what a table has no room for.
fn tell(query: &Query, found: &Contacts, term: &mut Term) {
    let shown = Untrusted::text(&query.text).up_to(100).to_string();
    if let Some(error) = &found.error {
        term.warning(&format!("`{shown}`: {error}"));
    }
    if let (true, Some(number)) = (found.contacts.is_empty(), found.asn)
        && matches!(query.suspects.as_slice(), [Suspect::Addr(_)])
    {
        term.hint(&format!(
            "AS{number} announces it: `plaint lookup AS{number}` shows who answers for that"
        ));
    }
    for refused in &found.refused {
        term.status(&format!(
            "`{shown}`: `{}` is not offered: {}.",
            refused.mailbox, refused.why
        ));
    }
}

/// Prints the whole way of an answer.
fn explain(query: &Query, found: &Contacts, term: &mut Term) {
    let shown = Untrusted::text(&query.text).up_to(100).to_string();
    let head = term.paint.strong(&shown);
    term.answer(&head);
    if let Some(network) = &found.network {
        let mut line = format!("  network  {} - {}", network.first, network.last);
        for part in [
            &network.name,
            &network.holder,
            &network.country,
            &network.registry,
        ]
        .into_iter()
        .flatten()
        {
            line.push_str(&format!(", {part}"));
        }
        term.answer(&line);
    }
    if let Some(number) = found.asn {
        term.answer(&format!("  announced by  AS{number}"));
    }
    for hop in &found.hops {
        let server = if hop.server.is_empty() {
            "here"
        } else {
            &hop.server
        };
        term.answer(&format!("  asked    {} {server}: {}", hop.proto, hop.query));
        term.answer(&format!("           {}", hop.outcome));
    }
    for contact in &found.contacts {
        let word = if contact.recommended {
            term.paint.done("write to")
        } else {
            term.paint.claimed("or")
        };
        term.answer(&format!(
            "  {word} {} for the {}: {} confidence, {}, asked on {}",
            contact.mailbox,
            role(contact.role),
            confidence(contact),
            origin(contact),
            contact.fetched.strftime("%Y-%m-%d at %H:%M UTC"),
        ));
    }
    for form in &found.forms {
        term.answer(&format!("  form     {} ({})", form.url, form.desk));
    }
    for refused in &found.refused {
        let word = term.paint.refused("not");
        term.answer(&format!(
            "  {word}      {}: {}",
            refused.mailbox, refused.why
        ));
    }
    if let Some(error) = &found.error {
        term.answer(&format!("  nobody: {error}"));
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Network => "network",
        Role::Hosting => "hosting",
        Role::Registrar => "registrar",
        Role::Provider => "provider",
        Role::Esp => "mail service",
        Role::Upstream => "upstream",
        Role::Authority => "authority",
    }
}

fn confidence(contact: &Contact) -> String {
    match contact.confidence {
        Confidence::High => "high",
        Confidence::Medium => "medium",
        Confidence::Low => "low",
    }
    .to_owned()
}

fn origin(contact: &Contact) -> String {
    let via = match contact.via {
        Via::Rdap => "RDAP",
        Via::Whois => "WHOIS",
        Via::Abusix => "Abusix",
        Via::AbuseNet => "abuse.net",
        Via::Rule => "rule",
        Via::Rfc2142 => "guess",
    };
    format!("{via} {}, {}", contact.server, contact.field)
}

#[cfg(test)]
mod tests {
    use super::*;

    static RULES: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(Rules::builtin);

    fn read(text: &str) -> String {
        Query::read(text, &RULES).map_or_else(
            |failure| failure.what,
            |query| format!("{:?} {:?}", query.suspects, query.roles),
        )
    }

    #[test]
    fn whatever_people_paste_is_read() {
        insta::assert_snapshot!(
            [
                "192.0.2.7",
                "[2001:db8::1]",
                "as64496",
                "AS64496",
                "Example.COM",
                "bücher.example",
                "https://user@www.evil.example:8443/x?y=z",
                "someone@evil.example",
                "someone@gmail.com",
                "localhost",
                "a b",
                "AS99999999999",
            ]
            .map(read)
            .join("\n"),
            @r#"
        [Addr(192.0.2.7)] [Network]
        [Addr(2001:db8::1)] [Network]
        [Asn(64496)] [Network]
        [Asn(64496)] [Network]
        [Domain("example.com"), Host("example.com")] [Registrar, Hosting, Provider, Esp]
        [Domain("xn--bcher-kva.example"), Host("xn--bcher-kva.example")] [Registrar, Hosting, Provider, Esp]
        [Host("www.evil.example"), Domain("www.evil.example")] [Hosting, Registrar]
        [Domain("evil.example")] [Provider, Registrar]
        [Domain("gmail.com")] [Provider]
        `localhost` is nothing that can be looked up
        `a b` is nothing that can be looked up
        `AS99999999999` is nothing that can be looked up
        "#
        );
    }

    #[test]
    fn the_json_object_has_every_key_in_its_order() {
        let query = Query::read("192.0.2.7", &RULES).unwrap();
        let object = serde_json::to_string(&Answer::of(&query, &Contacts::default())).unwrap();
        insta::assert_snapshot!(
            object,
            @r#"{"schema":1,"query":"192.0.2.7","network":null,"asn":null,"contacts":[],"forms":[],"refused":[],"hops":[],"error":null}"#
        );
    }
}
