//! Reading attributes, of one MBean or of all that a pattern matches.

use super::bean::Bean;
use super::data::Data;
use super::fault::Fault;
use super::object_name::ObjectName;
use super::request::{Command, Request, Wanted};
use super::scene::Scene;

/// Most names that an error tells.
const TOLD: usize = 10;

/// The value, or the map of values, that is asked for.
///
/// # Errors
/// When there is no such MBean or attribute, or policy forbids it.
pub(super) fn read(request: &Request, scene: &Scene<'_>) -> Result<Data, Fault> {
    let name = request.mbean.as_ref();
    let name = name.ok_or_else(|| Fault::illegal("No mbean name given"))?;
    if name.is_pattern() {
        return read_pattern(request, name, scene);
    }
    let bean = scene.bean(name)?;
    let value = match &request.attributes {
        Wanted::One(attribute) => {
            let found = values(&bean, &mut |name| name == attribute, scene)?;
            let found = found.into_iter().next();
            let (_, value) = found.ok_or_else(|| Fault::no_attribute(attribute))?;
            value
        }
        Wanted::Many(names) => {
            let mut found = values(&bean, &mut is_among(names), scene)?;
            for name in names {
                if found.iter().any(|(other, _)| other == name) {
                    continue;
                }
                if !request.options.ignores_errors {
                    return Err(Fault::no_attribute(name));
                }
                let class = "javax.management.AttributeNotFoundException";
                let text = format!("ERROR: No such attribute: {name} (class {class})");
                found.push((name.clone(), text.into()));
            }
            Data::Map(found)
        }
        Wanted::All => Data::Map(values(&bean, &mut |_| true, scene)?),
    };
    Ok(value.follow(&request.path))
}

fn read_pattern(request: &Request, name: &ObjectName, scene: &Scene<'_>) -> Result<Data, Fault> {
    let beans = scene.beans(name)?;
    if beans.is_empty() {
        let text = format!(
            "No MBean with pattern {} found for reading attributes",
            name.registered()
        );
        return Err(Fault::no_instance(text));
    }
    let mut all = Vec::new();
    for bean in &beans {
        let found = match &request.attributes {
            Wanted::All => values(bean, &mut |_| true, scene)?,
            Wanted::One(attribute) => values(bean, &mut |name| name == attribute, scene)?,
            Wanted::Many(names) => values(bean, &mut is_among(names), scene)?,
        };
        if !found.is_empty() {
            let name = if request.options.limits.registered_names {
                bean.name.registered()
            } else {
                bean.name.canonical()
            };
            all.push((name, Data::Map(found)));
        }
    }
    if all.is_empty() {
        let wanted = match &request.attributes {
            Wanted::All => String::new(),
            Wanted::One(name) => name.clone(),
            Wanted::Many(names) => names.join(", "),
        };
        let names = beans.iter().take(TOLD).map(|bean| bean.name.registered());
        let names = names.collect::<Vec<_>>().join(", ");
        let text = format!("No matching attributes [{wanted}] found on MBeans [{names}]");
        return Err(Fault::illegal(text));
    }
    Ok(Data::Map(all).follow(&request.path))
}

fn is_among(names: &[String]) -> impl FnMut(&str) -> bool {
    move |name| names.iter().any(|other| other == name)
}

/// The attributes of an MBean that are wanted, each of which policy must allow.
fn values(
    bean: &Bean,
    wanted: &mut dyn FnMut(&str) -> bool,
    scene: &Scene<'_>,
) -> Result<Vec<(String, Data)>, Fault> {
    let policy = &scene.house.settings.jolokia;
    let mut found = Vec::new();
    let mut fault = None;
    bean.subject.visit(scene, &mut |row| {
        if fault.is_none() && wanted(row.name) {
            match policy.lets_attribute(Command::Read, &bean.name, row.name) {
                Ok(()) => found.push((row.name.to_owned(), (row.get)())),
                Err(refused) => fault = Some(refused),
            }
        }
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok(found),
    }
}
