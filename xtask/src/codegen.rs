//! Generates the marshallers of the OpenWire room from its command table.
//!
//! The table (`crates/openwire/commands.txt`, which explains itself) is the one source; the
//! output is checked in, and a test compares the two. It knows the shape of the generated code
//! and nothing of bytes: those are in the room's `codec`.

mod emit;
mod table;

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[cfg(test)]
mod tests;

const ROOM: &str = "crates/openwire";

/// The generated files of the room, relative to `root`, with their text.
///
/// # Errors
/// When the table cannot be read or does not parse, or rustfmt is missing.
pub fn openwire(root: &Path) -> Result<Vec<(PathBuf, String)>> {
    let path = root.join(ROOM).join("commands.txt");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let table = table::parse(&text).with_context(|| format!("in {}", path.display()))?;
    let folder = Path::new(ROOM).join("src/generated");
    let mut files = Vec::new();
    for (name, code) in emit::files(&table) {
        files.push((folder.join(format!("{name}.rs")), rustfmt(&code)?));
    }
    Ok(files)
}

/// Writes what [`openwire`] generates.
///
/// # Errors
/// As [`openwire`], and when a file cannot be written.
pub fn write(root: &Path) -> Result<usize> {
    let files = openwire(root)?;
    for (path, text) in &files {
        let path = root.join(path);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(files.len())
}

fn rustfmt(code: &str) -> Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--style-edition", "2024"])
        .args(["--config", "max_width=100,use_field_init_shorthand=true"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting rustfmt; it comes with `rustup component add rustfmt`")?;
    let mut stdin = child.stdin.take().context("rustfmt without input")?;
    let text = code.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("rustfmt refused the generated code; this is a mistake in xtask/src/codegen");
    }
    match writer.join() {
        Ok(written) => written?,
        Err(_) => bail!("writing to rustfmt failed"),
    }
    Ok(String::from_utf8(output.stdout)?)
}
