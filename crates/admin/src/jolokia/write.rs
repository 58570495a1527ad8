//! Changing an attribute. The answer is its value before.

use super::data::Data;
use super::fault::Fault;
use super::request::{Command, Request, Wanted};
use super::scene::Scene;

/// Changes what can be changed while the broker runs.
///
/// # Errors
/// When there is no such MBean or attribute, it cannot be changed, or not to that value.
pub(super) fn write(request: &Request, scene: &Scene<'_>) -> Result<Data, Fault> {
    let (Some(name), Wanted::One(attribute)) = (&request.mbean, &request.attributes) else {
        return Err(Fault::illegal("one MBean and one attribute are wanted"));
    };
    if name.is_pattern() {
        return Err(Fault::illegal(
            "a write needs the name of one MBean, not a pattern",
        ));
    }
    if !request.path.is_empty() {
        return Err(Fault::illegal("no part of an attribute can be written"));
    }
    let policy = &scene.house.settings.jolokia;
    policy.lets_attribute(Command::Write, name, attribute)?;
    let bean = scene.bean(name)?;
    let mut outcome = Err(Fault::no_attribute(attribute));
    bean.subject.visit(scene, &mut |row| {
        if row.name == attribute {
            let old = (row.get)();
            outcome = if row.writable {
                (row.set)(&request.value).map(|()| old)
            } else {
                Err(Fault::read_only(attribute))
            };
        }
    });
    outcome
}
