//! Whom a question is about, how far an answer can be believed, what a desk answers for: words that rules and stages share.

use std::fmt;
use std::net::IpAddr;

/// How far a contact can be believed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A guess.
    Low,
    /// A remark, a legacy field, a directory.
    Medium,
    /// The registry's own mark.
    High,
}

impl Confidence {
    /// Returns the next lower one; the lowest stays.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::High => Self::Medium,
            Self::Medium | Self::Low => Self::Low,
        }
    }
}

/// What a desk answers for. Scopes are never mixed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The network of the source.
    Network,
    /// The network of a link's host.
    Hosting,
    /// The registrar of a domain.
    Registrar,
    /// The provider of a drop box.
    Provider,
    /// The mail service that sent.
    Esp,
    /// Who connects the network.
    Upstream,
    /// Who collects mail of a kind, whatever network it came from.
    Authority,
}

/// Whom a lookup is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Suspect {
    /// An address.
    Addr(IpAddr),
    /// An autonomous system.
    Asn(u32),
    /// A domain, lower case, A-labels.
    Domain(String),
    /// The host of a link.
    Host(String),
}

impl fmt::Display for Suspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Addr(addr) => write!(f, "{addr}"),
            Self::Asn(number) => write!(f, "AS{number}"),
            Self::Domain(name) | Self::Host(name) => f.write_str(name),
        }
    }
}
