//! Shapes of registries' answers, each with the desk that it names: whoever answers, and however oddly.

use plaint::contact::{Contacts, Finder, NoCache, Role, Suspect};

use crate::contact::{RULES, addr, find_at, now, outcomes, raw, settings};
use crate::net::world::About;
use crate::net::{Internet, made_up};

/// Returns the mailboxes that are recommended for a role.
fn desks(found: &Contacts, role: Role) -> Vec<&str> {
    found
        .contacts
        .iter()
        .filter(|contact| contact.recommended && contact.role == role)
        .map(|contact| contact.mailbox.as_str())
        .collect()
}

/// Asks about 203.0.113.1, or a domain, where RDAP knows nothing and these WHOIS servers answer.
fn by_whois(suspect: &Suspect, servers: &[(&str, &str, &str)]) -> Contacts {
    let mut world = made_up();
    world.rdap.clear();
    for (server, about, text) in servers {
        world
            .whois
            .entry((*server).to_owned())
            .or_default()
            .insert(0, (About::new(about), (*text).to_owned()));
    }
    let internet = Internet::start(world).unwrap();
    Finder::new(settings(&internet), &RULES).find(suspect, &mut NoCache, now())
}

/// Asks about 203.0.113.1, where one RDAP answer is all there is.
fn by_rdap(body: &str) -> Contacts {
    let whole = format!(
        r#"{{"objectClassName":"ip network","handle":"N","startAddress":"203.0.113.0","endAddress":"203.0.113.127",{body}}}"#
    );
    find_at(&raw(format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{whole}",
        whole.len()
    )))
}

