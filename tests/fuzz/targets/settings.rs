//! The settings, and the user's own rules.

use std::path::Path;

use plaint::config::Config;
use plaint::rules::Rules;

pub(crate) const SEEDS: &[&[u8]] = &[
    b"[identity]\nname = \"J. Roe\"\nmailbox = \"reports@roe.example\"\n[trust]\nnetworks = [\"192.0.2.0/24\"]\nhosts = [\".example.org\", \"192.0.2.9\"]\nforwarders = [\"fwd.example.net\"]\n[lookup]\nresolver = \"127.0.0.1:53\"\nallow_private_servers = [\"127.0.0.0/8:43\"]\n",
    b"[[rule]]\nid = \"desks-mine\"\nwhat = \"x\"\nsource = [\"me\"]\nadded = 2026-11-22\n",
    b"[delivery]\ntransport = \"smtp\"\n[delivery.smtp]\nhost = \"mx.example.net\"\ntls = \"implicit\"\n",
];

pub(crate) fn target(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Ok(config) = Config::parse(&text, Path::new("config.toml")) {
        let _ = (config.trust(&[]), config.identity(), config.lookup());
        let _ = (
            config.own_domains(),
            config.ledger_path(),
            config.drafts_dir(),
        );
    }
    let mut rules = Rules::builtin();
    let _ = rules.desks.add_user("rules/desks.toml", &text);
}
