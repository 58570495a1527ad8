//! `activemq.base`, `activemq.conf`, `activemq.data`, `activemq.home`: where a configuration's
//! relative paths and placeholders lead.
//!
//! As with ActiveMQ's launcher, the environment variables `ACTIVEMQ_BASE` and its siblings come
//! first. Without them the configuration's own place decides: the folder of the file is
//! `activemq.conf`, the folder above it is the base where that folder is called `conf`, and
//! `data` inside the base is `activemq.data`. All paths are absolute.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::environment::Environment;
use crate::placeholder::system_options;

#[cfg(test)]
mod tests;

/// The four folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paths {
    base: PathBuf,
    conf: PathBuf,
    data: PathBuf,
    home: PathBuf,
    /// The command line's data directory, which comes before what the file says.
    data_override: Option<PathBuf>,
}

impl Paths {
    /// The folders of a configuration file (or of none) in an environment.
    pub(crate) fn new(
        file: Option<&Path>,
        data_override: Option<&Path>,
        environment: &Environment,
    ) -> Self {
        let here = environment.current_directory();
        let absolute = |path: &Path| here.join(path);
        let variable = |name: &str| {
            let value = environment.variable(name).filter(|value| !value.is_empty());
            value.map(Path::new).map(absolute)
        };
        let beside = file
            .map(absolute)
            .and_then(|file| file.parent().map(Path::to_path_buf));
        let conf = variable("ACTIVEMQ_CONF")
            .or(beside)
            .unwrap_or_else(|| here.join("conf"));
        let base = variable("ACTIVEMQ_BASE").unwrap_or_else(|| match conf.parent() {
            Some(above) if conf.ends_with("conf") => above.into(),
            Some(_) | None => conf.clone(),
        });
        let data_override = data_override.map(absolute);
        let data = data_override
            .clone()
            .or_else(|| variable("ACTIVEMQ_DATA"))
            .unwrap_or_else(|| base.join("data"));
        let home = variable("ACTIVEMQ_HOME").unwrap_or_else(|| base.clone());
        Self {
            base,
            conf,
            data,
            home,
            data_override,
        }
    }

    /// What placeholders of these and of Java's usual names stand for.
    pub(crate) fn system_properties(&self, environment: &Environment) -> BTreeMap<String, String> {
        let mut properties = BTreeMap::new();
        let here = environment.current_directory().display().to_string();
        properties.insert("user.dir".into(), here);
        for (name, variable, default) in [
            ("user.home", "HOME", "/"),
            ("user.name", "USER", ""),
            ("java.io.tmpdir", "TMPDIR", "/tmp"),
        ] {
            let value = environment.variable(variable).unwrap_or(default);
            properties.insert(name.into(), value.into());
        }
        for (name, path) in [
            ("activemq.base", &self.base),
            ("activemq.conf", &self.conf),
            ("activemq.data", &self.data),
            ("activemq.home", &self.home),
        ] {
            properties.insert(name.into(), path.display().to_string());
        }
        for variable in ["JAVA_OPTS", "ACTIVEMQ_OPTS"] {
            properties.extend(system_options(
                environment.variable(variable).unwrap_or_default(),
            ));
        }
        if let Some(data) = &self.data_override {
            properties.insert("activemq.data".into(), data.display().to_string());
        }
        properties
    }

    /// An absolute path from one of the configuration: relative ones begin at the base.
    pub(crate) fn resolve(&self, text: &str) -> PathBuf {
        let text = text.trim();
        let path = text.strip_prefix("file:").unwrap_or(text);
        let path = path
            .strip_prefix("//")
            .filter(|path| path.starts_with('/'))
            .unwrap_or(path);
        normal(&self.base.join(path))
    }

    /// A file that the configuration names: `file:…`, `classpath:…` or a plain path.
    pub(crate) fn resolve_resource(&self, text: &str) -> PathBuf {
        match text.trim().strip_prefix("classpath:") {
            Some(name) => self.conf.join(name.trim_start_matches('/')),
            None => self.resolve(text),
        }
    }

    /// Where files beside the configuration are.
    pub(crate) fn conf(&self) -> &Path {
        &self.conf
    }

    /// The data directory of the command line.
    pub(crate) fn data_override(&self) -> Option<&Path> {
        self.data_override.as_deref()
    }

    /// Where data goes when the file says nothing.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}

/// The path without `.` and doubled separators.
fn normal(path: &Path) -> PathBuf {
    path.components().collect()
}
