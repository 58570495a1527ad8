//! From what the command line says to the configuration that it means.

use anyhow::{Context, Result};
use floodway_cli::Location;
use floodway_config::{Options, Source};
use std::path::{Path, PathBuf};

/// Where a configuration is looked for when none is named.
const DEFAULT_FILE: &str = "conf/activemq.xml";

/// The source that a location names.
pub(crate) fn source(location: Option<&Location>) -> Source {
    let Some(location) = location else {
        let file = Path::new(DEFAULT_FILE);
        return if file.exists() {
            Source::File(file.into())
        } else {
            Source::BuiltIn
        };
    };
    let in_conf = Path::new("conf").join(&location.path);
    let found = if location.by_name && !location.path.exists() && in_conf.exists() {
        in_conf
    } else {
        location.path.clone()
    };
    Source::File(found)
}

/// What comes from outside of the file.
pub(crate) fn options(data: Option<&PathBuf>, admin: Option<&str>) -> Result<Options> {
    let mut options = Options::of_process().context("the current directory is gone")?;
    options.data_directory = data.cloned();
    options.admin = admin.map(str::parse).transpose()?;
    Ok(options)
}
