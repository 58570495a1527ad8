//! Where administration listens and who may log in there.
//!
//! The address is that of the command line, or of `-Djetty.host` and `-Djetty.port` in ACTIVEMQ's
//! options, or of the `WebConsolePort` bean in this file or the jetty.xml that it imports, or
//! 127.0.0.1:8161. Accounts are those of jetty-realm.properties and users.properties beside the
//! file. Invariant: no account has a password that ActiveMQ ships, because everybody knows those.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use floodway_admin::{Account, Role};
use roxmltree::Node;

use crate::document::{self, read_properties};
use crate::jolokia_access;
use crate::paths::Paths;
use crate::properties;
use crate::reader::{Reader, children, name};

#[cfg(test)]
mod tests;

/// Name of the file with the password that the first start makes.
const PASSWORD_FILE: &str = "admin-password";
/// Longest password file, bytes.
const PASSWORD_BYTES_MAX: u64 = 1024;
/// Letters of a password, 6 bits each: 144 bits.
const PASSWORD_LETTERS: usize = 24;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Pairs of user and password that ActiveMQ ships.
const SHIPPED: [(&str, &str); 5] = [
    ("admin", "admin"),
    ("user", "user"),
    ("system", "manager"),
    ("user", "password"),
    ("guest", "password"),
];
/// Forms of passwords that are not clear text.
const ENCODED: [&str; 5] = ["OBF:", "MD5:", "CRYPT:", "ENC(", "{"];

/// Where administration listens, as the command line says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdminAddress {
    /// Nowhere.
    Nowhere,
    /// At this host and port.
    At {
        /// Name or address.
        host: String,
        /// 0 lets the system choose.
        port: u16,
    },
}

/// A text is not an address.
#[derive(Debug, thiserror::Error)]
#[error("\"{text}\" is no address for administration; write HOST:PORT, or none")]
pub struct AdminAddressError {
    text: String,
}

impl FromStr for AdminAddress {
    type Err = AdminAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "none" {
            return Ok(Self::Nowhere);
        }
        let parsed = text.rsplit_once(':').and_then(|(host, port)| {
            let host = (!host.is_empty()).then(|| host.into())?;
            let port = port.parse().ok()?;
            Some(Self::At { host, port })
        });
        parsed.ok_or_else(|| AdminAddressError { text: text.into() })
    }
}

/// Administration of one broker.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// Address, accounts and bounds.
    pub room: floodway_admin::Settings,
    /// Where the password of `admin` is kept, if no file names somebody with the role admin.
    pub password_file: PathBuf,
    /// What an operator should know about the files of accounts.
    pub remarks: Vec<String>,
}

/// Reads everything but the address of the command line, which comes first.
pub(crate) fn read(
    reader: &mut Reader<'_, '_, '_>,
    root: Node<'_, '_>,
    (paths, options): (&Paths, &BTreeMap<String, String>),
    (data, asked): (&Path, Option<&AdminAddress>),
) -> Option<AdminSettings> {
    let mut room = floodway_admin::Settings::default();
    match asked {
        Some(AdminAddress::Nowhere) => return None,
        Some(AdminAddress::At { host, port }) => (room.host, room.port) = (host.clone(), *port),
        None => read_address(reader, root, (paths, options), &mut room),
    }
    let mut remarks = Vec::new();
    room.accounts = accounts(paths.conf(), &mut remarks);
    room.jolokia = jolokia_access::read(paths.conf(), &mut remarks);
    room.data_directory = data.display().to_string();
    Some(AdminSettings {
        room,
        password_file: data.join(PASSWORD_FILE),
        remarks,
    })
}

fn read_address(
    reader: &mut Reader<'_, '_, '_>,
    root: Node<'_, '_>,
    (paths, options): (&Paths, &BTreeMap<String, String>),
    room: &mut floodway_admin::Settings,
) {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let imports = children(root).filter(|node| name(*node) == "import");
    let jetty = imports
        .filter_map(|node| Some((node, node.attribute("resource")?)))
        .find(|(_, resource)| resource.contains("jetty"));
    let mut place = None;
    if let Some((node, resource)) = jetty {
        place = Some(reader.place(node));
        let file = resource.rsplit(['/', ':']).next().unwrap_or(resource);
        let path = paths.conf().join(file);
        let shown = path.display().to_string();
        // A file that cannot be read is as good as none: there is a default.
        if let Ok(text) = document::read_text(&path, &shown)
            && let Ok(document) = document::parse(&text, &shown)
        {
            found = port_bean(document.root_element());
        }
    }
    found.extend(port_bean(root));
    for (option, key) in [("jetty.host", "host"), ("jetty.port", "port")] {
        if let Some(value) = options.get(option) {
            found.insert(key.into(), value.clone());
        }
    }
    if let Some(host) = found.get("host").filter(|host| !host.contains("${")) {
        room.host.clone_from(host);
    }
    match found.get("port").map(|port| (port, port.parse())) {
        Some((_, Ok(port))) => room.port = port,
        Some((port, Err(_))) => {
            if let Some(place) = &place {
                let message = format!("the port {port} of administration is not understood");
                let advice = "write a number, or start with --admin HOST:PORT";
                reader.warn(place, (message.as_str(), advice));
            }
        }
        None => {}
    }
}

