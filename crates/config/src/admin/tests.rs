use super::{AdminAddress, AdminSettings, admin_password};
use crate::testing::options;
use crate::{Options, Source, load};
use floodway_admin::Role;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("floodway-admin-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn load(&self, outside: &str, options: &Options) -> Option<AdminSettings> {
        let text = format!(
            "<beans xmlns='http://www.springframework.org/schema/beans'>{outside}\
             <broker xmlns='http://activemq.apache.org/schema/core'/></beans>"
        );
        let name = self.0.join("activemq.xml");
        let source = Source::Text { name, text };
        load(&source, options).unwrap().settings.admin
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[track_caller]
fn check_address(settings: Option<AdminSettings>, host: &str, port: u16) {
    let room = settings.unwrap().room;
    assert_eq!((room.host.as_str(), room.port), (host, port));
}

const JETTY: &str = r#"<beans xmlns="http://www.springframework.org/schema/beans">
    <bean id="jettyPort" class="org.apache.activemq.web.WebConsolePort" init-method="start">
        <property name="host" value="10.0.0.1"/><property name="port" value="8080"/>
    </bean></beans>"#;

#[test]
fn address_is_that_of_activemqs_console() {
    let folder = Folder::new();
    check_address(folder.load("", &options()), "127.0.0.1", 8161);
    let import = "<import resource='jetty.xml'/>";
    check_address(folder.load(import, &options()), "127.0.0.1", 8161);
    folder.write("jetty.xml", JETTY);
    check_address(folder.load(import, &options()), "10.0.0.1", 8080);
    check_address(folder.load("", &options()), "127.0.0.1", 8161);
}

#[test]
fn address_of_the_command_line_comes_first() {
    let folder = Folder::new();
    folder.write("jetty.xml", JETTY);
    let mut options = options();
    options.admin = Some("[::1]:0".parse().unwrap());
    let import = "<import resource='jetty.xml'/>";
    check_address(folder.load(import, &options), "[::1]", 0);
    options.admin = Some(AdminAddress::Nowhere);
    assert!(folder.load(import, &options).is_none());
}

#[test]
fn text_that_is_no_address_is_refused() {
    for text in [
        "",
        "8161",
        ":8161",
        "host",
        "host:",
        "host:65536",
        "host:-1",
    ] {
        assert!(text.parse::<AdminAddress>().is_err(), "{text}");
    }
    assert_eq!(
        "none".parse::<AdminAddress>().unwrap(),
        AdminAddress::Nowhere
    );
}

#[test]
fn accounts_come_from_activemqs_files() {
    let folder = Folder::new();
    folder.write(
        "jetty-realm.properties",
        "# comment\nalice: secret, admin\nbob: looks, user\nboth: console, user\n",
    );
    folder.write("users.properties", "carol=pass word\ndave=x1\nboth=other\n");
    folder.write("groups.properties", "admins=system,dave\nusers=carol\n");
    let accounts = folder.load("", &options()).unwrap().room.accounts;
    let told: Vec<_> = accounts
        .iter()
        .map(|one| (one.name.as_str(), one.password.as_str(), one.role))
        .collect();
    let expected = [
        ("alice", "secret", Role::Admin),
        ("bob", "looks", Role::User),
        ("both", "console", Role::User),
        ("carol", "pass word", Role::User),
        ("dave", "x1", Role::Admin),
    ];
    assert_eq!(told, expected);
}

#[test]
fn password_that_everybody_knows_logs_nobody_in() {
    let folder = Folder::new();
    folder.write(
        "jetty-realm.properties",
        "admin: admin, admin\nuser: user, user\nx: x, admin\n",
    );
    folder.write(
        "users.properties",
        "system=manager\nempty=\nhidden=OBF:1v2j\n",
    );
    let settings = folder.load("", &options()).unwrap();
    assert!(
        settings.room.accounts.is_empty(),
        "{:?}",
        settings.room.accounts
    );
    assert_eq!(settings.remarks.len(), 6, "{:?}", settings.remarks);
    assert!(
        settings
            .remarks
            .iter()
            .all(|remark| !remark.contains("manager"))
    );
}

#[test]
fn password_is_made_once_and_only_for_its_owner() {
    let folder = Folder::new();
    let path = folder.0.join("data/admin-password");
    let (password, is_new) = admin_password(&path).unwrap();
    assert!(is_new);
    assert_eq!(password.len(), 24);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(admin_password(&path).unwrap(), (password.clone(), false));
    let other = admin_password(&folder.0.join("other/admin-password"))
        .unwrap()
        .0;
    assert_ne!(password, other);
}

#[test]
fn empty_password_file_is_refused() {
    let folder = Folder::new();
    folder.write("admin-password", " \n");
    let refused = admin_password(&folder.0.join("admin-password")).unwrap_err();
    assert!(refused.to_string().contains("empty"), "{refused}");
}
