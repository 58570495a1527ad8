//! `floodway doctor`: the report on a configuration, without starting anything.

use crate::{configuration, print};
use anyhow::Result;
use floodway_cli::Doctor;

pub(crate) fn run(arguments: &Doctor) -> Result<u8> {
    let source = configuration::source(Some(&arguments.config));
    let options = configuration::options(arguments.data.as_ref(), None)?;
    let diagnosis = floodway_config::doctor(&source, &options);
    print(&diagnosis.to_string())?;
    Ok(u8::from(diagnosis.errors_count() > 0))
}
