//! Why a configuration could not be read.
//!
//! An unusable file is told with file and line where there is one, what is wrong, and what to
//! write instead. Faults inside a well-formed file are gathered: all of them stand in one
//! [`Report`], so that an operator repairs them in one go.

use crate::report::Report;

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be opened or read.
    #[error("{file}: cannot be read: {cause}; check the path and its permissions")]
    Unreadable {
        /// As given.
        file: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Larger than [`crate::FILE_BYTES_MAX`].
    #[error(
        "{file}: the configuration has more than {limit} bytes; split properties into a \
         .properties file"
    )]
    TooLarge {
        /// As given.
        file: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Neither UTF-8 nor the ISO-8859-1 that its first line declares.
    #[error("{file}:{line}: the text is not UTF-8; save the file as UTF-8")]
    Encoding {
        /// As given.
        file: String,
        /// Line of the first wrong byte.
        line: u32,
    },
    /// Not well-formed XML, or XML that is refused (DOCTYPE, too many elements).
    #[error("{file}:{line}: error: {message}; {advice}")]
    Xml {
        /// As given.
        file: String,
        /// Where the parser gave up.
        line: u32,
        /// What is wrong.
        message: String,
        /// What to do.
        advice: String,
    },
    /// Well-formed, with errors in what it says.
    #[error("{}", .report.errors_text())]
    Invalid {
        /// All that was found, errors and others.
        report: Box<Report>,
    },
}

impl ConfigError {
    /// All findings, when the file could be read at all.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Invalid { report } => Some(report),
            Self::Unreadable { .. }
            | Self::TooLarge { .. }
            | Self::Encoding { .. }
            | Self::Xml { .. } => None,
        }
    }
}
