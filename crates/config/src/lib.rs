//! From activemq.xml, properties files and the environment to the settings structs that each room
//! owns, and a report of what became of everything in the file.
//!
//! The only room that opens configuration files, knows XML and reads environment variables. It
//! opens no data file and no socket. Sizes are bytes, times milliseconds. Invariant: every element
//! and attribute of the file is used, translated, ignored with a reason, unknown or refused, and
//! all but the used ones have a note with their line in the [`Report`].

use std::path::{Path, PathBuf};
use std::sync::Arc;

use floodway_message::Destination;

mod admin;
mod advice;
mod broker_element;
mod check;
mod connector;
mod doctor;
mod document;
mod edit;
mod environment;
mod error;
mod file;
mod jolokia_access;
mod paths;
mod persistence;
mod placeholder;
mod plugins;
mod policy;
mod properties;
mod reader;
mod report;
mod schema;
mod settings;
mod spring;
#[cfg(test)]
mod testing;
mod uri;
mod usage;
mod value;
mod virtual_destinations;

pub use admin::{AdminAddress, AdminAddressError, AdminSettings, admin_password};
pub use doctor::{Diagnosis, Table, doctor};
pub use document::FILE_BYTES_MAX;
pub use environment::{DiskSpace, Environment, space_of};
pub use error::ConfigError;
pub use file::{FileError, LiveFile};
pub use report::{Account, Disposition, Note, Report, Severity};
pub use settings::{Connector, DiskCheck, Persistence, ProtocolSettings, Settings};

use paths::Paths;
use placeholder::Placeholders;
use reader::Reader;

/// The configuration that the product ships, for a start without one.
pub const DEFAULT_XML: &str = include_str!("../../../conf/activemq.xml");

/// Name of [`DEFAULT_XML`] in reports.
const DEFAULT_NAME: &str = "(built-in) activemq.xml";

/// Where a configuration comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// The shipped one, [`DEFAULT_XML`].
    BuiltIn,
    /// A text, as if it stood in the file of this name.
    Text {
        /// Shown in reports; its folder is `activemq.conf`.
        name: PathBuf,
        /// XML.
        text: String,
    },
}

/// What comes from outside of the file.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data directory of the command line; comes before what the file says.
    pub data_directory: Option<PathBuf>,
    /// Where administration listens; comes before what the file says.
    pub admin: Option<AdminAddress>,
    /// Variables, directory, memory and disks.
    pub environment: Environment,
}

impl Options {
    /// The environment of this process and no data directory of its own.
    ///
    /// # Errors
    /// When there is no current directory.
    pub fn of_process() -> std::io::Result<Self> {
        Ok(Self {
            data_directory: None,
            admin: None,
            environment: Environment::of_process()?,
        })
    }
}

/// A configuration without errors.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What the broker starts with.
    pub settings: Settings,
    /// What an operator should know about the file.
    pub report: Report,
}

/// Reads a configuration.
///
/// # Errors
/// When the file cannot be read, or says something that the broker cannot start with; the error
/// names file, line, what is wrong and what to write instead.
pub fn load(source: &Source, options: &Options) -> Result<Loaded, ConfigError> {
    match source {
        Source::File(path) => {
            let name = path.display().to_string();
            let bytes = document::read_bytes(path, &name)?;
            let text = document::decode(bytes.clone(), &name)?;
            let mut loaded = load_text((&name, Some(path)), &text, options)?;
            // The broker may write to this very file, and read it again.
            let file = LiveFile::new(path, bytes, (&loaded, options));
            if let Some(admin) = &mut loaded.settings.admin {
                admin.room.configuration = Some(Arc::new(file));
            }
            Ok(loaded)
        }
        Source::BuiltIn => load_text((DEFAULT_NAME, None), DEFAULT_XML, options),
        Source::Text { name, text } => {
            load_text((&name.display().to_string(), Some(name)), text, options)
        }
    }
}

/// The text without the mark that some editors begin a file with.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn load_text(
    (file, path): (&str, Option<&Path>),
    text: &str,
    options: &Options,
) -> Result<Loaded, ConfigError> {
    let document = document::parse(without_mark(text), file)?;
    let environment = &options.environment;
    let paths = Paths::new(path, options.data_directory.as_deref(), environment);
    let system = paths.system_properties(environment);
    let placeholders = Placeholders::new(environment, system.clone());
    let mut reader = Reader::new(&document, placeholders);
    let root = document.root_element();
    spring::read_placeholders(&mut reader, root, &paths);
    let mut settings = spring::find_broker(&mut reader, root)
        .map(|broker| broker_element::read(&mut reader, broker, (&paths, environment)));
    if let Some(settings) = &mut settings {
        let asked = (settings.data_directory.as_path(), options.admin.as_ref());
        settings.admin = admin::read(&mut reader, root, (&paths, &system), asked);
    }
    let report = reader.finish(file);
    match settings {
        Some(settings) if report.count(Severity::Error) == 0 => Ok(Loaded { settings, report }),
        Some(_) | None => Err(ConfigError::Invalid {
            report: Box::new(report),
        }),
    }
}

/// Changes settings of a destination, or of the broker (`None`), in a text that was loaded before.
/// `ascii`: nothing else can be written in the file's encoding.
fn edit_text(
    (file, path): (&str, &Path),
    (text, ascii): (&str, bool),
    options: &Options,
    (target, asked): (Option<&Destination>, &[(&str, &str)]),
) -> Result<Option<edit::Edited>, ConfigError> {
    let text = without_mark(text);
    let document = document::parse(text, file)?;
    let environment = &options.environment;
    let paths = Paths::new(Some(path), options.data_directory.as_deref(), environment);
    let system = paths.system_properties(environment);
    let mut reader = Reader::new(&document, Placeholders::new(environment, system));
    let root = document.root_element();
    spring::read_placeholders(&mut reader, root, &paths);
    let style = edit::Style::of(text, ascii);
    let broker = spring::find_broker(&mut reader, root);
    Ok(broker.map(|broker| match target {
        Some(target) => edit::policy::edit(&mut reader, broker, (target, asked), style),
        None => edit::usage::edit(&mut reader, broker, asked, style),
    }))
}
