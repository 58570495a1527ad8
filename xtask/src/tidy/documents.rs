//! Documents that tell the truth: links that lead somewhere, and an ARCHITECTURE.md that is short
//! and has a heading for each room.

use super::Report;
use std::path::{Path, PathBuf};

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const ARCHITECTURE_LINES_MAX: usize = 500;

/// Links to files of the repository must lead to one.
pub(super) fn check_links(root: &Path, file: &Path, text: &str, report: &mut Report) {
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in link_targets(line) {
            let outside = target.contains("://") || target.starts_with("mailto:");
            let path = target.split('#').next().unwrap_or_default();
            if !outside && !path.is_empty() && !root.join(folder).join(path).exists() {
                report.find(
                    file,
                    index + 1,
                    format!("the link to {target} leads nowhere"),
                );
            }
        }
    }
}

/// What stands between `](` and `)`.
fn link_targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|after| after.split([')', ' ']).next())
}

pub(super) fn check_architecture(root: &Path, files: &[PathBuf], report: &mut Report) {
    let name = Path::new(ARCHITECTURE);
    let Ok(text) = std::fs::read_to_string(root.join(name)) else {
        report.find(name, 0, "is missing".into());
        return;
    };
    let lines = text.lines().count();
    if lines > ARCHITECTURE_LINES_MAX {
        let text = format!("{lines} lines, at most {ARCHITECTURE_LINES_MAX}");
        report.find(name, 0, text);
    }
    for room in rooms(files) {
        let heading = format!("`crates/{room}`");
        let found = text
            .lines()
            .any(|line| line.starts_with('#') && line.contains(&heading));
        if !found {
            report.find(name, 0, format!("has no heading with {heading}"));
        }
    }
}

fn rooms(files: &[PathBuf]) -> impl Iterator<Item = &str> {
    files.iter().filter_map(|file| {
        let file = file.to_str()?;
        file.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")
    })
}
