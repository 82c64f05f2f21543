//! A home for one trial: settings, certificate, ledger and fresh copies of the examples in a folder that goes away.
//!
//! In: [`Internet`]. Out: [`Home`].

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use tempfile::TempDir;

use crate::net::{Internet, PASSWORD};
use crate::shift;

/// The examples: name, and the message or mailbox as it arrived.
pub(crate) const EXAMPLES: [(&str, &[u8]); 5] = [
    ("phishing.eml", include_bytes!("../phishing/1-spam.eml")),
    ("pills.eml", include_bytes!("../pills/1-spam.eml")),
    ("newsletter.eml", include_bytes!("../newsletter/1-spam.eml")),
    (
        "advance-fee.eml",
        include_bytes!("../advance-fee/1-spam.eml"),
    ),
    ("week.mbox", include_bytes!("../week/1-mailbox.mbox")),
];

/// The mailbox that complaints come from.
pub(crate) const REPORTER: &str = "robin.reports@postbox.example";

/// The reporter's other mailboxes, to which the examples were sent.
pub(crate) const ALSO_MINE: [&str; 4] = [
    "robin.reed@postbox.example",
    "robin@reed.example",
    "r.reed@ferngate.example",
    "robin@reedfamily.example",
];

/// `[identity]` and `[trust]` of the person to whom the examples were sent.
pub(crate) fn person() -> String {
    let also_mine = ALSO_MINE.map(|own| format!("\"{own}\"")).join(", ");
    format!(
        "[identity]\n\
         name = \"Robin Reed\"\n\
         mailbox = \"{REPORTER}\"\n\
         also_mine = [{also_mine}]\n\
         also_mask = [\"Robin Reed\", \"Robin\"]\n\
         \n\
         [trust]\n\
         hosts = [\".postbox.example\", \"mail.harbourhost.example\", \".ferngate.example\"]\n"
    )
}

/// A folder with all that a trial needs; it goes away with this.
pub(crate) struct Home {
    folder: TempDir,
    password: String,
}

impl Home {
    /// Makes a folder with settings that point at the servers, and copies of the examples.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub(crate) fn make(internet: &Internet, now: Timestamp) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("plaint-").tempdir()?;
        let home = Self {
            folder,
            password: internet.password(),
        };
        internet.write_authority(&home.path("authority.pem"))?;
        for (name, octets) in EXAMPLES {
            let fresh = shift::to_ten_minutes_ago(octets, now)?;
            std::fs::write(home.path(name), fresh)?;
        }
        home.settle(internet, &person(), "")?;
        Ok(home)
    }

    /// Writes the settings: who, the servers, the ledger, and what else a trial wants.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub(crate) fn settle(&self, internet: &Internet, who: &str, more: &str) -> io::Result<()> {
        let (lookup, delivery) = (
            internet.lookup_settings(),
            internet.delivery_settings(&self.path("authority.pem")),
        );
        let ledger = self.ledger();
        let text = format!(
            "{who}\n{lookup}\n{delivery}\n[ledger]\npath = \"{}\"\n{more}",
            ledger.display()
        );
        std::fs::write(self.config(), text)
    }

    /// Returns a place in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns where the settings are.
    pub(crate) fn config(&self) -> PathBuf {
        self.path("config.toml")
    }

    /// Returns where the ledger is.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.path("ledger.sqlite")
    }

    /// Returns the folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets a command see this home, and nothing else of the user's.
    pub(crate) fn furnish(&self, command: &mut Command) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.folder())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env("PLAINT_CONFIG", self.config())
            .env(PASSWORD, &self.password);
    }
}
