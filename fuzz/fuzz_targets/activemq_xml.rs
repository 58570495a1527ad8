//! Any text as activemq.xml, on a machine of fixed memory and disks.
//!
//! Reading it must end with settings or with an error that names the file, and the report must
//! print; a configuration that loads must load again to the same settings. The doctor must come
//! to the same verdict.
#![no_main]

use floodway_config::{DiskSpace, Environment, Options, Source, doctor, load};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const GIB: u64 = 1 << 30;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data).into_owned();
    let disk = DiskSpace {
        total_bytes: 100 * GIB,
        available_bytes: 50 * GIB,
    };
    let variables = [("HOME".to_owned(), "/root".to_owned())];
    let environment = Environment::fixed(Path::new("/nowhere"), 16 * GIB, variables);
    let options = Options {
        data_directory: None,
        admin: None,
        environment: environment.with_disk(disk),
    };
    let source = Source::Text {
        name: "/nowhere/conf/activemq.xml".into(),
        text,
    };
    match load(&source, &options) {
        Ok(loaded) => {
            let again = load(&source, &options).expect("what loaded once loads again");
            let settings = |loaded: &floodway_config::Loaded| format!("{:?}", loaded.settings);
            assert_eq!(settings(&loaded), settings(&again));
            assert!(!format!("{}", loaded.report).contains('\0'));
        }
        Err(error) => {
            let text = error.to_string();
            let report = error.report().map(ToString::to_string).unwrap_or_default();
            assert!(
                text.contains("activemq.xml") || report.contains("activemq.xml"),
                "an error that names no file: {text}\n{report}"
            );
        }
    }
    let _ = doctor(&source, &options);
});
