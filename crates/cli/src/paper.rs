//! What is made of the command line's own description: completions for shells, manual pages.

use crate::CommandLine;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io;
use std::path::Path;

/// A shell's script that completes commands and options.
pub(crate) fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "floodway", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The main page; with a directory, pages of all commands are written there.
///
/// # Errors
/// When a page cannot be written: what was tried, and what the system said.
pub(crate) fn manual(directory: Option<&Path>) -> Result<String, (String, io::Error)> {
    let command = CommandLine::command().name("floodway");
    let Some(directory) = directory else {
        let mut page = Vec::new();
        // Writing into memory does not fail.
        clap_mangen::Man::new(command).render(&mut page).ok();
        return Ok(String::from_utf8_lossy(&page).into_owned());
    };
    let shown = directory.display();
    clap_mangen::generate_to(command, directory).map_err(|cause| {
        (
            format!("manual pages cannot be written into {shown}"),
            cause,
        )
    })?;
    Ok(format!("manual pages are in {shown}\n"))
}
