//! Mail that travelled through real mail servers in a laboratory, as a week's junk folder of one person.
//!
//! In: `tests/data/lab`. Out: fresh messages, whose hosts the person trusts, and a world that knows every network.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use crate::home::REPORTER;
use crate::net::made_up;
use crate::net::world::{About, World};
use crate::shift;

/// Two sites' own hosts: the folder's messages were delivered at either.
const SITES: [&str; 2] = ["rivermail.example.com", "amber-gate10.example.net"];

/// The mailbox of a registry's network that stands in for every network of the laboratory.
const PATTERN: &str = include_str!("../examples/sandbox/answers/rdap/arin-198.51.100.0-25.json");

/// Messages of two sites, with what is known of them.
pub(crate) struct Lab {
    labels: Vec<Value>,
}

impl Lab {
    /// Reads the first messages of the two sites.
    pub(crate) fn read(count: usize) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lab");
        let text = std::fs::read_to_string(folder.join("labels.jsonl")).unwrap();
        let labels: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|label: &Value| {
                let domain = label["recipient_trust"]["domain"].as_str().unwrap();
                SITES.contains(&domain) && folder.join(label["file"].as_str().unwrap()).exists()
            })
            .take(count)
            .collect();
        assert_eq!(labels.len(), count);
        Self { labels }
    }

    /// Returns name and octets of each message, as if it had come ten minutes ago.
    pub(crate) fn fresh(&self, now: Timestamp) -> Vec<(String, Vec<u8>)> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lab");
        let files = self
            .labels
            .iter()
            .map(|label| label["file"].as_str().unwrap());
        files
            .map(|file| {
                let octets = std::fs::read(folder.join(file)).unwrap();
                let name = file.trim_start_matches("msgs/").to_owned();
                (name, shift::to_ten_minutes_ago(&octets, now).unwrap())
            })
            .collect()
    }

    /// Returns `[identity]` and `[trust]` of the person whose junk it is.
    pub(crate) fn person(&self) -> String {
        let list = |values: BTreeSet<&str>| {
            let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
            quoted.join(", ")
        };
        format!(
            "[identity]\nmailbox = \"{REPORTER}\"\nalso_mine = [{}]\n\n[trust]\nhosts = [{}]\nnetworks = [{}]\n",
            list(self.texts("/recipients")),
            list(self.texts("/recipient_trust/hosts")),
            list(self.texts("/recipient_trust/networks")),
        )
    }

    /// Returns a world in which each source's network has a holder and a desk of its own.
    pub(crate) fn world(&self) -> World {
        let mut world = made_up();
        world.rdap.clear();
        world.whois.values_mut().for_each(Vec::clear);
        let mut addrs: BTreeSet<&str> = self.texts("/relay_ips");
        addrs.extend(self.texts("/true_origin_ip"));
        addrs.extend(self.texts("/traceable_origin_ip"));
        let networks: BTreeSet<String> = addrs
            .into_iter()
            .filter_map(|addr| match addr.parse().ok()? {
                IpAddr::V4(addr) => {
                    let [a, b, c, _] = addr.octets();
                    Some(format!("{a}.{b}.{c}"))
                }
                IpAddr::V6(_) => None,
            })
            .collect();
        for network in networks {
            let body = PATTERN
                .replace("198.51.100.127", &format!("{network}.255"))
                .replace("198.51.100", &network)
                .replace("\"length\": 25", "\"length\": 24")
                .replace(
                    "northpath.example",
                    &format!("net-{}.example", network.replace('.', "-")),
                );
            world
                .rdap
                .push((About::new(&format!("{network}.0/24")), body));
        }
        world
    }

    fn texts(&self, pointer: &str) -> BTreeSet<&str> {
        self.labels
            .iter()
            .filter_map(|label| label.pointer(pointer))
            .flat_map(|value| match value {
                Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
                value => Vec::from_iter(value.as_str()),
            })
            .collect()
    }
}