/// Properties of the bean that ActiveMQ's jetty.xml gives the console's address with.
fn port_bean(root: Node<'_, '_>) -> BTreeMap<String, String> {
    let is_port = |node: &Node<'_, '_>| {
        let class = node.attribute("class").unwrap_or_default();
        name(*node) == "bean" && class.ends_with(".WebConsolePort")
    };
    let bean = root.descendants().find(is_port);
    let properties = bean.into_iter().flat_map(children);
    properties
        .filter_map(|node| {
            let (key, value) = (node.attribute("name")?, node.attribute("value")?);
            Some((key.to_owned(), value.trim().to_owned()))
        })
        .collect()
}

fn accounts(conf: &Path, remarks: &mut Vec<String>) -> Vec<Account> {
    let mut accounts: Vec<Account> = Vec::new();
    for (name, value) in pairs(conf, "jetty-realm.properties", remarks) {
        let mut words = value.split(',').map(str::trim);
        let password = words.next().unwrap_or_default().to_owned();
        let is_admin = words.any(|role| role == "admin");
        let account = account(name, password, is_admin);
        take(account, "jetty-realm.properties", &mut accounts, remarks);
    }
    let groups = pairs(conf, "groups.properties", remarks);
    let members = |group: &str| groups.get(group).map(String::as_str).unwrap_or_default();
    let is_member = |user: &str| {
        let mut all = members("admins")
            .split(',')
            .chain(members("admin").split(','));
        all.any(|member| member.trim() == user)
    };
    for (name, password) in pairs(conf, "users.properties", remarks) {
        // The file of the console's own users counts.
        if accounts.iter().all(|account| account.name != name) {
            let is_admin = is_member(&name);
            let account = account(name, password.trim().to_owned(), is_admin);
            take(account, "users.properties", &mut accounts, remarks);
        }
    }
    accounts
}

fn account(name: String, password: String, is_admin: bool) -> Account {
    let role = if is_admin { Role::Admin } else { Role::User };
    Account {
        name,
        password,
        role,
    }
}

fn take(account: Account, file: &str, all: &mut Vec<Account>, remarks: &mut Vec<String>) {
    let Account { name, password, .. } = &account;
    let is_shipped = SHIPPED.contains(&(name.as_str(), password.as_str()));
    let reason = if password.is_empty() {
        "has no password"
    } else if is_shipped || name == password {
        "has a password that everybody knows; change it"
    } else if ENCODED.iter().any(|form| password.starts_with(form)) {
        "has a password in a form that is not understood; write it in clear"
    } else {
        all.push(account);
        return;
    };
    remarks.push(format!("{file}: user {name} cannot log in: it {reason}"));
}

fn pairs(conf: &Path, file: &str, remarks: &mut Vec<String>) -> BTreeMap<String, String> {
    let path = conf.join(file);
    if !path.exists() {
        return BTreeMap::new();
    }
    match read_properties(&path) {
        Ok(text) => properties::parse(&text),
        Err(error) => {
            remarks.push(error.to_string());
            BTreeMap::new()
        }
    }
}

/// The password of `admin`: what the file holds, or a new one that is then in the file. `true` if
/// it is new.
///
/// # Errors
/// When the file can be neither read nor made, or is empty.
pub fn admin_password(path: &Path) -> io::Result<(String, bool)> {
    match File::open(path) {
        Ok(file) => {
            let mut text = String::new();
            file.take(PASSWORD_BYTES_MAX).read_to_string(&mut text)?;
            match text.trim() {
                "" => Err(io::Error::other(
                    "it is empty; remove it to get a new password",
                )),
                password => Ok((password.to_owned(), false)),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((make_password(path)?, true)),
        Err(error) => Err(error),
    }
}

fn make_password(path: &Path) -> io::Result<String> {
    let mut random = [0; PASSWORD_LETTERS];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let letters = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 64)));
    let password: String = letters.map(|letter| char::from(*letter)).collect();
    if let Some(directory) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    // Whole or not at all, also when the process is killed between.
    let draft = path.with_extension("new");
    if draft.exists() {
        fs::remove_file(&draft)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(format!("{password}\n").as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    Ok(password)
}
