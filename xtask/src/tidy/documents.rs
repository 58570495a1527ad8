//! Documents that tell the truth: links that lead to a file and a heading, and an ARCHITECTURE.md
//! that is short, has a heading for each room and names no file that is not there.

use super::Report;
use std::path::{Path, PathBuf};

const ARCHITECTURE: &str = "ARCHITECTURE.md";
const ARCHITECTURE_LINES_MAX: usize = 500;

/// Links to files of the repository must lead to one, and to a heading of it if they name one.
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
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let path_found = root.join(folder).join(path);
            let leads = match (path, heading) {
                ("", heading) => has_heading(text, heading),
                (path, heading) if path.ends_with(".md") && !heading.is_empty() => {
                    let text = std::fs::read_to_string(path_found);
                    text.is_ok_and(|text| has_heading(&text, heading))
                }
                _ => path_found.exists(),
            };
            if !leads {
                report.find(
                    file,
                    index + 1,
                    format!("the link to {target} leads nowhere"),
                );
            }
        }
    }
}

/// Headings are named in links as GitHub does: lower case, hyphens for blanks, no other signs.
fn has_heading(text: &str, name: &str) -> bool {
    let mut in_code = false;
    text.lines().any(|line| {
        in_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        let is_heading = !in_code && heading.len() < line.len() && heading.starts_with(' ');
        let letters = heading.trim().to_lowercase().replace(' ', "-");
        is_heading && letters.replace(is_left_out, "") == name
    })
}

/// Is it no part of the name of a heading?
fn is_left_out(letter: char) -> bool {
    !(letter.is_alphanumeric() || matches!(letter, '-' | '_'))
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
    for (index, line) in text.lines().enumerate() {
        for path in line.split('`').skip(1).step_by(2) {
            if path.starts_with("crates/") && !root.join(path).exists() {
                report.find(name, index + 1, format!("there is no {path}"));
            }
        }
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
