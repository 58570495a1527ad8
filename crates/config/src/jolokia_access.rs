//! `jolokia-access.xml` beside the configuration: who may ask Jolokia what (Jolokia reference
//! manual, chapter on security).
//!
//! Invariant: a file that is not understood as a whole lets nobody do anything, and what it has
//! that is not known is told. Without a file the rules are those of `JolokiaPolicy::default`.

use std::path::Path;

use floodway_admin::{JolokiaPolicy, MBeanRule, RemoteHost};
use roxmltree::Node;

use crate::document;
use crate::reader::{children, name};

#[cfg(test)]
mod tests;

/// Name of the file.
const FILE: &str = "jolokia-access.xml";
/// Most rules of one kind.
const RULES_MAX: usize = 1000;
/// Commands that can be listed.
const COMMANDS: [&str; 6] = ["read", "write", "exec", "search", "list", "version"];

/// The rules of the file in a folder; `remarks` tells what is not understood.
pub(crate) fn read(conf: &Path, remarks: &mut Vec<String>) -> JolokiaPolicy {
    let path = conf.join(FILE);
    if !path.exists() {
        return JolokiaPolicy::default();
    }
    let shown = path.display().to_string();
    let text = document::read_text(&path, &shown);
    let parsed = text.as_ref().map_or(None, |text| {
        let document = document::parse(text, &shown);
        document
            .ok()
            .map(|document| policy(document.root_element(), remarks))
    });
    parsed.unwrap_or_else(|| {
        let why = "it cannot be read as XML, so Jolokia refuses everything; correct or remove it";
        remarks.push(format!("{shown}: {why}"));
        nothing()
    })
}

/// Nothing is allowed.
fn nothing() -> JolokiaPolicy {
    JolokiaPolicy {
        commands: Some(Vec::new()),
        ..JolokiaPolicy::default()
    }
}

fn policy(root: Node<'_, '_>, remarks: &mut Vec<String>) -> JolokiaPolicy {
    let mut policy = JolokiaPolicy::default();
    if name(root) != "restrict" {
        remarks.push(format!(
            "{FILE}: its root is no <restrict>, so Jolokia refuses everything"
        ));
        return nothing();
    }
    for part in children(root) {
        match name(part) {
            "remote" => hosts(part, &mut policy, remarks),
            "http" => {
                let methods = texts(part, "method", remarks);
                let methods = methods.into_iter().map(|one| one.to_ascii_lowercase());
                policy.methods = Some(methods.collect());
            }
            "commands" => {
                let listed = texts(part, "command", remarks);
                let listed = listed.into_iter().map(|one| one.to_ascii_lowercase());
                let (known, unknown): (Vec<_>, Vec<_>) =
                    listed.partition(|one| COMMANDS.contains(&one.as_str()));
                for one in unknown {
                    remarks.push(format!("{FILE}: there is no command {one}"));
                }
                policy.commands = Some(known);
            }
            "allow" => rules(part, &mut policy.allow, remarks),
            "deny" => rules(part, &mut policy.deny, remarks),
            "cors" => origins(part, &mut policy, remarks),
            _ => unknown(part, remarks),
        }
    }
    let has_remote = children(root).any(|part| name(part) == "remote");
    if has_remote && policy.hosts.is_empty() {
        // An empty list would let everybody in.
        return nothing();
    }
    policy
}

fn hosts(part: Node<'_, '_>, policy: &mut JolokiaPolicy, remarks: &mut Vec<String>) {
    let listed = texts(part, "host", remarks);
    let mut understood = Vec::new();
    for host in &listed {
        match RemoteHost::parse(host) {
            Some(host) => understood.push(host),
            None => remarks.push(format!(
                "{FILE}: {host} is no address or network (names of hosts are not looked up), and \
                 lets nobody in"
            )),
        }
    }
    if understood.is_empty() {
        remarks.push(format!("{FILE}: <remote> lets nobody in"));
    }
    policy.hosts.append(&mut understood);
}

fn rules(part: Node<'_, '_>, rules: &mut Vec<MBeanRule>, remarks: &mut Vec<String>) {
    for bean in children(part).take(RULES_MAX) {
        if name(bean) != "mbean" {
            unknown(bean, remarks);
            continue;
        }
        let mut rule = MBeanRule {
            name: String::new(),
            attributes: Vec::new(),
            operations: Vec::new(),
        };
        for one in children(bean).take(RULES_MAX) {
            let text = one.text().unwrap_or_default().trim().to_owned();
            match name(one) {
                "name" => rule.name = text,
                "attribute" => {
                    let reads_only = one.attribute("mode") == Some("read");
                    rule.attributes.push((text, reads_only));
                }
                "operation" => rule.operations.push(text),
                _ => unknown(one, remarks),
            }
        }
        if rule.name.is_empty() {
            remarks.push(format!(
                "{FILE}: an <mbean> has no <name> and means nothing"
            ));
        } else {
            rules.push(rule);
        }
    }
}

fn origins(part: Node<'_, '_>, policy: &mut JolokiaPolicy, remarks: &mut Vec<String>) {
    for one in children(part).take(RULES_MAX) {
        let text = one.text().unwrap_or_default().trim();
        match name(one) {
            "allow-origin" => policy.origins.push(text.to_owned()),
            "strict-checking" => policy.strict_origins = true,
            // There are no answers without CORS headers to be had by other means.
            "ignore-scheme" => {}
            _ => unknown(one, remarks),
        }
    }
}

fn texts(part: Node<'_, '_>, element: &str, remarks: &mut Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    for one in children(part).take(RULES_MAX) {
        if name(one) == element {
            found.push(one.text().unwrap_or_default().trim().to_owned());
        } else {
            unknown(one, remarks);
        }
    }
    found
}

fn unknown(node: Node<'_, '_>, remarks: &mut Vec<String>) {
    remarks.push(format!("{FILE}: <{}> is not known and ignored", name(node)));
}
