//! What there is: names that match a pattern, and the MBeans with their attributes and
//! operations.

use super::bean::{Bean, Operation};
use super::data::Data;
use super::fault::Fault;
use super::object_name::{DOMAIN, ObjectName};
use super::request::Request;
use super::scene::Scene;

/// Depth of the whole: domain, MBean, kind, name, and what is told of it.
const DEPTH: usize = 7;

/// The names that match.
///
/// # Errors
/// When there are too many.
pub(super) fn search(request: &Request, scene: &Scene<'_>) -> Result<Data, Fault> {
    let pattern = request.mbean.as_ref();
    let pattern = pattern.ok_or_else(|| Fault::illegal("No mbean name given"))?;
    let names = scene.beans(pattern)?.into_iter().map(|bean| {
        if request.options.limits.registered_names {
            bean.name.registered()
        } else {
            bean.name.canonical()
        }
    });
    Ok(names.collect::<Vec<_>>().into())
}

/// The tree, or the part of it that a path leads to, cut at `maxDepth`.
///
/// # Errors
/// When a path leads nowhere, or there is too much.
pub(super) fn list(request: &Request, scene: &Scene<'_>) -> Result<Data, Fault> {
    let depth = match request.options.limits.depth_max {
        0 => DEPTH,
        depth => depth.min(DEPTH),
    };
    let data = match request.path.as_slice() {
        [] => Data::row([(DOMAIN, domain(scene, depth - 1)?)]),
        [name, ..] if name != DOMAIN => Data::Map(Vec::new()),
        [_] => domain(scene, depth)?,
        [_, keys, rest @ ..] => {
            let name = ObjectName::parse(&format!("{DOMAIN}:{keys}"))?;
            let found = scene.beans(&name)?.into_iter().next();
            let bean = found
                .ok_or_else(|| Fault::illegal(format!("No MBean '{}' found", name.registered())))?;
            if rest.first().is_some_and(|part| part == "not") {
                return Ok(Data::Map(Vec::new()));
            }
            match info(&bean, scene).follow(rest) {
                Data::Null => return Err(Fault::illegal("the path leads to nothing")),
                found => found,
            }
        }
    };
    Ok(cut(data, depth))
}

/// All MBeans; what is told of each only if it is deep enough.
fn domain(scene: &Scene<'_>, depth: usize) -> Result<Data, Fault> {
    if depth == 0 {
        return Ok(Data::Map(Vec::new()));
    }
    let all = ObjectName::parse(&format!("{DOMAIN}:*"))?;
    let beans = scene.beans(&all)?.into_iter().map(|bean| {
        let info = if depth > 1 {
            info(&bean, scene)
        } else {
            Data::Map(Vec::new())
        };
        (bean.name.canonical_keys(), info)
    });
    Ok(Data::Map(beans.collect()))
}

/// What is below the depth is told by a 1.
fn cut(data: Data, depth: usize) -> Data {
    match data {
        Data::Map(_) | Data::List(_) if depth == 0 => "1".into(),
        Data::Map(all) => {
            let all = all.into_iter().map(|(key, one)| (key, cut(one, depth - 1)));
            Data::Map(all.collect())
        }
        Data::List(all) => Data::List(all.into_iter().map(|one| cut(one, depth - 1)).collect()),
        scalar => scalar,
    }
}

fn info(bean: &Bean, scene: &Scene<'_>) -> Data {
    let mut attributes = Vec::new();
    bean.subject.visit(scene, &mut |row| {
        let told = Data::row([
            ("rw", row.writable.into()),
            ("type", row.java.into()),
            ("desc", row.text.into()),
        ]);
        attributes.push((row.name.to_owned(), told));
    });
    let mut operations: Vec<(String, Data)> = Vec::new();
    for operation in bean.subject.operations() {
        let told = signature(operation);
        let known = operations
            .iter_mut()
            .find(|(name, _)| name == operation.name);
        match known {
            None => operations.push((operation.name.to_owned(), told)),
            Some((_, Data::List(all))) => all.push(told),
            Some((_, one)) => {
                let first = std::mem::replace(one, Data::Null);
                *one = Data::List(vec![first, told]);
            }
        }
    }
    Data::row([
        ("attr", Data::Map(attributes)),
        ("op", Data::Map(operations)),
        ("class", bean.subject.class().into()),
        ("desc", "an MBean of Floodway".into()),
    ])
}

fn signature(operation: &Operation) -> Data {
    let arguments = operation.arguments.iter().map(|(name, java)| {
        Data::row([
            ("name", (*name).into()),
            ("type", (*java).into()),
            ("desc", "".into()),
        ])
    });
    Data::row([
        ("args", Data::List(arguments.collect())),
        ("ret", operation.returns.into()),
        ("desc", operation.text.into()),
    ])
}
