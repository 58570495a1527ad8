//! Who may ask what: the rules of a `jolokia-access.xml`, and those that hold without one
//! (Jolokia reference manual, chapter on security).
//!
//! A deny counts whatever else is allowed. In Jolokia a deny is not looked at for commands that
//! are not listed, which lets through what its author meant to keep out; that is not repeated.

use super::fault::Fault;
use super::object_name::{ObjectName, glob};
use super::request::Command;
use std::net::IpAddr;

#[cfg(test)]
mod tests;

/// The rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JolokiaPolicy {
    /// Who may connect; everybody if there are none.
    pub hosts: Vec<RemoteHost>,
    /// Methods of HTTP, lower case; all if there are none.
    pub methods: Option<Vec<String>>,
    /// Commands that are allowed for all MBeans, lower case; all if there are none.
    pub commands: Option<Vec<String>>,
    /// Allowed although their command is not listed.
    pub allow: Vec<MBeanRule>,
    /// Never allowed.
    pub deny: Vec<MBeanRule>,
    /// Origins of foreign pages that may read, with `*` as wildcard.
    pub origins: Vec<String>,
    /// Requests without `Origin` and `Referer` are refused as well.
    pub strict_origins: bool,
}

/// Who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteHost {
    /// Address of the network.
    pub address: IpAddr,
    /// Bits of it that count.
    pub bits: u32,
}

/// What a rule says of MBeans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MBeanRule {
    /// Name or pattern.
    pub name: String,
    /// Attributes with `*` as wildcard, and whether only reading is meant.
    pub attributes: Vec<(String, bool)>,
    /// Operations with `*` as wildcard.
    pub operations: Vec<String>,
}

impl RemoteHost {
    /// An address, or a network as `10.0.0.0/8` or `10.0.0.0/255.0.0.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "localhost" {
            return Self::parse("127.0.0.1");
        }
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(mask) if mask.contains('.') => {
                let mask = u32::from(mask.parse::<std::net::Ipv4Addr>().ok()?);
                let bits = mask.leading_ones();
                (mask.count_ones() == bits).then_some(bits)?
            }
            Some(bits) => bits.parse().ok()?,
        };
        (bits <= most).then_some(Self { address, bits })
    }

    fn covers(&self, peer: IpAddr) -> bool {
        let wide = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(four) => (32, u128::from(u32::from(four))),
            IpAddr::V6(six) => (128, u128::from(six)),
        };
        let ((width, own), (other_width, other)) = (wide(self.address), wide(peer));
        let shift = width - self.bits.min(width);
        let cut = |value: u128| value.checked_shr(shift).unwrap_or_default();
        width == other_width && cut(own) == cut(other)
    }
}

impl MBeanRule {
    fn covers(&self, name: &ObjectName) -> bool {
        ObjectName::parse(&self.name).is_ok_and(|pattern| pattern.matches(name))
    }

    fn has_attribute(&self, attribute: &str, command: Command) -> bool {
        let mut attributes = self.attributes.iter();
        attributes.any(|(pattern, reads_only)| {
            glob(pattern, attribute) && !(*reads_only && command == Command::Write)
        })
    }

    /// Operations are compared without their signature.
    fn has_operation(&self, operation: &str) -> bool {
        let name = operation.split('(').next().unwrap_or_default();
        let mut operations = self.operations.iter();
        operations.any(|pattern| glob(pattern, name) || glob(pattern, operation))
    }
}

impl JolokiaPolicy {
    /// May a peer ask at all?
    pub(crate) fn lets_in(&self, peer: IpAddr) -> Result<(), Fault> {
        if self.hosts.is_empty() || self.hosts.iter().any(|host| host.covers(peer)) {
            return Ok(());
        }
        Err(Fault::forbidden(format!(
            "No access from client {peer} allowed"
        )))
    }

    /// May a method of HTTP be used?
    pub(crate) fn lets_method(&self, method: &str) -> Result<(), Fault> {
        let method = method.to_ascii_lowercase();
        match &self.methods {
            Some(methods) if !methods.contains(&method) => Err(Fault::forbidden(format!(
                "HTTP method {method} is not allowed according to the installed security policy"
            ))),
            _ => Ok(()),
        }
    }

    /// May a page of this origin read?
    pub(crate) fn lets_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|pattern| glob(pattern, origin))
    }

    /// May the command be used at all, on whichever MBean?
    pub(crate) fn lets_command(&self, command: Command) -> Result<(), Fault> {
        let is_listed = self.lists(command);
        let by_mbean = matches!(command, Command::Read | Command::Write | Command::Exec);
        if is_listed || (by_mbean && !self.allow.is_empty()) {
            return Ok(());
        }
        let name = command.name();
        Err(Fault::forbidden(format!(
            "Command {name} is not allowed according to the installed security policy"
        )))
    }

    fn lists(&self, command: Command) -> bool {
        let is_named = |commands: &Vec<String>| commands.iter().any(|one| one == command.name());
        self.commands.as_ref().is_none_or(is_named)
    }

    /// May an attribute be read or written?
    pub(crate) fn lets_attribute(
        &self,
        command: Command,
        name: &ObjectName,
        attribute: &str,
    ) -> Result<(), Fault> {
        let has = |rules: &[MBeanRule]| {
            let mut rules = rules.iter();
            rules.any(|rule| rule.has_attribute(attribute, command) && rule.covers(name))
        };
        if !has(&self.deny) && (self.lists(command) || has(&self.allow)) {
            return Ok(());
        }
        let name = name.canonical();
        Err(Fault::forbidden(match command {
            Command::Write => format!("Writing attribute {attribute} forbidden for MBean {name}"),
            _ => format!("Reading attribute {attribute} is forbidden for MBean {name}"),
        }))
    }

    /// May an operation be called?
    pub(crate) fn lets_operation(&self, name: &ObjectName, operation: &str) -> Result<(), Fault> {
        let has = |rules: &[MBeanRule]| {
            let mut rules = rules.iter();
            rules.any(|rule| rule.has_operation(operation) && rule.covers(name))
        };
        if !has(&self.deny) && (self.lists(Command::Exec) || has(&self.allow)) {
            return Ok(());
        }
        Err(Fault::forbidden(format!(
            "Operation {operation} forbidden for MBean {}",
            name.canonical()
        )))
    }
}