#[test]
fn rdap_in_every_shape_that_servers_give_it() {
    let mail = |parameters: &str, kind: &str, value: &str| {
        format!(
            r#""vcardArray":["vcard",[["version",{{}},"text","4.0"],["email",{parameters},"{kind}",{value}]]]"#
        )
    };
    let plain = mail("{}", "text", "\"abuse@isp.example\"");
    for (name, body) in [
        ("a role in capitals", format!(r#""entities":[{{"roles":["ABUSE"],{plain}}}]"#)),
        ("a role that is no list", format!(r#""entities":[{{"roles":"abuse",{plain}}}]"#)),
        ("one entity, no list", format!(r#""entities":{{"roles":["abuse"],{plain}}}"#)),
        ("several roles", format!(r#""entities":[{{"roles":["technical","Abuse","noc"],{plain}}}]"#)),
        ("roles in one text", format!(r#""entities":[{{"roles":["technical, abuse"],{plain}}}]"#)),
        (
            "a mailbox as a link with fields of a mail",
            format!(r#""entities":[{{"roles":["abuse"],{}}}]"#, mail("{}", "uri", "\"mailto:abuse@isp.example?cc=victim@bank.example\"")),
        ),
        (
            "preferences that begin at ten",
            r#""entities":[{"roles":["abuse"],"vcardArray":["vcard",[["email",{"pref":"20"},"text","office@isp.example"],["email",{"pref":"10"},"text","abuse@isp.example"]]]}]"#.to_owned(),
        ),
        (
            "the mark for complaints without the role",
            r#""entities":[{"roles":["registrant"],"vcardArray":["vcard",[["email",{"type":"email"},"text","office@isp.example"],["email",{"type":"abuse"},"text","abuse@isp.example"]]]}]"#.to_owned(),
        ),
        (
            "a mailbox as a link",
            format!(r#""entities":[{{"roles":["abuse"],{}}}]"#, mail("{}", "uri", "\"mailto:abuse@isp.example\"")),
        ),
        (
            "mailboxes in a list",
            format!(r#""entities":[{{"roles":["abuse"],{}}}]"#, mail("{}", "text", "[\"abuse@isp.example\"]")),
        ),
        (
            "a property in capitals, a mark in a list, a preference as a number",
            r#""entities":[{"roles":["abuse"],"vcardArray":["vcard",[["EMAIL",{"type":["email"]},"text","office@isp.example"],["EMAIL",{"type":["work","ABUSE"],"pref":1},"text","abuse@isp.example"]]]}]"#.to_owned(),
        ),
        (
            "space and brackets around the mailbox",
            format!(r#""entities":[{{"roles":["abuse"],{}}}]"#, mail("{}", "text", "\" <abuse@isp.example>. \"")),
        ),
        (
            "properties that are none",
            r#""entities":[null,7,{"roles":["abuse"],"vcardArray":["vcard",[null,[],["email"],["email",{},"text",null],["email",{},"text","abuse@isp.example"]]]}]"#.to_owned(),
        ),
        (
            "the holder's contact, two below",
            format!(r#""entities":[{{"roles":["registrant"],"entities":[{{"roles":["administrative"],"entities":[{{"roles":["abuse"],{plain}}}]}}]}}]"#),
        ),
        (
            "JSContact in the place of jCard",
            r#""entities":[{"roles":["abuse"],"jscontact_card":{"@type":"Card","version":"1.0","emails":{"e1":{"address":"abuse@isp.example"}}}}]"#.to_owned(),
        ),
        (
            "a remark that is one text",
            r#""remarks":[{"title":"remarks","description":"Please send reports of abuse to abuse@isp.example"}]"#.to_owned(),
        ),
        (
            "an extent in one place only",
            format!(r#""startAddress":null,"cidr0_cidrs":[{{"v4prefix":"203.0.113.0","length":25}}],"entities":[{{"roles":["abuse"],{plain}}}]"#),
        ),
        (
            "a remark below a name",
            r#""remarks":{"description":["Spam and abuse:","abuse@isp.example"]}"#.to_owned(),
        ),
    ] {
        let found = by_rdap(&body);
        assert_eq!(desks(&found, Role::Network), ["abuse@isp.example"], "{name}: {}", outcomes(&found));
    }
}

#[test]
fn rdap_that_names_no_desk_gives_none() {
    for (name, body) in [
        (
            "redacted",
            r#""entities":[{"roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","REDACTED FOR PRIVACY"]]]}],"redacted":[{"name":{"description":"abuse"}}]"#,
        ),
        (
            "the registry's own notices",
            r#""notices":[{"title":"Terms","description":["Report abuse of this service to abuse@registry.example"]}]"#,
        ),
        (
            "a person of the holder",
            r#""entities":[{"roles":["registrant"],"vcardArray":["vcard",[["email",{},"text","jane.doe@isp.example"]]]}]"#,
        ),
        (
            "a placeholder",
            r#""entities":[{"roles":["abuse"],"vcardArray":["vcard",[["email",{},"text","removed@lacnic.net"]]]}]"#,
        ),
        (
            "a card that is none",
            r#""entities":[{"roles":["abuse"],"vcardArray":"vcard"}]"#,
        ),
    ] {
        let found = by_rdap(body);
        assert!(
            desks(&found, Role::Network).is_empty(),
            "{name}: {:?}",
            found.contacts
        );
    }
}

#[test]
fn a_holder_that_is_named_by_handle_only_is_asked_for_its_desk() {
    use std::io::{Read as _, Write as _};
    let near = r#"{"handle":"N","startAddress":"203.0.113.0","endAddress":"203.0.113.127",
        "entities":[{"handle":"ORG-1","roles":["registrant"],"links":[{"rel":"self","type":"application/rdap+json","href":"/entity/ORG-1"}]}]}"#;
    let holder = r#"{"handle":"ORG-1","entities":[{"handle":"AB1","roles":["abuse"],
        "vcardArray":["vcard",[["email",{},"text","abuse@isp.example"]]]}]}"#;
    let server = crate::contact::serve(move |mut stream| {
        let mut request = [0; 4096];
        let read = stream.read(&mut request)?;
        let request = String::from_utf8_lossy(&request[..read]).into_owned();
        let body = if request.contains("/entity/") {
            holder
        } else {
            near
        };
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let found = find_at(&server);
    assert_eq!(
        desks(&found, Role::Network),
        ["abuse@isp.example"],
        "{}",
        outcomes(&found)
    );
}

/// A server, what it answers, and the desk that stands in the answer.
type Shape = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

const NETWORKS: &[Shape] = &[
    (
        "RIPE: a remark that goes on in the next line",
        "whois.ripe.net",
        &["abuse@isp.example"],
        "inetnum:        203.0.113.0 - 203.0.113.127\nremarks:        Abuse reports should be sent to\n                abuse@isp.example\nremarks:        Other questions to\n                office@isp.example\n",
    ),
    (
        "RIPE: what the mailbox is for stands behind it",
        "whois.ripe.net",
        &["complaints@isp.example"],
        "inetnum:        203.0.113.0 - 203.0.113.127\nremarks:        Please use complaints@isp.example e-mail address\nremarks:        for spam and abuse complaints.\nremarks:        Routing: core@isp.example\n",
    ),
    (
        "RIPE: NUL octets behind the mailbox",
        "whois.ripe.net",
        &["abuse@isp.example"],
        "inetnum:        203.0.113.0 - 203.0.113.127\n\nrole:           Example\nabuse-mailbox:  abuse@isp.example\0\n\0",
    ),
    (
        "APNIC: the desk of the nearer network",
        "whois.apnic.net",
        &["abuse@isp.example"],
        "% Information related to '203.0.112.0 - 203.0.127.255'\n\n% Abuse contact for '203.0.112.0 - 203.0.127.255' is 'abuse@carrier.example'\n\ninetnum:        203.0.112.0 - 203.0.127.255\nnetname:        ERX-NETBLOCK\n\n% Information related to '203.0.113.0 - 203.0.113.127'\n\n% Abuse contact for '203.0.113.0 - 203.0.113.127' is 'abuse@isp.example'\n\ninetnum:        203.0.113.0 - 203.0.113.127\nnetname:        EXAMPLE\n",
    ),
    (
        "KRNIC: the manager of the provider's block",
        "whois.krnic.net",
        &["ip@isp.example"],
        "# ENGLISH\n\n[ Network Information ]\nIPv4 Address       : 203.0.112.0 - 203.0.127.255 (/20)\nOrganization Name  : Example Telecom\n\nName               : IP Manager\nE-Mail             : ip@isp.example\n\n----------\n\nMore specific assignment information is as follows.\n\n[ Network Information ]\nIPv4 Address       : 203.0.113.0 - 203.0.113.127 (/25)\nOrganization Name  : Customer\n\nName               : IP Manager\nE-Mail             : customer@other.example\n",
    ),
    (
        "RIPE: remarks only",
        "whois.ripe.net",
        &["abuse@isp.example"],
        "% No abuse contact registered for 203.0.113.0 - 203.0.113.127\n\ninetnum:        203.0.113.0 - 203.0.113.127\nnetname:        EXAMPLE\nremarks:        +--------------------------------------+\nremarks:        | For spam and hacking issues write to |\nremarks:        |          abuse@isp.example           |\nremarks:        +--------------------------------------+\nadmin-c:        JD1-RIPE\nsource:         RIPE\n\nperson:         Jane Doe\ne-mail:         jane@isp.example\nnic-hdl:        JD1-RIPE\n",
    ),
    (
        "RIPE: a word before the mailbox",
        "whois.ripe.net",
        &["abuse@isp.example"],
        "inetnum:        203.0.113.0 - 203.0.113.127\nremarks:        Abuse: abuse@isp.example\nremarks:        Peering: peering@isp.example\nremarks:        Support: help@isp.example\n",
    ),
    (
        "RIPE: a mailbox spelled out",
        "whois.ripe.net",
        &["abuse@isp.example"],
        "inetnum:        203.0.113.0 - 203.0.113.127\nremarks:        Report network abuse to abuse [at] isp [dot] example\n",
    ),
    (
        "RIPE: a line of its own beats an older role",
        "whois.ripe.net",
        &["abuse@isp.example"],
        "% Abuse contact for '203.0.113.0 - 203.0.113.255' is 'abuse@isp.example'\r\n\r\ninetnum:        203.0.113.0 - 203.0.113.127\r\n\r\nrole:           NOC\r\nabuse-mailbox:  old@elsewhere.example\r\n",
    ),
    (
        "APNIC: the response team, its general mailbox beside",
        "whois.apnic.net",
        &["abuse@isp.example"],
        "inetnum:        203.0.113.0 - 203.0.113.127\nmnt-irt:        IRT-EXAMPLE-AP\n\nirt:            IRT-EXAMPLE-AP\naddress:        Somewhere\ne-mail:         noc@isp.example\nabuse-mailbox:  abuse@isp.example\nadmin-c:        EX1-AP\nremarks:        abuse@isp.example is valid\n\nrole:           EXAMPLE ADMINISTRATOR\ne-mail:         helpdesk@isp.example\n",
    ),
    (
        "APNIC: capitals",
        "whois.apnic.net",
        &["ABUSE@isp.example"],
        "inetnum:        203.0.113.0 - 203.0.113.127\n\nirt:            IRT-EXAMPLE-AP\nabuse-mailbox:  ABUSE@ISP.EXAMPLE\n",
    ),
    (
        "AFRINIC: the mailbox of a role",
        "whois.afrinic.net",
        &["abuse@isp.example"],
        "% Information related to '203.0.113.0 - 203.0.113.127'\n\n% No abuse contact registered for 203.0.113.0 - 203.0.113.127\n\ninetnum:        203.0.113.0 - 203.0.113.127\ndescr:          Example Telecom\nremarks:        ***** abuse reports: abuse@isp.example *****\nparent:         203.0.112.0 - 203.0.127.255\n\nrole:           Example NOC\ne-mail:         noc@isp.example\nnotify:         changes@isp.example\n",
    ),
    (
        "LACNIC: the handle of the abuse contact",
        "whois.lacnic.net",
        &["abuse@isp.example"],
        "\r\r\n% LACNIC resource: whois.lacnic.net\r\r\n\r\r\ninetnum:     203.0.113.0/25\r\r\nstatus:      reallocated\r\r\nowner:       Example S.A.\r\r\nowner-c:     OWN\r\r\ntech-c:      TEC\r\r\nabuse-c:     ABU\r\r\ninetnum-up:  203.0.112.0/20\r\r\n\r\r\nnic-hdl:     OWN\r\r\nperson:      Owner\r\r\ne-mail:      owner@isp.example\r\r\n\r\r\nnic-hdl:     ABU\r\r\nperson:      Abuse\r\r\ne-mail:      abuse@isp.example\r\r\n",
    ),
    (
        "LACNIC: one contact for everything",
        "whois.lacnic.net",
        &["redes@isp.example"],
        "inetnum:     203.0.113/25\nowner:       Example\nowner-c:     XYZ\nabuse-c:     XYZ\n\nnic-hdl:     XYZ\ne-mail:      redes@isp.example\n",
    ),
    (
        "ARIN: a customer without contacts, the carrier below",
        "whois.arin.net",
        &["abuse@carrier.example"],
        "#\n# start\n\nNetRange:       203.0.112.0 - 203.0.127.255\nNetHandle:      NET-203-0-112-0-1\nNetType:        Direct Allocation\nOrgName:        Carrier\nOrgTechEmail:   tech@carrier.example\nOrgAbuseHandle: ABUSE1-ARIN\nOrgAbuseEmail:  abuse@carrier.example\nOrgAbuseRef:    https://rdap.arin.net/registry/entity/ABUSE1-ARIN\n\n# end\n\n# start\n\nNetRange:       203.0.113.0 - 203.0.113.127\nNetHandle:      NET-203-0-113-0-1\nParent:         CARRIER (NET-203-0-112-0-1)\nNetType:        Reassigned\nCustName:       Customer\nCountry:        US\n\n# end\n",
    ),
    (
        "ARIN: several desks of one holder",
        "whois.arin.net",
        &["abuse@isp.example", "abuse-us@isp.example"],
        "NetRange:       203.0.113.0 - 203.0.113.127\nOrgName:        Example\nOrgAbuseHandle: A1-ARIN\nOrgAbuseEmail:  abuse@isp.example\nOrgAbuseHandle: A2-ARIN\nOrgAbuseEmail:  abuse-us@isp.example\n",
    ),
    (
        "ARIN: the network's own desk before its holder's",
        "whois.arin.net",
        &["net-abuse@isp.example"],
        "NetRange:       203.0.113.0 - 203.0.113.127\nOrgName:        Example\nOrgAbuseEmail:  abuse@isp.example\nRTechEmail:     tech@isp.example\nRAbuseEmail:    net-abuse@isp.example\n",
    ),
    (
        "ARIN: a comment only",
        "whois.arin.net",
        &["abuse@isp.example"],
        "NetRange:       203.0.113.0 - 203.0.113.127\nOrgName:        Example\nComment:        Send all abuse complaints to abuse@isp.example\nComment:        ADDRESSES WITHIN THIS BLOCK ARE NON-PORTABLE\nOrgTechEmail:   tech@isp.example\n",
    ),
    (
        "KRNIC: a desk under its heading",
        "whois.kisa.or.kr",
        &["abuse@isp.example"],
        "query : 203.0.113.1\n\n# ENGLISH\n\n[ Network Information ]\nIPv4 Address       : 203.0.113.0 - 203.0.113.127 (/25)\nOrganization Name  : Example\n\n[ Network Admin Contact Information ]\nName               : IP Admin\nE-Mail             : admin@isp.example\n\n[ Network Abuse Contact Information ]\nName               : Network Abuse\nPhone              : +82-2-000\nE-Mail             : abuse@isp.example\n",
    ),
    (
        "TWNIC: a name before the mailbox",
        "whois.twnic.net",
        &["abuse@isp.example"],
        "   Netname: EXAMPLE-NET\n   Netblock: 203.0.113.0/25\n\n   Administrator contact:\n      Jane Doe jane@isp.example\n\n   Spam contact:\n      Abuse Team abuse@isp.example\n",
    ),
    (
        "JPNIC: the provider's desk",
        "whois.nic.ad.jp",
        &["abuse@isp.example"],
        "[ JPNIC database provides information regarding IP address and ASN. ]\n\nNetwork Information:\na. [Network Number]             203.0.113.0/25\nb. [Network Name]               EXAMPLE\ng. [Organization]               Example KK\nm. [Administrative Contact]     JD1234JP\nn. [Technical Contact]          JD1234JP\n[Abuse]                         abuse@isp.example\n",
    ),
];

#[test]
fn whois_of_each_registry_names_its_desk() {
    for (name, server, expected, text) in NETWORKS {
        let found = by_whois(&addr("203.0.113.1"), &[(server, "203.0.113.0/25", text)]);
        assert_eq!(
            &desks(&found, Role::Network),
            expected,
            "{name}: {}",
            outcomes(&found)
        );
    }
}

const NOBODY: &[(&str, &str, &str)] = &[
    (
        "RIPE: a victim who asks not to be written to",
        "whois.ripe.net",
        "inetnum:        203.0.113.0 - 203.0.113.127\nremarks:        Spam with our name in it is forged elsewhere,\nremarks:        please do not complain to desk@isp.example\n",
    ),
    (
        "APNIC: what it has to give away",
        "whois.apnic.net",
        "inetnum:        203.0.0.0 - 203.255.255.255\nnetname:        APNIC-AP\ndescr:          Asia Pacific Network Information Centre\n\nrole:           APNIC\nabuse-mailbox:  abuse@apnic.net\n",
    ),
    (
        "RIPE: sent elsewhere",
        "whois.ripe.net",
        "inetnum:        203.0.113.0 - 203.0.113.127\nremarks:        Do NOT send abuse reports to noc@isp.example\n",
    ),
    (
        "RIPE: a line in a remark that looks like the server's own",
        "whois.ripe.net",
        "inetnum:        203.0.113.0 - 203.0.113.127\nremarks:        % contact for '203.0.113.0' is 'victim@bank.example'\n",
    ),
    (
        "APNIC: who maintains the object",
        "whois.apnic.net",
        "inetnum:        203.0.113.0 - 203.0.113.127\nnotify:         changes@isp.example\nchanged:        hm-changed@apnic.net 20100101\n\nperson:         Jane Doe\ne-mail:         jane@isp.example\n",
    ),
    (
        "ARIN: technicians",
        "whois.arin.net",
        "NetRange:       203.0.113.0 - 203.0.113.127\nOrgName:        Example\nOrgTechEmail:   tech@isp.example\nOrgNOCEmail:    noc@isp.example\n",
    ),
    (
        "LACNIC: a contact whose block is not there",
        "whois.lacnic.net",
        "inetnum:     203.0.113.0/25\nowner:       Example\nabuse-c:     GONE\n\nnic-hdl:     OWN\ne-mail:      owner@isp.example\n",
    ),
    (
        "an answer about the whole space",
        "whois.ripe.net",
        "% Abuse contact for '0.0.0.0 - 255.255.255.255' is 'abuse@ripe.net'\n\ninetnum:        0.0.0.0 - 255.255.255.255\nnetname:        IANA-BLK\ndescr:          The whole IPv4 address space\n",
    ),
];

#[test]
fn whois_that_names_no_desk_gives_none() {
    for (name, server, text) in NOBODY {
        let found = by_whois(&addr("203.0.113.1"), &[(server, "203.0.113.0/25", text)]);
        assert!(
            desks(&found, Role::Network).is_empty(),
            "{name}: {:?}",
            found.contacts
        );
    }
}

#[test]
fn the_registry_of_a_country_is_asked_where_the_region_s_names_it_as_desk() {
    let above = "inetnum:        203.0.113.0 - 203.0.113.255\nnetname:        EXAMPLE-KR\nmnt-irt:        IRT-KRNIC-KR\n\nirt:            IRT-KRNIC-KR\ne-mail:         irt@nic.or.kr\nabuse-mailbox:  hostmaster@nic.or.kr\n";
    let below = "[ Network Information ]\nIPv4 Address       : 203.0.113.0 - 203.0.113.127 (/25)\nOrganization Name  : Example\n\n[ Tech Contact Information ]\nName               : IP Manager\nE-Mail             : ip@isp.example\n";
    let found = by_whois(
        &addr("203.0.113.1"),
        &[
            ("whois.krnic.net", "203.0.113.0/25", below),
            ("whois.apnic.net", "203.0.113.0/25", above),
        ],
    );
    assert_eq!(
        desks(&found, Role::Network),
        ["ip@isp.example"],
        "{}",
        outcomes(&found)
    );
}

/// What a domain's registry answers, and the registrar's desk in it.
const DOMAINS: &[(&str, &[&str], &str)] = &[
    (
        "a thin registry",
        &["abuse@registrar.example"],
        "   Domain Name: SHOP.EXAMPLE\r\n   Registry Domain ID: 1_DOMAIN\r\n   Registrar: Example Registrar\r\n   Registrar IANA ID: 9999\r\n   Registrar Abuse Contact Email: abuse@registrar.example\r\n   Registrar Abuse Contact Phone: +1.5555550100\r\n   Name Server: NS1.SHOP.EXAMPLE\r\n>>> Last update of whois database: 2026-11-21T00:00:00Z <<<\r\nTERMS OF USE: report abuse to abuse@registry.example\r\n",
    ),
    (
        "spaces before the colon",
        &["abuse@registrar.example"],
        "Domain name : shop.example\nRegistrar : Example\nRegistrar Abuse Contact E-mail : abuse@registrar.example\n",
    ),
    (
        "a heading of its own",
        &["abuse@registrar.example"],
        "Domain name: shop.example\nStatus:      active\n\nReseller:\n   Somebody\n\nRegistrar:\n   Example Registrar BV\n   1 Street\n   Netherlands\n\nAbuse Contact:\n   +31.000000000\n   abuse@registrar.example\n\nDomain nameservers:\n   ns1.shop.example\n",
    ),
    (
        "a block of the registrar's",
        &["abuse@registrar.example"],
        "domain:       shop.example\n\nRegistrar:\n    Name:     Example\n    Email:    office@registrar.example\n    Abuse email: abuse@registrar.example\n\nRegistrant:\n    Email:    abuse@shop.example\n",
    ),
    (
        "technicians and holders",
        &[],
        "Domain: shop.example\n\nTechnical:\n    Organisation: Example\n    Email: abuse@shop.example\n\nRegistrar:\n    Name: Example\n    Website: https://www.registrar.example\n\nRegistrant Contact Email: abuse@shop.example\n[Email] abuse@shop.example\n",
    ),
    (
        "a response by handle",
        &[],
        "domain:      shop.example\nowner:       Jane Doe\nowner-c:     JAD\n\nnic-hdl-br:  JAD\ne-mail:      abuse@shop.example\n",
    ),
    (
        "nothing there",
        &[],
        "No match for \"SHOP.EXAMPLE\".\r\n>>> Last update of whois database: 2026-11-21T00:00:00Z <<<\r\nReport abuse to abuse@registry.example\r\n",
    ),
];

#[test]
fn whois_of_domains_names_the_registrar_s_desk_and_nobody_else_s() {
    let suspect = Suspect::Domain("shop.example".to_owned());
    for (name, expected, text) in DOMAINS {
        let found = by_whois(&suspect, &[("whois.nic.example", "shop.example", text)]);
        assert_eq!(
            &desks(&found, Role::Registrar),
            expected,
            "{name}: {}",
            outcomes(&found)
        );
    }
}
