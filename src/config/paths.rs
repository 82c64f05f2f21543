//! Where the program keeps its files when no setting says so: the XDG folders.
//!
//! In: the environment. Out: paths.
//! Standards: XDG Base Directory Specification 0.8.
//! Failures: a [`Failure`] where no home folder is known.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use crate::failure::{Exit, Failure};

fn strategy() -> Result<impl BaseStrategy, Failure> {
    etcetera::choose_base_strategy().map_err(|error| {
        Failure::new(Exit::Config, "no home folder is known")
            .because(error)
            .remedy(
                "set HOME, or name the settings with `--config` and the ledger with `ledger.path`",
            )
    })
}

/// Returns the settings file: `plaint/config.toml` in the folder for configuration.
///
/// # Errors
///
/// A [`Failure`] where no home folder is known.
pub fn config_file() -> Result<PathBuf, Failure> {
    Ok(strategy()?.config_dir().join("plaint").join("config.toml"))
}

/// Returns the folder for the ledger and the drafts: `plaint` in the folder for data.
///
/// # Errors
///
/// A [`Failure`] where no home folder is known.
pub fn data_dir() -> Result<PathBuf, Failure> {
    Ok(strategy()?.data_dir().join("plaint"))
}
